#pragma once
// LIKE: % is any text, _ any character, \ takes the next as it is.

#include <string_view>

#include "base/result.h"

namespace sluice::flow {

// Errors: rejected: the pattern ends with the escape character.
[[nodiscard]] Result<bool> is_like(std::string_view text, std::string_view pattern);

}  // namespace sluice::flow
