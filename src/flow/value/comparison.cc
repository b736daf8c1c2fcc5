// = <> < <= > >=, and greatest(), least(), nullif() of one type.

#include "flow/value/compare.h"

#include "flow/value/catalog.h"
#include "flow/value/comparison.h"

namespace sluice::flow {
namespace {

using enum TypeKind;

enum class Relation : std::uint8_t { equal, unequal, less, at_most, greater, at_least };

template <Relation R>
bool holds(int order) {
  switch (R) {
    case Relation::equal: return order == 0;
    case Relation::unequal: return order != 0;
    case Relation::less: return order < 0;
    case Relation::at_most: return order <= 0;
    case Relation::greater: return order > 0;
    case Relation::at_least: return order >= 0;
  }
  return false;
}

template <Relation R, TypeKind K>
Result<Value> of_kind(Arguments a, Arena&) {
  if constexpr (R == Relation::equal || R == Relation::unequal) {
    if constexpr (K == text) return Value::of((a[0].text == a[1].text) == (R == Relation::equal));
  }
  return Value::of(holds<R>(compare_present(K, a[0], a[1])));
}

// A date among moments: in 128 bits, since a date may be later than any timestamp.
IntervalOrder moment_of_date(std::int64_t days) {
  constexpr IntervalOrder kBeyond = static_cast<IntervalOrder>(1) << 100;
  if (is_infinite_time(days)) return days > 0 ? kBeyond : -kBeyond;
  return static_cast<IntervalOrder>(days) * kDay_us;
}
IntervalOrder moment_of_timestamp(std::int64_t us) { return is_infinite_time(us) ? moment_of_date(us) : us; }

template <Relation R, bool DateFirst>
Result<Value> of_date_and_timestamp(Arguments a, Arena&) {
  const auto day = moment_of_date(a[DateFirst ? 0 : 1].integer), moment = moment_of_timestamp(a[DateFirst ? 1 : 0].integer);
  return Value::of(holds<R>(DateFirst ? three_way(day, moment) : three_way(moment, day)));
}

template <Relation R, TypeKind... K>
void add_kinds(std::string_view sign, Overloads& out) {
  (out.push_back({sign, {K, K}, boolean, of_kind<R, K>}), ...);
}

template <Relation R>
void add(std::string_view sign, Overloads& out) {
  add_kinds<R, boolean, int2, int4, int8, numeric, float4, float8, text, bytea, date, time, timestamp, timestamptz, interval, uuid>(sign, out);
  for (const auto& [a, b] : {std::pair(int2, int4), std::pair(int2, int8), std::pair(int4, int8)}) {
    out.push_back({sign, {a, b}, boolean, of_kind<R, int8>});
    out.push_back({sign, {b, a}, boolean, of_kind<R, int8>});
  }
  out.push_back({sign, {float4, float8}, boolean, of_kind<R, float8>});
  out.push_back({sign, {float8, float4}, boolean, of_kind<R, float8>});
  out.push_back({sign, {timestamp, timestamptz}, boolean, of_kind<R, timestamp>});
  out.push_back({sign, {timestamptz, timestamp}, boolean, of_kind<R, timestamp>});
  for (const auto moment : {timestamp, timestamptz}) {
    out.push_back({sign, {date, moment}, boolean, of_date_and_timestamp<R, true>});
    out.push_back({sign, {moment, date}, boolean, of_date_and_timestamp<R, false>});
  }
}

template <TypeKind K, int Sign>
Result<Value> extreme(Arguments a, Arena&) {
  Value best = Value::none();
  for (const auto& v : a) {
    if (!v.null && (best.null || compare_present(K, v, best) * Sign > 0)) best = v;
  }
  return best;
}

template <typename Equal>
Result<Value> null_if(Arguments a, const Equal& equal) {
  return !a[0].null && !a[1].null && equal() ? Value::none() : a[0];
}
template <TypeKind K>
Result<Value> null_if_equal(Arguments a, Arena&) {
  return null_if(a, [&] { return compare_present(K, a[0], a[1]) == 0; });
}
template <bool DateFirst>
Result<Value> null_if_same_moment(Arguments a, Arena& arena) {
  return null_if(a, [&] { return of_date_and_timestamp<Relation::equal, DateFirst>(a, arena)->boolean; });
}

}  // namespace

void add_comparisons(Overloads& operators) {
  add<Relation::equal>("=", operators);
  add<Relation::unequal>("<>", operators);
  add<Relation::less>("<", operators);
  add<Relation::at_most>("<=", operators);
  add<Relation::greater>(">", operators);
  add<Relation::at_least>(">=", operators);
}

namespace {

// One of the kinds that have values of one form and one order; none: there is no order.
template <typename Of>
std::optional<Call> by_form(TypeKind kind, const Of& of) {
  switch (kind) {
    case boolean: return of.template operator()<boolean>();
    case int2: case int4: case int8: case date: case time: case timestamp: case timestamptz: return of.template operator()<int8>();
    case numeric: return of.template operator()<numeric>();
    case float4: case float8: return of.template operator()<float8>();
    case interval: return of.template operator()<interval>();
    case unknown: case text: case bytea: case uuid: return of.template operator()<text>();
    case json: case opaque: break;
  }
  return {};
}

}  // namespace

std::optional<Call> choice_between(bool greatest, TypeKind kind) {
  return by_form(kind, [&]<TypeKind K>() { return greatest ? Call(extreme<K, 1>) : Call(extreme<K, -1>); });
}

Call nullif_call(TypeKind a, TypeKind b) {
  if (a == date && b != date) return null_if_same_moment<true>;
  if (a != date && b == date) return null_if_same_moment<false>;
  return *by_form(a, []<TypeKind K>() { return Call(null_if_equal<K>); });
}

}  // namespace sluice::flow
