#include "flow/rows/decimal.h"

#include <algorithm>
#include <string>

#include "flow/value/function.h"

namespace sluice::flow {
namespace {

constexpr std::int32_t kDigits = 18;  // that 64 bits hold whatever they are

constexpr std::int64_t power_of_ten(std::int32_t n) {
  std::int64_t power = 1;
  for (; n > 0; --n) power *= 10;
  return power;
}

void put(std::int64_t number, Bytes& out) {
  int size = 1;
  while (size < 8 && number >> (8 * size - 1) != number >> 63) ++size;
  out.clear();
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) out += static_cast<char>(number >> shift);
}

Error does_not_fit(const Type& type, const Value& value) {
  return {ErrorCode::rejected, value_text({.kind = TypeKind::numeric}, value) + " is beyond " + type_text(type)};
}

// The digits of a decimal number that is no integer of 64 bits, to base 256.
void put_digits(std::string_view digits, bool negative, Bytes& out) {
  std::string bytes;  // the least first
  for (const char digit : digits) {
    unsigned carry = static_cast<unsigned>(digit - '0');
    for (auto& byte : bytes) {
      carry += 10 * static_cast<unsigned char>(byte);
      byte = static_cast<char>(carry);
      carry >>= 8;
    }
    if (carry != 0) bytes += static_cast<char>(carry);
  }
  bytes += '\0';
  if (negative) {
    unsigned carry = 1;
    for (auto& byte : bytes) {
      carry += static_cast<unsigned char>(~byte);
      byte = static_cast<char>(carry);
      carry >>= 8;
    }
  }
  while (bytes.size() > 1 && bytes.back() == (negative ? '\xff' : '\0') && ((bytes[bytes.size() - 2] & 0x80) != 0) == negative) bytes.pop_back();
  std::ranges::reverse(bytes);
  out = std::move(bytes);
}

Result<void> put_long(const Type& type, const Value& value, Bytes& out) {
  auto text = value_text({.kind = TypeKind::numeric}, value);
  const bool negative = text.starts_with('-');
  if (negative) text.erase(0, 1);
  const auto point = text.find('.');
  std::string digits = text.substr(0, point);
  std::string behind = point == std::string::npos ? std::string() : text.substr(point + 1);
  const auto scale = static_cast<std::size_t>(std::max(type.scale, 0));
  if (behind.size() > scale && behind.find_first_not_of('0', scale) != std::string::npos) return does_not_fit(type, value);
  behind.resize(scale, '0');
  digits += behind;
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.size() > static_cast<std::size_t>(type.precision) || digits.find_first_not_of("0123456789") != std::string::npos) return does_not_fit(type, value);
  put_digits(digits, negative && !digits.empty(), out);
  return {};
}

}  // namespace

Result<void> decimal_bytes(const Type& type, const Value& value, Bytes& out) {
  const auto more = type.scale - value.scale;
  if (value.scale == Value::kNaN) return does_not_fit(type, value);
  if (!value.text.empty() || type.precision > kDigits || more < 0 || more > kDigits) return put_long(type, value, out);
  std::int64_t unscaled = 0;
  if (__builtin_mul_overflow(value.integer, power_of_ten(more), &unscaled)) return does_not_fit(type, value);
  const auto limit = power_of_ten(type.precision);
  if (unscaled >= limit || unscaled <= -limit) return does_not_fit(type, value);
  put(unscaled, out);
  return {};
}

}  // namespace sluice::flow
