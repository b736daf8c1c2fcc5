// WHERE, whose conditions may ask a subquery:
//
//   x IN (SELECT y …)                        an inner join with the subquery's distinct rows, ON x = y: a row meets one of them or none. A
//                                            null meets none, which is what WHERE makes of the null that IN would give.
//   EXISTS (SELECT … WHERE y = x AND …)      the same, of the values that the equalities with the outer query's columns ask for
//   NOT EXISTS (…)                           a left join with them, and a condition that there was none
#include <algorithm>
#include <memory>
#include <utility>

#include "sql/select_reader.h"

namespace sluice::sql {
namespace {

using Kind = Expression::Kind;

void add_conditions(const NodeValue& value, std::vector<const NodeValue*>& out) {
  const auto* logical = node_of(value, "BoolExpr");
  if (logical == nullptr || text_of(*logical, "boolop") != "AND_EXPR") return out.push_back(&value);
  for (const auto& each : list_of(*logical, "args")) add_conditions(each, out);
}

struct Asked {
  const Node* link = nullptr;  // null: no subquery
  bool exists = false;
  bool negated = false;
};

// x IN (SELECT …) but not x > ANY (SELECT …), EXISTS, and NOT EXISTS.
Asked asked_of(const NodeValue& value, bool negated = false) {
  if (const auto* logical = node_of(value, "BoolExpr"); logical != nullptr && text_of(*logical, "boolop") == "NOT_EXPR" && !negated) {
    return asked_of(list_of(*logical, "args").at(0), true);
  }
  const auto* link = node_of(value, "SubLink");
  if (link == nullptr) return {};
  const auto type = text_of(*link, "subLinkType");
  if (type == "EXISTS_SUBLINK") return {link, true, negated};
  return type == "ANY_SUBLINK" && !link->contains("operName") && !negated ? Asked{link} : Asked{};
}

Select distinct(Select query) {
  const bool plain = query.union_of.empty() && query.distinct_on.empty() && query.sort.empty() && !query.limit && !query.offset;
  if (plain) {
    query.distinct = true;
    return query;
  }
  Select out{.position = query.position, .distinct = true};
  out.results.push_back({.value = {.kind = Kind::star, .position = query.position}, .name = {}});
  out.from = Source{.kind = Source::Kind::subquery, .position = query.position};
  out.from->query = std::make_shared<const Select>(std::move(query));
  return out;
}

Expression equality(Expression left, Expression right) {
  Expression out{.kind = Kind::compare, .text = "=", .position = left.position};
  out.parts.push_back(std::move(left));
  out.parts.push_back(std::move(right));
  return out;
}

std::optional<Expression> all_of(std::vector<Expression> conditions) {
  if (conditions.empty()) return {};
  if (conditions.size() == 1) return std::move(conditions[0]);
  Expression out{.kind = Kind::and_, .position = conditions[0].position};
  out.parts = std::move(conditions);
  return out;
}

void add_qualifiers(const Source& source, std::vector<std::string>& out) {
  for (const auto& side : source.sides) add_qualifiers(side, out);
  if (source.kind == Source::Kind::join) return;
  out.push_back(!source.alias.empty() ? source.alias : source.name.substr(source.name.rfind('.') + 1));
  if (source.alias.empty()) out.push_back(source.name);
}

// Which query the columns of an expression are of. One without a qualifier is the inner query's.
struct Columns {
  bool inner = false;
  bool outer = false;
};

Columns columns_of(const Expression& expression, const std::vector<std::string>& inner) {
  Columns out;
  if (expression.kind == Kind::column) {
    const bool own = expression.qualifier.empty() || std::ranges::find(inner, expression.qualifier) != inner.end();
    (own ? out.inner : out.outer) = true;
  }
  for (const auto* parts : {&expression.parts, &expression.filter}) {
    for (const auto& part : *parts) {
      const auto of_part = columns_of(part, inner);
      out = {out.inner || of_part.inner, out.outer || of_part.outer};
    }
  }
  return out;
}

// What all_of() joined.
std::vector<Expression> conditions_of(std::optional<Expression> where) {
  if (where && where->kind == Kind::and_) return std::move(where->parts);
  std::vector<Expression> out;
  if (where) out.push_back(*std::move(where));
  return out;
}

// EXISTS' query, with what it is asked for.
struct Correlated {
  Select query;                   // its results are the values below, which are compared with
  std::vector<Expression> outer;  // these
};

// None: a condition names the outer query, and is no equality of the two.
std::optional<Correlated> correlated(Select query) {
  std::vector<std::string> inner;
  add_qualifiers(*query.from, inner);
  std::vector<Expression> kept;
  Correlated out;
  query.results.clear();
  for (auto& each : conditions_of(std::move(query.where))) {
    if (!columns_of(each, inner).outer) {
      kept.push_back(std::move(each));
      continue;
    }
    if (each.kind != Kind::compare || each.text != "=") return {};
    if (columns_of(each.parts[0], inner).outer) std::swap(each.parts[0], each.parts[1]);
    if (columns_of(each.parts[0], inner).outer || columns_of(each.parts[1], inner).inner) return {};
    query.results.push_back({.value = std::move(each.parts[0]), .name = "value " + std::to_string(query.results.size() + 1)});
    out.outer.push_back(std::move(each.parts[1]));
  }
  query.where = all_of(std::move(kept));
  query.distinct = true;
  out.query = std::move(query);
  return out;
}

}  // namespace

Result<void> SelectReader::read_where(const NodeValue& where, Select& out) {
  std::vector<const NodeValue*> conditions;
  add_conditions(where, conditions);
  std::vector<Expression> read_ones;
  for (const auto* each : conditions) {
    const auto asked = asked_of(*each);
    if (asked.link == nullptr || !out.from) {
      SLUICE_TRY(auto condition, expressions_.read(*each));
      read_ones.push_back(std::move(condition));
    } else if (asked.exists) {
      SLUICE_RETURN_IF_ERROR(join_exists(*asked.link, asked.negated, out, read_ones));
    } else {
      SLUICE_RETURN_IF_ERROR(join_in(*asked.link, out));
    }
  }
  out.where = all_of(std::move(read_ones));
  return {};
}

Result<Select> SelectReader::asked_query(const Node& link) {
  const auto* query = link.contains("subselect") ? node_of(link.at("subselect"), "SelectStmt") : nullptr;
  if (query == nullptr) return places_.rejected(places_.character_of(link), "it is no subquery");
  return read(*query);
}

Source SelectReader::asked_source(Select query, std::size_t position) {
  Source out{.kind = Source::Kind::subquery, .position = position, .asked = true};
  out.alias = "asked " + std::to_string(++asked_);  // no name of a person's
  for (std::size_t i = 0; i < query.results.size(); ++i) out.columns.push_back("value " + std::to_string(i + 1));
  out.query = std::make_shared<const Select>(std::move(query));
  return out;
}

void SelectReader::join(Source asked, std::vector<Expression> outer, Source::Join how, Select& out) {
  Source made{.kind = Source::Kind::join, .position = asked.position, .join = how};
  std::vector<Expression> equal;
  for (std::size_t i = 0; i < outer.size(); ++i) {
    const auto position = outer[i].position;
    equal.push_back(equality(std::move(outer[i]), {.kind = Kind::column, .text = asked.columns[i], .position = position, .qualifier = asked.alias}));
  }
  made.sides.push_back(*std::move(out.from));
  made.sides.push_back(std::move(asked));
  made.on.push_back(*all_of(std::move(equal)));
  out.from = std::move(made);
}

Result<void> SelectReader::join_in(const Node& link, Select& out) {
  const auto position = places_.character_of(link);
  if (!link.contains("testexpr")) return places_.rejected(position, "it is no IN");
  SLUICE_TRY(auto value, expressions_.read(link.at("testexpr")));
  SLUICE_TRY(auto query, asked_query(link));
  auto source = asked_source(distinct(std::move(query)), position);
  source.columns = {"value 1"};
  std::vector<Expression> values;
  values.push_back(std::move(value));
  join(std::move(source), std::move(values), Source::Join::inner, out);
  return {};
}

Result<void> SelectReader::join_exists(const Node& link, bool negated, Select& out, std::vector<Expression>& conditions) {
  const auto position = places_.character_of(link);
  SLUICE_TRY(auto query, asked_query(link));
  const auto refused = [&] {
    return places_.unsupported(position, "this EXISTS is not supported",
                               "known is EXISTS (SELECT … FROM b WHERE b.x = a.y AND …), with equalities alone between the two, the outer columns with their table's name");
  };
  const bool plain = query.union_of.empty() && query.group_by.empty() && !query.having && query.distinct_on.empty() && !query.limit && !query.offset;
  if (!plain || !query.from) return refused();
  query.sort.clear();
  auto found = correlated(std::move(query));
  if (!found || found->outer.empty()) return refused();
  if (negated) found->query.results.push_back({.value = {.kind = Kind::boolean, .text = "true", .position = position}, .name = "found"});
  auto source = asked_source(std::move(found->query), position);
  if (negated) {
    Expression none{.kind = Kind::is, .text = "null", .position = position};
    none.parts.push_back({.kind = Kind::column, .text = source.columns.back(), .position = position, .qualifier = source.alias});
    conditions.push_back(std::move(none));
  }
  join(std::move(source), std::move(found->outer), negated ? Source::Join::left : Source::Join::inner, out);
  return {};
}

}  // namespace sluice::sql
