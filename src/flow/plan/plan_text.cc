// A node's line says what it does with its inputs' columns, by their names; the inputs follow, two spaces deeper.
#include <algorithm>
#include <array>
#include <utility>

#include "flow/plan/nodes.h"
#include "flow/plan/plan.h"

namespace sluice::flow {

namespace {

class PlanPrinter {
 public:
  explicit PlanPrinter(const Plan& plan) : plan_(plan) {}

  std::string print(const PlanNode& node, std::size_t depth) const {
    auto out = std::string(2 * depth, ' ') + line(node) + traits(node) + "\n";
    for (const auto& input : node.inputs) out += print(*input, depth + 1);
    return out;
  }

 private:
  using Columns = std::vector<Column>;

  [[nodiscard]] std::string line(const PlanNode& node) const {
    if (const auto* scan = std::get_if<Scan>(&node.form)) {
      const auto& relation = plan_.relations[scan->relation];
      return (relation.is_table() ? "Table " : "Stream ") + relation.name;
    }
    if (std::holds_alternative<UnionAll>(node.form)) return "Union all";
    const auto& input = node.inputs[0]->columns;
    if (const auto* filter = std::get_if<Filter>(&node.form)) return "Filter " + text_of(filter->condition, input);
    if (const auto* project = std::get_if<Project>(&node.form)) return "Project " + values(project->values, node.columns, input);
    if (const auto* join = std::get_if<Join>(&node.form)) return join_line(*join, node);
    if (const auto* aggregate = std::get_if<Aggregate>(&node.form)) return aggregate_line(*aggregate, input);
    return distinct_line(std::get<DistinctOn>(node.form), input);
  }

  // What a person wants to know of the rows: "[key id]", "[append only]".
  static std::string traits(const PlanNode& node) {
    std::string out = node.append_only ? "append only" : "";
    if (!node.key.empty()) out += (out.empty() ? "key " : ", key ") + names(node.key, node.columns);
    if (node.single_row) out += out.empty() ? "one row" : ", one row";
    return out.empty() ? out : "  [" + out + "]";
  }

  static std::string names(const std::vector<std::size_t>& numbers, const Columns& columns) {
    std::string out;
    for (const auto number : numbers) out += (out.empty() ? "" : ", ") + columns[number].name;
    return out;
  }

  static std::string values(const std::vector<Scalar>& values, const Columns& columns, const Columns& input) {
    std::string out;
    for (std::size_t i = 0; i < values.size(); ++i) {
      auto text = text_of(values[i], input);
      if (text != columns[i].name) text += " AS " + columns[i].name;
      out += (i == 0 ? "" : ", ") + text;
    }
    return out;
  }

  static std::string join_line(const Join& join, const PlanNode& node) {
    const auto& left = node.inputs[0]->columns;
    const auto& right = node.inputs[1]->columns;
    constexpr auto kKinds = std::to_array<std::string_view>({"Join", "Left join", "Full join"});
    auto out = std::string(kKinds[static_cast<std::size_t>(join.kind)]) + " on ";
    for (std::size_t i = 0; i < join.left_key.size(); ++i) {
      out += (i == 0 ? "" : " AND ") + left[join.left_key[i]].name + " = " + right[join.right_key[i]].name;
    }
    if (join.residual) out += " where " + text_of(*join.residual, node.columns);
    return out + memory("left", join.left_memory, left) + memory("right", join.right_memory, right);
  }
  static std::string memory(const std::string& side, const Join::Memory& memory, const Columns& columns) {
    if (!memory.keep_us) return {};
    if (*memory.keep_us == 0) return "; " + side + " is not kept";
    return "; " + side + " is kept for " + span(*memory.keep_us) + " of " + columns[*memory.time].name;
  }
  static std::string span(std::int64_t us) { return value_text({TypeKind::interval}, Value::of_integer(us)); }

  static std::string aggregate_line(const Aggregate& aggregate, const Columns& input) {
    std::string out;
    for (const auto& group : aggregate.groups) out += (out.empty() ? " group by " : ", ") + text_of(group, input);
    if (aggregate.window) out += (out.empty() ? " group by " : ", ") + window(*aggregate.window, input);
    for (std::size_t i = 0; i < aggregate.aggregations.size(); ++i) {
      out += (i == 0 ? ": " : ", ") + aggregation(aggregate.aggregations[i], input);
    }
    return "Aggregate" + out + (aggregate.emit_final ? "; when the window closes" : "");
  }
  static std::string window(const Window& window, const Columns& input) {
    constexpr auto kKinds = std::to_array<std::string_view>({"tumble", "hop", "session"});
    auto out = std::string(kKinds[static_cast<std::size_t>(window.kind)]) + "(" + text_of(window.time, input);
    if (window.kind == Window::Kind::hop) out += ", " + span(window.slide_us);
    return out + ", " + span(window.size_us) + (window.grace_us != 0 ? ") grace " + span(window.grace_us) : ")");
  }
  static std::string aggregation(const Aggregation& aggregation, const Columns& input) {
    auto out = std::string(name_of(aggregation.kind)) + "(" + (aggregation.distinct ? "DISTINCT " : "");
    out += aggregation.argument ? text_of(*aggregation.argument, input) : "*";
    return out + (aggregation.filter ? ") FILTER " + text_of(*aggregation.filter, input) : ")");
  }

  static std::string distinct_line(const DistinctOn& distinct, const Columns& input) {
    auto out = "First of each " + names(distinct.keys, input);
    for (std::size_t i = 0; i < distinct.order.size(); ++i) {
      const auto& order = distinct.order[i];
      out += (i == 0 ? " by " : ", ") + input[order.column].name + (order.descending ? " DESC" : "");
    }
    return out + (distinct.within_us ? " within " + span(*distinct.within_us) : "");
  }

  static std::string text_of(const Scalar& scalar, const Columns& columns) {
    using Kind = Scalar::Kind;
    switch (scalar.kind) {
      case Kind::column: return columns[scalar.column].name;
      case Kind::constant: return constant(scalar);
      case Kind::call: return call(scalar, columns);
      case Kind::and_: return "(" + list(scalar, columns, " AND ") + ")";
      case Kind::or_: return "(" + list(scalar, columns, " OR ") + ")";
      case Kind::not_: return "NOT " + text_of(scalar.parts[0], columns);
      case Kind::is_null: return tested(scalar, columns, "NULL");
      case Kind::is_true: return tested(scalar, columns, "TRUE");
      case Kind::is_false: return tested(scalar, columns, "FALSE");
      case Kind::is_distinct: return "(" + list(scalar, columns, scalar.negated ? " IS NOT DISTINCT FROM " : " IS DISTINCT FROM ") + ")";
      case Kind::coalesce: return "coalesce(" + list(scalar, columns, ", ") + ")";
      case Kind::case_: return "CASE(" + list(scalar, columns, ", ") + ")";
      case Kind::in: break;
    }
    return (scalar.negated ? "NOT IN(" : "IN(") + list(scalar, columns, ", ") + ")";
  }
  static std::string constant(const Scalar& scalar) {
    if (scalar.constant.null) return "NULL";
    const auto text = value_text(scalar.type, scalar.constant);
    return is_number(scalar.type.kind) ? text : "'" + text + "'";
  }
  static std::string list(const Scalar& scalar, const Columns& columns, const std::string& between) {
    std::string out;
    for (const auto& part : scalar.parts) out += (out.empty() ? "" : between) + text_of(part, columns);
    return out;
  }
  static std::string tested(const Scalar& scalar, const Columns& columns, const std::string& what) {
    return "(" + text_of(scalar.parts[0], columns) + (scalar.negated ? " IS NOT " : " IS ") + what + ")";
  }
  static std::string call(const Scalar& scalar, const Columns& columns) {
    const auto& name = scalar.function.name;
    const bool sign = name.find_first_of("+-*/%^|=<>~#") != std::string::npos || name == "like" || name == "ilike";
    if (sign && scalar.parts.size() == 2) return "(" + list(scalar, columns, " " + name + " ") + ")";
    return name + "(" + list(scalar, columns, ", ") + ")";
  }

  const Plan& plan_;
};

}  // namespace

std::string plan_text(const Plan& plan) { return PlanPrinter(plan).print(*plan.root, 0); }

}  // namespace sluice::flow
