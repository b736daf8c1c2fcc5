#include "flow/plan/query.h"

#include <algorithm>
#include <utility>

#include "flow/plan/expressions.h"
#include "flow/plan/nodes.h"

namespace sluice::flow {

namespace {

constexpr std::size_t kMostSelects = 1'000;  // with WITH's written out at each place that names them

class UnionBinder {
 public:
  UnionBinder(Binding& binding, const sql::Select& query, const CommonTables* names)
      : binding_(binding), query_(query), names_(names), typing_(binding.places) {}

  Result<PlanPointer> bind(Ordering* ordering) {
    std::vector<PlanPointer> inputs;
    for (const auto& each : query_.union_of) {
      SLUICE_TRY(auto node, bind_query(binding_, *each, names_, nullptr, true));
      if (!inputs.empty() && node->columns.size() != inputs[0]->columns.size()) {
        return binding_.places.rejected(each->position, "each UNION query must have the same number of columns");
      }
      inputs.push_back(std::move(node));
    }
    SLUICE_RETURN_IF_ERROR(unify(inputs));
    auto node = union_node(std::move(inputs));
    if (query_.distinct) {
      SLUICE_TRY(node, distinct(std::move(node)));
    }
    binding_.key_hint = "give each SELECT a constant of its own ('a' AS part) beside its key, or write UNION instead of UNION ALL";
    SLUICE_RETURN_IF_ERROR(sort(*node, ordering));
    return node;
  }

 private:
  // Every column gets one type, in each of the inputs.
  Result<void> unify(std::vector<PlanPointer>& inputs) const {
    std::vector<std::vector<Scalar>> values(inputs.size());
    for (std::size_t column = 0; column < inputs[0]->columns.size(); ++column) {
      std::vector<Scalar*> parts;
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        values[i].push_back(value_of(*inputs[i], column, query_.union_of[i]->position));
      }
      for (auto& list : values) parts.push_back(&list.back());
      SLUICE_TRY(const auto type, typing_.unify(parts, "UNION", query_.union_of[1]->position));
      for (auto* part : parts) part->type = type;
    }
    std::vector<std::string> names;
    for (const auto& column : inputs[0]->columns) names.push_back(column.name);
    for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i] = project_node(std::move(inputs[i]), std::move(values[i]), names);
    return {};
  }

  // A literal itself, where the column is one: it may still have no type.
  static Scalar value_of(const PlanNode& node, std::size_t column, std::size_t position) {
    const auto* project = std::get_if<Project>(&node.form);
    if (project != nullptr && project->values[column].kind == Scalar::Kind::constant) return project->values[column];
    return column_of(node.columns[column].type, column, position);
  }

  Result<PlanPointer> distinct(PlanPointer node) const {
    Aggregate form;
    for (std::size_t i = 0; i < node->columns.size(); ++i) {
      form.groups.push_back(column_of(node->columns[i].type, i, query_.position));
      SLUICE_RETURN_IF_ERROR(typing_.comparable(form.groups.back()));
    }
    const auto count = form.groups.size();
    return aggregate_node(std::move(node), std::move(form), count);
  }

  // By a result's number or name only, as PostgreSQL.
  Result<void> sort(const PlanNode& node, Ordering* ordering) const {
    if (query_.sort.empty()) return {};
    if (ordering == nullptr) {
      return binding_.places.unsupported(query_.sort[0].value.position, "ORDER BY here: rows that are kept up to date have no order",
                                         "order the rows where they are asked for: SELECT … FROM the view ORDER BY …");
    }
    Scope results;
    for (std::size_t i = 0; i < node.columns.size(); ++i) {
      results.add({.qualifier = {}, .full = {}, .name = node.columns[i].name, .value = column_of(node.columns[i].type, i)});
    }
    for (const auto& each : query_.sort) {
      std::size_t column = 0;
      if (each.value.kind == sql::Expression::Kind::number) {
        column = static_cast<std::size_t>(std::strtoull(each.value.text.c_str(), nullptr, 10)) - 1;
      } else if (each.value.kind == sql::Expression::Kind::column) {
        SLUICE_TRY(const auto found, results.find(each.value.qualifier, each.value.text, each.value.position, binding_.places));
        column = found.column;
      } else {
        return binding_.places.rejected(each.value.position, "invalid UNION/INTERSECT/EXCEPT ORDER BY clause",
                                        "order by a result's name or number");
      }
      if (column >= node.columns.size()) {
        return binding_.places.rejected(each.value.position, "ORDER BY position " + each.value.text + " is not in select list");
      }
      ordering->order.push_back({column, each.descending, each.nulls_first});
    }
    return {};
  }

  Binding& binding_;
  const sql::Select& query_;
  const CommonTables* names_;
  Typing typing_;
};

// A number of rows; none for NULL.
Result<std::optional<std::uint64_t>> row_count(const Binding& binding, const sql::Expression& expression, const std::string& clause) {
  const Scope nothing;
  Expressions expressions(binding.places, nothing);
  SLUICE_TRY(auto count, expressions.plain(expression, clause));
  SLUICE_TRY(count, expressions.typing().cast(std::move(count), {TypeKind::int8}, CastContext::implicit, expression.position));
  if (count.kind != Scalar::Kind::constant) return binding.places.rejected(expression.position, clause + " must be a constant");
  if (count.constant.null) return std::optional<std::uint64_t>();
  if (count.constant.integer < 0) return binding.places.rejected(expression.position, clause + " must not be negative");
  return std::optional<std::uint64_t>(static_cast<std::uint64_t>(count.constant.integer));
}

Result<void> bind_limits(Binding& binding, const sql::Select& query, Ordering* ordering) {
  for (const auto* clause : {&query.limit, &query.offset}) {
    if (!clause->has_value()) continue;
    const auto* const word = clause == &query.limit ? "LIMIT" : "OFFSET";
    if (ordering == nullptr) {
      return binding.places.unsupported((*clause)->position, std::string(word) + " here: rows that are kept up to date have no order",
                                        "write it where the rows are asked for: SELECT … FROM the view LIMIT …");
    }
    SLUICE_TRY(const auto count, row_count(binding, **clause, word));
    if (clause == &query.limit) ordering->limit = count;
    else ordering->offset = count.value_or(0);
  }
  return {};
}

}  // namespace

Result<PlanPointer> bind_query(Binding& binding, const sql::Select& query, const CommonTables* names, Ordering* ordering, bool open) {
  if (++binding.selects > kMostSelects) {
    return binding.places.unsupported(query.position, "a query of more than " + std::to_string(kMostSelects) + " SELECTs",
                                      "make a view of its parts");
  }
  for (std::size_t i = 0; i < query.with.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (query.with[i].name != query.with[j].name) continue;
      return binding.places.rejected(query.position, "WITH query name \"" + query.with[i].name + "\" specified more than once");
    }
  }
  const CommonTables own{names, &query.with, query.with.size()};
  SLUICE_RETURN_IF_ERROR(bind_limits(binding, query, ordering));
  if (query.union_of.empty()) return bind_select(binding, query, &own, ordering, open);
  return UnionBinder(binding, query, &own).bind(ordering);
}

}  // namespace sluice::flow
