#include "flow/value/numeric/float_text.h"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "flow/value/scan.h"

namespace sluice::flow {
namespace {

__extension__ typedef unsigned __int128 Wide;

struct Decimal {
  std::string digits;  // without a point
  int exponent = 0;    // of the first
};

Decimal decimal_of(std::string_view scientific) {  // "1.25e+02"
  const auto e = scientific.find('e');
  Decimal out;
  for (const char c : scientific.substr(0, e)) {
    if (is_digit(c)) out.digits += c;
  }
  auto exponent = scientific.substr(e + 1);
  if (exponent.starts_with('+')) exponent.remove_prefix(1);
  std::from_chars(exponent.data(), exponent.data() + exponent.size(), out.exponent);
  while (out.digits.size() > 1 && out.digits.back() == '0') out.digits.pop_back();
  return out;
}

// Whether the decimal lies exactly half way between two neighbours: PostgreSQL's printer does not rely on a reader who rounds
// such to even. That needs one bit more than a mantissa has; and it happens for whole numbers only.
bool is_half_way(const Decimal& d, int mantissa_bits) {
  const int power = d.exponent - static_cast<int>(d.digits.size()) + 1;
  if (power < 0 || power > 24) return false;
  Wide n = 0;
  for (const char c : d.digits) n = n * 10 + static_cast<Wide>(c - '0');
  for (int i = 0; i < power; ++i) n *= 5;
  while (n != 0 && (n & 1) == 0) n >>= 1;
  return n >> mantissa_bits == 1;
}

template <typename Float>
Decimal shortest(Float v) {
  char buffer[64];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, v, std::chars_format::scientific).ptr;
  Decimal out = decimal_of({buffer, static_cast<std::size_t>(end - buffer)});
  constexpr int kBits = std::numeric_limits<Float>::digits;
  for (int precision = static_cast<int>(out.digits.size()) - 1; is_half_way(out, kBits); ++precision) {
    if (precision >= std::numeric_limits<Float>::max_digits10) break;
    end = std::to_chars(buffer, buffer + sizeof buffer, v, std::chars_format::scientific, precision).ptr;
    Float back = 0;
    std::from_chars(buffer, end, back);
    if (back == v) out = decimal_of({buffer, static_cast<std::size_t>(end - buffer)});
  }
  return out;
}

std::string laid_out(const Decimal& d, int fixed_until) {
  const auto size = static_cast<int>(d.digits.size());
  if (d.exponent < -4 || d.exponent >= fixed_until) {
    auto out = d.digits.substr(0, 1);
    if (size > 1) out += '.' + d.digits.substr(1);
    const int magnitude = std::abs(d.exponent);
    out += d.exponent < 0 ? "e-" : "e+";
    if (magnitude < 10) out += '0';
    return out + std::to_string(magnitude);
  }
  if (d.exponent < 0) return "0." + std::string(static_cast<std::size_t>(-d.exponent - 1), '0') + d.digits;
  if (size <= d.exponent + 1) return d.digits + std::string(static_cast<std::size_t>(d.exponent + 1 - size), '0');
  const auto whole = static_cast<std::size_t>(d.exponent + 1);
  return d.digits.substr(0, whole) + '.' + d.digits.substr(whole);
}

template <typename Float>
std::string text_of(Float v) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "Infinity" : "-Infinity";
  const std::string sign = std::signbit(v) ? "-" : "";
  if (v == 0) return sign + "0";
  constexpr int kFixedUntil = std::numeric_limits<Float>::digits10;
  return sign + laid_out(shortest(std::abs(v)), kFixedUntil);
}

template <typename Float>
Result<double> parse(std::string_view text, std::string_view type) {
  const std::string number(trimmed(text));  // with a zero at its end
  if (number.empty()) return invalid_syntax(type, text);
  char* end = nullptr;
  errno = 0;
  Float v;
  if constexpr (std::is_same_v<Float, float>) v = std::strtof(number.c_str(), &end);
  else v = std::strtod(number.c_str(), &end);
  if (errno == ERANGE && (v == 0 || std::isinf(v))) {
    const auto shown = std::is_same_v<Float, float> ? number : number.substr(0, static_cast<std::size_t>(end - number.c_str()));
    return rejected("\"" + shown + "\" is out of range for type " + std::string(type));
  }
  if (end != number.c_str() + number.size() || number.back() == ')') return invalid_syntax(type, text);  // nan(…)
  return static_cast<double>(v);
}

}  // namespace

std::string float8_text(double v) { return text_of(v); }
std::string float4_text(double v) { return text_of(static_cast<float>(v)); }
Result<double> parse_float8(std::string_view text) { return parse<double>(text, "double precision"); }
Result<double> parse_float4(std::string_view text) { return parse<float>(text, "real"); }

}  // namespace sluice::flow
