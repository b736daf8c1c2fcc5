// WHERE, whose conditions may be x IN (SELECT …): such a condition is an inner join with the distinct rows of the subquery, which a row
// meets once or not at all. A null meets nothing, which is what WHERE makes of the null that IN would give.
#include <memory>
#include <utility>

#include "sql/select_reader.h"

namespace sluice::sql {
namespace {

void add_conditions(const NodeValue& value, std::vector<const NodeValue*>& out) {
  const auto* logical = node_of(value, "BoolExpr");
  if (logical == nullptr || text_of(*logical, "boolop") != "AND_EXPR") return out.push_back(&value);
  for (const auto& each : list_of(*logical, "args")) add_conditions(each, out);
}

// Of x IN (SELECT …), not of x > ANY (SELECT …).
const Node* in_query(const NodeValue& value) {
  const auto* link = node_of(value, "SubLink");
  return link != nullptr && text_of(*link, "subLinkType") == "ANY_SUBLINK" && !link->contains("operName") ? link : nullptr;
}

Select distinct(Select query) {
  const bool plain = query.union_of.empty() && query.distinct_on.empty() && query.sort.empty() && !query.limit && !query.offset;
  if (plain) {
    query.distinct = true;
    return query;
  }
  Select out{.position = query.position, .distinct = true};
  out.results.push_back({.value = {.kind = Expression::Kind::star, .position = query.position}, .name = {}});
  out.from = Source{.kind = Source::Kind::subquery, .position = query.position};
  out.from->query = std::make_shared<const Select>(std::move(query));
  return out;
}

}  // namespace

Result<void> SelectReader::read_where(const NodeValue& where, Select& out) {
  std::vector<const NodeValue*> conditions;
  add_conditions(where, conditions);
  Expression all{.kind = Expression::Kind::and_, .position = 1};
  for (const auto* each : conditions) {
    if (const auto* link = in_query(*each); link != nullptr && out.from) {
      SLUICE_TRY(out.from, semi_join(*std::move(out.from), *link));
      continue;
    }
    SLUICE_TRY(auto condition, expressions_.read(*each));
    all.parts.push_back(std::move(condition));
  }
  if (all.parts.size() > 1) all.position = all.parts[0].position, out.where = std::move(all);
  if (all.parts.size() == 1) out.where = std::move(all.parts[0]);
  return {};
}

Result<Source> SelectReader::semi_join(Source left, const Node& link) {
  const auto position = places_.character_of(link);
  const auto* query = link.contains("subselect") ? node_of(link.at("subselect"), "SelectStmt") : nullptr;
  if (query == nullptr || !link.contains("testexpr")) return places_.rejected(position, "it is no IN");
  SLUICE_TRY(auto asked, expressions_.read(link.at("testexpr")));
  SLUICE_TRY(auto rows, read(*query));
  Source right{.kind = Source::Kind::subquery, .position = position, .of_in = true};
  right.alias = "in " + std::to_string(++in_queries_);  // no name of a person's
  right.columns = {"value"};
  right.query = std::make_shared<const Select>(distinct(std::move(rows)));
  Expression equal{.kind = Expression::Kind::compare, .text = "=", .position = position};
  equal.parts.push_back(std::move(asked));
  equal.parts.push_back({.kind = Expression::Kind::column, .text = right.columns[0], .position = position, .qualifier = right.alias});
  Source out{.kind = Source::Kind::join, .position = position, .join = Source::Join::inner};
  out.sides.push_back(std::move(left));
  out.sides.push_back(std::move(right));
  out.on.push_back(std::move(equal));
  return out;
}

}  // namespace sluice::sql
