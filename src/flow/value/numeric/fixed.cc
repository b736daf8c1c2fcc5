#include "flow/value/numeric/fixed.h"

#include <algorithm>

namespace sluice::flow::decimal {
namespace {

// 2 artanh(numerator / denominator).
Big twice_artanh(const Big& numerator, const Big& denominator, int scale) {
  const Big one = power_of_ten(scale);
  const Big z = numerator * one / denominator;
  const Big square = z * z / one;
  Big sum = 0, term = z;
  for (int n = 1; term != 0; n += 2) {
    sum += term / n;
    term = term * square / one;
  }
  return sum * 2;
}

Big ln_of_two(int scale) { return twice_artanh(1, 3, scale); }

}  // namespace

Big ln_fixed(const Big& unscaled, int from, int scale) {
  const Big denominator = power_of_ten(from);
  const int twos = static_cast<int>(msb(unscaled)) - static_cast<int>(msb(denominator));
  const Big m = twos < 0 ? Big(unscaled << -twos) : unscaled;
  const Big d = twos > 0 ? Big(denominator << twos) : denominator;
  return twice_artanh(m - d, m + d, scale) + ln_of_two(scale) * twos;
}

Big exp_fixed(const Big& x, int from, double estimate, int scale) {
  constexpr int kHalvings = 8, kGuard = 12;
  const int work = scale + kGuard + std::max(0, static_cast<int>(estimate * 0.4343) + 1);
  const Big one = power_of_ten(work);
  const Big two = ln_of_two(work + 8);
  const Big fixed = rescaled(x, from, work + 8, Rounding::truncate);
  const auto k = static_cast<int>(Big(fixed / two));
  const Big r = (fixed - two * k) / power_of_ten(8) / (1 << kHalvings);
  Big sum = one, term = one;
  for (int n = 1; term != 0; ++n) {
    term = term * r / one / n;
    sum += term;
  }
  for (int i = 0; i < kHalvings; ++i) sum = sum * sum / one;
  sum = k >= 0 ? Big(sum << k) : Big(sum >> -k);
  return rescaled(sum, work, scale, Rounding::half_away);
}

}  // namespace sluice::flow::decimal
