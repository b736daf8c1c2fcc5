#include "deliver/archive/filter/exact_number.h"

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <charconv>
#include <chrono>
#include <string>
#include <utility>

namespace sluice::deliver::archive {

namespace {

using Big = boost::multiprecision::cpp_int;
__extension__ using Int128 = __int128;

constexpr int kMaxDigits = 1000;
constexpr int kDigitsOfInt64 = 18;  // so many always fit

std::int64_t power_of_ten(int exponent) {
  std::int64_t out = 1;
  for (int i = 0; i < exponent; ++i) out *= 10;
  return out;
}

// 256^size. A shift would do; g++ 12 sees an overflow in Boost's that is none.
Big bytes_power(std::size_t size) { return boost::multiprecision::pow(Big(256), static_cast<unsigned>(size)); }

Big big_of(const Exact& number) {
  if (number.big.empty()) return number.small;
  Big out;
  const auto* begin = reinterpret_cast<const unsigned char*>(number.big.data());
  boost::multiprecision::import_bits(out, begin, begin + number.big.size(), 8);
  if ((*begin & 0x80) != 0) out -= bytes_power(number.big.size());
  return out;
}

// The bytes of a decimal as of_bytes() takes them.
Bytes bytes_of(const Big& number) {
  const auto bits = number == 0 ? 1 : boost::multiprecision::msb(boost::multiprecision::abs(number)) + 1;
  const auto size = bits / 8 + 1;
  const Big positive = number < 0 ? Big(number + bytes_power(size)) : number;
  std::vector<unsigned char> bytes;
  boost::multiprecision::export_bits(positive, std::back_inserter(bytes), 8);
  Bytes out(size > bytes.size() ? size - bytes.size() : 0, '\0');
  out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return out;
}

std::string text_of(const Exact& number) { return big_of(number).str() + "e" + std::to_string(-number.scale); }

// Takes digits off the front: between `least` and `most` of them.
std::optional<int> take_number(std::string_view& text, std::size_t least, std::size_t most) {
  const auto count = std::min({text.find_first_not_of("0123456789"), text.size(), most});
  if (count < least) return std::nullopt;
  int out = 0;
  std::from_chars(text.data(), text.data() + count, out);
  text.remove_prefix(count);
  return out;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::int64_t> take_date(std::string_view& text) {
  const auto year = take_number(text, 4, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2, 2);
  if (!day) return std::nullopt;
  using namespace std::chrono;
  const year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                            std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *year < 1) return std::nullopt;
  return std::int64_t{sys_days(date).time_since_epoch().count()} * 86'400;
}

std::optional<Exact> take_time(std::string_view& text) {
  const auto hour = take_number(text, 2, 2);
  if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
  const auto minute = take_number(text, 2, 2);
  if (!minute || *minute > 59) return std::nullopt;
  Exact out{.small = std::int64_t{*hour} * 3600 + *minute * 60};
  if (!take(text, ':')) return out;
  const auto second = take_number(text, 2, 2);
  if (!second || *second > 59) return std::nullopt;
  out.small += *second;
  if (!take(text, '.')) return out;
  const auto before = text.size();
  const auto fraction = take_number(text, 1, 6);
  if (!fraction) return std::nullopt;
  out.scale = static_cast<int>(before - text.size());
  out.small = out.small * power_of_ten(out.scale) + *fraction;
  return out;
}

// What is to be added to come to UTC.
std::optional<std::int64_t> take_zone(std::string_view& text) {
  if (take(text, 'Z') || text.empty()) return 0;
  const int sign = text.front() == '+' ? -1 : 1;
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  const auto hours = take_number(text, 2, 2);
  if (!hours || *hours > 15) return std::nullopt;
  take(text, ':');
  const auto minutes = text.empty() ? std::optional(0) : take_number(text, 2, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  return sign * (std::int64_t{*hours} * 3600 + *minutes * 60);
}

}  // namespace

Exact Exact::of_bytes(ByteView bytes, int scale) {
  if (bytes.size() > 8) return {.big = bytes, .scale = scale};
  std::uint64_t out = !bytes.empty() && (bytes.front() & 0x80) != 0 ? ~std::uint64_t{0} : 0;
  for (const char c : bytes) out = out << 8 | static_cast<unsigned char>(c);
  return {.small = static_cast<std::int64_t>(out), .scale = scale};
}

std::strong_ordering compare(const Exact& a, const Exact& b) {
  const int scale = std::max(a.scale, b.scale);
  const int up_a = scale - a.scale;
  const int up_b = scale - b.scale;
  if (a.big.empty() && b.big.empty() && std::max(up_a, up_b) <= kDigitsOfInt64) {
    return Int128{a.small} * power_of_ten(up_a) <=> Int128{b.small} * power_of_ten(up_b);
  }
  const Big x = big_of(a) * boost::multiprecision::pow(Big(10), static_cast<unsigned>(up_a));
  const Big y = big_of(b) * boost::multiprecision::pow(Big(10), static_cast<unsigned>(up_b));
  return x.compare(y) <=> 0;
}

double to_double(const Exact& number) {
  if (number.big.empty() && number.scale == 0) return static_cast<double>(number.small);
  const auto text = text_of(number);
  double out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc::result_out_of_range) return out;
  const bool large = big_of(number).str().size() > static_cast<std::size_t>(std::max(number.scale, 0));
  return large ? (text.front() == '-' ? -HUGE_VAL : HUGE_VAL) : 0;
}

std::optional<Exact> parse_exact(std::string_view text, Bytes& digits) {
  const bool negative = take(text, '-');
  std::string unscaled(text.substr(0, text.find_first_not_of("0123456789")));
  text.remove_prefix(unscaled.size());
  int scale = 0;
  if (take(text, '.')) {
    const auto fraction = text.substr(0, text.find_first_not_of("0123456789"));
    if (fraction.size() > kMaxDigits) return std::nullopt;
    unscaled += fraction;
    scale = static_cast<int>(fraction.size());
    text.remove_prefix(fraction.size());
  }
  if (unscaled.empty() || unscaled.size() > kMaxDigits) return std::nullopt;
  if (take(text, 'e') || take(text, 'E')) {
    const bool down = take(text, '-');
    if (!down) take(text, '+');
    const auto exponent = take_number(text, 1, 4);
    if (!exponent || *exponent > kMaxDigits) return std::nullopt;
    scale += down ? *exponent : -*exponent;
  }
  if (!text.empty()) return std::nullopt;
  if (const auto zeros = unscaled.find_first_not_of('0'); zeros != 0) {  // an octal number else
    unscaled = zeros == std::string::npos ? "0" : unscaled.substr(zeros);
  }
  Big number(unscaled);
  if (negative) number = -number;
  if (scale < 0) number *= boost::multiprecision::pow(Big(10), static_cast<unsigned>(-std::exchange(scale, 0)));
  digits = bytes_of(number);
  return Exact::of_bytes(digits, scale);
}

std::optional<Exact> parse_date(std::string_view text) {
  const auto seconds = take_date(text);
  if (!seconds || !text.empty()) return std::nullopt;
  return Exact{.small = *seconds};
}

std::optional<Exact> parse_time_of_day(std::string_view text) {
  auto out = take_time(text);
  return text.empty() ? out : std::nullopt;
}

std::optional<Exact> parse_timestamp(std::string_view text, bool zone) {
  const auto date = take_date(text);
  if (!date) return std::nullopt;
  if (text.empty()) return Exact{.small = *date};
  if (!take(text, ' ') && !take(text, 'T')) return std::nullopt;
  auto out = take_time(text);
  if (!out) return std::nullopt;
  const auto offset = zone ? take_zone(text) : std::optional<std::int64_t>(0);
  if (!offset || !text.empty()) return std::nullopt;
  out->small += (*date + *offset) * power_of_ten(out->scale);
  return out;
}

}  // namespace sluice::deliver::archive
