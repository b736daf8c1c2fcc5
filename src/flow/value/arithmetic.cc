// + - * / % ^ and bits, of numbers.

#include <cmath>

#include "flow/value/catalog.h"
#include "flow/value/numeric/float_math.h"
#include "flow/value/numeric/numeric.h"
#include "flow/value/ranges.h"

namespace sluice::flow {
namespace {

using enum TypeKind;

enum class Op : std::uint8_t { add, subtract, multiply, divide, modulo };

template <TypeKind K, Op O>
Result<Value> of_integers(Arguments a, Arena&) {
  const std::int64_t x = a[0].integer, y = a[1].integer;
  std::int64_t out = 0;
  bool beyond = false;
  if constexpr (O == Op::add) beyond = __builtin_add_overflow(x, y, &out);
  if constexpr (O == Op::subtract) beyond = __builtin_sub_overflow(x, y, &out);
  if constexpr (O == Op::multiply) beyond = __builtin_mul_overflow(x, y, &out);
  if constexpr (O == Op::divide || O == Op::modulo) {
    if (y == 0) return division_by_zero();
    if (y == -1) beyond = O == Op::divide && __builtin_sub_overflow(std::int64_t{0}, x, &out);
    else out = O == Op::divide ? x / y : x % y;
  }
  if (beyond) return integer_out_of_range<K>();
  return integer_within<K>(out);
}

template <typename Float, Op O>
Result<Value> of_floats(Arguments a, Arena&) {
  const auto x = static_cast<Float>(a[0].floating), y = static_cast<Float>(a[1].floating);
  Float out = 0;
  if constexpr (O == Op::add) out = x + y;
  if constexpr (O == Op::subtract) out = x - y;
  if constexpr (O == Op::multiply) out = x * y;
  if constexpr (O == Op::divide) {
    if (y == 0 && !std::isnan(x)) return division_by_zero();
    out = x / y;
  }
  if (std::isinf(out) && !std::isinf(x) && (O == Op::divide || !std::isinf(y))) return float_overflow();
  if (O == Op::multiply && out == 0 && x != 0 && y != 0) return float_underflow();
  if (O == Op::divide && out == 0 && x != 0 && !std::isinf(y)) return float_underflow();
  return Value::of_double(static_cast<double>(out));
}

template <Op O>
Result<Value> of_numerics(Arguments a, Arena& arena) {
  switch (O) {
    case Op::add: return decimal::add(a[0], a[1], arena);
    case Op::subtract: return decimal::subtract(a[0], a[1], arena);
    case Op::multiply: return decimal::multiply(a[0], a[1], arena);
    case Op::divide: return decimal::divide(a[0], a[1], arena);
    case Op::modulo: return decimal::modulo(a[0], a[1], arena);
  }
  return Value::none();
}

template <Op O>
void add_operator(std::string_view sign, Overloads& out) {
  out.push_back({sign, {int2, int2}, int2, of_integers<int2, O>});
  out.push_back({sign, {int4, int4}, int4, of_integers<int4, O>});
  out.push_back({sign, {int8, int8}, int8, of_integers<int8, O>});
  out.push_back({sign, {numeric, numeric}, numeric, of_numerics<O>});
  if (O == Op::modulo) return;
  for (const auto& [a, b] : {std::pair(int2, int4), std::pair(int4, int2)}) out.push_back({sign, {a, b}, int4, of_integers<int4, O>});
  for (const auto narrow : {int2, int4}) {
    out.push_back({sign, {narrow, int8}, int8, of_integers<int8, O>});
    out.push_back({sign, {int8, narrow}, int8, of_integers<int8, O>});
  }
  out.push_back({sign, {float4, float4}, float4, of_floats<float, O>});
  out.push_back({sign, {float8, float8}, float8, of_floats<double, O>});
  out.push_back({sign, {float4, float8}, float8, of_floats<double, O>});
  out.push_back({sign, {float8, float4}, float8, of_floats<double, O>});
}

Result<Value> same(Arguments a, Arena&) { return a[0]; }

template <TypeKind K>
Result<Value> negate(Arguments a, Arena& arena) {
  if constexpr (K == numeric) return decimal::negate(a[0], arena);
  if constexpr (K == float8) return Value::of_double(-a[0].floating);
  std::int64_t out = 0;
  if (__builtin_sub_overflow(std::int64_t{0}, a[0].integer, &out)) return integer_out_of_range<K>();
  return integer_within<K>(out);
}

template <TypeKind K>
Result<Value> absolute(Arguments a, Arena& arena) {
  if constexpr (K == numeric) return decimal::sign_of(a[0]) < 0 ? decimal::negate(a[0], arena) : a[0];
  if constexpr (K == float8) return Value::of_double(std::abs(a[0].floating));
  return a[0].integer < 0 ? negate<K>(a, arena) : a[0];
}

template <TypeKind K>
Result<Value> shift(std::int64_t n, std::int64_t by, bool left) {
  constexpr int kBits = K == int8 ? 64 : 32;
  const auto count = static_cast<int>(by & (kBits - 1));
  if (!left) return Value::of_integer(n >> count);
  if constexpr (K == int8) return Value::of_integer(static_cast<std::int64_t>(static_cast<std::uint64_t>(n) << count));
  const auto shifted = static_cast<std::int32_t>(static_cast<std::uint32_t>(n) << count);
  return Value::of_integer(K == int2 ? static_cast<std::int16_t>(shifted) : shifted);
}

template <TypeKind K>
void add_bits(Overloads& out) {
  out.push_back({"&", {K, K}, K, [](Arguments a, Arena&) -> Result<Value> { return Value::of_integer(a[0].integer & a[1].integer); }});
  out.push_back({"|", {K, K}, K, [](Arguments a, Arena&) -> Result<Value> { return Value::of_integer(a[0].integer | a[1].integer); }});
  out.push_back({"#", {K, K}, K, [](Arguments a, Arena&) -> Result<Value> { return Value::of_integer(a[0].integer ^ a[1].integer); }});
  out.push_back({"~", {K}, K, [](Arguments a, Arena&) -> Result<Value> { return Value::of_integer(~a[0].integer); }});
  out.push_back({"<<", {K, int4}, K, [](Arguments a, Arena&) { return shift<K>(a[0].integer, a[1].integer, true); }});
  out.push_back({">>", {K, int4}, K, [](Arguments a, Arena&) { return shift<K>(a[0].integer, a[1].integer, false); }});
}

}  // namespace

void add_arithmetic(Overloads& operators) {
  add_operator<Op::add>("+", operators);
  add_operator<Op::subtract>("-", operators);
  add_operator<Op::multiply>("*", operators);
  add_operator<Op::divide>("/", operators);
  add_operator<Op::modulo>("%", operators);
  operators.push_back({"^", {float8, float8}, float8, float_power});
  operators.push_back({"^", {numeric, numeric}, numeric, [](Arguments a, Arena& arena) { return decimal::power(a[0], a[1], arena); }});
  for (const auto kind : {int2, int4, int8, numeric, float4, float8}) operators.push_back({"+", {kind}, kind, same});
  for (const std::string_view sign : {"-", "@"}) {
    const bool minus = sign == "-";
    operators.push_back({sign, {int2}, int2, minus ? negate<int2> : absolute<int2>});
    operators.push_back({sign, {int4}, int4, minus ? negate<int4> : absolute<int4>});
    operators.push_back({sign, {int8}, int8, minus ? negate<int8> : absolute<int8>});
    operators.push_back({sign, {numeric}, numeric, minus ? negate<numeric> : absolute<numeric>});
    operators.push_back({sign, {float4}, float4, minus ? negate<float8> : absolute<float8>});
    operators.push_back({sign, {float8}, float8, minus ? negate<float8> : absolute<float8>});
  }
  operators.push_back({"|/", {float8}, float8, float_square_root});
  operators.push_back({"||/", {float8}, float8, [](Arguments a, Arena&) -> Result<Value> { return Value::of_double(std::cbrt(a[0].floating)); }});
  add_bits<int2>(operators);
  add_bits<int4>(operators);
  add_bits<int8>(operators);
}

}  // namespace sluice::flow
