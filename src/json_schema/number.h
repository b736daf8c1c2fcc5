#pragma once
// A decimal number, exact however long: bounds and multiples of a schema are compared without rounding.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::json_schema {

class Number {
 public:
  // Precondition: a number as JSON writes it.
  explicit Number(std::string_view text);

  [[nodiscard]] bool is_zero() const { return digits_.empty(); }
  [[nodiscard]] bool is_positive() const { return !is_zero() && !negative_; }
  [[nodiscard]] bool is_integer() const { return is_zero() || exponent_ >= 0; }
  // Precondition: `unit` is positive. Beyond 18 digits of the unit, as near as a double tells.
  [[nodiscard]] bool is_multiple_of(const Number& unit) const;
  // Of a number that is no integer, is negative, or is too large: nothing more than that it is not below 2^63.
  [[nodiscard]] std::uint64_t count() const;
  [[nodiscard]] double as_double() const;
  // The same for the same number: "-15e-1".
  [[nodiscard]] std::string text() const;

  friend std::strong_ordering operator<=>(const Number& a, const Number& b);
  friend bool operator==(const Number& a, const Number& b) { return (a <=> b) == std::strong_ordering::equal; }

 private:
  // (-1)^negative × digits × 10^exponent; digits neither begin nor end with 0, none for zero.
  bool negative_ = false;
  std::string digits_;
  std::int64_t exponent_ = 0;
};

// As Java prints new BigDecimal(text), or for a text without fraction and exponent its integer.
[[nodiscard]] std::string java_number(std::string_view text);

}  // namespace sluice::json_schema
