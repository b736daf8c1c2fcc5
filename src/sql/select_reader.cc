// Members of a node that nothing here reads are refused, so that no part of a query is ever left out in silence.
#include "sql/select_reader.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::sql {

namespace {

struct Refusal {
  std::string_view member;
  std::string_view name;
  std::string_view hint = {};
};
constexpr auto kRefusals = std::to_array<Refusal>({
    {"valuesLists", "VALUES"},
    {"intoClause", "SELECT INTO", "CREATE MATERIALIZED VIEW name AS SELECT …"},
    {"windowClause", "WINDOW", "use tumble(), hop() or session() in GROUP BY, or DISTINCT ON"},
    {"lockingClause", "FOR UPDATE", "leave it out: a view is read as it is at one moment"},
    {"groupDistinct", "GROUP BY DISTINCT"},
});

Source cross(Source left, Source right) {
  Source out{.kind = Source::Kind::join, .position = right.position, .join = Source::Join::cross};
  out.sides.push_back(std::move(left));
  out.sides.push_back(std::move(right));
  return out;
}

void take_alias(const Node& node, Source& out) {
  const auto* alias = object_of(node, "alias");
  if (alias == nullptr) return;
  out.alias = text_of(*alias, "aliasname");
  out.columns = names_of(list_of(*alias, "colnames"));
}

}  // namespace

Result<std::string> relation_name(const Places& places, const Node& range) {
  if (!truth_of(range, "inh")) return places.unsupported(places.character_of(range), "ONLY is not supported", "leave it out");
  if (text_of(range, "relpersistence") != "p") {
    return places.unsupported(places.character_of(range), "TEMPORARY and UNLOGGED are not supported", "leave it out: what is defined is kept");
  }
  std::string out;
  for (const auto* part : {"catalogname", "schemaname", "relname"}) {
    if (range.contains(part)) out += (out.empty() ? "" : ".") + text_of(range, part);
  }
  return out;
}

Result<Select> SelectReader::read(const Node& node) {
  Select out;
  SLUICE_RETURN_IF_ERROR(check_members(node));
  if (const auto* with = object_of(node, "withClause")) SLUICE_RETURN_IF_ERROR(read_with(*with, out));
  if (text_of(node, "op") == "SETOP_NONE") {
    SLUICE_RETURN_IF_ERROR(read_simple(node, out));
  } else {
    SLUICE_RETURN_IF_ERROR(read_union(node, out));
  }
  SLUICE_RETURN_IF_ERROR(read_order(node, out));
  return out;
}

Result<void> SelectReader::check_members(const Node& node) const {
  const auto* first = list_of(node, "targetList").empty() ? &node : opened(list_of(node, "targetList")[0]).second;
  for (const auto& refusal : kRefusals) {
    if (!node.contains(refusal.member)) continue;
    return places_.unsupported(places_.character_of(*first), std::string(refusal.name) + " is not supported", std::string(refusal.hint));
  }
  return only_members(places_, node,
                      {"distinctClause", "targetList", "fromClause", "whereClause", "groupClause", "havingClause", "sortClause",
                       "limitOffset", "limitCount", "limitOption", "withClause", "op", "all", "larg", "rarg"});
}

Result<void> SelectReader::read_with(const Node& with, Select& out) {
  for (const auto& item : list_of(with, "ctes")) {
    const auto* table = node_of(item, "CommonTableExpr");
    if (table == nullptr) return places_.rejected(1, "it is no WITH");
    const auto position = places_.character_of(*table);
    if (truth_of(with, "recursive")) return places_.unsupported(position, "WITH RECURSIVE is not supported");
    SLUICE_RETURN_IF_ERROR(only_members(places_, *table, {"ctename", "aliascolnames", "ctematerialized", "ctequery", "location"}));
    const auto* query = node_of(table->at("ctequery"), "SelectStmt");
    if (query == nullptr) return places_.unsupported(position, "a WITH of something else than a SELECT is not supported");
    SLUICE_TRY(auto read_query, read(*query));
    out.with.push_back({.name = text_of(*table, "ctename"),
                        .columns = names_of(list_of(*table, "aliascolnames")),
                        .query = std::make_shared<const Select>(std::move(read_query))});
  }
  return {};
}

// A chain of one kind is one union, of any length: the tree leans to the left.
Result<void> SelectReader::read_union(const Node& node, Select& out) {
  const bool all = truth_of(node, "all");
  std::vector<const Node*> sides;
  const Node* at = &node;
  while (true) {
    const auto operation = text_of(*at, "op");
    if (operation != "SETOP_UNION") {
      const auto* const name = operation == "SETOP_INTERSECT" ? "INTERSECT" : "EXCEPT";
      const auto* right = object_of(*at, "rarg");
      return places_.unsupported(right != nullptr ? places_.character_of(*right) : 1, std::string(name) + " is not supported",
                                 "use a join, or a left join and IS NULL");
    }
    SLUICE_RETURN_IF_ERROR(check_members(*at));
    const auto* left = object_of(*at, "larg");
    const auto* right = object_of(*at, "rarg");
    if (left == nullptr || right == nullptr) return places_.rejected(1, "it is no UNION");
    sides.push_back(right);
    const bool goes_on = text_of(*left, "op") == "SETOP_UNION" && truth_of(*left, "all") == all && !left->contains("withClause") &&
                         !left->contains("sortClause") && !left->contains("limitCount") && !left->contains("limitOffset");
    if (!goes_on) {
      sides.push_back(left);
      break;
    }
    at = left;
  }
  out.distinct = !all;
  for (const auto* side : sides) {
    SLUICE_TRY(auto query, read(*side));
    out.union_of.push_back(std::make_shared<const Select>(std::move(query)));
  }
  std::ranges::reverse(out.union_of);
  out.position = out.union_of[0]->position;
  return {};
}

Result<void> SelectReader::read_simple(const Node& node, Select& out) {
  for (const auto& item : list_of(node, "targetList")) {
    const auto* target = node_of(item, "ResTarget");
    if (target == nullptr || !target->contains("val")) return places_.rejected(1, "it is no list of results");
    SLUICE_TRY(auto value, expressions_.read(target->at("val")));
    if (out.results.empty()) out.position = value.position;
    out.results.push_back({.value = std::move(value), .name = text_of(*target, "name")});
  }
  SLUICE_RETURN_IF_ERROR(read_distinct(node, out));
  for (const auto& item : list_of(node, "fromClause")) {
    SLUICE_TRY(auto source, read_source(item));
    out.from = out.from ? cross(*std::move(out.from), std::move(source)) : std::move(source);
  }
  if (const auto* where = node.if_contains("whereClause")) SLUICE_RETURN_IF_ERROR(read_where(*where, out));
  for (const auto& item : list_of(node, "groupClause")) {
    if (const auto* set = node_of(item, "GroupingSet")) {
      return places_.unsupported(places_.character_of(*set), "GROUPING SETS, CUBE and ROLLUP are not supported", "write a view for each");
    }
    SLUICE_TRY(auto group, expressions_.read(item));
    out.group_by.push_back(std::move(group));
  }
  if (const auto* having = node.if_contains("havingClause")) {
    SLUICE_TRY(out.having, expressions_.read(*having));
  }
  return {};
}

// SELECT DISTINCT is a list of one empty node.
Result<void> SelectReader::read_distinct(const Node& node, Select& out) {
  for (const auto& item : list_of(node, "distinctClause")) {
    if (item.is_object() && item.get_object().empty()) {
      out.distinct = true;
      continue;
    }
    SLUICE_TRY(auto key, expressions_.read(item));
    out.distinct_on.push_back(std::move(key));
  }
  return {};
}

Result<void> SelectReader::read_order(const Node& node, Select& out) {
  for (const auto& item : list_of(node, "sortClause")) {
    const auto* sort = node_of(item, "SortBy");
    if (sort == nullptr) return places_.rejected(1, "it is no ORDER BY");
    SLUICE_TRY(auto value, expressions_.read(sort->at("node")));
    const auto direction = text_of(*sort, "sortby_dir");
    if (direction == "SORTBY_USING") return places_.unsupported(value.position, "USING is not supported", "write ASC or DESC");
    const bool descending = direction == "SORTBY_DESC";
    const auto nulls = text_of(*sort, "sortby_nulls");
    out.sort.push_back({.value = std::move(value),
                        .descending = descending,
                        .nulls_first = nulls == "SORTBY_NULLS_DEFAULT" ? descending : nulls == "SORTBY_NULLS_FIRST"});
  }
  const auto* limit = node.if_contains("limitCount");
  if (limit != nullptr) {
    SLUICE_TRY(out.limit, expressions_.read(*limit));
    if (text_of(node, "limitOption") == "LIMIT_OPTION_WITH_TIES") {
      return places_.unsupported(out.limit->position, "WITH TIES is not supported");
    }
    if (out.limit->kind == Expression::Kind::null) out.limit.reset();  // LIMIT ALL
  }
  if (const auto* offset = node.if_contains("limitOffset")) {
    SLUICE_TRY(out.offset, expressions_.read(*offset));
  }
  return {};
}

Result<Source> SelectReader::read_source(const NodeValue& value) {
  const auto [kind, node] = opened(value);
  if (node == nullptr) return places_.rejected(1, "it is no FROM");
  if (kind == "RangeVar") return relation(*node);
  if (kind == "RangeSubselect") return subquery(*node);
  if (kind == "JoinExpr") return join(*node);
  const auto position = places_.character_of(*node);
  if (kind == "RangeFunction") {
    return places_.unsupported(position, "a function in FROM is not supported", "tumble(), hop() and session() stand in GROUP BY");
  }
  return places_.unsupported(position, (kind == "RangeTableSample" ? "TABLESAMPLE" : std::string(kind)) + " is not supported");
}

Result<Source> SelectReader::relation(const Node& node) const {
  Source out{.position = places_.character_of(node)};
  SLUICE_TRY(out.name, relation_name(places_, node));
  take_alias(node, out);
  return out;
}

Result<Source> SelectReader::subquery(const Node& node) {
  Source out{.kind = Source::Kind::subquery};
  const auto* query = node.contains("subquery") ? node_of(node.at("subquery"), "SelectStmt") : nullptr;
  if (query == nullptr) return places_.rejected(1, "it is no query");
  SLUICE_TRY(auto read_query, read(*query));
  out.position = read_query.position;
  if (truth_of(node, "lateral")) return places_.unsupported(out.position, "LATERAL is not supported", "join with a condition: JOIN (SELECT …) b ON …");
  out.query = std::make_shared<const Select>(std::move(read_query));
  take_alias(node, out);
  return out;
}

Result<Source> SelectReader::join(const Node& node) {
  Source out{.kind = Source::Kind::join};
  const auto type = text_of(node, "jointype");
  SLUICE_TRY(auto left, read_source(node.at("larg")));
  SLUICE_TRY(auto right, read_source(node.at("rarg")));
  out.position = right.position;
  if (truth_of(node, "isNatural")) {
    return places_.unsupported(out.position, "NATURAL JOIN is not supported", "name the columns: JOIN b USING (id)");
  }
  SLUICE_RETURN_IF_ERROR(only_members(places_, node, {"jointype", "larg", "rarg", "quals", "usingClause", "rtindex"}));
  out.using_ = names_of(list_of(node, "usingClause"));
  if (const auto* on = node.if_contains("quals")) {
    SLUICE_TRY(auto condition, expressions_.read(*on));
    out.on.push_back(std::move(condition));
  }
  const bool crossed = type == "JOIN_INNER" && out.using_.empty() && out.on.empty();
  out.join = crossed                ? Source::Join::cross
             : type == "JOIN_LEFT"  ? Source::Join::left
             : type == "JOIN_RIGHT" ? Source::Join::right
             : type == "JOIN_FULL"  ? Source::Join::full
                                    : Source::Join::inner;
  out.sides.push_back(std::move(left));
  out.sides.push_back(std::move(right));
  return out;
}

}  // namespace sluice::sql
