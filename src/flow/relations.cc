#include "flow/relations.h"

#include <algorithm>
#include <array>
#include <utility>

#include "avro/schema.h"
#include "base/escape.h"
#include "flow/rows/rows.h"
#include "flow/view/schemas.h"

namespace sluice::flow {

namespace {

constexpr auto kHidden = std::to_array<std::pair<std::string_view, TypeKind>>(
    {{"_timestamp", TypeKind::timestamptz}, {"_partition", TypeKind::int4}, {"_offset", TypeKind::int8}, {"_op", TypeKind::text}});

Result<avro::Schema> record_of(pipeline::SchemaCatalog& catalog, const std::string& subject) {
  SLUICE_TRY(const auto text, catalog.latest(subject));
  auto schema = avro::Schema::parse(text, {.validate_defaults = false, .validate_names = false});
  if (!schema.ok()) return Error{ErrorCode::rejected, subject + ": its newest schema is none of Avro, which SQL's rows are read from"};
  if (schema->root().type != avro::Type::record) return Error{ErrorCode::rejected, subject + ": its newest schema is no record"};
  return schema;
}

// Numbers of the value's fields that the key has, in the key's order; empty when the value lacks one.
std::vector<std::size_t> key_fields(const avro::Node& key, const avro::Node& value) {
  std::vector<std::size_t> out;
  for (const auto& field : key.fields) {
    const auto found = std::ranges::find(value.fields, field.name, &avro::Field::name);
    if (found == value.fields.end()) return {};
    out.push_back(static_cast<std::size_t>(found - value.fields.begin()));
  }
  return out;
}

}  // namespace

Result<TopicShape> shape_of_topic(pipeline::Log& log, pipeline::SchemaCatalog& catalog, const std::string& topic) {
  SLUICE_TRY(const auto described, log.describe(topic));
  auto value = record_of(catalog, topic + "-value");
  if (!value.ok() && value.error().code == ErrorCode::not_found) {
    return Error{ErrorCode::not_found, "the topic " + topic + " has no schema", "",
                 "name its columns: CREATE TABLE " + topic + " (user_id int8, ts timestamptz) WITH (topic = '" + topic + "')"};
  }
  if (!value.ok()) return std::move(value).error();
  TopicShape out;
  SLUICE_TRY(out.columns, columns_of_schema(*value));
  const auto policy = described.config.find("cleanup.policy");
  if (policy == described.config.end() || policy->second.find("compact") == std::string::npos) return out;
  const auto key = record_of(catalog, topic + "-key");
  if (!key.ok()) return out;
  out.key = key_fields(key->root(), value->root());
  out.null_keys = std::ranges::any_of(key->root().fields, [](const avro::Field& field) { return field.type->type == avro::Type::union_; });
  return out;
}

Relation relation_of_shape(const std::string& name, const std::string& topic, const TopicShape& shape) {
  Relation out{.name = name, .topic = topic, .columns = shape.columns, .hidden = kHidden.size(), .key = shape.key, .null_keys = shape.null_keys};
  for (const auto& [column, kind] : kHidden) out.columns.push_back({.name = std::string(column), .type = {.kind = kind, .avro = {}}});
  return out;
}

TopicShape shape_of_plan(const Plan& plan) {
  const auto& root = *plan.root;
  const bool nulls = std::ranges::any_of(root.key, [&](std::size_t column) { return !never_null(plan, root, column); });
  return {.columns = root.columns, .key = root.key, .null_keys = nulls};
}

std::string topic_of(const sql::CreateTable& table) {
  const auto found = std::ranges::find(table.options, "topic", &sql::Option::name);
  return found == table.options.end() ? table.name : found->value;
}

Result<TopicShape> declared_shape(const sql::CreateTable& table, std::string_view text) {
  TopicShape out;
  for (const auto& column : table.columns) {
    auto type = type_named(column.type, column.modifiers);
    if (!type.ok()) return std::move(type).error().in(sql::place_of(text, column.position));
    out.columns.push_back({.name = column.name, .type = *std::move(type)});
  }
  if (!out.columns.empty()) return out;
  return Error{ErrorCode::rejected, "the topic " + topic_of(table) + " has no schema, and CREATE TABLE " + table.name + " names no columns"};
}

Relations::Relations(const Form& form)
    : tables_(form.tables), find_([topics = form.topics](const std::string& topic) -> Result<TopicShape> {
        const auto found = topics.find(topic);
        if (found != topics.end()) return found->second;
        return Error{ErrorCode::not_found, "there is no relation " + topic};
      }) {}

Result<Relation> Relations::relation(const std::string& name) {
  if (const auto found = tables_.find(name); found != tables_.end()) return table(name, found->second);
  auto topic = name;
  auto shape = find_(topic);
  const auto escaped = escape_parts(name, escape_topic_part);  // as capture names a table's topic
  if (!shape.ok() && shape.error().code == ErrorCode::not_found && escaped != name) {
    topic = escaped;
    if (auto other = find_(topic); other.ok()) shape = std::move(other);
  }
  if (!shape.ok()) return std::move(shape).error();
  used_topics_[topic] = *shape;
  return relation_of_shape(name, topic, *shape);
}

Result<Relation> Relations::table(const std::string& name, const std::string& sql) {
  SLUICE_TRY(const auto statements, sql::parse_statements(sql));
  const auto* create = statements.size() == 1 ? std::get_if<sql::CreateTable>(&statements[0].form) : nullptr;
  if (create == nullptr) return Error{ErrorCode::corrupt, "what is kept of " + name + " is no CREATE TABLE"};
  const auto topic = topic_of(*create);
  SLUICE_TRY(const auto shape, find_(topic));
  SLUICE_TRY(auto out, bind_relation(*create, sql, relation_of_shape(name, topic, shape)));
  used_tables_[name] = sql;
  used_topics_[topic] = shape;
  return out;
}

void Relations::remember(Form& form) const {
  form.tables = used_tables_;
  form.topics = used_topics_;
}

Result<BoundView> bind_view(const sql::CreateView& view, std::string_view text, Catalog& catalog) {
  BoundView out;
  SLUICE_TRY(out.options, bind_options(view, text));
  SLUICE_TRY(out.plan, flow::bind(view.query, text, catalog, out.options));
  return out;
}

Result<BoundView> bind_form(const Form& form) {
  SLUICE_TRY(const auto statements, sql::parse_statements(form.sql));
  const auto* view = statements.size() == 1 ? std::get_if<sql::CreateView>(&statements[0].form) : nullptr;
  if (view == nullptr) return Error{ErrorCode::corrupt, "what is kept of a view is no CREATE MATERIALIZED VIEW"};
  Relations relations(form);
  return bind_view(*view, form.sql, relations);
}

}  // namespace sluice::flow
