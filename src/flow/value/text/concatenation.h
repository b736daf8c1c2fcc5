#pragma once
// || and concat(), which take texts and anything that has a text.

#include <optional>
#include <span>
#include <string_view>

#include "flow/value/function.h"

namespace sluice::flow {

// None: it is no concatenation of texts or bytes.
[[nodiscard]] std::optional<Function> find_concatenation(std::span<const Type> arguments);
// concat, concat_ws: nulls are left out. Booleans stay what they are, since their text here is t, where a cast's is true.
[[nodiscard]] Result<Function> find_concat(std::string_view name, std::span<const Type> arguments);

}  // namespace sluice::flow
