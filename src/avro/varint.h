#pragma once
// Reading a varint: where it stands and the end go in, where it ends and the number come out.

#include <cstdint>
#include <cstring>

namespace sluice::avro {

struct Varint {
  const char* at;  // behind it; null: it is cut off, or has over 64 bits
  std::uint64_t value;
};

[[nodiscard]] Varint read_varint_slow(const char* at, const char* end);

// Up to 8 bytes at once: the first byte without its high bit ends the number; the groups of 7 bits are then closed up by
// halves.
[[nodiscard]] inline Varint read_varint(const char* at, const char* end) {
  if (at != end && static_cast<unsigned char>(*at) < 0x80) return {at + 1, static_cast<unsigned char>(*at)};
  if (end - at < 8) return read_varint_slow(at, end);
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);  // little-endian, as this machine
  const auto ends = ~word & 0x8080808080808080;
  if (ends == 0) return read_varint_slow(at, end);
  word &= (ends ^ (ends - 1)) & 0x7f7f7f7f7f7f7f7f;
  word = (word & 0x007f007f007f007f) | ((word & 0x7f007f007f007f00) >> 1);
  word = (word & 0x00003fff00003fff) | ((word & 0x3fff00003fff0000) >> 2);
  return {at + __builtin_ctzll(ends) / 8 + 1, (word & 0x000000000fffffff) | ((word & 0x0fffffff00000000) >> 4)};
}

}  // namespace sluice::avro
