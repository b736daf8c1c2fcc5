#pragma once
// Kafka's small text files: lines of whole numbers and names.

#include <charconv>
#include <cstdint>
#include <initializer_list>

#include "base/bytes.h"

namespace sluice::storage {

// Takes the next line off `text`, without its end. False when there is no whole line.
inline bool take_line(ByteView& text, ByteView& line) {
  const auto end = text.find('\n');
  if (end == ByteView::npos) return false;
  line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return true;
}

// Reads `line` as these whole numbers with one space between. False when it is anything else.
inline bool read_numbers(ByteView line, std::initializer_list<std::int64_t*> numbers) {
  bool first = true;
  for (auto* const number : numbers) {
    if (!first && !line.starts_with(' ')) return false;
    if (!first) line.remove_prefix(1);
    first = false;
    const auto [at, error] = std::from_chars(line.data(), line.data() + line.size(), *number);
    if (error != std::errc{}) return false;
    line.remove_prefix(static_cast<std::size_t>(at - line.data()));
  }
  return line.empty();
}

}  // namespace sluice::storage
