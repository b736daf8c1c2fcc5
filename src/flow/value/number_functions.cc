#include <algorithm>
#include <cmath>
#include <numbers>

#include "flow/value/catalog.h"
#include "flow/value/numeric/float_math.h"
#include "flow/value/numeric/numeric.h"
#include "flow/value/ranges.h"

namespace sluice::flow {
namespace {

using enum TypeKind;
using decimal::Rounding;

constexpr std::int64_t kRoundMax = 2000;

template <double (*F)(double)>
Result<Value> of_float(Arguments a, Arena&) {
  return Value::of_double(F(a[0].floating));
}
template <double (*F)(double)>
Result<Value> of_finite(Arguments a, Arena&) {
  if (std::isinf(a[0].floating)) return rejected("input is out of range");
  return Value::of_double(F(a[0].floating));
}
template <double (*F)(double)>
Result<Value> of_unit(Arguments a, Arena&) {
  if (a[0].floating < -1 || a[0].floating > 1) return rejected("input is out of range");
  return Value::of_double(F(a[0].floating));
}
template <double (*F)(double)>
Result<Value> of_positive(Arguments a, Arena&) {
  if (a[0].floating == 0) return rejected("cannot take logarithm of zero");
  if (a[0].floating < 0) return rejected("cannot take logarithm of a negative number");
  return Value::of_double(F(a[0].floating));
}

double sign_of_float(double v) { return v > 0 ? 1 : v < 0 ? -1 : 0; }
double to_degrees(double v) { return v / (std::numbers::pi / 180.0); }
double to_radians(double v) { return v * (std::numbers::pi / 180.0); }

Result<Value> degrees(Arguments a, Arena&) {
  const double out = to_degrees(a[0].floating);
  if (std::isinf(out) && !std::isinf(a[0].floating)) return float_overflow();
  return Value::of_double(out);
}

Result<Value> exponential(Arguments a, Arena&) {
  const double v = a[0].floating, out = std::exp(v);
  if (std::isinf(v) || std::isnan(v)) return Value::of_double(out);
  if (std::isinf(out)) return float_overflow();
  if (out == 0) return float_underflow();
  return Value::of_double(out);
}

template <Rounding R>
Result<Value> to_whole(Arguments a, Arena& arena) {
  return decimal::to_scale(a[0], 0, R, arena);
}
template <Rounding R>
Result<Value> to_given_scale(Arguments a, Arena& arena) {
  return decimal::to_scale(a[0], static_cast<int>(std::clamp(a[1].integer, -kRoundMax, kRoundMax)), R, arena);
}

Result<Value> sign_of_numeric(Arguments a, Arena&) {
  return decimal::is_nan(a[0]) ? a[0] : Value::of_numeric(decimal::sign_of(a[0]), 0);
}
Result<Value> scale(Arguments a, Arena&) { return decimal::is_special(a[0]) ? Value::none() : Value::of_integer(a[0].scale); }
Result<Value> least_scale(Arguments a, Arena&) {
  return decimal::is_special(a[0]) ? Value::none() : Value::of_integer(decimal::least_scale(a[0]));
}

void add_float_functions(Overloads& out) {
  const auto add = [&](std::string_view name, Call call) { out.push_back({name, {float8}, float8, call}); };
  add("round", of_float<std::rint>);
  add("trunc", of_float<std::trunc>);
  add("ceil", of_float<std::ceil>);
  add("ceiling", of_float<std::ceil>);
  add("floor", of_float<std::floor>);
  add("sign", of_float<sign_of_float>);
  add("sqrt", float_square_root);
  add("cbrt", of_float<std::cbrt>);
  add("exp", exponential);
  add("ln", of_positive<std::log>);
  add("log", of_positive<std::log10>);
  add("log10", of_positive<std::log10>);
  add("degrees", degrees);
  add("radians", of_float<to_radians>);
  add("sin", of_finite<std::sin>);
  add("cos", of_finite<std::cos>);
  add("tan", of_finite<std::tan>);
  add("asin", of_unit<std::asin>);
  add("acos", of_unit<std::acos>);
  add("atan", of_float<std::atan>);
  for (const auto name : {"power", "pow"}) out.push_back({name, {float8, float8}, float8, float_power});
  out.push_back({"atan2", {float8, float8}, float8, [](Arguments a, Arena&) -> Result<Value> {
                   return Value::of_double(std::atan2(a[0].floating, a[1].floating));
                 }});
  out.push_back({"pi", {}, float8, [](Arguments, Arena&) -> Result<Value> { return Value::of_double(std::numbers::pi); }});
}

void add_rounding(Overloads& out) {
  out.push_back({"round", {numeric}, numeric, to_whole<Rounding::half_away>});
  out.push_back({"round", {numeric, int4}, numeric, to_given_scale<Rounding::half_away>});
  out.push_back({"trunc", {numeric}, numeric, to_whole<Rounding::truncate>});
  out.push_back({"trunc", {numeric, int4}, numeric, to_given_scale<Rounding::truncate>});
  out.push_back({"ceil", {numeric}, numeric, to_whole<Rounding::ceiling>});
  out.push_back({"ceiling", {numeric}, numeric, to_whole<Rounding::ceiling>});
  out.push_back({"floor", {numeric}, numeric, to_whole<Rounding::floor>});
}

void add_numeric_functions(Overloads& out) {
  out.push_back({"sign", {numeric}, numeric, sign_of_numeric});
  out.push_back({"scale", {numeric}, int4, scale});
  out.push_back({"min_scale", {numeric}, int4, least_scale});
  out.push_back({"trim_scale", {numeric}, numeric,
                 [](Arguments a, Arena& arena) -> Result<Value> { return decimal::without_trailing_zeros(a[0], arena); }});
  out.push_back({"div", {numeric, numeric}, numeric, [](Arguments a, Arena& arena) { return decimal::quotient(a[0], a[1], arena); }});
}

void add_numeric_powers(Overloads& out) {
  out.push_back({"sqrt", {numeric}, numeric, [](Arguments a, Arena& arena) { return decimal::square_root(a[0], arena); }});
  out.push_back({"exp", {numeric}, numeric, [](Arguments a, Arena& arena) { return decimal::exponential(a[0], arena); }});
  out.push_back({"ln", {numeric}, numeric, [](Arguments a, Arena& arena) { return decimal::natural_logarithm(a[0], arena); }});
  out.push_back({"log", {numeric, numeric}, numeric, [](Arguments a, Arena& arena) { return decimal::logarithm(a[0], a[1], arena); }});
  for (const auto name : {"log", "log10"}) {
    out.push_back({name, {numeric}, numeric, [](Arguments a, Arena& arena) { return decimal::logarithm(Value::of_numeric(10, 0), a[0], arena); }});
  }
  for (const auto name : {"power", "pow"}) {
    out.push_back({name, {numeric, numeric}, numeric, [](Arguments a, Arena& arena) { return decimal::power(a[0], a[1], arena); }});
  }
}

// Those that are operators by another name.
void add_operators_by_name(Overloads& out) {
  Overloads operators;
  add_arithmetic(operators);
  for (auto overload : operators) {
    if (overload.name == "@") overload.name = "abs";
    else if (overload.name == "%") overload.name = "mod";
    else continue;
    out.push_back(overload);
  }
}

}  // namespace

void add_number_functions(Overloads& functions) {
  add_float_functions(functions);
  add_rounding(functions);
  add_numeric_functions(functions);
  add_numeric_powers(functions);
  add_operators_by_name(functions);
}

}  // namespace sluice::flow
