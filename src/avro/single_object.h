#pragma once
// Single-object encoding (Avro 1.12): C3 01, the CRC-64-AVRO of the schema's canonical form in 8 bytes, little-endian, and
// the datum.

#include <cstdint>

#include "avro/schema.h"
#include "base/bytes.h"
#include "base/result.h"

namespace sluice::avro {

struct SingleObject {
  std::uint64_t fingerprint = 0;  // of the writer's schema
  ByteView datum;
};

[[nodiscard]] std::uint64_t fingerprint_of(const Schema& schema);
// Appends the header; the datum follows.
void append_single_object_header(std::uint64_t fingerprint, Bytes& out);
// Errors: corrupt, it does not begin with the header.
[[nodiscard]] Result<SingleObject> parse_single_object(ByteView bytes);

}  // namespace sluice::avro
