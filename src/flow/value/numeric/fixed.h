#pragma once
// e^x and ln x of long integers that stand for themselves / 10^scale. Of the numeric*.cc files only.
//
//   exp(x): x = k ln 2 + r, |r| < ln 2; r / 2^8 by the Taylor series, squared eight times; times 2^k.
//   ln(x):  x = m 2^k, m about 1; 2 artanh((m - 1) / (m + 1)) by its series; plus k ln 2.

#include "flow/value/numeric/big.h"

namespace sluice::flow::decimal {

// Right to a few units of the last place. `unscaled` / 10^from > 0.
[[nodiscard]] Big ln_fixed(const Big& unscaled, int from, int scale);
// Rounded. |x| / 10^from is about `estimate`, and below 10^5.
[[nodiscard]] Big exp_fixed(const Big& x, int from, double estimate, int scale);

}  // namespace sluice::flow::decimal
