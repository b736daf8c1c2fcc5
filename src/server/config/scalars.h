#pragma once
// The small forms of a configuration and of reports: sizes, durations, numbers.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::server {

// "256MiB", "100 GB", "4096": bytes. None when it is no size, or does not fit.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);
// "10min", "500ms", "30d": milliseconds. A bare number is none: nobody knows its unit.
[[nodiscard]] std::optional<std::int64_t> parse_duration_ms(std::string_view text);
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text);

// "1,234,567".
[[nodiscard]] std::string with_commas(std::uint64_t number);

// The database's name in a URL: "shop" of postgres://user@host/shop?sslmode=require; empty when there is none.
[[nodiscard]] std::string database_of(std::string_view url);

}  // namespace sluice::server
