#pragma once
// The aggregate functions, and what they give.

#include <string_view>
#include <vector>

#include "flow/plan/plan.h"

namespace sluice::flow {

[[nodiscard]] bool is_aggregate(std::string_view name);
[[nodiscard]] const std::vector<std::string_view>& aggregate_names();

// The type that its argument is cast to (unknown: as it is) and the result's, as PostgreSQL's. Precondition: is_aggregate(name).
// Errors: unsupported: "function sum(text) does not exist".
[[nodiscard]] Result<Aggregation> find_aggregate(std::string_view name, const Type& argument);

}  // namespace sluice::flow
