#pragma once
// Numbers and times that are compared without loss: integers, decimals of any size, and points in time as seconds.

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace sluice::deliver::archive {

// The number `unscaled` / 10^scale.
struct Exact {
  std::int64_t small = 0;  // unscaled, when `big` is empty
  ByteView big = {};       // else unscaled: two's complement, big-endian
  int scale = 0;

  // Of an Avro decimal's bytes; a view of them if they are more than eight.
  [[nodiscard]] static Exact of_bytes(ByteView twos_complement, int scale);
};

[[nodiscard]] std::strong_ordering compare(const Exact& a, const Exact& b);
// The nearest double.
[[nodiscard]] double to_double(const Exact& number);

// "-12.50", "1e5", ".5"; the digits of a big one are put into `digits`, which must outlive the number. None: it is no
// number, or has more than 1,000 digits.
[[nodiscard]] std::optional<Exact> parse_exact(std::string_view text, Bytes& digits);

// ISO 8601, in the years 1 to 9999, as seconds since 1970 (or since midnight); seconds with up to six digits.
[[nodiscard]] std::optional<Exact> parse_date(std::string_view text);         // 2026-11-24
[[nodiscard]] std::optional<Exact> parse_time_of_day(std::string_view text);  // 13:00, 13:00:05.25
// "2026-11-24", "2026-11-24 13:00:05.25", with 'T' for the blank, and, when `zone` is true, "Z" or "+01:00" behind it.
[[nodiscard]] std::optional<Exact> parse_timestamp(std::string_view text, bool zone);

}  // namespace sluice::deliver::archive
