// Casts, as pg_cast and the input and output functions have them.

#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "flow/value/catalog.h"
#include "flow/value/json/json.h"
#include "flow/value/numeric/numeric.h"
#include "flow/value/ranges.h"
#include "flow/value/time/calendar.h"
#include "flow/value/time/interval.h"

namespace sluice::flow {
namespace {

using enum TypeKind;

Result<Value> same(Arguments a, Arena&) { return a[0]; }

template <TypeKind To>
Result<Value> narrow(Arguments a, Arena&) {
  return integer_within<To>(a[0].integer);
}

template <TypeKind To>
Result<Value> float_to_integer(Arguments a, Arena&) {
  const double v = std::rint(a[0].floating);
  const auto [least, greatest] = integer_limits<To>();
  if (!(v >= static_cast<double>(least) && v < static_cast<double>(greatest) + (To == int8 ? 0.0 : 1.0))) return integer_out_of_range<To>();
  return Value::of_integer(static_cast<std::int64_t>(v));
}

Result<Value> integer_to_float(Arguments a, Arena&) { return Value::of_double(static_cast<double>(a[0].integer)); }
Result<Value> integer_to_float4(Arguments a, Arena&) {
  return Value::of_double(static_cast<double>(static_cast<float>(a[0].integer)));
}
Result<Value> integer_to_numeric(Arguments a, Arena&) { return Value::of_numeric(a[0].integer, 0); }

template <TypeKind To>
Result<Value> numeric_to_integer(Arguments a, Arena&) {
  if (decimal::is_special(a[0])) {
    return rejected(std::string("cannot convert ") + (decimal::is_nan(a[0]) ? "NaN" : "infinity") + " to " + type_text({To}));
  }
  std::int64_t n = 0;
  if (!decimal::to_integer(a[0], n)) return integer_out_of_range<To>();
  return integer_within<To>(n);
}

Result<Value> to_float4(double v, double original) {
  const auto narrowed = static_cast<float>(v);
  if (std::isinf(narrowed) && !std::isinf(original)) return float_overflow();
  if (narrowed == 0 && original != 0) return float_underflow();
  return Value::of_double(static_cast<double>(narrowed));
}
Result<Value> float8_to_float4(Arguments a, Arena&) { return to_float4(a[0].floating, a[0].floating); }
Result<Value> numeric_to_float8(Arguments a, Arena&) {
  const double v = decimal::to_double(a[0]);
  if (std::isinf(v) && !decimal::is_special(a[0])) {
    return rejected("\"" + decimal::text(a[0]) + "\" is out of range for type double precision");
  }
  return Value::of_double(v);
}
Result<Value> numeric_to_float4(Arguments a, Arena&) {
  const double v = decimal::to_double(a[0]);
  const auto narrowed = static_cast<float>(v);
  if ((std::isinf(narrowed) && !decimal::is_special(a[0])) || (narrowed == 0 && decimal::sign_of(a[0]) != 0)) {
    return rejected("\"" + decimal::text(a[0]) + "\" is out of range for type real");
  }
  return Value::of_double(static_cast<double>(narrowed));
}
template <int Digits>
Result<Value> float_to_numeric(Arguments a, Arena& arena) {
  return decimal::of_double(a[0].floating, Digits, arena);
}

Result<Value> boolean_to_integer(Arguments a, Arena&) { return Value::of_integer(a[0].boolean ? 1 : 0); }
Result<Value> integer_to_boolean(Arguments a, Arena&) { return Value::of(a[0].integer != 0); }

Result<Value> date_to_timestamp(Arguments a, Arena&) {
  const auto days = a[0].integer;
  if (is_infinite_time(days)) return a[0];
  if (days >= kTimestampEnd / kDay_us) return rejected("date out of range for timestamp");
  return Value::of_integer(days * kDay_us);
}
Result<Value> timestamp_to_date(Arguments a, Arena&) {
  return is_infinite_time(a[0].integer) ? a[0] : Value::of_integer(floor_divide(a[0].integer, kDay_us));
}
Result<Value> timestamp_to_time(Arguments a, Arena&) {
  return is_infinite_time(a[0].integer) ? Value::none() : Value::of_integer(floor_modulo(a[0].integer, kDay_us));
}
Result<Value> interval_to_time(Arguments a, Arena&) { return Value::of_integer(floor_modulo(a[0].integer, kDay_us)); }

template <TypeKind From>
Result<Value> to_text(Arguments a, Arena& arena) {
  if constexpr (From == boolean) return Value::of_text(a[0].boolean ? "true" : "false");
  return Value::of_text(arena.copy(value_text({From}, a[0])));
}
template <TypeKind To>
Result<Value> from_text(Arguments a, Arena& arena) {
  return parse_value({To}, a[0].text, arena);
}

// As of jsonb: a number, a boolean, and nothing else.
template <TypeKind To>
Result<Value> json_to_number(Arguments a, Arena& arena) {
  const auto is = json_text::type_of(a[0].text);
  if (is != (To == boolean ? "boolean" : "number")) {
    const std::string what(is == "number" ? "numeric" : is);
    return rejected("cannot cast jsonb " + what + " to type " + type_text({To}));
  }
  if constexpr (To == boolean) return parse_value({boolean}, a[0].text, arena);
  SLUICE_TRY(const Value number, decimal::parse(a[0].text, arena));
  if constexpr (To == numeric) return number;
  else return cast_between(numeric, To)->call(Arguments(&number, 1), arena);
}

using CastTable = std::map<std::pair<TypeKind, TypeKind>, CastEntry>;

void add_number_casts(CastTable& table) {
  for (const auto from : {int2, int4, int8}) {
    for (const auto to : {int4, int8}) {
      if (from < to) table[{from, to}] = {same, true, true};
    }
    table[{from, numeric}] = {integer_to_numeric, true};
    table[{from, float8}] = {integer_to_float, true};
    table[{from, float4}] = {integer_to_float4, true};
    table[{float4, from}] = table[{float8, from}] =
        {from == int2 ? Call(float_to_integer<int2>) : from == int4 ? Call(float_to_integer<int4>) : Call(float_to_integer<int8>)};
    table[{numeric, from}] =
        {from == int2 ? Call(numeric_to_integer<int2>) : from == int4 ? Call(numeric_to_integer<int4>) : Call(numeric_to_integer<int8>)};
  }
  table[{int4, int2}] = table[{int8, int2}] = {narrow<int2>};
  table[{int8, int4}] = {narrow<int4>};
  table[{numeric, float8}] = {numeric_to_float8, true};
  table[{numeric, float4}] = {numeric_to_float4, true};
  table[{float4, float8}] = {same, true, true};
  table[{float8, float4}] = {float8_to_float4};
  table[{float8, numeric}] = {float_to_numeric<15>};
  table[{float4, numeric}] = {float_to_numeric<6>};
  table[{boolean, int4}] = {boolean_to_integer};
  table[{int4, boolean}] = {integer_to_boolean};
}

void add_time_casts(CastTable& table) {
  table[{date, timestamp}] = table[{date, timestamptz}] = {date_to_timestamp, true};
  table[{timestamp, timestamptz}] = {same, true, true};
  table[{timestamptz, timestamp}] = {same, false, true};
  table[{timestamp, date}] = table[{timestamptz, date}] = {timestamp_to_date};
  table[{timestamp, time}] = table[{timestamptz, time}] = {timestamp_to_time};
  table[{time, interval}] = {same, true, true};
  table[{interval, time}] = {interval_to_time};
}

// Every type's text, and its reading; of literals that nothing gave a type, too.
template <TypeKind K>
void add_text_casts(CastTable& table) {
  table[{K, text}] = {to_text<K>, true};
  table[{text, K}] = {from_text<K>};
  table[{unknown, K}] = {from_text<K>, true};
}

CastTable all_casts() {
  CastTable table;
  add_number_casts(table);
  add_time_casts(table);
  [&]<TypeKind... K>() { (add_text_casts<K>(table), ...); }
      .template operator()<boolean, int2, int4, int8, numeric, float4, float8, bytea, date, time, timestamp, timestamptz, interval, uuid, json>();
  table[{unknown, text}] = {same, true, true};
  table[{json, boolean}] = {json_to_number<boolean>};
  table[{json, int2}] = {json_to_number<int2>};
  table[{json, int4}] = {json_to_number<int4>};
  table[{json, int8}] = {json_to_number<int8>};
  table[{json, numeric}] = {json_to_number<numeric>};
  table[{json, float4}] = {json_to_number<float4>};
  table[{json, float8}] = {json_to_number<float8>};
  return table;
}

constexpr std::int64_t modifier_of(const Type& type) { return type.precision * 65536 + type.scale; }

Result<Value> to_precision(Arguments a, Arena& arena, std::int64_t modifier) {
  return decimal::with_precision(a[0], static_cast<int>(modifier / 65536), static_cast<int>(modifier % 65536), arena);
}
// By way of numeric.
template <TypeKind From>
Result<Value> from_kind_to_precision(Arguments a, Arena& arena, std::int64_t modifier) {
  SLUICE_TRY(const Value number, cast_between(From, numeric)->call(a, arena));
  return to_precision(Arguments(&number, 1), arena, modifier);
}

Call precision_cast(TypeKind from, std::int64_t modifier) {
  switch (from) {
    case numeric: return {to_precision, modifier};
    case unknown: case text: return {from_kind_to_precision<text>, modifier};
    case float4: return {from_kind_to_precision<float4>, modifier};
    case float8: return {from_kind_to_precision<float8>, modifier};
    case json: return {from_kind_to_precision<json>, modifier};
    default: return {from_kind_to_precision<int8>, modifier};
  }
}

}  // namespace

const CastEntry* cast_between(TypeKind from, TypeKind to) {
  static const CastTable kCasts = all_casts();
  const auto found = kCasts.find({from, to});
  return found == kCasts.end() ? nullptr : &found->second;
}

Result<Function> find_cast(const Type& from, const Type& to, CastContext context) {
  const auto* const entry = cast_between(from.kind, to.kind);
  if (from.kind != to.kind && (entry == nullptr || (context == CastContext::implicit && !entry->implicit))) {
    return Error{.code = ErrorCode::unsupported, .message = "cannot cast type " + type_text({from.kind}) + " to " + type_text({to.kind})};
  }
  Function out{.name = "cast", .parameters = {from}, .result = to, .call = same};
  if (from.kind != to.kind) out.call = entry->call;
  if (to.precision >= 0 && from != to) out.call = precision_cast(from.kind, modifier_of(to));
  return out;
}

bool is_implicit(TypeKind from, TypeKind to) {
  if (from == to || from == unknown) return true;
  if (to == text) return false;  // where a text is wanted, overloads say so themselves
  const auto* const entry = cast_between(from, to);
  return entry != nullptr && entry->implicit;
}

}  // namespace sluice::flow
