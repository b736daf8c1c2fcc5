#include <algorithm>
#include <iterator>

#include "flow/value/numeric/big.h"

namespace sluice::flow::decimal {
namespace {

// Two's complement of as few bytes as hold it.
std::string_view twos_complement(const Big& v, Arena& arena) {
  const bool negative = v < 0;
  const Big magnitude = negative ? Big(-v - 1) : v;  // of -n the bits of n - 1, inverted
  std::vector<unsigned char> bytes;
  export_bits(magnitude, std::back_inserter(bytes), 8);
  const bool needs_sign = bytes.empty() || (bytes.front() & 0x80) != 0;
  const auto size = bytes.size() + (needs_sign ? 1 : 0);
  char* const out = arena.bytes(size);
  if (needs_sign) out[0] = static_cast<char>(negative ? 0xff : 0);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    out[i + (needs_sign ? 1 : 0)] = static_cast<char>(negative ? ~bytes[i] : bytes[i]);
  }
  return {out, size};
}

}  // namespace

Error overflow() { return {.code = ErrorCode::rejected, .message = "value overflows numeric format"}; }

Big big_of(const Value& v) {
  if (v.text.empty()) return v.integer;
  const bool negative = (v.text.front() & 0x80) != 0;
  std::vector<unsigned char> bytes(v.text.begin(), v.text.end());
  if (negative) std::ranges::transform(bytes, bytes.begin(), [](unsigned char b) { return static_cast<unsigned char>(~b); });
  Big out;
  import_bits(out, bytes.begin(), bytes.end(), 8);
  return negative ? Big(-out - 1) : out;
}

Value value_of(const Big& unscaled, int scale, Arena& arena) {
  static const Big kMin = std::numeric_limits<std::int64_t>::min(), kMax = std::numeric_limits<std::int64_t>::max();
  if (unscaled >= kMin && unscaled <= kMax) return Value::of_numeric(static_cast<std::int64_t>(unscaled), scale);
  Value out = Value::of_numeric(0, scale);
  out.text = twos_complement(unscaled, arena);
  return out;
}

Result<Value> checked(const Big& unscaled, int scale, Arena& arena) {
  if (scale > kScaleMax) return checked(rescaled(unscaled, scale, kScaleMax, Rounding::half_away), kScaleMax, arena);
  // Bits before digits: counting these is dear.
  if (unscaled != 0 && msb(abs(unscaled)) > 400'000) {
    if (digit_count(unscaled) - scale > kIntegerDigitsMax) return overflow();
  }
  return value_of(unscaled, scale, arena);
}

Big power_of_ten(int exponent) {
  static const auto kSmall = [] {
    std::array<Big, 64> powers;
    powers[0] = 1;
    for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
    return powers;
  }();
  const auto n = static_cast<std::size_t>(exponent);
  return n < kSmall.size() ? kSmall[n] : pow(Big(10), static_cast<unsigned>(exponent));
}

Big divide_rounded(const Big& a, const Big& b, Rounding rounding) {
  Big quotient, remainder;
  divide_qr(a, b, quotient, remainder);
  if (remainder == 0) return quotient;
  const bool negative = a < 0;
  switch (rounding) {
    case Rounding::truncate: break;
    case Rounding::floor: return negative ? Big(quotient - 1) : quotient;
    case Rounding::ceiling: return negative ? quotient : Big(quotient + 1);
    case Rounding::half_away:
      if (abs(remainder) * 2 >= b) return negative ? Big(quotient - 1) : Big(quotient + 1);
  }
  return quotient;
}

Big rescaled(const Big& unscaled, int from, int to, Rounding rounding) {
  if (to >= from) return unscaled * power_of_ten(to - from);
  return divide_rounded(unscaled, power_of_ten(from - to), rounding);
}

int digit_count(const Big& v) {
  if (v == 0) return 1;
  const Big magnitude = abs(v);
  // log10(2) of the bits is the count, or one less.
  auto count = static_cast<int>(static_cast<double>(msb(magnitude)) * 0.30102999566398120) + 1;
  if (magnitude >= power_of_ten(count)) ++count;
  if (count > 1 && magnitude < power_of_ten(count - 1)) --count;
  return count;
}

Leading leading_of(const Big& unscaled, int scale) {
  if (unscaled == 0) return {};
  const int digits = digit_count(unscaled);
  const int top = digits - 1 - scale;  // the exponent of ten of the first digit
  const int weight = top >= 0 ? top / 4 : -((-top + 3) / 4);
  const int shown = top - weight * 4 + 1;  // digits within the first of base 10000
  const Big magnitude = abs(unscaled);
  const Big first = shown >= digits ? Big(magnitude * power_of_ten(shown - digits)) : Big(magnitude / power_of_ten(digits - shown));
  return {weight, static_cast<int>(first)};
}

}  // namespace sluice::flow::decimal
