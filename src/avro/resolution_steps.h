#pragma once
// Inside of resolution: walking over the writer's bytes. Each takes where it stands and the end, and returns where the value
// ends, or null.

#include <cstdint>
#include <cstring>

#include "avro/varint.h"

namespace sluice::avro::resolution {

[[nodiscard]] inline const char* pass_long(const char* at, const char* end) {
  if (at != end && static_cast<unsigned char>(*at) < 0x80) return at + 1;
  if (end - at >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    if (const auto ends = ~word & 0x8080808080808080; ends != 0) return at + __builtin_ctzll(ends) / 8 + 1;
  }
  return read_varint_slow(at, end).at;
}

[[nodiscard]] inline const char* pass_int(const char* at, const char* end) {
  if (at != end && static_cast<unsigned char>(*at) < 0x80) return at + 1;
  const auto number = read_varint(at, end);
  return number.value >> 32 == 0 ? number.at : nullptr;
}

[[nodiscard]] inline const char* pass_boolean(const char* at, const char* end) {
  return at != end && static_cast<unsigned char>(*at) <= 1 ? at + 1 : nullptr;
}

[[nodiscard]] inline const char* pass_sized(const char* at, const char* end) {
  const auto size = read_varint(at, end);
  if (size.at == nullptr || (size.value & 1) != 0 || size.value >> 1 > static_cast<std::uint64_t>(end - size.at)) return nullptr;
  return size.at + (size.value >> 1);
}

// An index below `count`: of a symbol or branch.
[[nodiscard]] inline const char* pass_index(const char* at, const char* end, std::uint32_t count, std::uint32_t& index) {
  const auto number = read_varint(at, end);
  index = static_cast<std::uint32_t>(number.value >> 1);
  return number.at == nullptr || (number.value & 1) != 0 || number.value >> 1 >= count ? nullptr : number.at;
}

}  // namespace sluice::avro::resolution
