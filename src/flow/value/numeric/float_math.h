#pragma once
// Functions of binary fractions that are operators, too; with PostgreSQL's errors.

#include <span>

#include "base/result.h"
#include "flow/value/value.h"

namespace sluice::flow {

[[nodiscard]] Result<Value> float_power(std::span<const Value> a, Arena& arena);
[[nodiscard]] Result<Value> float_square_root(std::span<const Value> a, Arena& arena);

}  // namespace sluice::flow
