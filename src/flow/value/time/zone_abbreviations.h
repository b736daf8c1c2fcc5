#pragma once
// "CET", "PST": names of offsets, as PostgreSQL has them.

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::flow {

// In seconds east of UTC; upper and lower case alike. PostgreSQL's abbreviations that meant several offsets in their time are none of these.
[[nodiscard]] std::optional<std::int32_t> offset_of_abbreviation(std::string_view name);

}  // namespace sluice::flow
