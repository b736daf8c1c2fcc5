#pragma once
// Intervals: months, days and microseconds, each for itself, as PostgreSQL keeps them.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "flow/value/value.h"

namespace sluice::flow {

struct Interval {
  std::int32_t months = 0;
  std::int32_t days = 0;
  std::int64_t us = 0;

  [[nodiscard]] bool operator==(const Interval&) const = default;
};

__extension__ typedef __int128 IntervalOrder;

[[nodiscard]] inline Interval interval_of(const Value& value) {
  Interval out{.us = value.integer};
  if (value.text.size() == 8) {
    std::memcpy(&out.months, value.text.data(), 4);
    std::memcpy(&out.days, value.text.data() + 4, 4);
  }
  return out;
}
[[nodiscard]] inline Value value_of(const Interval& interval, Arena& arena) {
  Value out = Value::of_integer(interval.us);
  if (interval.months == 0 && interval.days == 0) return out;
  char* const at = arena.bytes(8);
  std::memcpy(at, &interval.months, 4);
  std::memcpy(at + 4, &interval.days, 4);
  out.text = {at, 8};
  return out;
}
// What intervals are compared by: a month is 30 days, a day 24 hours.
[[nodiscard]] IntervalOrder order_of(const Interval& interval);

// "1 year 2 mons 3 days 04:05:06.7": IntervalStyle postgres.
[[nodiscard]] std::string interval_text(const Interval& interval);
// That, ISO 8601 ("P1Y2M3DT4H5M6.7S"), and "@ 1 hour ago" with all of PostgreSQL's units.
[[nodiscard]] Result<Interval> parse_interval(std::string_view text);

// Errors: rejected: "interval out of range".
[[nodiscard]] Result<Interval> add(const Interval& a, const Interval& b);
[[nodiscard]] Result<Interval> negate(const Interval& interval);
[[nodiscard]] Result<Interval> multiply(const Interval& interval, double factor);
[[nodiscard]] Result<Interval> divide(const Interval& interval, double divisor);
// 24 hours become a day, 30 days a month.
[[nodiscard]] Interval justify_hours(Interval interval);
[[nodiscard]] Interval justify_days(Interval interval);
[[nodiscard]] Interval justify(Interval interval);

}  // namespace sluice::flow
