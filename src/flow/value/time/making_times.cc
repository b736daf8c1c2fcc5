#include "flow/value/time/making_times.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "flow/value/numeric/float_text.h"
#include "flow/value/time/calendar.h"
#include "flow/value/time/interval.h"

namespace sluice::flow {
namespace {

using enum TypeKind;

constexpr std::int64_t kEpoch2000_s = 946'684'800;

// Seconds are counted from 2000 in between, as PostgreSQL does: that is where it rounds.
Result<Value> from_epoch(Arguments a, Arena&) {
  const double seconds = a[0].floating;
  if (std::isnan(seconds)) return rejected("timestamp cannot be NaN");
  if (std::isinf(seconds)) return Value::of_integer(seconds > 0 ? kInfinity : kMinusInfinity);
  const double us = std::rint((seconds - static_cast<double>(kEpoch2000_s)) * 1e6) + static_cast<double>(kEpoch2000_s) * 1e6;
  if (!(us >= static_cast<double>(kTimestampMin) && us < static_cast<double>(kTimestampEnd))) {
    std::array<char, 32> shown{};
    std::snprintf(shown.data(), shown.size(), "%g", seconds);
    return rejected("timestamp out of range: \"" + std::string(shown.data()) + "\"");
  }
  return Value::of_integer(static_cast<std::int64_t>(std::rint((seconds - static_cast<double>(kEpoch2000_s)) * 1e6)) + kEpoch2000_s * kSecond_us);
}

std::string padded(std::int64_t n) { return (n >= 0 && n < 10 ? "0" : "") + std::to_string(n); }

Result<std::int64_t> date_of(Arguments a) {
  const auto year = a[0].integer < 0 ? a[0].integer + 1 : a[0].integer;
  const auto beyond = rejected("date field value out of range: " + std::to_string(year) + "-" + padded(a[1].integer) + "-" + padded(a[2].integer));
  const auto month = a[1].integer, day = a[2].integer;
  if (a[0].integer == 0 || month < 1 || month > 12 || day < 1 || day > days_of_month(year, static_cast<int>(month))) return beyond;
  const auto days = days_of({year, static_cast<int>(month), static_cast<int>(day)});
  if (days < kDateMin || days >= kDateEnd) {
    return rejected("date out of range: " + std::to_string(year) + "-" + padded(month) + "-" + padded(day));
  }
  return days;
}

Result<std::int64_t> time_of(std::int64_t hour, std::int64_t minute, double second) {
  const double fraction_us = std::rint(second * 1e6);
  const bool fits = hour >= 0 && hour <= 24 && minute >= 0 && minute <= 59 && second >= 0 && second <= 60;
  if (!fits || (hour == 24 && (minute > 0 || fraction_us > 0))) {
    std::array<char, 32> shown{};
    std::snprintf(shown.data(), shown.size(), "%02g", second);
    const auto seconds = std::isfinite(second) ? std::string(shown.data()) : float8_text(second);
    return rejected("time field value out of range: " + std::to_string(hour) + ":" + padded(minute) + ":" + seconds);
  }
  return hour * kHour_us + minute * kMinute_us + static_cast<std::int64_t>(fraction_us);
}

Result<Value> make_date(Arguments a, Arena&) {
  SLUICE_TRY(const std::int64_t days, date_of(a));
  return Value::of_integer(days);
}
Result<Value> make_time(Arguments a, Arena&) {
  SLUICE_TRY(const std::int64_t us, time_of(a[0].integer, a[1].integer, a[2].floating));
  return Value::of_integer(us);
}
Result<Value> make_timestamp(Arguments a, Arena&) {
  SLUICE_TRY(const std::int64_t days, date_of(a));
  SLUICE_TRY(const std::int64_t us, time_of(a[3].integer, a[4].integer, a[5].floating));
  if (days >= kTimestampEnd / kDay_us) return rejected("timestamp out of range");
  return Value::of_integer(days * kDay_us + us);
}

// Years, months, weeks, days, hours, minutes, seconds; those at the end may be left out.
Result<Value> make_interval(Arguments a, Arena& arena) {
  const auto at = [&](std::size_t i) { return i < a.size() ? a[i].integer : 0; };
  const double seconds = a.size() > 6 ? a[6].floating : 0;
  const std::int64_t months = at(0) * 12 + at(1), days = at(2) * 7 + at(3);
  const double us = std::rint(seconds * 1e6);
  std::int64_t time = at(4) * kHour_us + at(5) * kMinute_us;
  const bool fits = months == static_cast<std::int32_t>(months) && days == static_cast<std::int32_t>(days) && std::abs(us) < 9.2e18;
  if (!fits || __builtin_add_overflow(time, static_cast<std::int64_t>(us), &time)) return rejected("interval out of range");
  return value_of(Interval{static_cast<std::int32_t>(months), static_cast<std::int32_t>(days), time}, arena);
}

}  // namespace

void add_making_times(Overloads& functions) {
  functions.push_back({"to_timestamp", {float8}, timestamptz, from_epoch});
  functions.push_back({"make_date", {int4, int4, int4}, date, make_date});
  functions.push_back({"make_time", {int4, int4, float8}, time, make_time});
  functions.push_back({"make_timestamp", {int4, int4, int4, int4, int4, float8}, timestamp, make_timestamp});
  functions.push_back({"make_timestamptz", {int4, int4, int4, int4, int4, float8}, timestamptz, make_timestamp});
  functions.push_back({"make_interval", {int4}, interval, make_interval});
  functions.push_back({"make_interval", {int4, int4}, interval, make_interval});
  functions.push_back({"make_interval", {int4, int4, int4}, interval, make_interval});
  functions.push_back({"make_interval", {int4, int4, int4, int4}, interval, make_interval});
  functions.push_back({"make_interval", {int4, int4, int4, int4, int4}, interval, make_interval});
  functions.push_back({"make_interval", {int4, int4, int4, int4, int4, int4}, interval, make_interval});
  functions.push_back({"make_interval", {int4, int4, int4, int4, int4, int4, float8}, interval, make_interval});
}

}  // namespace sluice::flow
