// Which columns of the relations matter. The others are null on their way: they need no room in the joins' memory, and a row that
// changes only there has not changed.

#include <algorithm>

#include "flow/operators/operator.h"

namespace sluice::flow {

namespace {

using Columns = std::vector<bool>;

class Reading {
 public:
  explicit Reading(const Plan& plan) {
    for (const Relation& relation : plan.relations) out_.emplace_back(relation.columns.size());
    read(*plan.root, Columns(plan.root->columns.size(), true));
  }
  [[nodiscard]] std::vector<Columns> take() { return std::move(out_); }

 private:
  void read(const PlanNode& node, Columns needed) {
    std::visit([&](const auto& form) { into(form, node, std::move(needed)); }, node.form);
  }
  static void add(const Scalar& scalar, Columns& to) {
    for (const std::size_t column : columns_of(scalar)) to[column] = true;
  }
  static void add(const std::optional<Scalar>& scalar, Columns& to) {
    if (scalar) add(*scalar, to);
  }

  void into(const Scan& scan, const PlanNode&, const Columns& needed) {
    Columns& all = out_[scan.relation];
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = all[i] || needed[i];
  }
  void into(const Filter& filter, const PlanNode& node, Columns needed) {
    add(filter.condition, needed);
    read(*node.inputs[0], std::move(needed));
  }
  void into(const Project& project, const PlanNode& node, const Columns& needed) {
    Columns below(node.inputs[0]->columns.size());
    for (std::size_t i = 0; i < needed.size(); ++i) {
      // What nobody reads may still fail, for which the row is left out; a mere column cannot.
      if (needed[i] || project.values[i].kind != Scalar::Kind::column) add(project.values[i], below);
    }
    read(*node.inputs[0], std::move(below));
  }
  void into(const Join& join, const PlanNode& node, Columns needed) {
    add(join.residual, needed);
    const auto middle = needed.begin() + static_cast<std::ptrdiff_t>(node.inputs[0]->columns.size());
    Columns left(needed.begin(), middle);
    Columns right(middle, needed.end());
    for (const std::size_t column : join.left_key) left[column] = true;
    for (const std::size_t column : join.right_key) right[column] = true;
    for (const auto time : {join.left_memory.time, join.right_memory.other_time}) {
      if (time) left[*time] = true;
    }
    for (const auto time : {join.right_memory.time, join.left_memory.other_time}) {
      if (time) right[*time] = true;
    }
    read(*node.inputs[0], std::move(left));
    read(*node.inputs[1], std::move(right));
  }
  void into(const Aggregate& aggregate, const PlanNode& node, const Columns&) {
    Columns below(node.inputs[0]->columns.size());
    for (const Scalar& group : aggregate.groups) add(group, below);
    if (aggregate.window) add(aggregate.window->time, below);
    for (const Aggregation& each : aggregate.aggregations) {
      add(each.argument, below);
      add(each.filter, below);
    }
    read(*node.inputs[0], std::move(below));
  }
  void into(const DistinctOn& distinct, const PlanNode& node, Columns needed) {
    for (const std::size_t column : distinct.keys) needed[column] = true;
    for (const auto& order : distinct.order) needed[order.column] = true;
    if (distinct.time) needed[*distinct.time] = true;
    read(*node.inputs[0], std::move(needed));
  }
  void into(const UnionAll&, const PlanNode& node, const Columns& needed) {
    for (const PlanPointer& input : node.inputs) read(*input, needed);
  }

  std::vector<Columns> out_;
};

}  // namespace

std::vector<std::vector<bool>> columns_read(const Plan& plan) { return Reading(plan).take(); }

}  // namespace sluice::flow
