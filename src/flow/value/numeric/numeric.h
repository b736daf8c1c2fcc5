#pragma once
// Arithmetic of numerics, exact, with PostgreSQL's display scales. What fits 128 bits is done there; the rest by long integers.
//
// Values are as value.h has them; every function gives the shortest form. Errors: rejected ("value overflows numeric format").

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "flow/value/value.h"

namespace sluice::flow::decimal {

inline constexpr int kScaleMax = 16383;          // of a display scale
inline constexpr int kIntegerDigitsMax = 131072;  // before the point

[[nodiscard]] inline bool is_special(const Value& v) { return v.scale == Value::kNaN; }
[[nodiscard]] inline bool is_nan(const Value& v) { return is_special(v) && v.integer == 0; }
[[nodiscard]] inline Value nan() { return Value::of_numeric(0, Value::kNaN); }
[[nodiscard]] inline Value infinity(int sign) { return Value::of_numeric(sign, Value::kNaN); }
// -1, 0, 1; NaN has 1.
[[nodiscard]] int sign_of(const Value& v);

// NaN is the greatest, and equal to itself.
[[nodiscard]] int compare(const Value& a, const Value& b);
[[nodiscard]] Result<Value> add(const Value& a, const Value& b, Arena& arena);
[[nodiscard]] Result<Value> subtract(const Value& a, const Value& b, Arena& arena);
[[nodiscard]] Result<Value> multiply(const Value& a, const Value& b, Arena& arena);
[[nodiscard]] Result<Value> divide(const Value& a, const Value& b, Arena& arena);
[[nodiscard]] Result<Value> quotient(const Value& a, const Value& b, Arena& arena);  // truncated: div()
[[nodiscard]] Result<Value> modulo(const Value& a, const Value& b, Arena& arena);
[[nodiscard]] Value negate(const Value& v, Arena& arena);

enum class Rounding : std::uint8_t { half_away, truncate, floor, ceiling };
// To a scale, which may be negative: to tens, hundreds. The display scale is then 0.
[[nodiscard]] Value to_scale(const Value& v, int scale, Rounding rounding, Arena& arena);
// numeric(precision, scale). Errors: rejected: "numeric field overflow".
[[nodiscard]] Result<Value> with_precision(const Value& v, int precision, int scale, Arena& arena);
[[nodiscard]] Value without_trailing_zeros(const Value& v, Arena& arena);
[[nodiscard]] int least_scale(const Value& v);

[[nodiscard]] std::string text(const Value& v);
[[nodiscard]] Result<Value> parse(std::string_view text, Arena& arena);
// Digits of |unscaled|, without a sign.
[[nodiscard]] std::string digits_of(const Value& v);

[[nodiscard]] double to_double(const Value& v);
// By so many significant digits: 15 for float8, 6 for float4.
[[nodiscard]] Value of_double(double v, int digits, Arena& arena);
// Rounded half away from zero; false if it is beyond 64 bits. Precondition: not special.
[[nodiscard]] bool to_integer(const Value& v, std::int64_t& out);

// At the scale that PostgreSQL chooses, from the size of the result; rounded there, and right in all digits but for the rarest
// ties, where PostgreSQL's own last digit is not always the nearest. Errors: rejected: of numbers that have no such result.
[[nodiscard]] Result<Value> square_root(const Value& v, Arena& arena);
[[nodiscard]] Result<Value> exponential(const Value& v, Arena& arena);
[[nodiscard]] Result<Value> natural_logarithm(const Value& v, Arena& arena);
[[nodiscard]] Result<Value> logarithm(const Value& base, const Value& v, Arena& arena);
[[nodiscard]] Result<Value> power(const Value& base, const Value& exponent, Arena& arena);

}  // namespace sluice::flow::decimal
