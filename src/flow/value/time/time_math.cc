#include "flow/value/time/time_math.h"

#include "flow/value/scan.h"
#include "flow/value/time/calendar.h"

namespace sluice::flow {
namespace {

Error out_of_range() { return rejected("timestamp out of range"); }

std::int64_t with_months(std::int64_t days, std::int32_t months) {
  Day d = day_of(days);
  const std::int64_t month = d.year * 12 + d.month - 1 + months;
  d.year = floor_divide(month, 12);
  d.month = static_cast<int>(floor_modulo(month, 12)) + 1;
  d.day = std::min(d.day, days_of_month(d.year, d.month));
  return days_of(d);
}

std::int64_t first_year(std::int64_t year, std::int64_t size, std::int64_t first) {
  return floor_divide(year - first, size) * size + first;
}

}  // namespace

Result<std::int64_t> add(std::int64_t us, const Interval& interval) {
  if (is_infinite_time(us)) return us;
  if (interval.months != 0 || interval.days != 0) {
    auto days = floor_divide(us, kDay_us);
    const auto time = us - days * kDay_us;
    if (interval.months != 0) days = with_months(days, interval.months);
    days += interval.days;
    if (days < kDateMin || days >= kTimestampEnd / kDay_us) return out_of_range();
    us = days * kDay_us + time;
  }
  if (__builtin_add_overflow(us, interval.us, &us) || us < kTimestampMin || us >= kTimestampEnd) return out_of_range();
  return us;
}

Result<Interval> difference(std::int64_t a, std::int64_t b) {
  if (is_infinite_time(a) || is_infinite_time(b)) return rejected("cannot subtract infinite timestamps");
  std::int64_t us;
  if (__builtin_sub_overflow(a, b, &us)) return rejected("interval out of range");
  return justify_hours({.us = us});
}

Interval age(std::int64_t a, std::int64_t b) {
  const bool negative = a < b;
  if (negative) std::swap(a, b);
  const auto days_a = floor_divide(a, kDay_us), days_b = floor_divide(b, kDay_us);
  const Day to = day_of(days_a), from = day_of(days_b);
  std::int64_t us = (a - days_a * kDay_us) - (b - days_b * kDay_us);
  int days = to.day - from.day;
  std::int64_t months = (to.year - from.year) * 12 + to.month - from.month;
  if (us < 0) us += kDay_us, --days;
  if (days < 0) {
    // Of the earlier moment's month, or, going back, of the later one's before.
    days += days_of_month(from.year, from.month);
    --months;
  }
  const Interval out{static_cast<std::int32_t>(months), days, us};
  return negative ? Interval{-out.months, -out.days, -out.us} : out;
}

std::optional<std::int64_t> truncated(std::int64_t us, Unit unit) {
  if (is_infinite_time(us)) return us;
  const auto days = floor_divide(us, kDay_us);
  const auto to = [&](std::int64_t size) { return us - floor_modulo(us, size); };
  const auto year = [&](std::int64_t size, std::int64_t first) {
    return days_of({first_year(day_of(days).year, size, first), 1, 1}) * kDay_us;
  };
  switch (unit) {
    case Unit::microsecond: return us;
    case Unit::millisecond: return to(1000);
    case Unit::second: return to(kSecond_us);
    case Unit::minute: return to(kMinute_us);
    case Unit::hour: return to(kHour_us);
    case Unit::day: return days * kDay_us;
    case Unit::week: return (days - (weekday_of(days) + 6) % 7) * kDay_us;
    case Unit::month: return days_of({day_of(days).year, day_of(days).month, 1}) * kDay_us;
    case Unit::quarter: return days_of({day_of(days).year, (day_of(days).month - 1) / 3 * 3 + 1, 1}) * kDay_us;
    case Unit::year: return year(1, 0);
    case Unit::decade: return year(10, 0);
    case Unit::century: return year(100, 1);
    case Unit::millennium: return year(1000, 1);
    default: return {};
  }
}

std::optional<Interval> truncated(const Interval& interval, Unit unit) {
  const auto time = [&](std::int64_t size) { return Interval{interval.months, interval.days, interval.us - interval.us % size}; };
  const auto months = [&](std::int32_t size) { return Interval{interval.months - interval.months % size, 0, 0}; };
  switch (unit) {
    case Unit::microsecond: return interval;
    case Unit::millisecond: return time(1000);
    case Unit::second: return time(kSecond_us);
    case Unit::minute: return time(kMinute_us);
    case Unit::hour: return time(kHour_us);
    case Unit::day: return Interval{interval.months, interval.days, 0};
    case Unit::month: return months(1);
    case Unit::quarter: return months(3);
    case Unit::year: return months(12);
    case Unit::decade: return months(120);
    case Unit::century: return months(1200);
    case Unit::millennium: return months(12000);
    default: return {};
  }
}

IsoWeek iso_week_of(std::int64_t days) {
  const auto thursday = days - (weekday_of(days) + 6) % 7 + 3;
  const auto year = day_of(thursday).year;
  return {year, static_cast<int>((thursday - days_of({year, 1, 1})) / 7) + 1};
}

std::int64_t century_of(std::int64_t year) { return year > 0 ? (year + 99) / 100 : -((99 - (year - 1)) / 100); }

}  // namespace sluice::flow
