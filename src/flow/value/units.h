#pragma once
// Units of time by their many names.

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::flow {

enum class Unit : std::uint8_t {
  microsecond, millisecond, second, minute, hour, day, week, month, quarter, year, decade, century, millennium,
  epoch, julian, iso_year, day_of_week, iso_day_of_week, day_of_year, timezone, timezone_hour, timezone_minute,  // of extract() only
};

// "s", "secs", "Second" …: the first line of Unit.
[[nodiscard]] std::optional<Unit> unit_named(std::string_view name);
// That, and the second.
[[nodiscard]] std::optional<Unit> field_named(std::string_view name);

}  // namespace sluice::flow
