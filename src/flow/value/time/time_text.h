#pragma once
// Dates and times as text: ISO 8601, as PostgreSQL prints them, and as it reads them of texts that begin with the year.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::flow {

// "HH:MM:SS[.ffffff]"; hours may be more than two digits.
void append_clock(std::string& out, std::uint64_t us);
// "HH:MM", "HH:MM:SS[.f…]", "MM:SS.f…". None: it is not of that form; negative: a field is beyond its range.
[[nodiscard]] std::optional<std::int64_t> parse_clock(std::string_view text);

[[nodiscard]] std::string date_text(std::int64_t days);
[[nodiscard]] std::string time_text(std::int64_t us);
[[nodiscard]] std::string timestamp_text(std::int64_t us);
[[nodiscard]] std::string timestamptz_text(std::int64_t us);

// Errors: rejected, with PostgreSQL's text; unsupported: what depends on the wall clock (now, today).
[[nodiscard]] Result<std::int64_t> parse_date(std::string_view text);
[[nodiscard]] Result<std::int64_t> parse_time(std::string_view text);
[[nodiscard]] Result<std::int64_t> parse_timestamp(std::string_view text);
[[nodiscard]] Result<std::int64_t> parse_timestamptz(std::string_view text);  // UTC where no offset is given

// Seconds east of UTC of "UTC", "Z", "+02", "-05:30", "+02:00:00".
[[nodiscard]] std::optional<std::int32_t> parse_offset(std::string_view text);

}  // namespace sluice::flow
