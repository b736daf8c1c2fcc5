#pragma once
// Base64 as PostgreSQL's encode() and decode() have it: lines of 76 characters; spaces are skipped.

#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::flow {

[[nodiscard]] std::string to_base64(std::string_view bytes);
// Errors: rejected, with PostgreSQL's text.
[[nodiscard]] Result<std::string> from_base64(std::string_view text);

}  // namespace sluice::flow
