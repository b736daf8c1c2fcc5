#include "flow/plan/nodes.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <utility>

#include "flow/plan/typing.h"

namespace sluice::flow {

namespace {

PlanPointer made(decltype(PlanNode::form) form, std::vector<PlanPointer> inputs, std::vector<Column> columns) {
  auto out = std::make_unique<PlanNode>();
  out->form = std::move(form);
  out->inputs = std::move(inputs);
  out->columns = std::move(columns);
  return out;
}

std::vector<PlanPointer> list_of(PlanPointer first, PlanPointer second = nullptr) {
  std::vector<PlanPointer> out;
  out.push_back(std::move(first));
  if (second) out.push_back(std::move(second));
  return out;
}

// The shortest of its keys. Of one row at most, any column is a key.
void set_key(PlanNode& node) {
  const auto keys = keys_of(node);
  if (keys.empty()) return;
  node.key = *std::ranges::min_element(keys, {}, &std::vector<std::size_t>::size);
  if (node.key.empty() && !node.single_row && !node.columns.empty()) node.key = {0};
}

std::optional<std::size_t> column_named(const Relation& relation, std::string_view name) {
  for (auto i = relation.columns.size() - relation.hidden; i < relation.columns.size(); ++i) {
    if (relation.columns[i].name == name) return i;
  }
  return std::nullopt;
}

// How often each column of what is below is read.
std::vector<std::size_t> uses(const std::vector<Scalar>& values, std::size_t width) {
  std::vector<std::size_t> out(width);
  const auto count = [&](const auto& self, const Scalar& scalar) -> void {
    if (scalar.kind == Scalar::Kind::column) ++out[scalar.column];
    for (const auto& part : scalar.parts) self(self, part);
  };
  for (const auto& value : values) count(count, value);
  return out;
}

bool is_work(const Scalar& scalar) { return scalar.kind != Scalar::Kind::column && scalar.kind != Scalar::Kind::constant; }

// The same over the rows below a projection.
Scalar substituted(const Scalar& scalar, const std::vector<Scalar>& values) {
  if (scalar.kind == Scalar::Kind::column) {
    auto out = values[scalar.column];
    out.position = scalar.position;
    return out;
  }
  auto out = scalar;
  for (auto& part : out.parts) part = substituted(part, values);
  return out;
}

// Whether values over the projection may be made over its input instead: none of its work would be done twice.
bool merges(const Project& below, const std::vector<Scalar>& values) {
  const auto used = uses(values, below.values.size());
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (used[i] > 1 && is_work(below.values[i])) return false;
  }
  return true;
}

bool is_identity(const std::vector<Scalar>& values, const PlanNode& input) {
  if (values.size() != input.columns.size()) return false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].kind != Scalar::Kind::column || values[i].column != i) return false;
  }
  return true;
}

std::int64_t sum(std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  return __builtin_add_overflow(a, b, &out) ? std::numeric_limits<std::int64_t>::max() : out;
}

bool only_looks_up(const PlanNode& side) { return side.append_only && side.keep_us == 0; }

// What a side's rows are remembered for. Without the event time among its columns they cannot be forgotten; and only a stream's
// own rows, which are never taken back, may not be kept at all.
Join::Memory memory_of(const PlanNode& side) {
  if (only_looks_up(side)) return {.keep_us = 0, .time = side.time};
  if (!side.keep_us || !side.time || *side.keep_us == 0) return {};
  return {.keep_us = side.keep_us, .time = side.time};
}

// Windows that are joined on their times: once they have closed on both sides, neither will ask for the other's rows again.
std::optional<std::int64_t> settled_together(const Join& join, const PlanNode& left, const PlanNode& right) {
  if (!left.settled_us || !right.settled_us || !left.time || !right.time) return std::nullopt;
  for (std::size_t i = 0; i < join.left_key.size(); ++i) {
    if (join.left_key[i] == *left.time && join.right_key[i] == *right.time) return std::max(*left.settled_us, *right.settled_us);
  }
  return std::nullopt;
}
void limit(Join::Memory& memory, std::int64_t keep_us, const PlanNode& side) {
  const auto keep = memory.keep_us.value_or(0);  // of windows that only look up: they still wait for each other
  if (keep == 0 || keep > keep_us) memory = {.keep_us = std::max<std::int64_t>(keep_us, 1), .time = side.time};
}

// Of rows that are taken back the times say nothing: a row of a table may change at any time.
void set_other_time(Join::Memory& memory, const PlanNode& other, bool settled) {
  if (memory.keep_us.value_or(0) <= 0 || !memory.time || !other.append_only || !other.time) return;
  memory.other_time = other.time;
  memory.bound_us = *memory.keep_us;
  if (!settled) memory.keep_us = sum(*memory.keep_us, other.delay_us.value_or(0));  // those it is found by come so much later
}

// When the joint rows with a time of `side` have all come.
std::optional<std::int64_t> delay_of(const Join::Memory& memory, const PlanNode& side, const PlanNode& other, bool settled) {
  if (memory.keep_us == 0) return side.delay_us;
  if (!side.delay_us || !other.delay_us || !(settled || memory.other_time)) return std::nullopt;
  return std::max(*side.delay_us, settled ? *other.delay_us : sum(memory.bound_us, *other.delay_us));
}

bool append_only(const Join& join, const PlanNode& left, const PlanNode& right) {
  if (join.kind == Join::Kind::full) return false;
  if (join.left_memory.keep_us == 0) return true;
  return join.kind == Join::Kind::inner && (join.right_memory.keep_us == 0 || (left.append_only && right.append_only));
}

std::string name_of_group(const Scalar& group, const PlanNode& input, std::size_t index) {
  return group.kind == Scalar::Kind::column ? input.columns[group.column].name : "group_" + std::to_string(index + 1);
}

// A window's rows change until it closes, and then take part in joins for as long as the stream's own.
void set_window_time(PlanNode& node, const Aggregate& aggregate, const PlanNode& input) {
  const auto& window = *aggregate.window;
  const bool session = window.kind == Window::Kind::session;  // which is as long as it is: its end is what counts
  node.time = aggregate.groups.size() + (session ? 1 : 0);
  std::int64_t open = 0;
  std::int64_t keep = 0;
  if (__builtin_add_overflow(session ? 0 : window.size_us, window.grace_us, &open)) return;
  node.settled_us = node.delay_us = open;
  if (!session) node.step_us = window.kind == Window::Kind::hop ? window.slide_us : window.size_us;
  if (!input.keep_us || __builtin_add_overflow(*input.keep_us, open, &keep)) return;
  // What comes when the window closes, of a stream that only looks up, only looks up.
  node.keep_us = aggregate.emit_final && *input.keep_us == 0 ? 0 : std::max<std::int64_t>(keep, 1);
}

// A window of rows that come some time after their own time, as those of other windows and of joins do, waits for them.
void wait_for_rows(Window& window, const PlanNode& input) {
  if (window.time.kind != Scalar::Kind::column || window.time.column != input.time || !input.delay_us) return;
  auto delay = *input.delay_us;
  const auto slide = window.kind == Window::Kind::hop ? window.slide_us : window.size_us;
  const bool aligned = window.kind != Window::Kind::session && input.step_us > 0 && slide % input.step_us == 0 && window.size_us % input.step_us == 0;
  if (aligned) delay -= input.step_us;  // the last of its rows begins so much before its end
  window.grace_us = std::max(window.grace_us, delay);
}

// Of a grouping without a window: the event time, where it is one of the groups.
void set_group_time(PlanNode& node, const Aggregate& aggregate, const PlanNode& input) {
  for (std::size_t i = 0; input.time && i < aggregate.groups.size(); ++i) {
    const auto& group = aggregate.groups[i];
    if (group.kind != Scalar::Kind::column || group.column != *input.time) continue;
    node.time = i;
    node.keep_us = input.keep_us;
    node.settled_us = input.settled_us;
    node.delay_us = input.delay_us;
    node.step_us = input.step_us;
    return;
  }
}

}  // namespace

PlanPointer scan_node(const Relation& relation, std::size_t index) {
  auto out = made(Scan{index, relation.null_keys}, {}, relation.columns);
  out->key = relation.key;
  const auto partition = column_named(relation, "_partition");
  const auto offset = column_named(relation, "_offset");
  if (!relation.is_table() && partition && offset) out->key = {*partition, *offset};
  out->append_only = !relation.is_table();
  out->time = relation.time;
  if (!relation.is_table()) out->keep_us = relation.keep_us;
  if (!relation.is_table() && relation.time) out->delay_us = 0;
  return out;
}

PlanPointer filter_node(PlanPointer input, Scalar condition) {
  if (auto* below = std::get_if<Filter>(&input->form)) {
    std::vector<Scalar> both;
    split_conjunction(std::move(below->condition), both);
    split_conjunction(std::move(condition), both);
    return filter_node(std::move(input->inputs[0]), conjunction(std::move(both)));
  }
  if (auto* below = std::get_if<Project>(&input->form)) {
    const auto read = columns_of(condition);
    if (std::ranges::none_of(read, [&](std::size_t column) { return is_work(below->values[column]); })) {
      auto lower = substituted(condition, below->values);
      std::vector<std::string> names;
      for (const auto& column : input->columns) names.push_back(column.name);
      return project_node(filter_node(std::move(input->inputs[0]), std::move(lower)), std::move(below->values), names);
    }
  }
  auto columns = input->columns;
  auto out = made(Filter{std::move(condition)}, list_of(std::move(input)), std::move(columns));
  const auto& below = *out->inputs[0];
  out->append_only = below.append_only;
  out->time = below.time;
  out->keep_us = below.keep_us;
  out->settled_us = below.settled_us;
  out->delay_us = below.delay_us;
  out->step_us = below.step_us;
  set_key(*out);
  return out;
}

PlanPointer project_node(PlanPointer input, std::vector<Scalar> values, const std::vector<std::string>& names) {
  if (auto* below = std::get_if<Project>(&input->form); below != nullptr && merges(*below, values)) {
    for (auto& value : values) value = substituted(value, below->values);
    return project_node(std::move(input->inputs[0]), std::move(values), names);
  }
  std::vector<Column> columns;
  for (std::size_t i = 0; i < values.size(); ++i) columns.push_back({names[i], values[i].type});
  if (is_identity(values, *input) && !std::holds_alternative<Scan>(input->form)) {
    input->columns = std::move(columns);
    return input;
  }
  auto out = made(Project{std::move(values)}, list_of(std::move(input)), std::move(columns));
  const auto& below = *out->inputs[0];
  out->single_row = below.single_row;
  out->append_only = below.append_only;
  out->keep_us = below.keep_us;
  const auto& made_of = std::get<Project>(out->form).values;
  for (std::size_t i = 0; below.time && !out->time && i < made_of.size(); ++i) {
    if (made_of[i].kind == Scalar::Kind::column && made_of[i].column == *below.time) out->time = i;
  }
  if (out->time) {
    out->settled_us = below.settled_us;
    out->delay_us = below.delay_us;
    out->step_us = below.step_us;
  }
  set_key(*out);
  return out;
}

PlanPointer join_node(PlanPointer left, PlanPointer right, Join join) {
  join.left_memory = memory_of(*left);
  join.right_memory = memory_of(*right);
  const auto settled = settled_together(join, *left, *right);
  if (settled) {
    limit(join.left_memory, *settled, *left);
    limit(join.right_memory, *settled, *right);
  }
  set_other_time(join.left_memory, *right, settled.has_value());
  set_other_time(join.right_memory, *left, settled.has_value());
  auto columns = left->columns;
  columns.insert(columns.end(), right->columns.begin(), right->columns.end());
  auto out = made(std::move(join), list_of(std::move(left), std::move(right)), std::move(columns));
  const auto& one = *out->inputs[0];
  const auto& other = *out->inputs[1];
  out->append_only = append_only(std::get<Join>(out->form), one, other);
  // The side that is kept for a while only says how long the joint rows are.
  const bool of_left = one.keep_us.has_value() == other.keep_us.has_value() ? one.time.has_value() || !other.time.has_value()
                                                                            : one.keep_us.has_value();
  out->time = of_left ? one.time : other.time;
  if (out->time && !of_left) *out->time += one.columns.size();
  out->keep_us = of_left ? one.keep_us : other.keep_us;
  out->settled_us = settled;
  const auto& form = std::get<Join>(out->form);
  out->delay_us = of_left ? delay_of(form.left_memory, one, other, settled.has_value()) : delay_of(form.right_memory, other, one, settled.has_value());
  out->step_us = of_left ? one.step_us : other.step_us;
  set_key(*out);
  return out;
}

PlanPointer aggregate_node(PlanPointer input, Aggregate aggregate, std::size_t deciding) {
  if (aggregate.window) wait_for_rows(*aggregate.window, *input);
  std::vector<Column> columns;
  for (std::size_t i = 0; i < aggregate.groups.size(); ++i) {
    columns.push_back({name_of_group(aggregate.groups[i], *input, i), aggregate.groups[i].type});
  }
  if (aggregate.window) {
    columns.push_back({"window_start", aggregate.window->time.type});
    columns.push_back({"window_end", aggregate.window->time.type});
  }
  for (const auto& each : aggregate.aggregations) columns.push_back({std::string(name_of(each.kind)), each.result});
  auto out = made(std::move(aggregate), list_of(std::move(input)), std::move(columns));
  const auto& form = std::get<Aggregate>(out->form);
  const auto& below = *out->inputs[0];
  out->single_row = form.groups.empty() && !form.window;
  for (std::size_t i = 0; i < deciding; ++i) out->key.push_back(i);
  if (form.window) out->key.push_back(form.groups.size());
  // Only that a group is there: of rows that stay, it stays. A session grows, which makes it another.
  const bool grows = form.window && form.window->kind == Window::Kind::session;
  out->append_only = form.emit_final || (form.aggregations.empty() && below.append_only && !out->single_row && !grows);
  if (form.window) set_window_time(*out, form, below);
  else set_group_time(*out, form, below);
  return out;
}

PlanPointer distinct_on_node(PlanPointer input, DistinctOn distinct) {
  auto columns = input->columns;
  auto out = made(std::move(distinct), list_of(std::move(input)), std::move(columns));
  out->time = out->inputs[0]->time;
  const auto& form = std::get<DistinctOn>(out->form);
  if (const auto delay = out->inputs[0]->delay_us; form.within_us && delay) {
    const bool oldest = !form.order.empty() && form.order[0].column == *form.time && !form.order[0].descending;
    out->delay_us = oldest ? *delay : sum(*form.within_us, *delay);  // another of its run may still take its place
  }
  set_key(*out);
  return out;
}

PlanPointer union_node(std::vector<PlanPointer> inputs) {
  auto columns = inputs[0]->columns;
  auto out = made(UnionAll{}, std::move(inputs), std::move(columns));
  const auto& first = *out->inputs[0];
  const auto all = [&](auto&& property) { return std::ranges::all_of(out->inputs, property); };
  out->append_only = all([](const PlanPointer& input) { return input->append_only; });
  if (all([&](const PlanPointer& input) { return input->time == first.time; })) out->time = first.time;
  // Kept as long as the one that is kept longest.
  for (const auto property : {&PlanNode::keep_us, &PlanNode::settled_us, &PlanNode::delay_us}) {
    if (!out->time || !all([&](const PlanPointer& input) { return (*input.*property).has_value(); })) continue;
    for (const auto& input : out->inputs) *out.*property = std::max((*out.*property).value_or(0), *(*input.*property));
  }
  set_key(*out);
  return out;
}

std::string_view name_of(Aggregation::Kind kind) {
  constexpr auto kNames = std::to_array<std::string_view>({"count", "count", "sum", "min", "max", "avg", "bool_and", "bool_or"});
  return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace sluice::flow
