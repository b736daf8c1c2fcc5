#include "flow/plan/expressions.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "flow/plan/aggregates.h"

namespace sluice::flow {

namespace {

using Form = sql::Expression::Kind;

const Type kBoolean{TypeKind::boolean};
constexpr std::string_view kAggregate = "an aggregate";  // the clause within one

Scalar made(Scalar::Kind kind, const Type& type, std::size_t position, std::vector<Scalar> parts, bool negated = false) {
  Scalar out;
  out.kind = kind;
  out.type = type;
  out.position = position;
  out.parts = std::move(parts);
  out.negated = negated;
  return out;
}

std::vector<Scalar> pair_of(Scalar left, Scalar right) {
  std::vector<Scalar> out;
  out.push_back(std::move(left));
  out.push_back(std::move(right));
  return out;
}

Scalar negated_if(bool negated, Scalar scalar) {
  if (!negated) return scalar;
  const auto position = scalar.position;
  return made(Scalar::Kind::not_, kBoolean, position, {std::move(scalar)});
}

std::vector<Scalar*> pointers(std::vector<Scalar>& parts) {
  std::vector<Scalar*> out;
  for (auto& part : parts) out.push_back(&part);
  return out;
}

}  // namespace

Result<Scalar> Expressions::plain(const sql::Expression& expression, std::string_view clause) {
  const auto outer = std::exchange(clause_, std::string(clause));
  auto out = bind(expression);
  clause_ = outer;
  return out;
}

Result<Scalar> Expressions::with_aggregates(const sql::Expression& expression) { return bind(expression); }

Result<Scalar> Expressions::bind(const sql::Expression& expression) {
  switch (expression.kind) {
    case Form::column: return column(expression);
    case Form::null: return constant_of({}, Value::none(), expression.position);
    case Form::boolean: return constant_of(kBoolean, Value::of(expression.text == "true"), expression.position);
    case Form::number: return typing_.number(expression.text, expression.position);
    case Form::text: return constant_of({}, Value::of_text(expression.text), expression.position);
    case Form::compare:
    case Form::operation:
    case Form::like: return operation(expression);
    case Form::in: return in(expression);
    case Form::between: return between(expression);
    case Form::is: return is(expression);
    case Form::and_:
    case Form::or_:
    case Form::not_: return logical(expression);
    case Form::star: return places_.rejected(expression.position, "* stands in the SELECT list and in count(*) only");
    case Form::distinct: return distinct(expression);
    case Form::cast: return cast(expression);
    case Form::function: return function(expression);
    case Form::case_: return case_of(expression);
  }
  return places_.unsupported(expression.position, "this expression is not known here");
}

Result<std::vector<Scalar>> Expressions::parts_of(const sql::Expression& expression) {
  std::vector<Scalar> out;
  for (const auto& part : expression.parts) {
    SLUICE_TRY(auto bound, bind(part));
    out.push_back(std::move(bound));
  }
  return out;
}

Result<Scalar> Expressions::column(const sql::Expression& expression) {
  const bool start = expression.text == "window_start";
  if (window_ && clause_.empty() && expression.qualifier.empty() && (start || expression.text == "window_end")) {
    return column_of(window_->time.type, start ? kWindowStart : kWindowEnd, expression.position);
  }
  return scope_.find(expression.qualifier, expression.text, expression.position, places_);
}

Result<Scalar> Expressions::operation(const sql::Expression& expression) {
  SLUICE_TRY(auto parts, parts_of(expression));
  const auto sign = expression.kind == Form::like ? std::string("like") : expression.text;
  SLUICE_TRY(auto out, typing_.operation(sign, std::move(parts), expression.position));
  return typing_.folded(negated_if(expression.negated, std::move(out)));
}

// As PostgreSQL does, the first is compared with several constants at once, as with an array of the type that all have in common (a real
// with reals), and with everything else by itself (a real with a lone 0.1 as doubles).
Result<Scalar> Expressions::in(const sql::Expression& expression) {
  SLUICE_TRY(auto parts, parts_of(expression));
  const auto is_constant = [](const Scalar& part) { return columns_of(part).empty(); };
  std::vector<Scalar> listed = {parts[0]};
  std::ranges::copy_if(parts.begin() + 1, parts.end(), std::back_inserter(listed), is_constant);
  const bool at_once = listed.size() > 2 && common_type(types_of(listed), "IN").ok();
  std::vector<Scalar> any;
  if (at_once) {
    SLUICE_TRY(auto one_of, among(std::move(listed), expression.position));
    any.push_back(std::move(one_of));
  }
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (at_once && is_constant(parts[i])) continue;
    SLUICE_TRY(auto equal, typing_.operation("=", pair_of(parts[0], std::move(parts[i])), expression.position));
    any.push_back(std::move(equal));
  }
  auto out = any.size() == 1 ? std::move(any[0]) : made(Scalar::Kind::or_, kBoolean, expression.position, std::move(any));
  if (out.kind != Scalar::Kind::in) return typing_.folded(negated_if(expression.negated, std::move(out)));
  out.negated = expression.negated;
  return out;
}

// Whether the first is among the others, as values of one type.
Result<Scalar> Expressions::among(std::vector<Scalar> parts, std::size_t position) const {
  SLUICE_TRY(const auto type, typing_.unify(pointers(parts), "IN", position));
  const std::vector<Type> types(2, type);
  auto equal = find_operator("=", types);
  if (!equal.ok()) return places_.at(position, std::move(equal).error());
  for (auto& part : parts) {
    const auto at = part.position;
    SLUICE_TRY(part, typing_.cast(std::move(part), equal->parameters[0], CastContext::implicit, at));
  }
  auto out = made(Scalar::Kind::in, kBoolean, position, std::move(parts));
  out.function = std::move(*equal);
  return typing_.folded(std::move(out));
}

// x BETWEEN a AND b is x >= a AND x <= b.
Result<Scalar> Expressions::between(const sql::Expression& expression) {
  SLUICE_TRY(auto parts, parts_of(expression));
  SLUICE_TRY(auto low, typing_.operation(">=", pair_of(parts[0], std::move(parts[1])), expression.position));
  SLUICE_TRY(auto high, typing_.operation("<=", pair_of(std::move(parts[0]), std::move(parts[2])), expression.position));
  auto both = made(Scalar::Kind::and_, kBoolean, expression.position, pair_of(std::move(low), std::move(high)));
  return typing_.folded(negated_if(expression.negated, std::move(both)));
}

Result<Scalar> Expressions::is(const sql::Expression& expression) {
  SLUICE_TRY(auto parts, parts_of(expression));
  auto kind = Scalar::Kind::is_null;
  if (expression.text == "true") kind = Scalar::Kind::is_true;
  if (expression.text == "false") kind = Scalar::Kind::is_false;
  if (expression.text == "null") {
    SLUICE_TRY(parts[0], typing_.known(std::move(parts[0])));
  } else {
    SLUICE_TRY(parts[0], typing_.truth(std::move(parts[0]), "IS " + expression.text));
  }
  return typing_.folded(made(kind, kBoolean, expression.position, std::move(parts), expression.negated));
}

Result<Scalar> Expressions::logical(const sql::Expression& expression) {
  const auto kind = expression.kind == Form::and_  ? Scalar::Kind::and_
                    : expression.kind == Form::or_ ? Scalar::Kind::or_
                                                   : Scalar::Kind::not_;
  const auto* const word = expression.kind == Form::and_ ? "AND" : expression.kind == Form::or_ ? "OR" : "NOT";
  SLUICE_TRY(auto parts, parts_of(expression));
  for (auto& part : parts) {
    SLUICE_TRY(part, typing_.truth(std::move(part), word));
  }
  return typing_.folded(made(kind, kBoolean, expression.position, std::move(parts)));
}

// Equality finds the types that both sides are compared as.
Result<Scalar> Expressions::distinct(const sql::Expression& expression) {
  SLUICE_TRY(auto parts, parts_of(expression));
  SLUICE_TRY(const auto type, typing_.unify(pointers(parts), "IS DISTINCT FROM", expression.position));
  const std::vector<Type> types(2, type);
  if (auto equal = find_operator("=", types); !equal.ok()) return places_.at(expression.position, std::move(equal).error());
  return typing_.folded(made(Scalar::Kind::is_distinct, kBoolean, expression.position, std::move(parts), expression.negated));
}

Result<Scalar> Expressions::cast(const sql::Expression& expression) {
  SLUICE_TRY(auto value, bind(expression.parts[0]));
  auto type = type_named(expression.type, expression.modifiers);
  if (!type.ok()) return places_.at(expression.position, std::move(type).error());
  return typing_.cast(std::move(value), *type, CastContext::explicit_, expression.position);
}

Result<Scalar> Expressions::case_of(const sql::Expression& expression) {
  SLUICE_TRY(auto parts, parts_of(expression));
  std::vector<Scalar*> values = {&parts.back()};
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
    SLUICE_TRY(parts[i], typing_.truth(std::move(parts[i]), "CASE/WHEN"));
    values.push_back(&parts[i + 1]);
  }
  SLUICE_TRY(const auto type, typing_.unify(values, "CASE", expression.position));
  return typing_.folded(made(Scalar::Kind::case_, type, expression.position, std::move(parts)));
}

Result<Scalar> Expressions::coalesce(const sql::Expression& expression) {
  SLUICE_TRY(auto parts, parts_of(expression));
  SLUICE_TRY(const auto type, typing_.unify(pointers(parts), "COALESCE", expression.position));
  return typing_.folded(made(Scalar::Kind::coalesce, type, expression.position, std::move(parts)));
}

Result<Scalar> Expressions::function(const sql::Expression& expression) {
  const auto& name = expression.text;
  if (is_aggregate(name)) return aggregate(expression);
  if (is_window(expression)) {
    return places_.rejected(expression.position, name + "() is a window: it stands in GROUP BY only, and by itself",
                            "the window's bounds are window_start and window_end");
  }
  if (expression.only_distinct || !expression.filter.empty()) {
    const auto* const what = expression.only_distinct ? "DISTINCT" : "FILTER";
    return places_.rejected(expression.position, what + (" specified, but " + name) + " is not an aggregate function");
  }
  if (name == "coalesce") return coalesce(expression);
  return named_function(expression);
}

Result<Scalar> Expressions::named_function(const sql::Expression& expression) {
  SLUICE_TRY(auto parts, parts_of(expression));
  auto out = typing_.function(expression.text, std::move(parts), expression.position);
  if (out.ok() || !out.error().hint.empty() || is_function(expression.text)) return out;
  auto error = std::move(out).error();
  error.hint = meant(expression.text, aggregate_names());
  if (error.hint.empty() && expression.text.ends_with("_agg")) {
    error.hint = "aggregates are";
    for (const auto name : aggregate_names()) error.hint += (error.hint.ends_with("are") ? " " : ", ") + std::string(name);
  }
  return error;
}

Result<Scalar> Expressions::aggregate(const sql::Expression& expression) {
  if (!clause_.empty()) {
    const bool nested = clause_ == kAggregate;
    return places_.rejected(expression.position, nested ? "aggregate function calls cannot be nested"
                                                        : "aggregate functions are not allowed in " + clause_,
                            nested ? "aggregate a query that aggregates: FROM (SELECT … GROUP BY …) x" : "a condition on groups stands in HAVING");
  }
  SLUICE_TRY(auto made_one, aggregation(expression));
  const auto like = [&](const Aggregation& other) {
    const auto equal = [](const std::optional<Scalar>& a, const std::optional<Scalar>& b) {
      return a.has_value() == b.has_value() && (!a || same(*a, *b));
    };
    return other.kind == made_one.kind && other.distinct == made_one.distinct && equal(other.argument, made_one.argument) &&
           equal(other.filter, made_one.filter);
  };
  const auto found = std::ranges::find_if(aggregations_, like);
  const auto index = static_cast<std::size_t>(found - aggregations_.begin());
  const auto type = made_one.result;
  if (found == aggregations_.end()) aggregations_.push_back(std::move(made_one));
  return column_of(type, kFirstAggregation + index, expression.position);
}

Result<Aggregation> Expressions::aggregation(const sql::Expression& expression) {
  Aggregation out;
  if (expression.parts.size() != 1) {
    return places_.rejected(expression.position, "function " + expression.text + "() takes one argument" +
                                                     (expression.text == "count" ? ", or *" : ""));
  }
  if (expression.parts[0].kind == Form::star) {
    if (expression.text != "count") return places_.rejected(expression.position, expression.text + "(*) is not a function; count(*) is");
    out = {.kind = Aggregation::Kind::count_all, .result = {TypeKind::int8}};
  } else {
    SLUICE_TRY(auto argument, plain(expression.parts[0], kAggregate));
    SLUICE_TRY(argument, typing_.known(std::move(argument)));
    if (expression.only_distinct) SLUICE_RETURN_IF_ERROR(typing_.comparable(argument));
    auto found = find_aggregate(expression.text, argument.type);
    if (!found.ok()) return places_.at(expression.position, std::move(found).error());
    out = std::move(*found);
    out.argument = std::move(argument);
  }
  // Of min, max and the like every value may count as often as it comes.
  using Kind = Aggregation::Kind;
  out.distinct = expression.only_distinct && (out.kind == Kind::count || out.kind == Kind::sum || out.kind == Kind::avg);
  if (expression.only_distinct && out.kind == Kind::count_all) {
    return places_.rejected(expression.position, "DISTINCT * is nothing to count", "write count(DISTINCT a column)");
  }
  if (!expression.filter.empty()) {
    SLUICE_TRY(auto filter, plain(expression.filter[0], "FILTER"));
    SLUICE_TRY(out.filter, typing_.truth(std::move(filter), "FILTER"));
  }
  return out;
}

bool Expressions::is_window(const sql::Expression& expression) {
  return expression.kind == Form::function &&
         (expression.text == "tumble" || expression.text == "hop" || expression.text == "session");
}

Result<void> Expressions::open_window(const sql::Expression& call) {
  constexpr std::int64_t kMostWindows = 10'000;  // that one row is in
  const bool hop = call.text == "hop";
  if (window_) return places_.rejected(call.position, "a query has one window", "group a subquery by the other");
  if (call.parts.size() != (hop ? 3 : 2)) {
    return places_.rejected(call.position, call.text + "() has other arguments",
                            hop ? "write hop(time, slide, size)" : "write " + call.text + (call.text == "tumble" ? "(time, size)" : "(time, gap)"));
  }
  Window out{.kind = hop ? Window::Kind::hop : call.text == "tumble" ? Window::Kind::tumble : Window::Kind::session};
  SLUICE_TRY(out.time, plain(call.parts[0], "GROUP BY"));
  if (!is_time(out.time.type.kind)) {
    return places_.rejected(out.time.position, call.text + "() is of a timestamp, not of " + type_text(out.time.type));
  }
  SLUICE_TRY(const auto size, plain(call.parts.back(), "GROUP BY"));
  SLUICE_TRY(out.size_us, typing_.span_of(size, "the size of a window"));
  if (out.size_us == 0) return places_.rejected(size.position, "a window is longer than nothing");
  if (hop) {
    SLUICE_TRY(const auto slide, plain(call.parts[1], "GROUP BY"));
    SLUICE_TRY(out.slide_us, typing_.span_of(slide, "the slide of a window"));
    if (out.slide_us == 0 || out.slide_us > out.size_us || out.size_us / out.slide_us > kMostWindows) {
      return places_.rejected(slide.position, "the slide is more than nothing, at most the size, and at least a 10,000th of it");
    }
  }
  window_ = std::move(out);
  return {};
}

std::string Expressions::name_of(const sql::Expression& expression) {
  switch (expression.kind) {
    case Form::column:
    case Form::function: return expression.text;
    case Form::cast: {
      auto inner = name_of(expression.parts[0]);
      return inner == "?column?" || inner == "case" ? expression.type : inner;
    }
    case Form::case_: {
      auto inner = name_of(expression.parts.back());
      return inner == "?column?" || expression.parts.back().kind == Form::cast ? "case" : inner;
    }
    default: return "?column?";
  }
}

}  // namespace sluice::flow
