#pragma once
// How a message of the Kafka protocol is described: once, as a plain struct with a list of its fields.
//
//   struct MetadataRequest {
//     static constexpr ApiKey kKey = ApiKey::metadata;
//     static constexpr VersionRange kVersions{0, 13};   // what the codec knows; a handler may serve less
//     static constexpr Version kFlexible = 9;           // first version with compact lengths and tagged fields
//     std::optional<std::vector<Topic>> topics;
//     static void fields(auto& f) {
//       f("topics", &MetadataRequest::topics, {.null_since = 1});
//     }
//   };
//
// The list is the order on the wire. Decoder, encoder and printer walk it; nothing else knows a message's layout.
// `f.bytes(...)` marks a std::string that travels as bytes (32-bit length) and not as a string (16-bit length).
// A field that a version lacks keeps its default when decoded, and is left out when encoded.

#include <compare>
#include <cstdint>
#include <limits>

#include "base/bytes.h"

namespace sluice::kafka {

using Version = std::int16_t;
inline constexpr Version kNever = std::numeric_limits<Version>::max();

struct VersionRange {
  Version min = 0;
  Version max = 0;
  [[nodiscard]] constexpr bool contains(Version version) const { return version >= min && version <= max; }
  bool operator==(const VersionRange&) const = default;
};

struct Field {
  Version since = 0;
  Version until = kNever;
  Version null_since = 0;  // of std::optional members: the first version that may say null; before, null is empty
  std::int32_t tag = -1;   // >= 0: a tagged field, written only when it is not the default
};

// Record batches as they travel: borrowed, never copied. Decoded, `bytes` points into the request's buffer. Encoded,
// either `bytes` are copied, or `external_bytes` (with `bytes` empty) says how much the sender puts in from a file:
// the encoder then writes the length and notes a Cut.
struct Records {
  ByteView bytes;
  std::uint64_t external_bytes = 0;
  bool operator==(const Records&) const = default;
};

// A place in an encoded message where `bytes` bytes from elsewhere belong.
struct Cut {
  std::size_t at = 0;
  std::uint64_t bytes = 0;
};

}  // namespace sluice::kafka
