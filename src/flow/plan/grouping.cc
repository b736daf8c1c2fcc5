#include "flow/plan/grouping.h"

#include <algorithm>
#include <utility>

#include "flow/plan/nodes.h"

namespace sluice::flow {

std::size_t Grouping::find(const Scalar& scalar) const {
  return static_cast<std::size_t>(
      std::ranges::find_if(groups_, [&](const Scalar& group) { return same(group, scalar); }) - groups_.begin());
}

Result<void> Grouping::add(Scalar group) {
  for (const auto column : columns_of(group)) {
    if (column >= kFirstAggregation) return places_.rejected(group.position, "aggregate functions are not allowed in GROUP BY");
    if (column >= kWindowStart) return {};  // the window is a group anyway
  }
  SLUICE_RETURN_IF_ERROR(expressions_.typing().comparable(group));
  if (find(group) == groups_.size()) groups_.push_back(std::move(group));
  deciding_ = groups_.size();
  return {};
}

bool Grouping::depends_on_key(std::size_t column) const {
  return std::ranges::any_of(from_.leaves, [&](const From::Leaf& leaf) {
    if (!leaf.relation || leaf.key.empty() || column < leaf.first || column >= leaf.end) return false;
    return std::ranges::all_of(leaf.key, [&](std::size_t key) {
      return std::ranges::any_of(groups_, [&](const Scalar& group) { return group.kind == Scalar::Kind::column && group.column == key; });
    });
  });
}

Result<void> Grouping::admit(const Scalar& scalar) {
  if (find(scalar) < groups_.size()) return {};
  if (scalar.kind == Scalar::Kind::column && scalar.column < kWindowStart) {
    if (!depends_on_key(scalar.column)) {
      return places_.rejected(scalar.position, "column \"" + from_.scope.name_of(scalar.column) +
                                                   "\" must appear in the GROUP BY clause or be used in an aggregate function",
                              "group by it too, or take one of its values: max(" + from_.scope.name_of(scalar.column) + ")");
    }
    groups_.push_back(scalar);
  }
  for (const auto& part : scalar.parts) SLUICE_RETURN_IF_ERROR(admit(part));
  return {};
}

Scalar Grouping::placed(Scalar scalar) const {
  if (const auto group = find(scalar); group < groups_.size()) return column_of(scalar.type, group, scalar.position);
  if (scalar.kind == Scalar::Kind::column) {
    const auto window = expressions_.window() ? groups_.size() + 2 : groups_.size();
    scalar.column = scalar.column >= kFirstAggregation ? window + (scalar.column - kFirstAggregation)
                                                       : groups_.size() + (scalar.column - kWindowStart);
  }
  for (auto& part : scalar.parts) part = placed(std::move(part));
  return scalar;
}

void Grouping::need(std::vector<bool>& columns) const {
  const auto mark = [&](const Scalar& scalar) {
    for (const auto column : columns_of(scalar)) columns[column] = true;
  };
  for (const auto& group : groups_) mark(group);
  if (expressions_.window()) mark(expressions_.window()->time);
  for (const auto& each : expressions_.aggregations()) {
    if (each.argument) mark(*each.argument);
    if (each.filter) mark(*each.filter);
  }
}

PlanPointer Grouping::over(Joined input, bool emit_final, std::int64_t grace_us) {
  Aggregate out{.groups = groups_, .window = expressions_.window(), .aggregations = expressions_.aggregations()};
  for (auto& group : out.groups) group = input.placed(std::move(group));
  if (out.window) {
    out.window->time = input.placed(std::move(out.window->time));
    out.window->grace_us = grace_us;
    out.emit_final = emit_final;
  }
  for (auto& each : out.aggregations) {
    if (each.argument) each.argument = input.placed(std::move(*each.argument));
    if (each.filter) each.filter = input.placed(std::move(*each.filter));
  }
  return aggregate_node(std::move(input.node), std::move(out), deciding_);
}

}  // namespace sluice::flow
