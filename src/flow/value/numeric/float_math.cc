#include "flow/value/numeric/float_math.h"

#include <cmath>

#include "flow/value/catalog.h"
#include "flow/value/ranges.h"

namespace sluice::flow {
namespace {

Result<double> finite_power(double base, double exponent) {
  const double out = std::pow(base, exponent);
  if (std::isinf(out)) return float_overflow();
  if (out == 0 && base != 0) return float_underflow();
  return out;
}

}  // namespace

Result<Value> float_power(Arguments a, Arena&) {
  const double base = a[0].floating, exponent = a[1].floating;
  if (std::isnan(base) || std::isnan(exponent)) return Value::of_double(std::pow(base, exponent));
  if (base == 0 && exponent < 0) return rejected("zero raised to a negative power is undefined");
  if (base < 0 && !std::isinf(exponent) && std::floor(exponent) != exponent) {
    return rejected("a negative number raised to a non-integer power yields a complex result");
  }
  // What C says of NaN and infinities is what PostgreSQL says.
  if (std::isinf(base) || std::isinf(exponent)) return Value::of_double(std::pow(base, exponent));
  SLUICE_TRY(const double out, finite_power(base, exponent));
  return Value::of_double(out);
}

Result<Value> float_square_root(Arguments a, Arena&) {
  if (a[0].floating < 0) return rejected("cannot take square root of a negative number");
  return Value::of_double(std::sqrt(a[0].floating));
}

}  // namespace sluice::flow
