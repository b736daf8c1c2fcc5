#pragma once
// Comparison by kind, in line: what operators, keys and compare_values() share.

#include <cmath>

#include "flow/value/numeric/numeric.h"
#include "flow/value/time/calendar.h"
#include "flow/value/time/interval.h"
#include "flow/value/type.h"
#include "flow/value/value.h"

namespace sluice::flow {

template <typename T>
[[nodiscard]] int three_way(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

[[nodiscard]] inline int compare_floats(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return three_way(std::isnan(a), std::isnan(b));
  return three_way(a, b);
}

[[nodiscard]] inline int compare_texts(std::string_view a, std::string_view b) {
  const int order = a.compare(b);  // of unsigned bytes
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

// Of values that are not null.
[[nodiscard]] inline int compare_present(TypeKind kind, const Value& a, const Value& b) {
  switch (kind) {
    case TypeKind::boolean: return three_way(a.boolean, b.boolean);
    case TypeKind::int2: case TypeKind::int4: case TypeKind::int8: case TypeKind::date: case TypeKind::time:
    case TypeKind::timestamp: case TypeKind::timestamptz: return three_way(a.integer, b.integer);
    case TypeKind::float4: case TypeKind::float8: return compare_floats(a.floating, b.floating);
    case TypeKind::numeric: return decimal::compare(a, b);
    case TypeKind::interval: return three_way(order_of(interval_of(a)), order_of(interval_of(b)));
    case TypeKind::unknown: case TypeKind::text: case TypeKind::bytea: case TypeKind::uuid: case TypeKind::json:
    case TypeKind::opaque: return compare_texts(a.text, b.text);
  }
  return 0;
}

}  // namespace sluice::flow
