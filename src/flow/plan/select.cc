// One SELECT, in PostgreSQL's order of meaning:
//
//   FROM, WHERE → [GROUP BY → HAVING] → the list, with what ORDER BY and DISTINCT ON need beside it → DISTINCT → ORDER BY
//
// All expressions are bound first, over virtual columns; then FROM is planned with what they read, and they are placed over it.
#include <algorithm>
#include <charconv>
#include <utility>

#include "flow/plan/expressions.h"
#include "flow/plan/grouping.h"
#include "flow/plan/nodes.h"
#include "flow/plan/query.h"

namespace sluice::flow {

namespace {

using Form = sql::Expression::Kind;

struct Named {
  Scalar scalar;
  std::string name;
};

class SelectBinder {
 public:
  SelectBinder(Binding& binding, const sql::Select& query, From from, Ordering* ordering)
      : binding_(binding), places_(binding.places), query_(query), from_(std::move(from)), ordering_(ordering),
        expressions_(places_, from_.scope), grouping_(places_, from_, expressions_) {}

  Result<PlanPointer> bind(bool open) {
    SLUICE_RETURN_IF_ERROR(bind_where());
    SLUICE_RETURN_IF_ERROR(bind_results(open));
    SLUICE_RETURN_IF_ERROR(bind_groups());
    SLUICE_RETURN_IF_ERROR(bind_order());
    set_key_hint();
    const bool grouped = !query_.group_by.empty() || having_ || !expressions_.aggregations().empty();
    PlanPointer node;
    if (grouped) {
      SLUICE_TRY(node, grouped_rows());
    } else {
      SLUICE_TRY(node, plain_rows());
    }
    return distinct(std::move(node));
  }

 private:
  Result<void> bind_where() {
    if (!query_.where) return {};
    SLUICE_TRY(auto condition, expressions_.plain(*query_.where, "WHERE"));
    SLUICE_TRY(condition, expressions_.typing().truth(std::move(condition), "WHERE"));
    split_conjunction(std::move(condition), where_);
    return {};
  }

  // The window first: the list may name its bounds.
  Result<void> bind_results(bool open) {
    for (const auto& group : query_.group_by) {
      if (!Expressions::is_window(group)) continue;
      SLUICE_RETURN_IF_ERROR(expressions_.open_window(group));
      window_position_ = group.position;
      binding_.windows = true;
    }
    for (const auto& result : query_.results) {
      if (result.value.kind == Form::star) {
        SLUICE_TRY(const auto entries, from_.scope.star(result.value.qualifier, result.value.position, places_));
        for (const auto* entry : entries) {
          auto value = entry->value;
          value.position = result.value.position;
          values_.push_back({std::move(value), entry->name});
        }
        continue;
      }
      SLUICE_TRY(auto value, expressions_.with_aggregates(result.value));
      if (!open || query_.distinct || !query_.distinct_on.empty()) {
        SLUICE_TRY(value, expressions_.typing().known(std::move(value)));
      }
      values_.push_back({std::move(value), result.name.empty() ? Expressions::name_of(result.value) : result.name});
    }
    shown_ = values_.size();
    if (shown_ == 0) return places_.unsupported(query_.position, "a SELECT without columns");
    return {};
  }

  Result<void> bind_groups() {
    for (const auto& group : query_.group_by) {
      if (Expressions::is_window(group)) continue;
      SLUICE_TRY(auto bound, group_of(group));
      SLUICE_RETURN_IF_ERROR(grouping_.add(std::move(bound)));
    }
    if (!query_.having) return {};
    SLUICE_TRY(having_, expressions_.with_aggregates(*query_.having));
    SLUICE_TRY(having_, expressions_.typing().truth(std::move(*having_), "HAVING"));
    return {};
  }

  // A column of FROM comes before a result of that name.
  Result<Scalar> group_of(const sql::Expression& group) {
    if (is_constant(group)) {
      SLUICE_TRY(const auto index, numbered(group, "GROUP BY"));
      return values_[index].scalar;
    }
    if (group.kind == Form::column && group.qualifier.empty() && !from_.scope.has(group.text)) {
      if (expressions_.window() && (group.text == "window_start" || group.text == "window_end")) {
        return column_of(expressions_.window()->time.type, kWindowStart, group.position);
      }
      SLUICE_TRY(const auto index, result_named(group, "GROUP BY"));
      if (index) return values_[*index].scalar;
    }
    SLUICE_TRY(auto bound, expressions_.plain(group, "GROUP BY"));
    return expressions_.typing().known(std::move(bound));
  }

  static bool is_constant(const sql::Expression& expression) {
    return expression.kind == Form::number || expression.kind == Form::text || expression.kind == Form::boolean ||
           expression.kind == Form::null;
  }

  // GROUP BY 2, ORDER BY 1.
  Result<std::size_t> numbered(const sql::Expression& number, const std::string& clause) const {
    std::size_t index = 0;
    const auto& text = number.text;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), index);
    if (number.kind != Form::number || text.find_first_not_of("-0123456789") != std::string::npos) {
      return places_.rejected(number.position, "non-integer constant in " + clause);
    }
    if (failed == std::errc() && end == text.data() + text.size() && index >= 1 && index <= shown_) return index - 1;
    return places_.rejected(number.position, clause + " position " + text + " is not in select list");
  }

  Result<std::optional<std::size_t>> result_named(const sql::Expression& name, const std::string& clause) const {
    std::optional<std::size_t> out;
    for (std::size_t i = 0; i < shown_; ++i) {
      if (values_[i].name != name.text) continue;
      if (out && !same(values_[*out].scalar, values_[i].scalar)) {
        return places_.rejected(name.position, clause + " \"" + name.text + "\" is ambiguous");
      }
      if (!out) out = i;
    }
    return out;
  }

  // The number of a value that ORDER BY or DISTINCT ON means: a result, or one beside them.
  Result<std::size_t> ordered_by(const sql::Expression& expression, const std::string& clause) {
    if (is_constant(expression)) return numbered(expression, clause);
    if (expression.kind == Form::column && expression.qualifier.empty()) {
      SLUICE_TRY(const auto index, result_named(expression, clause));
      if (index) return *index;
    }
    SLUICE_TRY(auto bound, expressions_.with_aggregates(expression));
    SLUICE_TRY(bound, expressions_.typing().known(std::move(bound)));
    const auto found = std::ranges::find_if(values_, [&](const Named& value) { return same(value.scalar, bound); });
    const auto index = static_cast<std::size_t>(found - values_.begin());
    if (found != values_.end()) return index;
    if (query_.distinct) {
      return places_.rejected(expression.position, "for SELECT DISTINCT, ORDER BY expressions must appear in select list");
    }
    values_.push_back({std::move(bound), "order_" + std::to_string(index + 1)});
    return index;
  }

  Result<void> bind_order() {
    const bool may_order = ordering_ != nullptr || !query_.distinct_on.empty();
    if (!query_.sort.empty() && !may_order) {
      return places_.unsupported(query_.sort[0].value.position, "ORDER BY here: rows that are kept up to date have no order",
                                 "order the rows where they are asked for: SELECT … FROM the view ORDER BY …");
    }
    for (const auto& expression : query_.distinct_on) {
      SLUICE_TRY(const auto index, ordered_by(expression, "DISTINCT ON"));
      SLUICE_RETURN_IF_ERROR(expressions_.typing().comparable(values_[index].scalar));
      if (std::ranges::find(distinct_on_, index) == distinct_on_.end()) distinct_on_.push_back(index);
    }
    for (const auto& sort : query_.sort) {
      SLUICE_TRY(const auto index, ordered_by(sort.value, "ORDER BY"));
      SLUICE_RETURN_IF_ERROR(expressions_.typing().comparable(values_[index].scalar));
      order_.push_back({index, sort.descending, sort.nulls_first});
    }
    return check_distinct_order();
  }

  // ORDER BY begins with what DISTINCT ON names, in any order.
  Result<void> check_distinct_order() const {
    if (distinct_on_.empty()) return {};
    std::vector<std::size_t> seen;
    for (std::size_t i = 0; i < order_.size() && seen.size() < distinct_on_.size(); ++i) {
      const auto column = order_[i].column;
      if (std::ranges::find(distinct_on_, column) == distinct_on_.end()) {
        return places_.rejected(query_.distinct_on[0].position, "SELECT DISTINCT ON expressions must match initial ORDER BY expressions",
                                "begin ORDER BY with them");
      }
      if (std::ranges::find(seen, column) == seen.end()) seen.push_back(column);
    }
    return {};
  }

  Result<Joined> rows(std::vector<bool> needed) {
    return plan_joins(std::move(from_.part), std::move(where_), needed, binding_.question, expressions_.typing(), places_);
  }

  Result<PlanPointer> plain_rows() {
    std::vector<bool> needed(from_.part.end);
    for (const auto& value : values_) {
      for (const auto column : columns_of(value.scalar)) needed[column] = true;
    }
    SLUICE_TRY(auto joined, rows(std::move(needed)));
    for (auto& value : values_) value.scalar = joined.placed(std::move(value.scalar));
    return projected(std::move(joined.node));
  }

  Result<PlanPointer> grouped_rows() {
    for (const auto& value : values_) SLUICE_RETURN_IF_ERROR(grouping_.admit(value.scalar));
    if (having_) SLUICE_RETURN_IF_ERROR(grouping_.admit(*having_));
    std::vector<bool> needed(from_.part.end);
    grouping_.need(needed);
    SLUICE_TRY(auto joined, rows(std::move(needed)));
    const auto& window = expressions_.window();
    if (window && window->kind == Window::Kind::session && !joined.node->append_only) {
      return places_.unsupported(window_position_, "a session window over rows that may be taken back",
                                 "take a stream itself, or tumble() or hop()");
    }
    auto node = grouping_.over(std::move(joined), binding_.options.emit == Emit::final, binding_.options.grace_us);
    if (having_) {
      std::vector<Scalar> conditions;
      split_conjunction(grouping_.placed(std::move(*having_)), conditions);
      if (!conditions.empty()) node = filter_node(std::move(node), conjunction(std::move(conditions)));
    }
    for (auto& value : values_) value.scalar = grouping_.placed(std::move(value.scalar));
    return projected(std::move(node));
  }

  // The values, and the event time where DISTINCT ON forgets by it.
  Result<PlanPointer> projected(PlanPointer node) {
    const auto time = node->time;
    if (!distinct_on_.empty() && binding_.options.within_us) {
      if (!time) return no_time();
      if (!node->append_only) return may_change();
      const auto found = std::ranges::find_if(values_, [&](const Named& value) {
        return value.scalar.kind == Scalar::Kind::column && value.scalar.column == *time;
      });
      time_ = static_cast<std::size_t>(found - values_.begin());
      if (found == values_.end()) values_.push_back({column_of(node->columns[*time].type, *time), "time"});
      binding_.key_hint = "add what they are distinct on to the SELECT list, and " + node->columns[*time].name;
    }
    std::vector<Scalar> scalars;
    std::vector<std::string> names;
    for (const auto& value : values_) {
      scalars.push_back(value.scalar);
      names.push_back(value.name);
    }
    return project_node(std::move(node), std::move(scalars), names);
  }
  [[nodiscard]] Error no_time() const {
    return places_.rejected(query_.distinct_on[0].position, "'within' is by event time, and these rows have none",
                            "give the stream a watermark: CREATE TABLE … WITH (watermark = …)");
  }

  [[nodiscard]] Error may_change() const {
    return places_.unsupported(query_.distinct_on[0].position, "'within' of rows that may be taken back",
                               "leave it out: then a key is never forgotten; or take a stream itself");
  }

  Result<PlanPointer> distinct(PlanPointer node) {
    if (!distinct_on_.empty()) node = first_of_each(std::move(node));
    if (query_.distinct) {
      for (std::size_t i = 0; i < shown_; ++i) SLUICE_RETURN_IF_ERROR(expressions_.typing().comparable(values_[i].scalar));
      node = distinct_rows(std::move(node));
    }
    if (ordering_ != nullptr) {
      ordering_->order = order_;
      ordering_->extra = values_.size() - shown_;
      return node;
    }
    return values_.size() == shown_ ? std::move(node) : first_columns(std::move(node));
  }

  PlanPointer first_of_each(PlanPointer node) {
    binding_.deduplicates = true;
    DistinctOn form{.keys = distinct_on_};
    for (const auto& order : order_) {
      if (std::ranges::find(distinct_on_, order.column) == distinct_on_.end()) form.order.push_back(order);
    }
    if (time_) {
      form.within_us = binding_.options.within_us;
      form.time = time_;
    }
    return distinct_on_node(std::move(node), std::move(form));
  }

  static PlanPointer distinct_rows(PlanPointer node) {
    Aggregate form;
    for (std::size_t i = 0; i < node->columns.size(); ++i) form.groups.push_back(column_of(node->columns[i].type, i));
    const auto count = form.groups.size();
    return aggregate_node(std::move(node), std::move(form), count);
  }

  PlanPointer first_columns(PlanPointer node) const {
    std::vector<Scalar> values;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < shown_; ++i) {
      values.push_back(column_of(node->columns[i].type, i));
      names.push_back(node->columns[i].name);
    }
    return project_node(std::move(node), std::move(values), names);
  }

  // What the list lacks of the groups, or of the keys of what it is joined of.
  void set_key_hint() {
    auto& hint = binding_.key_hint;
    if (!query_.group_by.empty()) {
      hint = std::string("add what the rows are grouped by to the SELECT list") + (expressions_.window() ? ", and window_start" : "");
      return;
    }
    std::string names;
    for (const bool all : {false, true}) {  // all: when each is joined on the other's key
      for (const auto& leaf : from_.leaves) {
        if (!all && is_joined_on_key(leaf)) continue;
        for (const auto column : leaf.key) {
          if (!is_shown(column)) names += (names.empty() ? "" : ", ") + from_.scope.name_of(column);
        }
      }
      if (!names.empty()) break;
    }
    hint = names.empty() ? "" : "add " + names + " to the SELECT list";
    for (const auto& leaf : from_.leaves) {
      if (!leaf.stream || from_.leaves.size() == 1) continue;
      hint += "; or let " + leaf.qualifier + " only look up what there is: CREATE TABLE … WITH (keep = '0 s')";
      break;
    }
  }
  // The equalities that say which of a leaf's rows there are: of an outer join, those only that its rows must meet to be there.
  static void conditions_on(const From::Leaf& leaf, const FromPart& part, std::vector<Scalar>& out) {
    const auto holds = [&](const FromPart& side) { return leaf.first >= side.first && leaf.end <= side.end; };
    const bool filters = part.kind == FromPart::Kind::inner || (part.kind == FromPart::Kind::left && holds(part.sides[1]));
    if (filters) out.insert(out.end(), part.conditions.begin(), part.conditions.end());
    for (const auto& side : part.sides) {
      if (holds(side)) conditions_on(leaf, side, out);
    }
  }
  // Whether a row of what it is joined with meets one of its rows at most.
  [[nodiscard]] bool is_joined_on_key(const From::Leaf& leaf) const {
    auto conditions = where_;
    conditions_on(leaf, from_.part, conditions);
    return std::ranges::all_of(leaf.key, [&](std::size_t column) { return is_joined_on(column, leaf, conditions); });
  }
  [[nodiscard]] bool is_shown(std::size_t column) const {
    return std::ranges::any_of(values_.begin(), values_.begin() + static_cast<std::ptrdiff_t>(shown_), [&](const Named& value) {
      return value.scalar.kind == Scalar::Kind::column && value.scalar.column == column;
    });
  }
  // By an equality with a column of another part.
  static bool is_joined_on(std::size_t column, const From::Leaf& leaf, const std::vector<Scalar>& conditions) {
    return std::ranges::any_of(conditions, [&](const Scalar& each) {
      if (each.kind != Scalar::Kind::call || each.function.name != "=") return false;
      const auto read = columns_of(each);
      return read.size() == 2 && std::ranges::find(read, column) != read.end() &&
             std::ranges::any_of(read, [&](std::size_t other) { return other < leaf.first || other >= leaf.end; });
    });
  }

  Binding& binding_;
  const Places& places_;
  const sql::Select& query_;
  From from_;
  Ordering* ordering_;
  Expressions expressions_;
  Grouping grouping_;
  std::vector<Scalar> where_;
  std::vector<Named> values_;  // the results, then what is only ordered by
  std::size_t shown_ = 0;
  std::optional<Scalar> having_;
  std::vector<std::size_t> distinct_on_;
  std::vector<DistinctOn::Order> order_;
  std::optional<std::size_t> time_;  // among the values, of DISTINCT ON
  std::size_t window_position_ = 1;
};

}  // namespace

Result<PlanPointer> bind_select(Binding& binding, const sql::Select& query, const CommonTables* names, Ordering* ordering, bool open) {
  if (!query.from) {
    return binding.places.unsupported(query.position, "a SELECT without FROM", "select from a stream, a table or a view");
  }
  SLUICE_TRY(auto from, bind_from(binding, *query.from, names));
  return SelectBinder(binding, query, std::move(from), ordering).bind(open);
}

}  // namespace sluice::flow
