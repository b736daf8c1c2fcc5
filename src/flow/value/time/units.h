#pragma once
// Units of time by their many names.

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::flow {

enum class Unit : std::uint8_t {
  microsecond, millisecond, second, minute, hour, day, week, month, quarter, year, decade, century, millennium,
  timezone, timezone_hour, timezone_minute,                                // of timestamptz only
  epoch, julian, iso_year, day_of_week, iso_day_of_week, day_of_year,  // of extract() only
};

// "s", "secs", "Second" …: the first two lines of Unit.
[[nodiscard]] std::optional<Unit> unit_named(std::string_view name);
// Those, and the last.
[[nodiscard]] std::optional<Unit> field_named(std::string_view name);

}  // namespace sluice::flow
