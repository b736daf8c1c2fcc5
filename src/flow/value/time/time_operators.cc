#include "flow/value/catalog.h"
#include "flow/value/time/calendar.h"
#include "flow/value/time/interval.h"
#include "flow/value/time/time_math.h"

namespace sluice::flow {
namespace {

using enum TypeKind;

Result<Value> moment(Result<std::int64_t> us) {
  if (!us.ok()) return std::move(us).error();
  return Value::of_integer(*us);
}
Result<Value> interval_value(const Result<Interval>& i, Arena& arena) {
  if (!i.ok()) return i.error();
  return value_of(*i, arena);
}

Result<std::int64_t> moment_of_date(std::int64_t days) {
  if (is_infinite_time(days)) return days;
  if (days >= kTimestampEnd / kDay_us) return rejected("date out of range for timestamp");
  return days * kDay_us;
}

template <int Date, int Days, int Sign>
Result<Value> date_and_days(Arguments a, Arena&) {
  const auto days = a[Date].integer;
  if (is_infinite_time(days)) return a[Date];
  const auto out = days + Sign * a[Days].integer;
  if (out < kDateMin || out >= kDateEnd) return rejected("date out of range");
  return Value::of_integer(out);
}

Result<Value> days_between(Arguments a, Arena&) {
  if (is_infinite_time(a[0].integer) || is_infinite_time(a[1].integer)) return rejected("cannot subtract infinite dates");
  return Value::of_integer(a[0].integer - a[1].integer);
}

template <int Moment, int Span, bool IsDate>
Result<Value> plus_interval(Arguments a, Arena&) {
  if constexpr (!IsDate) return moment(add(a[Moment].integer, interval_of(a[Span])));
  SLUICE_TRY(const std::int64_t us, moment_of_date(a[Moment].integer));
  return moment(add(us, interval_of(a[Span])));
}
template <bool IsDate>
Result<Value> minus_interval(Arguments a, Arena&) {
  SLUICE_TRY(const Interval negated, negate(interval_of(a[1])));
  if constexpr (!IsDate) return moment(add(a[0].integer, negated));
  SLUICE_TRY(const std::int64_t us, moment_of_date(a[0].integer));
  return moment(add(us, negated));
}

template <int Date, int Time>
Result<Value> date_and_time(Arguments a, Arena&) {
  SLUICE_TRY(const std::int64_t us, moment_of_date(a[Date].integer));
  return moment(add(us, Interval{.us = a[Time].integer}));
}

template <int Time, int Span, int Sign>
Result<Value> time_and_interval(Arguments a, Arena&) {
  const auto by = interval_of(a[Span]).us % kDay_us;
  return Value::of_integer(floor_modulo(a[Time].integer + Sign * by, kDay_us));
}

Result<Value> between_times(Arguments a, Arena&) { return Value::of_integer(a[0].integer - a[1].integer); }
Result<Value> between_moments(Arguments a, Arena& arena) { return interval_value(difference(a[0].integer, a[1].integer), arena); }
Result<Value> negated(Arguments a, Arena& arena) { return interval_value(negate(interval_of(a[0])), arena); }
Result<Value> sum(Arguments a, Arena& arena) { return interval_value(add(interval_of(a[0]), interval_of(a[1])), arena); }
Result<Value> minus(Arguments a, Arena& arena) {
  const auto x = interval_of(a[0]), y = interval_of(a[1]);
  Interval out;
  if (__builtin_sub_overflow(x.months, y.months, &out.months) || __builtin_sub_overflow(x.days, y.days, &out.days) ||
      __builtin_sub_overflow(x.us, y.us, &out.us)) {
    return rejected("interval out of range");
  }
  return value_of(out, arena);
}
Result<Value> times(Arguments a, Arena& arena) { return interval_value(multiply(interval_of(a[0]), a[1].floating), arena); }
Result<Value> times_turned(Arguments a, Arena& arena) { return interval_value(multiply(interval_of(a[1]), a[0].floating), arena); }
Result<Value> divided(Arguments a, Arena& arena) { return interval_value(divide(interval_of(a[0]), a[1].floating), arena); }

void add_dates(Overloads& out) {
  out.push_back({"+", {date, int4}, date, date_and_days<0, 1, 1>});
  out.push_back({"+", {int4, date}, date, date_and_days<1, 0, 1>});
  out.push_back({"-", {date, int4}, date, date_and_days<0, 1, -1>});
  out.push_back({"-", {date, date}, int4, days_between});
  out.push_back({"+", {date, interval}, timestamp, plus_interval<0, 1, true>});
  out.push_back({"+", {interval, date}, timestamp, plus_interval<1, 0, true>});
  out.push_back({"-", {date, interval}, timestamp, minus_interval<true>});
  out.push_back({"+", {date, time}, timestamp, date_and_time<0, 1>});
  out.push_back({"+", {time, date}, timestamp, date_and_time<1, 0>});
}

void add_intervals(Overloads& out) {
  out.push_back({"-", {interval}, interval, negated});
  out.push_back({"+", {interval, interval}, interval, sum});
  out.push_back({"-", {interval, interval}, interval, minus});
  out.push_back({"*", {interval, float8}, interval, times});
  out.push_back({"*", {float8, interval}, interval, times_turned});
  out.push_back({"/", {interval, float8}, interval, divided});
}

}  // namespace

void add_time_operators(Overloads& operators) {
  add_dates(operators);
  add_intervals(operators);
  for (const auto kind : {timestamp, timestamptz}) {
    operators.push_back({"+", {kind, interval}, kind, plus_interval<0, 1, false>});
    operators.push_back({"+", {interval, kind}, kind, plus_interval<1, 0, false>});
    operators.push_back({"-", {kind, interval}, kind, minus_interval<false>});
    operators.push_back({"-", {kind, kind}, interval, between_moments});
  }
  operators.push_back({"+", {time, interval}, time, time_and_interval<0, 1, 1>});
  operators.push_back({"+", {interval, time}, time, time_and_interval<1, 0, 1>});
  operators.push_back({"-", {time, interval}, time, time_and_interval<0, 1, -1>});
  operators.push_back({"-", {time, time}, interval, between_times});
}

}  // namespace sluice::flow
