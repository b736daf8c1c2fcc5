#pragma once
// Encodes and decodes any message, request or record of this module, in any of its versions.
//
// Hostile input: every length is checked against what is there, and a message may not claim more than
// kMaxDecodedBytes of memory for its arrays, however few bytes it sends. Unknown tagged fields are skipped.
// The codecs are compiled once, in this module's .cc files; including a header of messages costs little.

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "kafka/field.h"

namespace sluice::kafka {

inline constexpr std::size_t kMaxDecodedBytes = std::size_t{64} << 20;

template <typename M>
struct Codec {
  static Result<M> decode(ByteReader& in, Version version);
  static Result<void> encode(const M& message, Version version, Bytes& out, std::vector<Cut>* cuts);
  static std::string json(const M& message, Version version);
};

// Reads one M of `version` and leaves `in` behind it. Members of type Records point into in's bytes.
// Errors: corrupt (names the field), unsupported (a version outside M::kVersions).
template <typename M>
[[nodiscard]] Result<M> decode(ByteReader& in, Version version) {
  return Codec<M>::decode(in, version);
}

// Appends `message` to `out`. Where Records are external, adds a Cut (in order, `at` counted from out's start);
// without `cuts` there must be none. Errors: rejected (a string too long for the version; `out` is then as before),
// unsupported (a version outside M::kVersions).
template <typename M>
[[nodiscard]] Result<void> encode(const M& message, Version version, Bytes& out, std::vector<Cut>* cuts = nullptr) {
  return Codec<M>::encode(message, version, out, cuts);
}

// {"name":"a",…}, the fields that `version` has, for people. Bytes are shown as their number.
template <typename M>
[[nodiscard]] std::string to_json(const M& message, Version version) {
  return Codec<M>::json(message, version);
}

}  // namespace sluice::kafka
