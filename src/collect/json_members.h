#pragma once
// Looking into JSON without a tree; for this module's parsers.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sluice::collect {

// The members of an object, their values as they are written. Errors: rejected, no object.
using Members = std::vector<std::pair<std::string, std::string_view>>;
[[nodiscard]] Result<Members> members_of(std::string_view object);
[[nodiscard]] std::optional<std::string_view> find_member(const Members& members, std::string_view name);

// A string without its quotes; numbers and truths as they are written; none: null, an object, an array.
[[nodiscard]] std::optional<std::string> scalar_text(std::string_view raw);

// The values of a text: of an array its items; else the values that follow each other. Errors: rejected.
[[nodiscard]] Result<std::vector<std::string_view>> values_of(std::string_view text);
// The items of an array. Errors: rejected, no array.
[[nodiscard]] Result<std::vector<std::string_view>> items_of(std::string_view array);

}  // namespace sluice::collect
