#include <array>
#include <cmath>

#include "flow/value/catalog.h"
#include "flow/value/time/calendar.h"
#include "flow/value/time/interval.h"
#include "flow/value/time/making_times.h"
#include "flow/value/time/time_math.h"
#include "flow/value/time/time_text.h"
#include "flow/value/time/to_char.h"
#include "flow/value/time/zone.h"

namespace sluice::flow {
namespace {

using enum TypeKind;

template <TypeKind K>
Result<Value> extract_of(Arguments a, Arena& arena) {
  return extract(K, a[0].text, a[1], arena);
}
template <TypeKind K>
Result<Value> date_part_of(Arguments a, Arena&) {
  return date_part(K, a[0].text, a[1]);
}
// Of a date, date_part() knows the time of day, which is nought.
Result<Value> date_part_of_date(Arguments a, Arena&) {
  if (is_infinite_time(a[1].integer)) return date_part(timestamp, a[0].text, a[1]);
  if (a[1].integer >= kTimestampEnd / kDay_us) return rejected("date out of range for timestamp");
  return date_part(timestamp, a[0].text, Value::of_integer(a[1].integer * kDay_us));
}

template <TypeKind K>
Result<Value> truncate(Arguments a, Arena& arena) {
  if (K != interval && is_infinite_time(a[1].integer)) return a[1];
  const auto unit = unit_named(a[0].text);
  if (!unit) return unknown_unit(a[0].text, K);
  if constexpr (K == interval) {
    const auto out = truncated(interval_of(a[1]), *unit);
    return out ? Result<Value>(value_of(*out, arena)) : unsupported_unit(a[0].text, K);
  }
  const auto out = truncated(a[1].integer, *unit);
  if (out && *out < kTimestampMin) return rejected("timestamp out of range");
  return out ? Result<Value>(Value::of_integer(*out)) : unsupported_unit(a[0].text, K);
}

// date_bin(stride, moment, origin): the beginning of the stride that it lies in.
Result<Value> bin(Arguments a, Arena&) {
  const Interval stride = interval_of(a[0]);
  if (is_infinite_time(a[1].integer)) return a[1];
  if (is_infinite_time(a[2].integer)) return rejected("origin out of range");
  if (stride.months != 0) return rejected("timestamps cannot be binned into intervals containing months or years");
  std::int64_t size, apart;
  if (__builtin_mul_overflow(stride.days, kDay_us, &size) || __builtin_add_overflow(size, stride.us, &size)) return rejected("interval out of range");
  if (size <= 0) return rejected("stride must be greater than zero");
  if (__builtin_sub_overflow(a[1].integer, a[2].integer, &apart)) return rejected("interval out of range");
  std::int64_t out;
  if (__builtin_add_overflow(a[2].integer, floor_divide(apart, size) * size, &out) || out < kTimestampMin) return rejected("timestamp out of range");
  return Value::of_integer(out);
}

Result<Value> age_of(Arguments a, Arena& arena) {
  if (is_infinite_time(a[0].integer) || is_infinite_time(a[1].integer)) return rejected("timestamp out of range");
  return value_of(age(a[0].integer, a[1].integer), arena);
}

template <bool WithZone>
Result<Value> text_of(Arguments a, Arena& arena) {
  if (is_infinite_time(a[0].integer) || a[1].text.empty()) return Value::none();
  SLUICE_TRY(const std::string out, to_char(a[0].integer, a[1].text, WithZone));
  return Value::of_text(arena.copy(out));
}

// A zone of digits is POSIX's, whose sign counts to the west.
Result<Zone> zone_of(std::string_view name) {
  if (const auto offset_s = parse_offset(name)) return Zone::fixed(-*offset_s);
  if (const auto zone = Zone::named(name)) return *zone;
  auto error = rejected("time zone \"" + std::string(name) + "\" not recognized");
  error.hint = "a name of the tz database, as 'Europe/Berlin', or 'UTC', or AT TIME ZONE INTERVAL '+01:00'";
  return error;
}

Result<Value> shifted(std::int64_t us, std::int64_t by_us) {
  SLUICE_TRY(const std::int64_t out, add(us, Interval{.us = by_us}));
  return Value::of_integer(out);
}

// AT TIME ZONE: from timestamptz to timestamp.
Result<Value> local_time(Arguments a, Arena&) {
  if (is_infinite_time(a[1].integer)) return a[1];
  SLUICE_TRY(const auto zone, zone_of(a[0].text));
  return shifted(a[1].integer, zone.offset_at(a[1].integer) * kSecond_us);
}
// And back.
Result<Value> moment_of_local_time(Arguments a, Arena&) {
  if (is_infinite_time(a[1].integer)) return a[1];
  SLUICE_TRY(const auto zone, zone_of(a[0].text));
  return shifted(a[1].integer, -zone.offset_of_local(a[1].integer) * kSecond_us);
}

// date_trunc(unit, moment, zone). The hour in which a clock is turned back is truncated on the side on which it is.
Result<Value> truncate_in_zone(Arguments a, Arena&) {
  if (is_infinite_time(a[1].integer)) return a[1];
  SLUICE_TRY(const auto zone, zone_of(a[2].text));
  const auto unit = unit_named(a[0].text);
  if (!unit) return unknown_unit(a[0].text, timestamptz);
  const std::int64_t offset_us = zone.offset_at(a[1].integer) * kSecond_us;
  const auto out = truncated(a[1].integer + offset_us, *unit);
  if (!out) return unsupported_unit(a[0].text, timestamptz);
  const auto moment = *out - (*unit < Unit::day ? offset_us : zone.offset_of_local(*out) * kSecond_us);
  if (moment < kTimestampMin || moment >= kTimestampEnd) return rejected("timestamp out of range");
  return Value::of_integer(moment);
}

template <int Sign>
Result<Value> at_offset(Arguments a, Arena&) {
  if (is_infinite_time(a[1].integer)) return a[1];
  const Interval offset = interval_of(a[0]);
  if (offset.months != 0 || offset.days != 0) {
    return rejected("interval time zone \"" + interval_text(offset) + "\" must not include months or days");
  }
  return shifted(a[1].integer, Sign * (offset.us / kSecond_us * kSecond_us));
}

template <Interval (*F)(Interval)>
Result<Value> justified(Arguments a, Arena& arena) {
  return value_of(F(interval_of(a[0])), arena);
}

template <TypeKind... K>
void add_parts(Overloads& out) {
  (out.push_back({"extract", {text, K}, numeric, extract_of<K>}), ...);
  (out.push_back({"date_part", {text, K}, float8, K == date ? Call(date_part_of_date) : Call(date_part_of<K>)}), ...);
}

}  // namespace

void add_time_functions(Overloads& functions) {
  add_parts<date, time, timestamp, timestamptz, interval>(functions);
  add_making_times(functions);
  functions.push_back({"date_trunc", {text, timestamp}, timestamp, truncate<timestamp>});
  functions.push_back({"date_trunc", {text, timestamptz}, timestamptz, truncate<timestamptz>});
  functions.push_back({"date_trunc", {text, timestamptz, text}, timestamptz, truncate_in_zone});
  functions.push_back({"date_trunc", {text, interval}, interval, truncate<interval>});
  for (const auto kind : {timestamp, timestamptz}) {
    functions.push_back({"date_bin", {interval, kind, kind}, kind, bin});
    functions.push_back({"age", {kind, kind}, interval, age_of});
    functions.push_back({"to_char", {kind, text}, text, kind == timestamp ? Call(text_of<false>) : Call(text_of<true>)});
  }
  functions.push_back({"timezone", {text, timestamptz}, timestamp, local_time});
  functions.push_back({"timezone", {text, timestamp}, timestamptz, moment_of_local_time});
  functions.push_back({"timezone", {interval, timestamptz}, timestamp, at_offset<1>});
  functions.push_back({"timezone", {interval, timestamp}, timestamptz, at_offset<-1>});
  functions.push_back({"justify_hours", {interval}, interval, justified<justify_hours>});
  functions.push_back({"justify_days", {interval}, interval, justified<justify_days>});
  functions.push_back({"justify_interval", {interval}, interval, justified<justify>});
  for (const auto kind : {date, timestamp, timestamptz}) {
    functions.push_back({"isfinite", {kind}, boolean, [](Arguments a, Arena&) -> Result<Value> { return Value::of(!is_infinite_time(a[0].integer)); }});
  }
  functions.push_back({"isfinite", {interval}, boolean, [](Arguments, Arena&) -> Result<Value> { return Value::of(true); }});
}

}  // namespace sluice::flow
