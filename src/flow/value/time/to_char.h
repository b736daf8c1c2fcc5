#pragma once
// to_char() of moments: PostgreSQL's template patterns.

#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::flow {

// `us` is finite. `zone`: what TZ and OF say (of timestamptz: "UTC" and "+00"), or empty.
// Errors: unsupported: a pattern that is PostgreSQL's and not done here.
[[nodiscard]] Result<std::string> to_char(std::int64_t us, std::string_view pattern, bool with_zone);

}  // namespace sluice::flow
