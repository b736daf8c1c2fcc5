// One function a kind of node.
#include "sql/expression_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace sluice::sql {

namespace {

using Kind = Expression::Kind;

constexpr std::size_t kMostCopies = 10'000;  // of parts of CASE's operand, which stands in each of its conditions

constexpr std::string_view kClockHint = "event time only: use a column, or _timestamp";

struct Named {
  std::string_view node;
  std::string_view name;
  std::string_view hint = {};
};
constexpr auto kNames = std::to_array<Named>({
    {"SubLink", "a subquery", "join the query instead: FROM a JOIN (SELECT …) b ON …; x IN (SELECT …) and [NOT] EXISTS may be conditions of WHERE"},
    {"SQLValueFunction", "this word as a value (a column of that name stands in \"quotes\")"},
    {"A_ArrayExpr", "an array"}, {"RowExpr", "a row", "compare the columns one by one, with AND"},
    {"ParamRef", "a parameter", "write the value"}, {"CollateClause", "COLLATE", "texts compare as COLLATE \"C\" does"},
    {"A_Indirection", "a part of a value", "of JSON: x -> 'name', x ->> 0"},
    {"GroupingFunc", "GROUPING()"}, {"XmlExpr", "XML"}, {"XmlSerialize", "XML"}, {"SetToDefault", "DEFAULT"},
    {"NamedArgExpr", "an argument by name", "give the arguments in their order"}});

Named named(std::string_view node) {
  const auto* const found = std::ranges::find(kNames, node, &Named::node);
  return found == kNames.end() ? Named{node, node} : *found;
}

// "AEXPR_NOT_DISTINCT" as "NOT DISTINCT".
std::string spoken(std::string_view kind) {
  std::string out(kind.substr(std::min(kind.size(), std::string_view("AEXPR_").size())));
  std::ranges::replace(out, '_', ' ');
  return out;
}

std::size_t size_of(const Expression& expression) {
  std::size_t size = 1;
  for (const auto& part : expression.parts) size += size_of(part);
  return size;
}

Expression negation(Expression of) {
  Expression out{.kind = Kind::not_, .position = of.position};
  out.parts.push_back(std::move(of));
  return out;
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) { return std::ranges::find(names, name) != names.end(); }

}  // namespace

Result<void> only_members(const Places& places, const Node& node, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : node) {
    const std::string_view name(key.data(), key.size());
    if (!is_one_of(name, known)) return places.unsupported(places.character_of(node), "\"" + std::string(name) + "\" is not supported here");
  }
  return {};
}

Error ExpressionReader::refused(std::size_t position, const std::string& what) const {
  return places_.unsupported(position, what + " is not supported");
}

Result<Expression> ExpressionReader::read(const NodeValue& value) {
  const auto [kind, node] = opened(value);
  if (node == nullptr) return places_.rejected(1, "it is no expression");
  if (kind == "ColumnRef") return column(*node);
  if (kind == "A_Const") return constant(*node);
  if (kind == "A_Expr") return operation(*node);
  if (kind == "BoolExpr") return logical(*node);
  if (kind == "NullTest") return test(*node, text_of(*node, "nulltesttype"));
  if (kind == "BooleanTest") return test(*node, text_of(*node, "booltesttype"));
  return read_other(kind, *node);
}

Result<Expression> ExpressionReader::read_other(std::string_view kind, const Node& node) {
  if (kind == "FuncCall") return function(node);
  if (kind == "TypeCast") return cast(node);
  if (kind == "CaseExpr") return choice(node);
  if (kind == "CoalesceExpr") return listed(node, "coalesce");
  if (kind == "MinMaxExpr") return listed(node, text_of(node, "op") == "IS_LEAST" ? "least" : "greatest");
  const auto position = places_.character_of(node);
  if (kind == "CollateClause" && names_of(list_of(node, "collname")) == std::vector<std::string>{"C"}) return read(node.at("arg"));
  if (kind == "SQLValueFunction") {
    auto word = text_of(node, "op").substr(std::string_view("SVFOP_").size());
    const bool clock = word.starts_with("CURRENT_DATE") || word.find("TIME") != std::string::npos;
    if (word.ends_with("_N")) word.resize(word.size() - 2);
    return places_.unsupported(position, word + " is not supported", clock ? std::string(kClockHint) : "");
  }
  const auto known = named(kind);
  return places_.unsupported(position, std::string(known.name) + " is not supported in an expression", std::string(known.hint));
}

Result<Expression> ExpressionReader::column(const Node& node) const {
  const auto& fields = list_of(node, "fields");
  Expression out{.kind = Kind::column, .position = places_.character_of(node)};
  auto names = names_of(fields);
  const bool star = names.size() + 1 == fields.size() && node_of(fields[names.size()], "A_Star") != nullptr;
  if (!star && (names.empty() || names.size() != fields.size())) return refused(out.position, "such a name");
  if (star) {
    out.kind = Kind::star;
  } else {
    out.text = std::move(names.back());
    names.pop_back();
  }
  for (const auto& name : names) out.qualifier += (out.qualifier.empty() ? "" : ".") + name;
  return out;
}

Result<Expression> ExpressionReader::constant(const Node& node) const {
  Expression out{.position = places_.character_of(node)};
  if (node.contains("isnull")) return out;
  if (const auto* text = object_of(node, "sval")) {
    out.kind = Kind::text;
    out.text = text_of(*text, "sval");
  } else if (const auto* decimal = object_of(node, "fval")) {
    out.kind = Kind::number;
    out.text = text_of(*decimal, "fval");
  } else if (const auto* truth = object_of(node, "boolval")) {
    out.kind = Kind::boolean;
    out.text = truth->empty() ? "false" : "true";
  } else if (const auto* whole = object_of(node, "ival")) {
    out.kind = Kind::number;
    const auto* value = whole->if_contains("ival");
    out.text = value != nullptr ? std::to_string(value->as_int64()) : places_.integer_at(places_.byte_of(node));
    if (out.text.empty()) return places_.rejected(out.position, "a number stands like -7, without anything between");
  } else {
    return refused(out.position, "a constant of bits");
  }
  return out;
}

Result<void> ExpressionReader::add_parts(Expression& out, const NodeList& parts) {
  for (const auto& part : parts) {
    SLUICE_TRY(auto read_part, read(part));
    out.parts.push_back(std::move(read_part));
  }
  return {};
}

Result<Expression> ExpressionReader::with_parts(Expression out, std::initializer_list<const NodeValue*> parts) {
  for (const auto* part : parts) {
    if (const auto* list = node_of(*part, "List")) {
      SLUICE_RETURN_IF_ERROR(add_parts(out, list_of(*list, "items")));
      continue;
    }
    SLUICE_TRY(auto read_part, read(*part));
    out.parts.push_back(std::move(read_part));
  }
  return out;
}

Result<Expression> ExpressionReader::operation(const Node& node) {
  const auto kind = text_of(node, "kind");
  const auto names = names_of(list_of(node, "name"));
  Expression out{.position = places_.character_of(node)};
  const auto* left = node.if_contains("lexpr");
  const auto* right = node.if_contains("rexpr");
  const auto name = names.empty() ? std::string() : names.back();
  if (names.size() != 1 || right == nullptr) return refused(out.position, "the operator " + name);
  if (left == nullptr) {
    if (kind != "AEXPR_OP") return refused(out.position, "the operator " + name);
    return other_operation(node, kind, name, std::move(out));
  }
  if (kind == "AEXPR_OP" && is_one_of(name, {"=", "<>", "<", "<=", ">", ">="})) {
    out.kind = Kind::compare;
    out.text = name;
  } else if (kind == "AEXPR_IN") {
    out.kind = Kind::in;
    out.negated = name == "<>";
  } else if (kind == "AEXPR_BETWEEN" || kind == "AEXPR_NOT_BETWEEN") {
    out.kind = Kind::between;
    out.negated = kind == "AEXPR_NOT_BETWEEN";
  } else if (kind == "AEXPR_LIKE") {
    out.kind = Kind::like;
    out.negated = name == "!~~";
  } else {
    return other_operation(node, kind, name, std::move(out));
  }
  return with_parts(std::move(out), {left, right});
}

Result<Expression> ExpressionReader::other_operation(const Node& node, std::string_view kind, const std::string& name, Expression out) {
  const auto* left = node.if_contains("lexpr");
  const auto* right = &node.at("rexpr");
  if (left == nullptr) {
    if (!is_one_of(name, {"+", "-"})) return refused(out.position, "the operator " + name + " before a value");
    out.kind = Kind::operation;
    out.text = name;
    return with_parts(std::move(out), {right});
  }
  bool negated = false;
  if (kind == "AEXPR_DISTINCT" || kind == "AEXPR_NOT_DISTINCT") {
    out.kind = Kind::distinct;
    out.negated = kind == "AEXPR_NOT_DISTINCT";
  } else if (kind == "AEXPR_NULLIF") {
    out.kind = Kind::function;
    out.text = "nullif";
  } else if (kind == "AEXPR_ILIKE" || name == "~~*" || name == "!~~*") {
    out.kind = Kind::operation;
    out.text = "ilike";
    negated = name == "!~~*";
  } else if (kind == "AEXPR_OP" && is_one_of(name, {"~~", "!~~"})) {
    out.kind = Kind::like;
    out.negated = name == "!~~";
  } else if (kind == "AEXPR_OP" && is_one_of(name, {"+", "-", "*", "/", "%", "^", "||", "->", "->>", "#>", "#>>", "~", "~*", "!~", "!~*"})) {
    out.kind = Kind::operation;
    out.text = name;
  } else if (kind == "AEXPR_SIMILAR") {
    return places_.unsupported(out.position, "SIMILAR TO is not supported", "write a regular expression: x ~ '^(a|b)$'");
  } else if (kind == "AEXPR_OP_ANY" || kind == "AEXPR_OP_ALL") {
    return places_.unsupported(out.position, spoken(kind).substr(3) + " is not supported", "write x IN (a, b) or x NOT IN (a, b)");
  } else if (kind != "AEXPR_OP") {
    return places_.unsupported(out.position, "BETWEEN SYMMETRIC is not supported", "write x BETWEEN least(a, b) AND greatest(a, b)");
  } else {
    return refused(out.position, "the operator " + name);
  }
  SLUICE_TRY(auto done, with_parts(std::move(out), {left, right}));
  return negated ? negation(std::move(done)) : std::move(done);
}

Result<Expression> ExpressionReader::logical(const Node& node) {
  Expression out{.position = places_.character_of(node)};
  const auto which = text_of(node, "boolop");
  out.kind = which == "AND_EXPR" ? Kind::and_ : which == "OR_EXPR" ? Kind::or_ : Kind::not_;
  SLUICE_RETURN_IF_ERROR(add_parts(out, list_of(node, "args")));
  return out;
}

// `which`: IS_NULL, IS_NOT_TRUE …
Result<Expression> ExpressionReader::test(const Node& node, std::string_view which) {
  Expression out{.kind = Kind::is, .position = places_.character_of(node)};
  which.remove_prefix(std::string_view("IS_").size());
  out.negated = which.starts_with("NOT_");
  if (out.negated) which.remove_prefix(std::string_view("NOT_").size());
  for (const char c : which) out.text += static_cast<char>(c | 0x20);
  return with_parts(std::move(out), {&node.at("arg")});
}

Result<std::string> ExpressionReader::function_name(const Node& node) const {
  const auto position = places_.character_of(node);
  const auto names = names_of(list_of(node, "funcname"));
  if (names.empty() || names.size() > 2 || (names.size() == 2 && names[0] != "pg_catalog")) {
    return refused(position, "a function of a schema");
  }
  const auto& name = names.back();
  if (node.contains("over")) {
    return places_.unsupported(position, "OVER is not supported", "use tumble(), hop() or session() in GROUP BY, or DISTINCT ON");
  }
  if (is_one_of(name, {"now", "clock_timestamp", "statement_timestamp", "transaction_timestamp", "timeofday"})) {
    return places_.unsupported(position, name + "() is not supported", std::string(kClockHint));
  }
  if (name == "like_escape") return places_.unsupported(position, "ESCAPE is not supported", "the escape is a backslash: LIKE '50\\%'");
  constexpr auto kParts = std::to_array<Named>({{"agg_within_group", "WITHIN GROUP"}, {"agg_order", "ORDER BY within an aggregate"},
                                                {"func_variadic", "VARIADIC"}});
  for (const auto& part : kParts) {
    if (node.contains(part.node)) return refused(position, std::string(part.name));
  }
  SLUICE_RETURN_IF_ERROR(
      only_members(places_, node, {"funcname", "args", "agg_filter", "agg_star", "agg_distinct", "funcformat", "location"}));
  return name;
}

Result<Expression> ExpressionReader::function(const Node& node) {
  Expression out{.kind = Kind::function, .position = places_.character_of(node)};
  SLUICE_TRY(out.text, function_name(node));
  out.only_distinct = truth_of(node, "agg_distinct");
  SLUICE_RETURN_IF_ERROR(add_parts(out, list_of(node, "args")));
  if (truth_of(node, "agg_star")) out.parts.push_back({.kind = Kind::star, .position = out.position});
  if (const auto* filter = node.if_contains("agg_filter")) {
    SLUICE_TRY(auto condition, read(*filter));
    out.filter.push_back(std::move(condition));
  }
  return out;
}

Result<Expression> ExpressionReader::listed(const Node& node, std::string name) {
  Expression out{.kind = Kind::function, .text = std::move(name), .position = places_.character_of(node)};
  SLUICE_RETURN_IF_ERROR(add_parts(out, list_of(node, "args")));
  return out;
}

Result<Expression> ExpressionReader::choice(const Node& node) {
  Expression out{.kind = Kind::case_, .position = places_.character_of(node)};
  std::vector<Expression> operand;
  if (const auto* of = node.if_contains("arg")) {
    SLUICE_TRY(auto read_operand, read(*of));
    operand.push_back(std::move(read_operand));
  }
  for (const auto& item : list_of(node, "args")) {
    const auto* branch = node_of(item, "CaseWhen");
    if (branch == nullptr) return refused(out.position, "such a CASE");
    SLUICE_TRY(auto when, read(branch->at("expr")));
    if (!operand.empty()) {
      copied_ += size_of(operand[0]);
      if (copied_ > kMostCopies) return places_.unsupported(out.position, "CASE of so large a value is not supported", "write CASE WHEN … = … THEN");
      Expression equal{.kind = Kind::compare, .text = "=", .position = when.position};
      equal.parts = {operand[0], std::move(when)};
      when = std::move(equal);
    }
    SLUICE_TRY(auto then, read(branch->at("result")));
    out.parts.push_back(std::move(when));
    out.parts.push_back(std::move(then));
  }
  const auto* otherwise = node.if_contains("defresult");
  if (otherwise == nullptr) {
    out.parts.push_back({.position = out.position});
    return out;
  }
  return with_parts(std::move(out), {otherwise});
}

Result<void> ExpressionReader::read_type(const Node& name, std::string& type, std::vector<int>& modifiers) {
  const auto position = places_.character_of(name);
  const auto names = names_of(list_of(name, "names"));
  if (name.contains("arrayBounds")) return refused(position, "an array");
  SLUICE_RETURN_IF_ERROR(only_members(places_, name, {"names", "typmods", "typemod", "location"}));
  if (names.empty() || names.size() > 2 || (names.size() == 2 && names[0] != "pg_catalog")) return refused(position, "a type of a schema");
  type = names.back();
  for (const auto& item : list_of(name, "typmods")) {
    SLUICE_TRY(const auto modifier, read(item));
    int number = 0;
    const auto* const end = modifier.text.data() + modifier.text.size();
    const auto [stop, error] = std::from_chars(modifier.text.data(), end, number);
    if (modifier.kind != Kind::number || error != std::errc() || stop != end) return refused(modifier.position, "such a size of a type");
    modifiers.push_back(number);
  }
  return {};
}

Result<Expression> ExpressionReader::cast(const Node& node) {
  Expression out{.kind = Kind::cast};
  const auto* name = object_of(node, "typeName");
  if (name == nullptr) return refused(places_.character_of(node), "such a cast");
  // DATE '2026-01-01' has no place of its own.
  out.position = places_.byte_of(node) == std::string_view::npos ? places_.character_of(*name) : places_.character_of(node);
  SLUICE_RETURN_IF_ERROR(read_type(*name, out.type, out.modifiers));
  SLUICE_TRY(auto done, with_parts(std::move(out), {&node.at("arg")}));
  if (done.type == "interval" && !done.modifiers.empty()) SLUICE_RETURN_IF_ERROR(interval_unit(done));
  return done;
}

// INTERVAL '5' MINUTE becomes INTERVAL '5 minute': the modifier is a bit for each field, as PostgreSQL's INTERVAL_MASK.
Result<void> ExpressionReader::interval_unit(Expression& cast) const {
  constexpr auto kUnits = std::to_array<std::pair<int, std::string_view>>(
      {{1 << 2, "year"}, {1 << 1, "month"}, {1 << 3, "day"}, {1 << 10, "hour"}, {1 << 11, "minute"}, {1 << 12, "second"}});
  const auto* const unit = std::ranges::find(kUnits, cast.modifiers[0], &std::pair<int, std::string_view>::first);
  auto& literal = cast.parts[0];
  const bool second = unit != kUnits.end() && unit->second == "second";
  const auto digits = literal.text.substr(literal.text.starts_with('-') ? 1 : 0);
  const bool number = !digits.empty() && digits.find_first_not_of(second ? "0123456789." : "0123456789") == std::string::npos;
  if (unit == kUnits.end() || cast.modifiers.size() != 1 || literal.kind != Kind::text || !number) {
    return places_.unsupported(cast.position, "such fields of an interval are not supported", "write the units within: INTERVAL '1 day 2 hours'");
  }
  literal.text += " " + std::string(unit->second);
  cast.modifiers.clear();
  return {};
}

}  // namespace sluice::sql
