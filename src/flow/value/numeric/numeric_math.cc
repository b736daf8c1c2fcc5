// Roots, logarithms and powers of numerics. How many digits a result shows depends on its size, which is estimated in binary fractions
// as PostgreSQL does (sqrt_var() and its neighbours); then it is computed with some digits more, and rounded.

#include <algorithm>
#include <cmath>

#include "flow/value/numeric/fixed.h"
#include "flow/value/ranges.h"

namespace sluice::flow::decimal {
namespace {

constexpr int kDigitsMin = 16;   // significant digits that a result has at least
constexpr int kShownMax = 1000;  // digits after the point at most
constexpr int kGuard = 12;
constexpr double kLog10OfE = 0.434294481903252;
constexpr double kLnOf10 = 2.302585092994046;
constexpr double kWeightMax = 2000;  // of estimates; PostgreSQL's NUMERIC_MAX_RESULT_SCALE

int scale_for(double weight, int at_least) { return std::clamp(std::max(kDigitsMin - static_cast<int>(weight), at_least), 0, kShownMax); }

// Of a positive number, by its first eight digits or so.
double ln_estimate(const Big& unscaled, int scale) {
  const int weight = leading_of(unscaled, scale).weight;
  const Big first = rescaled(unscaled, scale + 4 * (weight - 1), 0, Rounding::truncate);
  return std::log(static_cast<double>(first)) + (weight - 1) * 4 * kLnOf10;
}

// The decimal weight of the logarithm.
int ln_weight(const Big& unscaled, int scale) {
  const Big one = power_of_ten(scale);
  if (unscaled * 10 >= one * 9 && unscaled * 10 <= one * 11) {
    const Leading x = leading_of(unscaled - one, scale);
    return x.digit == 0 ? 0 : x.weight * 4 + static_cast<int>(std::log10(x.digit));
  }
  return static_cast<int>(std::log10(std::abs(ln_estimate(unscaled, scale))));
}
int ln_weight(const Value& v) { return ln_weight(big_of(v), v.scale); }

Error no_logarithm(int sign) {
  return rejected(sign == 0 ? "cannot take logarithm of zero" : "cannot take logarithm of a negative number");
}

bool is_whole(const Value& v) { return is_special(v) || least_scale(v) == 0; }
bool is_odd(const Value& v) {
  return !is_special(v) && is_whole(v) && (abs(rescaled(big_of(v), v.scale, 0, Rounding::truncate)) & 1) != 0;
}
Value whole(std::int64_t n) { return Value::of_numeric(n, 0); }

}  // namespace

Result<Value> square_root(const Value& v, Arena& arena) {
  if (is_nan(v)) return v;
  if (sign_of(v) < 0) return rejected("cannot take square root of a negative number");
  if (is_special(v)) return v;
  const Big unscaled = big_of(v);
  const int weight = leading_of(unscaled, v.scale).weight;
  const int scale = std::clamp(std::max(kDigitsMin - ((weight + 1) * 4 / 2 - 1), v.scale), 0, kShownMax);
  return checked(rescaled(sqrt(rescaled(unscaled, v.scale, 2 * scale + 2, Rounding::truncate)), scale + 1, scale, Rounding::half_away), scale, arena);
}

Result<Value> exponential(const Value& v, Arena& arena) {
  if (is_special(v)) return is_nan(v) || v.integer > 0 ? v : whole(0);
  const double estimate = to_double(v);
  const int scale = scale_for(std::clamp(estimate * kLog10OfE, -kWeightMax, kWeightMax), v.scale);
  if (std::abs(estimate) >= kWeightMax * 3) return estimate > 0 ? Result<Value>(overflow()) : Result<Value>(Value::of_numeric(0, scale));
  return checked(exp_fixed(big_of(v), v.scale, estimate, scale), scale, arena);
}

Result<Value> natural_logarithm(const Value& v, Arena& arena) {
  if (is_nan(v)) return v;
  if (sign_of(v) <= 0) return no_logarithm(sign_of(v));
  if (is_special(v)) return v;
  const int scale = scale_for(ln_weight(v), v.scale);
  return checked(rescaled(ln_fixed(big_of(v), v.scale, scale + kGuard), scale + kGuard, scale, Rounding::half_away), scale, arena);
}

Result<Value> logarithm(const Value& base, const Value& v, Arena& arena) {
  if (is_nan(base) || is_nan(v)) return nan();
  const bool special = is_special(base) || is_special(v);
  for (const int sign : {sign_of(base), sign_of(v)}) {
    if (sign < 0) return no_logarithm(sign);
    if (!special && sign == 0) return no_logarithm(sign);
  }
  if (sign_of(base) == 0 || sign_of(v) == 0) return no_logarithm(0);
  if (is_special(base)) return is_special(v) ? nan() : whole(0);
  if (is_special(v)) return v;
  const int scale = scale_for(ln_weight(v) - ln_weight(base), std::max(base.scale, v.scale));
  const int work = scale + kGuard + std::max(0, -ln_weight(base)) + std::max(0, ln_weight(v)) + 4;
  Big divisor = ln_fixed(big_of(base), base.scale, work), dividend = ln_fixed(big_of(v), v.scale, work);
  if (divisor == 0) return division_by_zero();
  if (divisor < 0) divisor = -divisor, dividend = -dividend;
  return checked(divide_rounded(dividend * power_of_ten(scale), divisor, Rounding::half_away), scale, arena);
}

namespace {

// As pow() of C.
Value special_power(const Value& base, const Value& exponent) {
  const int sign = sign_of(exponent);
  if (is_nan(base)) return !is_nan(exponent) && sign == 0 ? whole(1) : nan();
  const int to_one = is_special(base) ? 1 : compare(base, whole(1));
  if (is_nan(exponent)) return to_one == 0 ? whole(1) : nan();
  if (to_one == 0 || sign == 0) return whole(1);
  if (sign_of(base) == 0) return whole(0);
  if (is_special(exponent)) {
    if (compare(base, whole(-1)) == 0) return whole(1);
    const bool beyond_one = is_special(base) || to_one > 0 || compare(base, whole(-1)) < 0;
    return beyond_one == (sign > 0) ? infinity(1) : whole(0);
  }
  if (sign < 0) return whole(0);
  return sign_of(base) < 0 && is_odd(exponent) ? infinity(-1) : infinity(1);
}

// |base| ^ exponent by e ^ (exponent ln |base|).
Result<Value> power_by_exp(const Value& base, const Value& exponent, bool negative, double weight, int scale, Arena& arena) {
  constexpr double kDigitsMax = 5000;  // longer ones are whole numbers' or would take too long
  if (weight > kDigitsMax) return overflow();
  const Big n = big_of(exponent);
  const int work = scale + kGuard + std::max(0, static_cast<int>(weight)) + digit_count(n);
  const Big x = ln_fixed(abs(big_of(base)), base.scale, work) * n;
  const Big out = exp_fixed(x, work + exponent.scale, weight / kLog10OfE, scale);
  return checked(negative ? Big(-out) : out, scale, arena);
}

// 16 digits after the point, whatever the size: so it is in PostgreSQL 15.
Result<Value> whole_power(const Value& base, int exponent, Arena& arena) {
  const Big unscaled = big_of(base);
  const int scale = std::clamp(base.scale, kDigitsMin, kShownMax);
  const double weight = unscaled == 0 ? 0 : exponent * (ln_estimate(abs(unscaled), base.scale) / kLnOf10);
  if (weight > kIntegerDigitsMax) return overflow();
  if (weight + 1 < -scale) return Value::of_numeric(0, scale);
  if (exponent == 0) return checked(power_of_ten(scale), scale, arena);
  if (unscaled == 0) return Value::of_numeric(0, scale);
  const auto size = static_cast<unsigned>(std::abs(static_cast<std::int64_t>(exponent)));
  constexpr std::int64_t kExactDigits = 150'000;
  if (static_cast<std::int64_t>(digit_count(unscaled)) * size > kExactDigits) {
    const bool negative = unscaled < 0 && size % 2 == 1;
    return power_by_exp(base, whole(exponent), negative, weight, scale, arena);
  }
  const Big exact = pow(unscaled, size);
  const int exact_scale = base.scale * static_cast<int>(size);
  if (exponent > 0) return checked(rescaled(exact, exact_scale, scale, Rounding::half_away), scale, arena);
  const Big one = power_of_ten(scale + exact_scale);
  return checked(divide_rounded(exact < 0 ? Big(-one) : one, abs(exact), Rounding::half_away), scale, arena);
}

// Rounded to eight digits after each step, which shows where it decides how many digits a result has.
double ln_of_power_estimate(const Value& base, double exponent) {
  const Big magnitude = abs(big_of(base));
  const double unit = std::pow(10.0, std::max(0, 8 - ln_weight(magnitude, base.scale)));
  const auto rounded = [&](double v) { return std::round(v * unit) / unit; };
  return rounded(rounded(ln_estimate(magnitude, base.scale)) * exponent);
}

}  // namespace

Result<Value> power(const Value& base, const Value& exponent, Arena& arena) {
  const bool known = !is_nan(base) && !is_nan(exponent);
  if (known && sign_of(base) == 0 && sign_of(exponent) < 0) return rejected("zero raised to a negative power is undefined");
  if (known && sign_of(base) < 0 && !is_whole(exponent)) {
    return rejected("a negative number raised to a non-integer power yields a complex result");
  }
  if (is_special(base) || is_special(exponent)) return special_power(base, exponent);
  if (std::int64_t n = 0; is_whole(exponent) && to_integer(exponent, n) && n == static_cast<std::int32_t>(n)) {
    return whole_power(base, static_cast<int>(n), arena);
  }
  if (sign_of(base) == 0) return Value::of_numeric(0, kDigitsMin);
  const double estimate = ln_of_power_estimate(base, to_double(exponent));
  if (std::abs(estimate) > kWeightMax * 3.01) {
    return estimate > 0 ? Result<Value>(overflow()) : Result<Value>(Value::of_numeric(0, kShownMax));
  }
  const double weight = estimate * kLog10OfE;
  return power_by_exp(base, exponent, sign_of(base) < 0 && is_odd(exponent), weight, scale_for(weight, std::max(base.scale, exponent.scale)), arena);
}

}  // namespace sluice::flow::decimal
