#pragma once
// Characters of UTF-8. Bytes that are none count as a character each.

#include <cstdint>
#include <cstddef>
#include <string_view>

namespace sluice::flow::utf8 {

// Bytes of the character that `text` begins with. Precondition: it is not empty.
[[nodiscard]] inline std::size_t width(std::string_view text) {
  const auto c = static_cast<unsigned char>(text.front());
  const std::size_t wanted = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
  return wanted <= text.size() ? wanted : text.size();
}

[[nodiscard]] inline std::int64_t length(std::string_view text) {
  std::int64_t count = 0;
  for (const char c : text) count += (c & 0xc0) != 0x80;
  return count;
}

// Bytes of the first `count` characters, or of all if there are fewer.
[[nodiscard]] inline std::size_t prefix(std::string_view text, std::int64_t count) {
  std::size_t at = 0;
  for (; count > 0 && at < text.size(); --count) at += width(text.substr(at));
  return at;
}

[[nodiscard]] inline std::uint32_t decode(std::string_view text) {
  const auto size = width(text);
  const auto at = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  if (size == 1) return at(0);
  std::uint32_t point = at(0) & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) point = point << 6 | (at(i) & 0x3f);
  return point;
}

// Writes at most four bytes; gives how many.
inline std::size_t encode(std::uint32_t point, char* out) {
  if (point < 0x80) return out[0] = static_cast<char>(point), 1;
  const std::size_t size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  for (std::size_t i = size - 1; i > 0; --i, point >>= 6) out[i] = static_cast<char>(0x80 | (point & 0x3f));
  out[0] = static_cast<char>((0xf00U >> size) | point);
  return size;
}

}  // namespace sluice::flow::utf8
