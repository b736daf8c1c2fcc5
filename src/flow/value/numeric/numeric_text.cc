#include <charconv>
#include <cmath>
#include <limits>

#include "flow/value/numeric/big.h"
#include "flow/value/scan.h"

namespace sluice::flow::decimal {
namespace {

struct Parts {
  std::string digits;  // of the whole and the fraction
  int scale = 0;       // digits of the fraction
  long exponent = 0;
};

// Takes digits, a point and an exponent off the text. False: it is no number.
bool take(std::string_view& text, Parts& parts) {
  bool point = false;
  std::size_t i = 0;
  for (; i < text.size() && (is_digit(text[i]) || (text[i] == '.' && !point)); ++i) {
    if (text[i] == '.') point = true;
    else parts.digits += text[i], parts.scale += point ? 1 : 0;
  }
  text.remove_prefix(i);
  if (parts.digits.empty()) return false;
  if (text.empty() || (text[0] != 'e' && text[0] != 'E')) return true;
  text.remove_prefix(1);
  const bool plus = text.starts_with('+');
  if (plus) text.remove_prefix(1);
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), parts.exponent);
  if (problem == std::errc::result_out_of_range) parts.exponent = text.starts_with('-') ? -1'000'000'000 : 1'000'000'000;
  if (problem == std::errc::invalid_argument || (plus && text.starts_with('-'))) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

Result<Value> value_of_parts(const Parts& parts, bool negative, Arena& arena) {
  constexpr long kExponentMax = 1'000'000;
  if (parts.exponent > kExponentMax || parts.exponent < -kExponentMax) return overflow();
  const auto first = parts.digits.find_first_not_of('0');
  const long scale = parts.scale - parts.exponent;
  if (first == std::string::npos) {
    if (scale > kScaleMax) return overflow();
    return Value::of_numeric(0, static_cast<int>(std::max(scale, 0L)));
  }
  const auto significant = static_cast<long>(parts.digits.size() - first);
  if (significant - scale > kIntegerDigitsMax || scale > kScaleMax) return overflow();
  if (significant + std::max(-scale, 0L) <= 18) {
    std::int64_t small = 0;
    std::from_chars(parts.digits.data() + first, parts.digits.data() + parts.digits.size(), small);
    for (long i = scale; i < 0; ++i) small *= 10;
    return Value::of_numeric(negative ? -small : small, static_cast<int>(std::max(scale, 0L)));
  }
  Big unscaled(parts.digits.substr(first));
  if (scale < 0) unscaled *= power_of_ten(static_cast<int>(-scale));
  return value_of(negative ? Big(-unscaled) : unscaled, static_cast<int>(std::max(scale, 0L)), arena);
}

}  // namespace

Result<Value> parse(std::string_view text, Arena& arena) {
  auto rest = trimmed(text);
  if (same_word(rest, "nan")) return nan();
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (same_word(rest, "inf") || same_word(rest, "infinity")) return infinity(negative ? -1 : 1);
  Parts parts;
  if (!take(rest, parts) || !rest.empty()) return invalid_syntax("numeric", text);
  return value_of_parts(parts, negative, arena);
}

std::string digits_of(const Value& v) {
  if (!v.text.empty()) return Big(abs(big_of(v))).str();
  char buffer[24];
  const auto magnitude = v.integer < 0 ? -static_cast<std::uint64_t>(v.integer) : static_cast<std::uint64_t>(v.integer);
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, magnitude).ptr;
  return {buffer, static_cast<std::size_t>(end - buffer)};
}

std::string text(const Value& v) {
  if (is_special(v)) return v.integer == 0 ? "NaN" : v.integer > 0 ? "Infinity" : "-Infinity";
  auto digits = digits_of(v);
  const auto scale = static_cast<std::size_t>(v.scale);
  if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
  if (scale > 0) digits.insert(digits.size() - scale, 1, '.');
  if (sign_of(v) < 0) digits.insert(0, 1, '-');
  return digits;
}

double to_double(const Value& v) {
  if (is_special(v)) {
    return v.integer == 0 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(v.integer) * std::numeric_limits<double>::infinity();
  }
  constexpr std::int64_t kExact = std::int64_t{1} << 53;
  if (v.text.empty() && v.scale == 0 && v.integer <= kExact && v.integer >= -kExact) return static_cast<double>(v.integer);
  const auto digits = text(v);
  double out = 0;
  const auto problem = std::from_chars(digits.data(), digits.data() + digits.size(), out).ec;
  if (problem == std::errc::result_out_of_range) out = std::strtod(digits.c_str(), nullptr);
  return out;
}

Value of_double(double v, int digits, Arena& arena) {
  if (std::isnan(v)) return nan();
  if (std::isinf(v)) return infinity(v < 0 ? -1 : 1);
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, v, std::chars_format::general, digits).ptr;
  // It is of at most 309 digits, so that it cannot overflow.
  return parse({buffer, static_cast<std::size_t>(end - buffer)}, arena).value();
}

}  // namespace sluice::flow::decimal
