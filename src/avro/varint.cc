#include "avro/varint.h"

namespace sluice::avro {

Varint read_varint_slow(const char* at, const char* end) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; at != end; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    if (shift == 63 && byte > 1) return {nullptr, 0};  // over 64 bits
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return {at, value};
  }
  return {nullptr, 0};
}

}  // namespace sluice::avro
