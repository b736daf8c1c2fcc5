#pragma once
// The values of keywords, checked.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "json_schema/json.h"
#include "json_schema/regex.h"

namespace sluice::json_schema {

[[nodiscard]] Error wrong(const std::string& at, std::string_view keyword, std::string_view must, const Json& is);

// Each leaves `to` alone when `json` has no such member. Errors: rejected, with `at` and the keyword.
[[nodiscard]] Result<void> read_text(const Json& json, std::string_view keyword, const std::string& at,
                                     std::optional<std::string>& to);
[[nodiscard]] Result<void> read_flag(const Json& json, std::string_view keyword, const std::string& at, bool& to);
[[nodiscard]] Result<void> read_count(const Json& json, std::string_view keyword, const std::string& at,
                                      std::optional<std::uint64_t>& to);
[[nodiscard]] Result<void> read_number(const Json& json, std::string_view keyword, const std::string& at,
                                       std::optional<Number>& to);
[[nodiscard]] Result<void> read_names(const Json& json, std::string_view keyword, const std::string& at,
                                      std::vector<std::string>& to);
[[nodiscard]] Result<Regex> read_pattern(std::string_view pattern, const std::string& at);
// The member, when there is one, and it must be an object or an array.
[[nodiscard]] Result<const Json*> read_kind(const Json& json, std::string_view keyword, const std::string& at,
                                            Json::Kind kind);

}  // namespace sluice::json_schema
