// Which columns no two rows of a node share, from the bottom up. Each node has a few such sets:
//
//   scan       the relation's key; a stream's partition and offset
//   filter     its input's, without columns that the condition makes constant, or with those it makes equal
//   project    its input's whose columns are all there; of a full join on both sides' keys, coalesce(left, right) of each
//   join       the left's and the right's together; the left's alone where a left row meets one right row at most, and so the other
//              way round
//   aggregate  what it groups by, with a window's start or its end
//   distinct   what it is distinct on (within a span, with the time), and its input's
//   union all  all its inputs' together with a constant that tells them apart
#include <algorithm>
#include <array>
#include <set>

#include "flow/plan/nodes.h"
#include "flow/plan/typing.h"

namespace sluice::flow {

namespace {

using Key = std::vector<std::size_t>;

constexpr std::size_t kMostKeys = 8;

void add(Keys& keys, Key key) {
  std::set<std::size_t> seen;
  std::erase_if(key, [&](std::size_t column) { return !seen.insert(column).second; });
  if (keys.size() < kMostKeys && std::ranges::find(keys, key) == keys.end()) keys.push_back(std::move(key));
}

bool within(const Key& key, const std::vector<std::size_t>& columns) {
  return std::ranges::all_of(key, [&](std::size_t column) { return std::ranges::find(columns, column) != columns.end(); });
}

bool is_equality(const Scalar& scalar) {
  return scalar.kind == Scalar::Kind::call && scalar.function.name == "=" && scalar.parts.size() == 2;
}

// `of` with each `from` replaced by its `to`, as another key.
void add_renamed(Keys& keys, const std::vector<std::pair<std::size_t, std::size_t>>& equal) {
  for (const auto& [a, b] : equal) {
    for (const auto& key : Keys(keys)) {
      for (const auto& [from, to] : {std::pair{a, b}, std::pair{b, a}}) {
        if (std::ranges::find(key, from) == key.end()) continue;
        auto renamed = key;
        std::ranges::replace(renamed, from, to);
        add(keys, std::move(renamed));
      }
    }
  }
}

Keys of_filter(const Filter& filter, const PlanNode& input) {
  auto keys = keys_of(input);
  std::vector<Scalar> conditions;
  split_conjunction(filter.condition, conditions);
  std::vector<std::pair<std::size_t, std::size_t>> equal;
  for (const auto& each : conditions) {
    if (!is_equality(each)) continue;
    const auto& left = each.parts[0];
    const auto& right = each.parts[1];
    if (left.kind == Scalar::Kind::column && right.kind == Scalar::Kind::column) equal.emplace_back(left.column, right.column);
    for (const auto& [side, other] : {std::pair{&left, &right}, std::pair{&right, &left}}) {
      if (side->kind != Scalar::Kind::column || other->kind != Scalar::Kind::constant) continue;
      for (auto& key : keys) std::erase(key, side->column);
    }
  }
  add_renamed(keys, equal);
  return keys;
}

// Whether at most one row has given values of `columns`.
bool decide(const std::vector<std::size_t>& columns, const Keys& keys) {
  return std::ranges::any_of(keys, [&](const Key& key) { return within(key, columns); });
}

// Of the rows that a full join fills up with nulls, a key must not be null itself: they would look like each other.
bool safe_in_full(const PlanNode& side, const Key& key) {
  return !key.empty() && std::ranges::all_of(key, [&](std::size_t column) { return never_null(side, column); });
}

// That its rows have one of their own each, and that there is always one.
bool is_safe_key(const PlanNode& side, const Key& columns) { return decide(columns, keys_of(side)) && safe_in_full(side, columns); }

bool is_column(const Scalar& scalar, std::size_t column) { return scalar.kind == Scalar::Kind::column && scalar.column == column; }

// USING of a full join: either side's column, which are the same where both are there.
Key coalesced(const Project& project, const PlanNode& input) {
  const auto* join = std::get_if<Join>(&input.form);
  if (join == nullptr || join->kind != Join::Kind::full) return {};
  const auto width = input.inputs[0]->columns.size();
  Key out;
  for (std::size_t i = 0; i < join->left_key.size(); ++i) {
    const auto found = std::ranges::find_if(project.values, [&](const Scalar& value) {
      return value.kind == Scalar::Kind::coalesce && value.parts.size() == 2 && is_column(value.parts[0], join->left_key[i]) &&
             is_column(value.parts[1], join->right_key[i] + width);
    });
    if (found == project.values.end()) return {};
    out.push_back(static_cast<std::size_t>(found - project.values.begin()));
  }
  return out;
}

Keys of_project(const Project& project, const PlanNode& input) {
  Keys out;
  if (auto key = coalesced(project, input); !key.empty()) {
    const auto& join = std::get<Join>(input.form);
    if (is_safe_key(*input.inputs[0], join.left_key) && is_safe_key(*input.inputs[1], join.right_key)) add(out, std::move(key));
  }
  for (const auto& key : keys_of(input)) {
    Key there;
    for (const auto column : key) {
      const auto found = std::ranges::find_if(project.values, [&](const Scalar& value) { return is_column(value, column); });
      if (found != project.values.end()) there.push_back(static_cast<std::size_t>(found - project.values.begin()));
    }
    if (there.size() == key.size()) add(out, std::move(there));
  }
  return out;
}

Keys of_join(const Join& join, const PlanNode& left, const PlanNode& right) {
  const auto left_keys = keys_of(left);
  const auto right_keys = keys_of(right);
  const auto width = left.columns.size();
  const bool full = join.kind == Join::Kind::full;
  Keys out;
  if (!full && decide(join.right_key, right_keys)) {
    for (const auto& key : left_keys) add(out, key);
  }
  if (join.kind == Join::Kind::inner && decide(join.left_key, left_keys)) {
    for (auto key : right_keys) {
      for (auto& column : key) column += width;
      add(out, std::move(key));
    }
  }
  for (const auto& key : left_keys) {
    for (const auto& other : right_keys) {
      if (full && !(safe_in_full(left, key) && safe_in_full(right, other))) continue;
      auto both = key;
      for (const auto column : other) both.push_back(column + width);
      add(out, std::move(both));
    }
  }
  if (join.kind != Join::Kind::inner) return out;
  std::vector<std::pair<std::size_t, std::size_t>> equal;
  for (std::size_t i = 0; i < join.left_key.size(); ++i) equal.emplace_back(join.left_key[i], join.right_key[i] + width);
  add_renamed(out, equal);
  return out;
}

Keys of_aggregate(const Aggregate& aggregate, const PlanNode& node) {
  if (!aggregate.window) return {node.single_row ? Key{} : node.key};
  const auto start = aggregate.groups.size();
  auto other = node.key;
  std::ranges::replace(other, start, start + 1);
  return {node.key, std::move(other)};
}

const Project* projection(const PlanNode& node) { return std::get_if<Project>(&node.form); }

// Whether `column` is another constant in each of the inputs.
bool tells_apart(const std::vector<PlanPointer>& inputs, std::size_t column) {
  std::set<std::string> seen;
  for (const auto& input : inputs) {
    const auto* project = projection(*input);
    if (project == nullptr) return false;
    const auto& value = project->values[column];
    if (value.kind != Scalar::Kind::constant || value.constant.null) return false;
    if (!seen.insert(value_text(value.type, value.constant)).second) return false;
  }
  return true;
}

Keys of_union(const PlanNode& node) {
  Key columns;
  for (const auto& input : node.inputs) {
    const auto keys = keys_of(*input);
    if (keys.empty()) return {};
    columns.insert(columns.end(), keys[0].begin(), keys[0].end());
  }
  Keys out;
  for (std::size_t i = 0; i < node.columns.size(); ++i) {
    if (!tells_apart(node.inputs, i)) continue;
    Key key = {i};
    key.insert(key.end(), columns.begin(), columns.end());
    add(out, std::move(key));
  }
  return out;
}

}  // namespace

Keys keys_of(const PlanNode& node) {
  if (std::holds_alternative<Scan>(node.form)) return node.key.empty() ? Keys{} : Keys{node.key};
  if (const auto* filter = std::get_if<Filter>(&node.form)) return of_filter(*filter, *node.inputs[0]);
  if (const auto* project = projection(node)) return of_project(*project, *node.inputs[0]);
  if (const auto* join = std::get_if<Join>(&node.form)) return of_join(*join, *node.inputs[0], *node.inputs[1]);
  if (const auto* aggregate = std::get_if<Aggregate>(&node.form)) return of_aggregate(*aggregate, node);
  if (const auto* distinct = std::get_if<DistinctOn>(&node.form)) {
    auto keys = keys_of(*node.inputs[0]);
    keys.insert(keys.begin(), distinct->keys);
    if (distinct->within_us) keys.front().push_back(*distinct->time);
    return keys;
  }
  return of_union(node);
}

bool never_null(const PlanNode& node, std::size_t column) {
  if (const auto* scan = std::get_if<Scan>(&node.form)) return !scan->null_keys && std::ranges::find(node.key, column) != node.key.end();
  if (const auto* project = projection(node)) {
    const auto& value = project->values[column];
    if (value.kind == Scalar::Kind::constant) return !value.constant.null;
    return value.kind == Scalar::Kind::column && never_null(*node.inputs[0], value.column);
  }
  if (const auto* join = std::get_if<Join>(&node.form)) {
    const auto width = node.inputs[0]->columns.size();
    if (column < width) return join->kind != Join::Kind::full && never_null(*node.inputs[0], column);
    return join->kind == Join::Kind::inner && never_null(*node.inputs[1], column - width);
  }
  if (const auto* aggregate = std::get_if<Aggregate>(&node.form)) {
    const auto groups = aggregate->groups.size();
    if (column >= groups) return aggregate->window && column < groups + 2;
    const auto& group = aggregate->groups[column];
    return group.kind == Scalar::Kind::column && never_null(*node.inputs[0], group.column);
  }
  return std::ranges::all_of(node.inputs, [&](const PlanPointer& input) { return never_null(*input, column); });
}

}  // namespace sluice::flow
