#include "flow/operators/naive_testing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>

#include "flow/value/numeric/numeric.h"
#include "flow/value/row_code.h"
#include "sql/statement.h"

namespace sluice::flow {

namespace {

using Rows = std::vector<Row>;
using Kind = Aggregation::Kind;

Bytes key_of(const std::vector<Type>& types, Row row) {
  Bytes key;
  for (std::size_t i = 0; i < types.size(); ++i) encode_key(types[i], row[i], key);
  return key;
}

std::vector<Type> types_of_columns(const std::vector<Column>& columns) {
  std::vector<Type> types;
  for (const Column& column : columns) types.push_back(column.type);
  return types;
}

struct NaiveGroup {
  Row values;
  std::int64_t start = 0;
  std::int64_t end = 0;
  Rows rows;
};

class Naive {
 public:
  Naive(const std::vector<Rows>& relations, Arena& arena) : relations_(relations), arena_(arena) {}

  Rows answer(const PlanNode& node) {
    return std::visit([&](const auto& form) { return of(form, node); }, node.form);
  }

 private:
  Rows of(const Scan& scan, const PlanNode&) { return relations_[scan.relation]; }
  Rows of(const Filter& filter, const PlanNode& node) {
    Rows out;
    for (const Row row : answer(*node.inputs[0])) {
      if (holds(filter.condition, row, arena_).value_or(false)) out.push_back(row);
    }
    return out;
  }
  Rows of(const Project& project, const PlanNode& node) {
    Rows out;
    for (const Row row : answer(*node.inputs[0])) {
      if (const auto values = all(project.values, row)) out.push_back(*values);
    }
    return out;
  }
  Rows of(const Join& join, const PlanNode& node) {
    const Rows left = answer(*node.inputs[0]);
    const Rows right = answer(*node.inputs[1]);
    Rows out;
    std::vector<bool> found(right.size());
    for (const Row one : left) {
      bool any = false;
      for (std::size_t i = 0; i < right.size(); ++i) {
        if (!matches(join, node, one, right[i])) continue;
        any = found[i] = true;
        const Row both = joint(node, one, right[i]);
        if (!join.residual || holds(*join.residual, both, arena_).value_or(false)) out.push_back(both);
      }
      if (!any && join.kind != Join::Kind::inner) out.push_back(joint(node, one, {}));
    }
    for (std::size_t i = 0; i < right.size() && join.kind == Join::Kind::full; ++i) {
      if (!found[i]) out.push_back(joint(node, {}, right[i]));
    }
    return out;
  }
  Rows of(const UnionAll&, const PlanNode& node) {
    Rows out;
    for (const PlanPointer& input : node.inputs) std::ranges::copy(answer(*input), std::back_inserter(out));
    return out;
  }
  Rows of(const DistinctOn& distinct, const PlanNode& node) {
    const auto types = types_of_columns(node.columns);
    std::map<Bytes, std::pair<Bytes, Row>> firsts;
    for (const Row row : answer(*node.inputs[0])) {
      Bytes key;
      for (const std::size_t column : distinct.keys) encode_key(types[column], row[column], key);
      Bytes place;
      for (const auto& order : distinct.order) encode_key(types[order.column], row[order.column], place, order.descending, order.nulls_first);
      place += key_of(types, row);
      const auto [at, is_new] = firsts.try_emplace(key, place, row);
      if (!is_new && place < at->second.first) at->second = {place, row};
    }
    Rows out;
    for (const auto& [key, first] : firsts) out.push_back(first.second);
    return out;
  }
  Rows of(const Aggregate& aggregate, const PlanNode& node);
  std::vector<std::pair<std::int64_t, Row>> timed(const Aggregate& aggregate, const PlanNode& input);
  Row row_of(const Aggregate& aggregate, const PlanNode& node, const NaiveGroup& group);

  bool matches(const Join& join, const PlanNode& node, Row left, Row right) {
    for (std::size_t i = 0; i < join.left_key.size(); ++i) {
      const Value& one = left[join.left_key[i]];
      const Value& other = right[join.right_key[i]];
      if (one.null || other.null || compare_values(node.columns[join.left_key[i]].type, one, other) != 0) return false;
    }
    return true;
  }
  Row joint(const PlanNode& node, Row left, Row right) {
    const auto row = arena_.row(node.columns.size());
    std::ranges::copy(left, row.begin());
    std::ranges::copy(right, row.begin() + static_cast<std::ptrdiff_t>(node.inputs[0]->columns.size()));
    return row;
  }
  std::optional<Row> all(const std::vector<Scalar>& scalars, Row row) {
    const auto values = arena_.row(scalars.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto value = evaluate(scalars[i], row, arena_);
      if (!value.ok()) return std::nullopt;
      values[i] = *value;
    }
    return values;
  }
  Value computed(const Aggregation& function, const Rows& rows);
  Value sum(const Aggregation& function, const std::vector<Value>& values);

  const std::vector<Rows>& relations_;
  Arena& arena_;
};

// Start and end of the windows of a time, for each but sessions.
std::vector<std::pair<std::int64_t, std::int64_t>> windows_of(const Window& window, std::int64_t time) {
  const std::int64_t step = window.kind == Window::Kind::hop ? window.slide_us : window.size_us;
  std::vector<std::pair<std::int64_t, std::int64_t>> out;
  const std::int64_t first = (time - window.size_us) / step - 2;
  for (std::int64_t n = first; n * step <= time; ++n) {
    if (n * step + window.size_us > time) out.emplace_back(n * step, n * step + window.size_us);
  }
  return out;
}

// The windows of a group's row, where sessions come in the order of time.
void add_to_windows(const Window& window, std::int64_t time, Row values, Row row, std::vector<NaiveGroup>& groups) {
  if (window.kind == Window::Kind::session) {
    if (groups.empty() || groups.back().end <= time) groups.push_back({values, time, 0, {}});
    groups.back().end = time + window.size_us;
    groups.back().rows.push_back(row);
    return;
  }
  for (const auto& [start, end] : windows_of(window, time)) {
    auto at = std::ranges::find(groups, start, &NaiveGroup::start);
    if (at == groups.end()) at = groups.insert(at, NaiveGroup{values, start, end, {}});
    at->rows.push_back(row);
  }
}

// The input's rows by time, without those that something fails for.
std::vector<std::pair<std::int64_t, Row>> Naive::timed(const Aggregate& aggregate, const PlanNode& input) {
  std::vector<std::pair<std::int64_t, Row>> out;
  for (const Row row : answer(input)) {
    bool fails = false;
    for (const Aggregation& each : aggregate.aggregations) {
      const auto in = each.filter ? holds(*each.filter, row, arena_) : Result<bool>(true);
      fails = fails || !in.ok() || (*in && each.argument && !evaluate(*each.argument, row, arena_).ok());
    }
    if (!fails) out.emplace_back(aggregate.window ? evaluate(aggregate.window->time, row, arena_)->integer : 0, row);
  }
  std::ranges::stable_sort(out, {}, &std::pair<std::int64_t, Row>::first);
  return out;
}

Rows Naive::of(const Aggregate& aggregate, const PlanNode& node) {
  std::vector<Type> types;
  for (const Scalar& group : aggregate.groups) types.push_back(group.type);
  std::map<Bytes, std::vector<NaiveGroup>> groups;
  if (node.single_row) groups[{}].emplace_back();
  for (const auto& [time, row] : timed(aggregate, *node.inputs[0])) {
    const auto values = all(aggregate.groups, row);
    if (!values) continue;
    auto& of_key = groups[key_of(types, *values)];
    if (aggregate.window) {
      add_to_windows(*aggregate.window, time, *values, row, of_key);
      continue;
    }
    if (of_key.empty()) of_key.push_back({*values, 0, 0, {}});
    of_key[0].rows.push_back(row);
  }
  Rows out;
  for (const auto& [key, of_key] : groups) {
    for (const NaiveGroup& group : of_key) out.push_back(row_of(aggregate, node, group));
  }
  return out;
}

Row Naive::row_of(const Aggregate& aggregate, const PlanNode& node, const NaiveGroup& group) {
  const auto row = arena_.row(node.columns.size());
  auto at = std::ranges::copy(group.values, row.begin()).out;
  if (aggregate.window) {
    *at++ = Value::of_integer(group.start);
    *at++ = Value::of_integer(group.end);
  }
  for (const Aggregation& each : aggregate.aggregations) *at++ = computed(each, group.rows);
  return row;
}

Value Naive::computed(const Aggregation& function, const Rows& rows) {
  std::vector<Value> values;
  std::set<Bytes> seen;
  for (const Row row : rows) {
    if (function.filter && !holds(*function.filter, row, arena_).value_or(false)) continue;
    const Value value = function.argument ? *evaluate(*function.argument, row, arena_) : Value::of_integer(0);
    Bytes key;
    if (function.distinct) encode_key(function.argument->type, value, key);
    if (value.null || (function.distinct && !seen.insert(key).second)) continue;
    values.push_back(value);
  }
  if (function.kind == Kind::count_all || function.kind == Kind::count) return Value::of_integer(static_cast<std::int64_t>(values.size()));
  if (values.empty()) return Value::none();
  const auto truth = [](const Value& value) { return value.boolean; };
  const auto less = [&](const Value& a, const Value& b) { return compare_values(function.argument->type, a, b) < 0; };
  switch (function.kind) {
    case Kind::min: return *std::ranges::min_element(values, less);
    case Kind::max: return *std::ranges::max_element(values, less);
    case Kind::bool_and: return Value::of(std::ranges::all_of(values, truth));
    case Kind::bool_or: return Value::of(std::ranges::any_of(values, truth));
    default: return sum(function, values);
  }
}

Value Naive::sum(const Aggregation& function, const std::vector<Value>& values) {
  const Type& type = function.argument->type;
  const auto count = static_cast<std::int64_t>(values.size());
  if (type.kind == TypeKind::float8) {
    double sum = 0;
    for (const Value& value : values) sum += value.floating;
    return Value::of_double(function.kind == Kind::avg ? sum / static_cast<double>(count) : sum);
  }
  Value sum = Value::of_numeric(0, 0);
  for (const Value& value : values) {
    const Value number = type.kind == TypeKind::numeric ? value : Value::of_numeric(value.integer, 0);
    sum = *decimal::add(sum, number, arena_);
  }
  if (function.kind == Kind::avg) return *decimal::divide(sum, Value::of_numeric(count, 0), arena_);
  return function.result.kind == TypeKind::int8 ? Value::of_integer(sum.integer) : sum;
}

Relation stream(std::string name, std::optional<std::int64_t> keep_us) {
  Relation out;
  out.name = out.topic = std::move(name);
  out.columns = {{"k", {TypeKind::int4}}, {"v", {TypeKind::int4}}, {"ts", {TypeKind::timestamptz}}};
  out.time = 2;
  out.keep_us = keep_us;
  out.watermark.emplace();
  out.watermark->kind = Scalar::Kind::column;
  out.watermark->type = {TypeKind::timestamptz};
  out.watermark->column = 2;
  return out;
}

}  // namespace

std::string text_of(const std::vector<Column>& columns, Row row) {
  std::string out;
  for (std::size_t i = 0; i < columns.size(); ++i) out += (i == 0 ? "" : "|") + (row[i].null ? "~" : value_text(columns[i].type, row[i]));
  return out;
}

ZSet naive_answer(const Plan& plan, const std::vector<std::vector<Row>>& relations, Arena& arena) {
  ZSet out;
  for (const Row row : Naive(relations, arena).answer(*plan.root)) ++out[text_of(plan.root->columns, row)];
  return out;
}

Result<void> Sum::row(const Delta& delta) {
  const std::string text = text_of(columns_, delta.row);
  given.push_back((delta.weight > 0 ? "+" : "") + std::to_string(delta.weight) + " " + text);
  if ((rows[text] += delta.weight) == 0) rows.erase(text);
  return {};
}

Result<void> Sum::late(std::uint32_t origin) {
  late_origins.push_back(origin);
  return {};
}

Result<void> Sum::failed(std::uint32_t origin, const Error& why) {
  failures.push_back(std::to_string(origin) + " " + why.message);
  return {};
}

Result<Relation> TestCatalog::relation(const std::string& name) {
  if (name == "s") return stream(name, std::nullopt);
  if (name == "r") return stream(name, 10'000'000);
  if (name == "q") return stream(name, 0);
  Relation out;
  out.name = out.topic = name;
  if (name == "w") {
    out.columns = {{"k", {TypeKind::int4}}, {"v", {TypeKind::int4}}};
    return out;
  }
  if (name == "c") {
    out.columns = {{"id", {TypeKind::int4}}, {"ts", {TypeKind::timestamptz}}};
    out.key = {0};
    return out;
  }
  if (name != "a" && name != "b") return Error{ErrorCode::not_found, "no relation " + name};
  out.columns = {{"id", {TypeKind::int4}},  {"k", {TypeKind::int4}},    {"v", {TypeKind::int4}},
                 {"t", {TypeKind::text}}, {"n", {TypeKind::numeric}}, {"f", {TypeKind::float8}}};
  out.key = {0};
  return out;
}

Plan plan_of(const std::string& query, Emit emit, std::int64_t grace_us, std::optional<std::int64_t> within_us) {
  TestCatalog catalog;
  const auto statements = sql::parse_statements(query);
  EXPECT_TRUE(statements.ok()) << query << ": " << statements.error();
  const auto& select = std::get<sql::Select>(statements->front().form);
  if (emit == Emit::changes && grace_us == 0 && !within_us) {
    auto question = bind_question(select, query, catalog);
    EXPECT_TRUE(question.ok()) << query << ": " << question.error();
    return std::move(question->plan);
  }
  auto plan = bind(select, query, catalog, {.emit = emit, .grace_us = grace_us, .within_us = within_us});
  EXPECT_TRUE(plan.ok()) << query << ": " << plan.error();
  return std::move(plan).value();
}

}  // namespace sluice::flow
