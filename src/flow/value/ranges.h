#pragma once
// Ranges of integers and binary fractions, and PostgreSQL's words for what is beyond them.

#include <cstdint>
#include <limits>
#include <utility>

#include "base/result.h"
#include "flow/value/scan.h"
#include "flow/value/type.h"
#include "flow/value/value.h"

namespace sluice::flow {

template <TypeKind K>
[[nodiscard]] constexpr std::pair<std::int64_t, std::int64_t> integer_limits() {
  if constexpr (K == TypeKind::int2) return {std::numeric_limits<std::int16_t>::min(), std::numeric_limits<std::int16_t>::max()};
  if constexpr (K == TypeKind::int4) return {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()};
  return {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
}

template <TypeKind K>
[[nodiscard]] Error integer_out_of_range() {
  return rejected(K == TypeKind::int2 ? "smallint out of range" : K == TypeKind::int4 ? "integer out of range" : "bigint out of range");
}

template <TypeKind K>
[[nodiscard]] Result<Value> integer_within(std::int64_t n) {
  const auto [least, greatest] = integer_limits<K>();
  if (n < least || n > greatest) return integer_out_of_range<K>();
  return Value::of_integer(n);
}

[[nodiscard]] inline Error division_by_zero() { return rejected("division by zero"); }
[[nodiscard]] inline Error float_overflow() { return rejected("value out of range: overflow"); }
[[nodiscard]] inline Error float_underflow() { return rejected("value out of range: underflow"); }

}  // namespace sluice::flow
