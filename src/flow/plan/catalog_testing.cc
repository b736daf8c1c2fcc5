#include "flow/plan/catalog_testing.h"

#include <utility>

namespace sluice::flow {

namespace {

using enum TypeKind;
constexpr std::int64_t kSecondUs = 1'000'000;

Relation relation_of(const std::string& name, std::vector<Column> columns, std::vector<std::size_t> key) {
  Relation out{.name = name, .topic = name, .columns = std::move(columns), .key = std::move(key)};
  if (out.is_table()) return out;
  out.columns.push_back({"_timestamp", {timestamptz}});
  out.columns.push_back({"_partition", {int4}});
  out.columns.push_back({"_offset", {int8}});
  out.hidden = 3;
  return out;
}

// Whose event time is a column of theirs.
Relation timed(Relation relation, std::size_t time, std::int64_t keep_us) {
  relation.time = time;
  relation.keep_us = keep_us;
  Scalar watermark;
  watermark.kind = Scalar::Kind::column;
  watermark.type = relation.columns[time].type;
  watermark.column = time;
  relation.watermark = watermark;
  return relation;
}

std::string told(const Error& error) { return error.message + (error.hint.empty() ? "" : " | " + error.hint); }

}  // namespace

ShopCatalog::ShopCatalog() {
  const std::vector<Column> clicks = {{"user_id", {int8}}, {"page", {text}}, {"amount", {numeric}}, {"ts", {timestamptz}}};
  const std::vector<Column> orders = {
      {"id", {int8}}, {"customer_id", {int8}}, {"total", {numeric, 10, 2}}, {"placed", {timestamptz}}, {"note", {json}}};
  const std::vector<Column> lines = {{"order_id", {int8}}, {"product", {int4}}, {"quantity", {int2}}, {"price", {float8}}};
  for (auto& each : {timed(relation_of("clicks", clicks, {}), 3, 3600 * kSecondUs), timed(relation_of("visits", clicks, {}), 3, 0),
                     relation_of("events", {{"id", {int4}}, {"name", {text}}, {"at", {timestamp}}}, {}),
                     relation_of("shop.public.customers", {{"id", {int8}}, {"name", {text}}, {"country", {text}}}, {0}),
                     relation_of("orders", orders, {0}), relation_of("lines", lines, {0, 1})}) {
    relations_.emplace(each.name, each);
  }
  relations_.emplace("customers", relations_.at("shop.public.customers"));
}

Result<Relation> ShopCatalog::relation(const std::string& name) {
  const auto found = relations_.find(name);
  if (found != relations_.end()) return found->second;
  return Error{.code = ErrorCode::not_found, .message = "relation \"" + name + "\" does not exist"};
}

std::string planned(const std::string& query) {
  ShopCatalog catalog;
  const auto statements = sql::parse_statements(query);
  if (!statements.ok()) return "parse: " + told(statements.error());
  BindOptions options;
  const auto* select = std::get_if<sql::Select>(&statements->front().form);
  if (const auto* view = std::get_if<sql::CreateView>(&statements->front().form)) {
    auto bound = bind_options(*view, query);
    if (!bound.ok()) return told(bound.error());
    options = std::move(*bound);
    select = &view->query;
  }
  const auto plan = bind(*select, query, catalog, options);
  return plan.ok() ? plan_text(*plan) : told(plan.error());
}

std::string asked(const std::string& query) {
  ShopCatalog catalog;
  const auto statements = sql::parse_statements(query);
  if (!statements.ok()) return "parse: " + told(statements.error());
  const auto question = bind_question(std::get<sql::Select>(statements->front().form), query, catalog);
  if (!question.ok()) return told(question.error());
  std::string order;
  for (const auto& each : question->ordering.order) {
    order += (order.empty() ? "" : ", ") + std::to_string(each.column) + (each.descending ? " desc" : "") +
             (each.nulls_first ? " nulls first" : "");
  }
  auto out = plan_text(question->plan) + "order: " + order + "; extra " + std::to_string(question->ordering.extra);
  if (question->ordering.limit) out += "; limit " + std::to_string(*question->ordering.limit);
  return out + "; offset " + std::to_string(question->ordering.offset);
}

}  // namespace sluice::flow
