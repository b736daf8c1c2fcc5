#pragma once
// Nodes of a plan, made with their properties: columns, key, whether rows are taken back, event time.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "flow/plan/plan.h"

namespace sluice::flow {

// `index` is the relation's in Plan::relations.
[[nodiscard]] PlanPointer scan_node(const Relation& relation, std::size_t index);
// Joins the condition to what is below: to a filter, and through a projection of columns.
[[nodiscard]] PlanPointer filter_node(PlanPointer input, Scalar condition);
// A projection of a projection becomes one where no work is done twice.
[[nodiscard]] PlanPointer project_node(PlanPointer input, std::vector<Scalar> values, const std::vector<std::string>& names);
// Sets what its sides are remembered for.
[[nodiscard]] PlanPointer join_node(PlanPointer left, PlanPointer right, Join join);
// The first `deciding` groups make up the key (the others depend on them).
[[nodiscard]] PlanPointer aggregate_node(PlanPointer input, Aggregate aggregate, std::size_t deciding);
[[nodiscard]] PlanPointer distinct_on_node(PlanPointer input, DistinctOn distinct);
[[nodiscard]] PlanPointer union_node(std::vector<PlanPointer> inputs);

// The sets of columns that no two rows share; an empty set: there is one row at most.
using Keys = std::vector<std::vector<std::size_t>>;
[[nodiscard]] Keys keys_of(const PlanNode& node);
[[nodiscard]] bool never_null(const PlanNode& node, std::size_t column);

[[nodiscard]] std::string_view name_of(Aggregation::Kind kind);

}  // namespace sluice::flow
