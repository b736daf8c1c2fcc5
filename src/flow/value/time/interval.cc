#include "flow/value/time/interval.h"

#include <cmath>

#include "flow/value/scan.h"
#include "flow/value/time/calendar.h"

namespace sluice::flow {
namespace {

Error out_of_range() { return rejected("interval out of range"); }

// `by` units of `size` move from `from` to `to`; the signs of both come out the same.
template <typename From, typename To>
void carry(From& from, To& to, From size) {
  const From whole = from / size;
  from -= whole * size;
  to += static_cast<To>(whole);
  if (to > 0 && from < 0) from += size, --to;
  else if (to < 0 && from > 0) from -= size, ++to;
}

}  // namespace

IntervalOrder order_of(const Interval& interval) {
  const IntervalOrder days = static_cast<IntervalOrder>(interval.months) * 30 + interval.days;
  return days * kDay_us + interval.us;
}

Result<Interval> add(const Interval& a, const Interval& b) {
  Interval out;
  if (__builtin_add_overflow(a.months, b.months, &out.months) || __builtin_add_overflow(a.days, b.days, &out.days) ||
      __builtin_add_overflow(a.us, b.us, &out.us)) {
    return out_of_range();
  }
  return out;
}

Result<Interval> negate(const Interval& interval) {
  Interval out;
  if (__builtin_sub_overflow(0, interval.months, &out.months) || __builtin_sub_overflow(0, interval.days, &out.days) ||
      __builtin_sub_overflow(std::int64_t{0}, interval.us, &out.us)) {
    return out_of_range();
  }
  return out;
}

namespace {

// Fractions of months become days of 30, those of days time, as they do where a text is read.
template <typename By>
Result<Interval> scaled(const Interval& interval, const By& by) {
  const auto to_microseconds = [](double v) { return std::rint(v * 1e6) / 1e6; };
  const auto fits = [](double v) { return v >= -2147483648.0 && v <= 2147483647.0; };
  const double months = by(interval.months), days = by(interval.days);
  if (!fits(months) || !fits(days)) return out_of_range();
  Interval out{static_cast<std::int32_t>(months), static_cast<std::int32_t>(days), 0};
  const double month_days = to_microseconds((months - out.months) * 30);
  double seconds = to_microseconds((days - out.days + month_days - std::trunc(month_days)) * 86400.0);
  std::int64_t whole_days = out.days;
  if (std::abs(seconds) >= 86400.0) {
    whole_days += static_cast<std::int64_t>(seconds / 86400.0);
    seconds -= std::trunc(seconds / 86400.0) * 86400.0;
  }
  whole_days += static_cast<std::int64_t>(month_days);
  const double us = std::rint(by(static_cast<double>(interval.us)) + seconds * 1e6);
  if (!fits(static_cast<double>(whole_days)) || !(us >= -9223372036854775808.0 && us < 9223372036854775808.0)) return out_of_range();
  out.days = static_cast<std::int32_t>(whole_days);
  out.us = static_cast<std::int64_t>(us);
  return out;
}

}  // namespace

Result<Interval> multiply(const Interval& interval, double factor) {
  return scaled(interval, [&](double part) { return part * factor; });
}

Result<Interval> divide(const Interval& interval, double divisor) {
  if (divisor == 0) return rejected("division by zero");
  return scaled(interval, [&](double part) { return part / divisor; });
}

Interval justify_hours(Interval interval) {
  carry(interval.us, interval.days, kDay_us);
  return interval;
}

Interval justify_days(Interval interval) {
  carry(interval.days, interval.months, 30);
  return interval;
}

Interval justify(Interval interval) {
  // Days and time with the sign of the months, from the finest up.
  const std::int64_t whole_days = interval.us / kDay_us;
  interval.us -= whole_days * kDay_us;
  std::int64_t days = interval.days + whole_days;
  std::int64_t months = interval.months + days / 30;
  days %= 30;
  if (months > 0 && (days < 0 || (days == 0 && interval.us < 0))) days += 30, --months;
  else if (months < 0 && (days > 0 || (days == 0 && interval.us > 0))) days -= 30, ++months;
  if (days > 0 && interval.us < 0) interval.us += kDay_us, --days;
  else if (days < 0 && interval.us > 0) interval.us -= kDay_us, ++days;
  interval.days = static_cast<std::int32_t>(days);
  interval.months = static_cast<std::int32_t>(months);
  return interval;
}

}  // namespace sluice::flow
