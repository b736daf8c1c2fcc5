// Each operation: 1. specials (NaN, infinities) by PostgreSQL's tables; 2. 128 bits, where operands and result fit; 3. long integers.

#include "flow/value/numeric/numeric.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "flow/value/numeric/big.h"

namespace sluice::flow::decimal {
namespace {

__extension__ typedef __int128 Wide;
__extension__ typedef unsigned __int128 UnsignedWide;

constexpr auto kPowers = [] {
  std::array<std::int64_t, 19> powers{1};
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

bool fits(Wide v) { return v == static_cast<std::int64_t>(v); }
int infinite_sign(const Value& v) { return static_cast<int>(v.integer); }

// False: it needs more than 128 bits.
bool wide_of(const Value& v, Wide& out) {
  if (v.text.empty()) return out = v.integer, true;
  if (v.text.size() > sizeof out) return false;
  out = (v.text.front() & 0x80) != 0 ? -1 : 0;
  for (const char c : v.text) out = static_cast<Wide>(static_cast<UnsignedWide>(out) << 8 | static_cast<unsigned char>(c));
  return true;
}

Value value_of_wide(Wide v, int scale, Arena& arena) {
  if (fits(v)) return Value::of_numeric(static_cast<std::int64_t>(v), scale);
  std::size_t size = sizeof v;
  while (v >> (8 * size - 9) == 0 || v >> (8 * size - 9) == -1) --size;  // the first byte only repeats the sign
  Value out = Value::of_numeric(0, scale);
  char* const at = arena.bytes(size);
  for (std::size_t i = 0; i < size; ++i) at[i] = static_cast<char>(v >> (8 * (size - 1 - i)));
  out.text = {at, size};
  return out;
}

// Both at the greater scale, where 128 bits hold them.
bool aligned(const Value& a, const Value& b, Wide& x, Wide& y) {
  if (!wide_of(a, x) || !wide_of(b, y)) return false;
  const int apart = a.scale - b.scale;
  if (apart == 0) return true;
  if (apart > 18 || apart < -18) return false;
  Wide& coarser = apart > 0 ? y : x;
  return !__builtin_mul_overflow(coarser, static_cast<Wide>(kPowers[static_cast<std::size_t>(std::abs(apart))]), &coarser);
}

Value special_sum(const Value& a, const Value& b) {
  if (is_nan(a) || is_nan(b)) return nan();
  if (!is_special(a)) return b;
  if (!is_special(b)) return a;
  return a.integer == b.integer ? a : nan();
}

Error division_by_zero() { return {.code = ErrorCode::rejected, .message = "division by zero"}; }

}  // namespace

int sign_of(const Value& v) {
  if (is_nan(v)) return 1;
  if (!v.text.empty()) return (v.text.front() & 0x80) != 0 ? -1 : 1;
  return v.integer > 0 ? 1 : v.integer < 0 ? -1 : 0;
}

int compare(const Value& a, const Value& b) {
  if (is_special(a) || is_special(b)) {
    const auto rank = [](const Value& v) { return is_nan(v) ? 2 : is_special(v) ? infinite_sign(v) : 0; };
    return rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0;
  }
  Wide x, y;
  if (aligned(a, b, x, y)) return x < y ? -1 : x > y ? 1 : 0;
  const int scale = std::max(a.scale, b.scale);
  const int order = rescaled(big_of(a), a.scale, scale, Rounding::truncate)
                        .compare(rescaled(big_of(b), b.scale, scale, Rounding::truncate));
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

Result<Value> add(const Value& a, const Value& b, Arena& arena) {
  if (is_special(a) || is_special(b)) return special_sum(a, b);
  Wide x, y;
  if (aligned(a, b, x, y)) {
    if (Wide sum; !__builtin_add_overflow(x, y, &sum)) return value_of_wide(sum, std::max(a.scale, b.scale), arena);
  }
  const int scale = std::max(a.scale, b.scale);
  return checked(rescaled(big_of(a), a.scale, scale, Rounding::truncate) + rescaled(big_of(b), b.scale, scale, Rounding::truncate),
                 scale, arena);
}

Value negate(const Value& v, Arena& arena) {
  if (v.text.empty() && v.integer != std::numeric_limits<std::int64_t>::min()) return Value::of_numeric(-v.integer, v.scale);
  Wide x;
  if (wide_of(v, x) && !__builtin_sub_overflow(Wide{0}, x, &x)) return value_of_wide(x, v.scale, arena);
  return value_of(-big_of(v), v.scale, arena);
}

Result<Value> subtract(const Value& a, const Value& b, Arena& arena) { return add(a, negate(b, arena), arena); }

Result<Value> multiply(const Value& a, const Value& b, Arena& arena) {
  if (is_special(a) || is_special(b)) {
    if (is_nan(a) || is_nan(b)) return nan();
    const int sign = sign_of(a) * sign_of(b);
    return sign == 0 ? nan() : infinity(sign);
  }
  const int scale = a.scale + b.scale;
  Wide x, y;
  if (scale <= kScaleMax && wide_of(a, x) && wide_of(b, y)) {
    if (Wide product; !__builtin_mul_overflow(x, y, &product)) return value_of_wide(product, scale, arena);
  }
  return checked(big_of(a) * big_of(b), scale, arena);
}

namespace {

// select_div_scale(): at least 16 significant digits, and no fewer than either operand shows.
int division_scale(const Leading& a, const Leading& b, int scale_a, int scale_b) {
  const int weight = a.weight - b.weight - (a.digit <= b.digit ? 1 : 0);
  return std::min(std::max({16 - weight * 4, scale_a, scale_b, 0}), 1000);
}

Leading leading_of_small(std::int64_t unscaled, int scale) {
  if (unscaled == 0) return {};
  const std::uint64_t magnitude = unscaled < 0 ? -static_cast<std::uint64_t>(unscaled) : static_cast<std::uint64_t>(unscaled);
  int digits = 1;
  while (digits < 19 && magnitude >= static_cast<std::uint64_t>(kPowers[static_cast<std::size_t>(digits)])) ++digits;
  const int top = digits - 1 - scale;
  const int weight = top >= 0 ? top / 4 : -((-top + 3) / 4);
  const int shown = top - weight * 4 + 1;
  const auto power = static_cast<std::uint64_t>(kPowers[static_cast<std::size_t>(std::abs(digits - shown))]);
  return {weight, static_cast<int>(shown >= digits ? magnitude * power : magnitude / power)};
}

// In 128 bits: an average of integers, most of all.
bool divide_small(const Value& a, const Value& b, Value& out, Arena& arena) {
  if (!a.text.empty() || !b.text.empty()) return false;
  const int scale = division_scale(leading_of_small(a.integer, a.scale), leading_of_small(b.integer, b.scale), a.scale, b.scale);
  int shift = scale + b.scale - a.scale;
  if (shift < 0 || shift > 36) return false;
  Wide dividend = a.integer;
  for (; shift > 0; shift -= 18) {
    if (__builtin_mul_overflow(dividend, static_cast<Wide>(kPowers[static_cast<std::size_t>(std::min(shift, 18))]), &dividend)) return false;
  }
  const Wide divisor = b.integer;
  Wide quotient = dividend / divisor;
  const Wide remainder = dividend % divisor;
  if ((remainder < 0 ? -remainder : remainder) * 2 >= (divisor < 0 ? -divisor : divisor)) quotient += (a.integer < 0) != (b.integer < 0) ? -1 : 1;
  out = value_of_wide(quotient, scale, arena);
  return true;
}

// inf / x, x / inf, and the remainders.
Result<Value> special_quotient(const Value& a, const Value& b) {
  if (is_nan(a) || is_nan(b) || (is_special(a) && is_special(b))) return nan();
  if (!is_special(a)) return Value::of_numeric(0, 0);
  if (sign_of(b) == 0) return division_by_zero();
  return infinity(sign_of(a) * sign_of(b));
}

}  // namespace

Result<Value> divide(const Value& a, const Value& b, Arena& arena) {
  if (is_special(a) || is_special(b)) return special_quotient(a, b);
  if (sign_of(b) == 0) return division_by_zero();
  if (Value out; divide_small(a, b, out, arena)) return out;
  Big dividend = big_of(a), divisor = big_of(b);
  const int scale = division_scale(leading_of(dividend, a.scale), leading_of(divisor, b.scale), a.scale, b.scale);
  const int shift = scale + b.scale - a.scale;
  if (shift >= 0) dividend *= power_of_ten(shift);
  else divisor *= power_of_ten(-shift);
  if (divisor < 0) dividend = -dividend, divisor = -divisor;
  return checked(divide_rounded(dividend, divisor, Rounding::half_away), scale, arena);
}

Result<Value> quotient(const Value& a, const Value& b, Arena& arena) {
  if (is_special(a) || is_special(b)) return special_quotient(a, b);
  if (sign_of(b) == 0) return division_by_zero();
  const int scale = std::max(a.scale, b.scale);
  const Big divisor = rescaled(big_of(b), b.scale, scale, Rounding::truncate);
  return checked(rescaled(big_of(a), a.scale, scale, Rounding::truncate) / divisor, 0, arena);
}

Result<Value> modulo(const Value& a, const Value& b, Arena& arena) {
  if (is_special(a) || is_special(b)) {
    if (is_nan(a) || is_nan(b)) return nan();
    if (is_special(a)) return sign_of(b) == 0 ? Result<Value>(division_by_zero()) : Result<Value>(nan());
    return a;
  }
  if (sign_of(b) == 0) return division_by_zero();
  const int scale = std::max(a.scale, b.scale);
  Wide x, y;
  if (aligned(a, b, x, y)) {
    return value_of_wide(y == -1 ? 0 : x % y, scale, arena);
  }
  return checked(rescaled(big_of(a), a.scale, scale, Rounding::truncate) % rescaled(big_of(b), b.scale, scale, Rounding::truncate),
                 scale, arena);
}

Value to_scale(const Value& v, int scale, Rounding rounding, Arena& arena) {
  if (is_special(v) || v.scale == scale) return v;
  scale = std::min(scale, kScaleMax);
  if (v.text.empty() && scale > v.scale && scale - v.scale <= 18) {
    if (std::int64_t out; !__builtin_mul_overflow(v.integer, kPowers[static_cast<std::size_t>(scale - v.scale)], &out)) return Value::of_numeric(out, scale);
  }
  if (scale < -kIntegerDigitsMax) scale = -kIntegerDigitsMax;
  Big out = rescaled(big_of(v), v.scale, scale, rounding);
  if (scale < 0) out *= power_of_ten(-scale);
  return value_of(out, std::max(scale, 0), arena);
}

Result<Value> with_precision(const Value& v, int precision, int scale, Arena& arena) {
  const Error too_large{.code = ErrorCode::rejected,
                        .message = "numeric field overflow",
                        .detail = "A field with precision " + std::to_string(precision) + ", scale " + std::to_string(scale) +
                                  " must round to an absolute value less than " +
                                  (precision == scale ? "1" : "10^" + std::to_string(precision - scale)) + "."};
  if (is_nan(v)) return v;
  if (is_special(v)) return too_large;
  const Value out = to_scale(v, scale, Rounding::half_away, arena);
  const bool fits_in = out.text.empty() && precision <= 18
                           ? out.integer < kPowers[static_cast<std::size_t>(precision)] && out.integer > -kPowers[static_cast<std::size_t>(precision)]
                           : abs(big_of(out)) < power_of_ten(precision);
  if (!fits_in) return too_large;
  return out;
}

int least_scale(const Value& v) {
  Big unscaled = big_of(v);
  int scale = v.scale;
  while (scale > 0 && unscaled % 10 == 0) unscaled /= 10, --scale;
  return scale;
}

Value without_trailing_zeros(const Value& v, Arena& arena) {
  return is_special(v) ? v : to_scale(v, least_scale(v), Rounding::truncate, arena);
}

bool to_integer(const Value& v, std::int64_t& out) {
  if (v.text.empty() && v.scale == 0) return out = v.integer, true;
  const Big rounded = rescaled(big_of(v), v.scale, 0, Rounding::half_away);
  if (rounded < std::numeric_limits<std::int64_t>::min() || rounded > std::numeric_limits<std::int64_t>::max()) return false;
  return out = static_cast<std::int64_t>(rounded), true;
}

}  // namespace sluice::flow::decimal
