#pragma once
// Moments and intervals: adding, parts, truncating. Moments are microseconds since 1970-01-01, of timestamps and timestamptz alike,
// since the session's time zone is UTC.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "flow/value/time/interval.h"
#include "flow/value/time/units.h"
#include "flow/value/type.h"
#include "flow/value/value.h"

namespace sluice::flow {

// Months first, of which the day is the last of the month at most; then days; then time. Infinities stay.
// Errors: rejected: "timestamp out of range".
[[nodiscard]] Result<std::int64_t> add(std::int64_t us, const Interval& interval);
[[nodiscard]] Result<Interval> difference(std::int64_t a, std::int64_t b);
// In years, months and days: age().
[[nodiscard]] Interval age(std::int64_t a, std::int64_t b);

// The beginning of the unit that it lies in. None: there is no such unit of moments.
[[nodiscard]] std::optional<std::int64_t> truncated(std::int64_t us, Unit unit);
[[nodiscard]] std::optional<Interval> truncated(const Interval& interval, Unit unit);

// Part of a value: extract() gives it as numeric, date_part() as float8. `kind` is date, time, timestamp, timestamptz or interval.
// Errors: rejected: `unit "x" not recognized for type …`.
[[nodiscard]] Result<Value> extract(TypeKind kind, std::string_view field, const Value& value, Arena& arena);
[[nodiscard]] Result<Value> date_part(TypeKind kind, std::string_view field, const Value& value);

struct IsoWeek {
  std::int64_t year;
  int week;
};
[[nodiscard]] IsoWeek iso_week_of(std::int64_t days);
[[nodiscard]] std::int64_t century_of(std::int64_t year);

// Errors of units that are none, and of those that the type does not have.
[[nodiscard]] Error unknown_unit(std::string_view field, TypeKind kind);
[[nodiscard]] Error unsupported_unit(std::string_view field, TypeKind kind);

}  // namespace sluice::flow
