#pragma once
// Binary fractions as text: the shortest that reads back as the same, laid out as PostgreSQL's extra_float_digits 1 to 3.

#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::flow {

[[nodiscard]] std::string float8_text(double v);
[[nodiscard]] std::string float4_text(double v);  // a float's value
// Errors: rejected, with PostgreSQL's text.
[[nodiscard]] Result<double> parse_float8(std::string_view text);
[[nodiscard]] Result<double> parse_float4(std::string_view text);

}  // namespace sluice::flow
