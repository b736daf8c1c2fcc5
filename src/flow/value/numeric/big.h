#pragma once
// Long integers of numerics. Of the numeric*.cc files only.

#include <boost/multiprecision/cpp_int.hpp>

#include "flow/value/numeric/numeric.h"

namespace sluice::flow::decimal {

using Big = boost::multiprecision::cpp_int;

[[nodiscard]] Big big_of(const Value& v);
// The shortest form. Precondition: 0 <= scale <= kScaleMax.
[[nodiscard]] Value value_of(const Big& unscaled, int scale, Arena& arena);
// The same, or the error where it has too many digits.
[[nodiscard]] Result<Value> checked(const Big& unscaled, int scale, Arena& arena);
[[nodiscard]] Big power_of_ten(int exponent);
// a / b; b > 0.
[[nodiscard]] Big divide_rounded(const Big& a, const Big& b, Rounding rounding);
// Unscaled at another scale.
[[nodiscard]] Big rescaled(const Big& unscaled, int from, int to, Rounding rounding);
[[nodiscard]] int digit_count(const Big& v);  // of |v|; 0 has 1

// How PostgreSQL sees a numeric: digits of base 10000, the first of which is of this weight. Zero: 0 and 0.
struct Leading {
  int weight = 0;
  int digit = 0;
};
[[nodiscard]] Leading leading_of(const Big& unscaled, int scale);

[[nodiscard]] Error overflow();

}  // namespace sluice::flow::decimal
