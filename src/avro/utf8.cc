#include "avro/utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace sluice::avro {

std::size_t utf8_at(ByteView text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = byte(0);
  const std::size_t size = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (size == 0 || size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  if (first == 0xe0 && byte(1) < 0xa0) return 0;
  if (first == 0xed && byte(1) >= 0xa0) return 0;
  if (first == 0xf0 && byte(1) < 0x90) return 0;
  if (first == 0xf4 && byte(1) >= 0x90) return 0;
  return size;
}

std::size_t malformed_at(ByteView text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (text.size() < 2 || first < 0xe0 || first > 0xf4) return 1;
  const auto second = static_cast<unsigned char>(text[1]);
  const unsigned low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const unsigned high = first == 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 1;
  std::size_t size = 2;
  while (size < std::min<std::size_t>(text.size(), 3) && (text[size] & '\xc0') == '\x80') ++size;
  return size;
}

bool is_utf8(ByteView text) {
  while (!text.empty()) {
    std::uint64_t word = 0;
    while (text.size() >= sizeof word) {  // eight characters of ASCII at once
      std::memcpy(&word, text.data(), sizeof word);
      if ((word & 0x8080808080808080) != 0) break;
      text.remove_prefix(sizeof word);
    }
    if (text.empty()) break;
    const auto size = utf8_at(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

}  // namespace sluice::avro
