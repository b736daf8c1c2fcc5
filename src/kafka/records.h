#pragma once
// How Kafka frames the records of its internal topics.
//
//   __cluster_metadata-0: no key. Value: frame version 1, type, version (unsigned varints), then the body.
//   __consumer_offsets, __transaction_state: key: type (16 bits), then the body. Value: version (16 bits), then the
//   body; the value's type is its key's. A tombstone has no value.

#include "base/bytes.h"
#include "base/result.h"
#include "kafka/message.h"

namespace sluice::kafka {

// The head of a metadata record's value; `body` reads what follows: decode<TopicRecord>(frame.body, frame.version)
// when frame.type is TopicRecord::kType.
struct MetadataFrame {
  std::uint32_t type = 0;
  Version version = 0;
  ByteReader body;
};

// Errors: corrupt; unsupported (a frame version of a later Kafka).
[[nodiscard]] Result<MetadataFrame> parse_metadata_frame(ByteView value);
void begin_metadata_frame(Bytes& out, std::uint32_t type, Version version);

// The head of a coordinator's key (`number` is the type) or value (`number` is the version).
struct CoordinatorFrame {
  std::int16_t number = 0;
  ByteReader body;
};

// Errors: corrupt.
[[nodiscard]] Result<CoordinatorFrame> parse_coordinator_frame(ByteView bytes);

// A metadata record's value. Errors: as encode().
template <typename M>
[[nodiscard]] Result<Bytes> metadata_value(const M& record, Version version) {
  Bytes out;
  begin_metadata_frame(out, M::kType, version);
  SLUICE_RETURN_IF_ERROR(encode(record, version, out));
  return out;
}

// Errors: as encode().
template <typename M>
[[nodiscard]] Result<Bytes> coordinator_key(const M& key) {
  Bytes out;
  ByteWriter{out}.i16(M::kType);
  SLUICE_RETURN_IF_ERROR(encode(key, 0, out));
  return out;
}

// Errors: as encode().
template <typename M>
[[nodiscard]] Result<Bytes> coordinator_value(const M& value, Version version) {
  Bytes out;
  ByteWriter{out}.i16(version);
  SLUICE_RETURN_IF_ERROR(encode(value, version, out));
  return out;
}

// Reads a coordinator's value whose key said that it is an M. Errors: corrupt, unsupported (a later version).
template <typename M>
[[nodiscard]] Result<M> parse_coordinator_value(ByteView value) {
  SLUICE_TRY(auto frame, parse_coordinator_frame(value));
  return decode<M>(frame.body, frame.number);
}

}  // namespace sluice::kafka
