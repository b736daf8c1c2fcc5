#include "json_schema/number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace sluice::json_schema {
namespace {

__extension__ using Wide = unsigned __int128;

// An exponent beyond this is held here: no schema means such a number, and sums of exponents stay small.
constexpr std::int64_t kExponentMax = 1'000'000'000'000;

struct Parts {
  bool negative = false;
  std::string digits;  // without the zeros before them
  std::int64_t exponent = 0;
  bool decimal = false;  // has a fraction or an exponent
};

Parts parts_of(std::string_view text) {
  Parts parts;
  if (text.starts_with('-')) {
    parts.negative = true;
    text.remove_prefix(1);
  }
  const auto e = text.find_first_of("eE");
  if (e != std::string_view::npos) {
    parts.decimal = true;
    auto exponent = text.substr(e + 1);
    if (exponent.starts_with('+')) exponent.remove_prefix(1);
    const auto [end, error] = std::from_chars(exponent.data(), exponent.data() + exponent.size(), parts.exponent);
    if (error == std::errc::result_out_of_range) {
      parts.exponent = exponent.starts_with('-') ? -kExponentMax : kExponentMax;
    }
    parts.exponent = std::clamp(parts.exponent, -kExponentMax, kExponentMax);
    text = text.substr(0, e);
  }
  const auto point = text.find('.');
  parts.digits = text.substr(0, point);
  if (point != std::string_view::npos) {
    parts.decimal = true;
    parts.digits += text.substr(point + 1);
    parts.exponent -= static_cast<std::int64_t>(text.size() - point - 1);
  }
  parts.digits.erase(0, std::min(parts.digits.find_first_not_of('0'), parts.digits.size()));
  return parts;
}

std::uint64_t power_of_ten(std::int64_t exponent, std::uint64_t modulus) {
  Wide result = 1 % modulus;
  for (Wide base = 10 % modulus; exponent > 0; exponent /= 2, base = base * base % modulus) {
    if (exponent % 2 == 1) result = result * base % modulus;
  }
  return static_cast<std::uint64_t>(result);
}

}  // namespace

Number::Number(std::string_view text) {
  auto parts = parts_of(text);
  const auto last = parts.digits.find_last_not_of('0');
  if (last == std::string::npos) return;
  negative_ = parts.negative;
  exponent_ = parts.exponent + static_cast<std::int64_t>(parts.digits.size() - last - 1);
  digits_ = parts.digits.substr(0, last + 1);
}

std::strong_ordering operator<=>(const Number& a, const Number& b) {
  const auto sign = [](const Number& n) { return n.is_zero() ? 0 : n.negative_ ? -1 : 1; };
  if (sign(a) != sign(b) || a.is_zero()) return sign(a) <=> sign(b);
  const auto size = [](const Number& n) { return static_cast<std::int64_t>(n.digits_.size()) + n.exponent_; };
  auto order = size(a) <=> size(b);
  // Equally many digits before the point: text order is number order, for no digits end with 0.
  if (order == std::strong_ordering::equal) order = a.digits_.compare(b.digits_) <=> 0;
  return a.negative_ ? 0 <=> order : order;
}

bool Number::is_multiple_of(const Number& unit) const {
  if (is_zero()) return true;
  const auto common = std::min(exponent_, unit.exponent_);
  const auto shift = unit.exponent_ - common;
  if (static_cast<std::int64_t>(unit.digits_.size()) + shift > 18) {
    return std::fmod(as_double(), unit.as_double()) == 0;
  }
  std::uint64_t modulus = std::strtoull(unit.digits_.c_str(), nullptr, 10);
  for (std::int64_t i = 0; i < shift; ++i) modulus *= 10;
  Wide rest = 0;
  for (const char digit : digits_) rest = (rest * 10 + static_cast<unsigned>(digit - '0')) % modulus;
  return rest * power_of_ten(exponent_ - common, modulus) % modulus == 0;
}

std::uint64_t Number::count() const {
  constexpr auto kMany = std::uint64_t{1} << 63;
  if (is_zero()) return 0;
  if (negative_ || !is_integer() || static_cast<std::int64_t>(digits_.size()) + exponent_ > 18) return kMany;
  auto value = std::strtoull(digits_.c_str(), nullptr, 10);
  for (std::int64_t i = 0; i < exponent_; ++i) value *= 10;
  return value;
}

double Number::as_double() const { return std::strtod(text().c_str(), nullptr); }

std::string Number::text() const {
  return is_zero() ? "0" : (negative_ ? "-" : "") + digits_ + "e" + std::to_string(exponent_);
}

// BigDecimal.toString: plain when the scale is not negative and the number not below 10^-6, else one digit before the
// point.
std::string java_number(std::string_view text) {
  auto parts = parts_of(text);
  if (parts.digits.empty()) parts.digits = "0", parts.negative = false;
  const std::string sign = parts.negative ? "-" : "";
  if (!parts.decimal || parts.exponent == 0) return sign + parts.digits;
  const auto size = static_cast<std::int64_t>(parts.digits.size());
  const auto adjusted = parts.exponent + size - 1;
  if (parts.exponent < 0 && adjusted >= -6) {
    const auto point = size + parts.exponent;
    if (point > 0) return sign + parts.digits.insert(static_cast<std::size_t>(point), ".");
    return sign + "0." + std::string(static_cast<std::size_t>(-point), '0') + parts.digits;
  }
  if (size > 1) parts.digits.insert(1, ".");
  if (adjusted == 0) return sign + parts.digits;
  return sign + parts.digits + (adjusted > 0 ? "E+" : "E") + std::to_string(adjusted);
}

}  // namespace sluice::json_schema
