// A part is a whole number at a scale: seconds are microseconds at scale 6. extract() shows that scale, as PostgreSQL does.

#include <cmath>
#include <limits>

#include "flow/value/numeric/numeric.h"
#include "flow/value/scan.h"
#include "flow/value/time/calendar.h"
#include "flow/value/time/time_math.h"

namespace sluice::flow {
namespace {

__extension__ typedef __int128 Wide;

struct Part {
  enum class Kind : std::uint8_t { number, none, infinite, unsupported };
  Wide unscaled = 0;
  int scale = 0;
  Kind kind = Kind::number;
  std::int64_t day_us = 0;  // julian: what has passed of the day
  bool is_julian = false;
};

std::string lower_case(std::string_view field) {
  std::string out(field);
  for (auto& c : out) c = to_lower(c);
  return out;
}

constexpr Part unsupported() { return {.kind = Part::Kind::unsupported}; }

Part part_of_clock(std::int64_t us, Unit unit) {
  switch (unit) {
    case Unit::microsecond: return {us % kMinute_us, 0};
    case Unit::millisecond: return {us % kMinute_us, 3};
    case Unit::second: return {us % kMinute_us, 6};
    case Unit::minute: return {us / kMinute_us % 60, 0};
    case Unit::hour: return {us / kHour_us, 0};
    default: return unsupported();
  }
}

std::int64_t shown_year(std::int64_t year) { return year > 0 ? year : year - 1; }

Part part_of_day(std::int64_t days, Unit unit) {
  const Day d = day_of(days);
  const auto y = d.year;
  switch (unit) {
    case Unit::day: return {d.day};
    case Unit::month: return {d.month};
    case Unit::quarter: return {(d.month - 1) / 3 + 1};
    case Unit::week: return {iso_week_of(days).week};
    case Unit::year: return {shown_year(y)};
    case Unit::decade: return {y >= 0 ? y / 10 : -((8 - (y - 1)) / 10)};
    case Unit::century: return {century_of(y)};
    case Unit::millennium: return {y > 0 ? (y + 999) / 1000 : -((999 - (y - 1)) / 1000)};
    case Unit::iso_year: return {shown_year(iso_week_of(days).year)};
    case Unit::day_of_week: return {weekday_of(days)};
    case Unit::iso_day_of_week: return {(weekday_of(days) + 6) % 7 + 1};
    case Unit::day_of_year: return {days - days_of({y, 1, 1}) + 1};
    case Unit::julian: return {days + 2440588};
    default: return unsupported();
  }
}

// Those that only grow are infinite of an infinite moment; those that come again are null.
Part part_of_infinity(Unit unit, bool negative, bool has_clock) {
  switch (unit) {
    case Unit::year: case Unit::decade: case Unit::century: case Unit::millennium: case Unit::iso_year: case Unit::julian: case Unit::epoch:
      return {.unscaled = negative ? -1 : 1, .kind = Part::Kind::infinite};
    case Unit::microsecond: case Unit::millisecond: case Unit::second: case Unit::minute: case Unit::hour:
      if (!has_clock) return unsupported();
      break;
    case Unit::timezone: case Unit::timezone_hour: case Unit::timezone_minute:
      if (!has_clock) return unsupported();
      break;
    default: break;
  }
  return {.kind = Part::Kind::none};
}

Part part_of_date(std::int64_t days, Unit unit) {
  if (is_infinite_time(days)) return part_of_infinity(unit, days < 0, false);
  if (unit == Unit::epoch) return {static_cast<Wide>(days) * 86400};
  return part_of_day(days, unit);
}

Part part_of_moment(std::int64_t us, Unit unit, bool with_zone) {
  if (with_zone && (unit == Unit::timezone || unit == Unit::timezone_hour || unit == Unit::timezone_minute)) {
    return is_infinite_time(us) ? Part{.kind = Part::Kind::none} : Part{};
  }
  if (is_infinite_time(us)) return part_of_infinity(unit, us < 0, true);
  if (unit == Unit::epoch) return {us, 6};
  const auto days = floor_divide(us, kDay_us);
  const auto clock = part_of_clock(us - days * kDay_us, unit);
  if (clock.kind == Part::Kind::number) return clock;
  Part part = part_of_day(days, unit);
  part.is_julian = unit == Unit::julian;
  part.day_us = us - days * kDay_us;
  return part;
}

Part part_of_time(std::int64_t us, Unit unit) {
  return unit == Unit::epoch ? Part{us, 6} : part_of_clock(us, unit);
}

Part part_of_interval(const Interval& i, Unit unit) {
  switch (unit) {
    case Unit::day: return {i.days};
    case Unit::month: return {i.months % 12};
    case Unit::quarter: return {i.months % 12 / 3 + 1};
    case Unit::year: return {i.months / 12};
    case Unit::decade: return {i.months / 120};
    case Unit::century: return {i.months / 1200};
    case Unit::millennium: return {i.months / 12000};
    case Unit::epoch: {
      const Wide quarter_days = static_cast<Wide>(1461) * (i.months / 12) + 120 * (i.months % 12) + static_cast<Wide>(4) * i.days;
      return {quarter_days * (kDay_us / 4) + i.us, 6};
    }
    default: return part_of_clock(i.us, unit);
  }
}

Result<Part> part_of(TypeKind kind, std::string_view field, const Value& value) {
  const auto unit = field_named(field);
  if (!unit) return unknown_unit(field, kind);
  Part part;
  switch (kind) {
    case TypeKind::date: part = part_of_date(value.integer, *unit); break;
    case TypeKind::time: part = part_of_time(value.integer, *unit); break;
    case TypeKind::interval: part = part_of_interval(interval_of(value), *unit); break;
    default: part = part_of_moment(value.integer, *unit, kind == TypeKind::timestamptz);
  }
  if (part.kind == Part::Kind::unsupported) {
    return unsupported_unit(field, kind);
  }
  return part;
}

// In binary fractions, summed in PostgreSQL's order.
double seconds_of(const Interval& i) {
  constexpr double kDay_s = 86400.0;
  double out = static_cast<double>(i.us) / 1e6;
  out += 365.25 * kDay_s * (i.months / 12);
  out += 30 * kDay_s * (i.months % 12);
  return out + kDay_s * i.days;
}

// An interval's epoch may be beyond 64 bits: it is put together of two numerics.
Result<Value> numeric_of(const Part& part, Arena& arena) {
  if (part.unscaled == static_cast<std::int64_t>(part.unscaled)) {
    return Value::of_numeric(static_cast<std::int64_t>(part.unscaled), part.scale);
  }
  constexpr std::int64_t kHalf = std::int64_t{1} << 62;
  SLUICE_TRY(const Value high, decimal::multiply(Value::of_numeric(static_cast<std::int64_t>(part.unscaled / kHalf), 0),
                                                 Value::of_numeric(kHalf, part.scale), arena));
  return decimal::add(high, Value::of_numeric(static_cast<std::int64_t>(part.unscaled % kHalf), part.scale), arena);
}

}  // namespace

Error unknown_unit(std::string_view field, TypeKind kind) {
  return rejected("unit \"" + lower_case(field) + "\" not recognized for type " + type_text({kind}));
}
Error unsupported_unit(std::string_view field, TypeKind kind) {
  return rejected("unit \"" + lower_case(field) + "\" not supported for type " + type_text({kind}));
}

Result<Value> extract(TypeKind kind, std::string_view field, const Value& value, Arena& arena) {
  SLUICE_TRY(const Part part, part_of(kind, field, value));
  if (part.kind == Part::Kind::none) return Value::none();
  if (part.kind == Part::Kind::infinite) return decimal::infinity(part.unscaled < 0 ? -1 : 1);
  SLUICE_TRY(const Value number, numeric_of(part, arena));
  if (!part.is_julian) return number;
  SLUICE_TRY(const Value fraction, decimal::divide(Value::of_numeric(part.day_us, 0), Value::of_numeric(kDay_us, 0), arena));
  return decimal::add(number, fraction, arena);
}

Result<Value> date_part(TypeKind kind, std::string_view field, const Value& value) {
  SLUICE_TRY(const Part part, part_of(kind, field, value));
  if (part.kind == Part::Kind::none) return Value::none();
  if (part.kind == Part::Kind::infinite) {
    return Value::of_double((part.unscaled < 0 ? -1 : 1) * std::numeric_limits<double>::infinity());
  }
  if (kind == TypeKind::interval && same_word(field, "epoch")) return Value::of_double(seconds_of(interval_of(value)));
  const auto n = part.unscaled;
  if (part.is_julian) return Value::of_double(static_cast<double>(n) + static_cast<double>(part.day_us) / static_cast<double>(kDay_us));
  if (part.scale == 0) return Value::of_double(static_cast<double>(n));
  if (part.scale == 3) return Value::of_double(static_cast<double>(n / 1'000'000 * 1000) + static_cast<double>(n % 1'000'000) / 1000.0);
  if (same_word(field, "epoch")) return Value::of_double(static_cast<double>(n) / 1e6);
  return Value::of_double(static_cast<double>(n / 1'000'000) + static_cast<double>(n % 1'000'000) / 1e6);
}

}  // namespace sluice::flow
