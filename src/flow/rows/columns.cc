#include "flow/rows/columns.h"

#include <algorithm>
#include <boost/json.hpp>
#include <vector>

#include "flow/rows/rows.h"

namespace sluice::flow {
namespace {

namespace json = boost::json;
using avro::Node;

Type numeric_of(const Node& node) { return {.kind = TypeKind::numeric, .precision = node.precision, .scale = node.scale, .avro = {}}; }

Type of_text(const Node& node, std::string_view sql_type) {
  if (node.logical_type == "uuid") return {.kind = TypeKind::uuid};
  if (sql_type.ends_with("[]")) return {.kind = TypeKind::text};
  if (sql_type.starts_with("numeric")) return {.kind = TypeKind::numeric};
  if (sql_type == "json" || sql_type == "jsonb") return {.kind = TypeKind::json};
  if (sql_type.starts_with("interval")) return {.kind = TypeKind::interval};
  return {.kind = TypeKind::text};
}

Type of_number(const Node& node, std::string_view sql_type) {
  const std::string_view logical = node.logical_type;
  if (logical == "date") return {.kind = TypeKind::date};
  if (logical.starts_with("time-")) return {.kind = TypeKind::time};
  if (logical.starts_with("timestamp-")) return {.kind = TypeKind::timestamptz};
  if (logical.starts_with("local-timestamp-")) return {.kind = TypeKind::timestamp};
  if (node.type == avro::Type::long_) return {.kind = TypeKind::int8};
  return {.kind = sql_type == "smallint" ? TypeKind::int2 : TypeKind::int4};
}

Type of_bytes(const Node& node) {
  if (node.logical_type == "decimal") return numeric_of(node);
  return {.kind = node.logical_type == "uuid" ? TypeKind::uuid : TypeKind::bytea};
}

// Whether `target` is met on the way down.
bool reaches(const Node& from, const Node& target, std::vector<const Node*>& met) {
  if (&from == &target) return true;
  if (std::ranges::find(met, &from) != met.end()) return false;
  met.push_back(&from);
  for (const auto& field : from.fields) {
    if (reaches(*field.type, target, met)) return true;
  }
  for (const auto* branch : from.branches) {
    if (reaches(*branch, target, met)) return true;
  }
  return from.items != nullptr && reaches(*from.items, target, met);
}

// The schema of a field alone, without null.
Result<std::string> text_of_field(const avro::Schema& schema, std::size_t index) {
  boost::system::error_code error;
  const auto record = json::parse(schema.with_fields({index}).text(), error);
  if (error) return Error{ErrorCode::corrupt, "an Avro schema's own text is no JSON"};
  const auto& type = record.at("fields").at(0).at("type");
  if (!type.is_array()) return json::serialize(type);
  json::array others;
  for (const auto& branch : type.get_array()) {
    if (branch != "null") others.push_back(branch);
  }
  return others.size() == 1 ? json::serialize(others[0]) : json::serialize(others);
}

Result<Type> column_type(const avro::Schema& schema, std::size_t index) {
  const auto& field = schema.root().fields[index];
  const auto sql_type = text_property(field, "sqlType");
  const auto& node = *field_type(field).node;
  switch (node.type) {
    case avro::Type::boolean: return Type{.kind = TypeKind::boolean};
    case avro::Type::int_:
    case avro::Type::long_: return of_number(node, sql_type);
    case avro::Type::float_: return Type{.kind = TypeKind::float4};
    case avro::Type::double_: return Type{.kind = TypeKind::float8};
    case avro::Type::string: return of_text(node, sql_type);
    case avro::Type::enum_: return Type{.kind = TypeKind::text};
    case avro::Type::bytes:
    case avro::Type::fixed: return of_bytes(node);
    default: break;
  }
  SLUICE_TRY(auto text, text_of_field(schema, index));
  return Type{.kind = TypeKind::opaque, .avro = std::make_shared<const std::string>(std::move(text))};
}

}  // namespace

FieldType field_type(const avro::Field& field) {
  const auto& branches = field.type->branches;
  if (field.type->type != avro::Type::union_) return {.node = field.type};
  const auto null = std::ranges::find(branches, avro::Type::null, &Node::type);
  if (null == branches.end()) return {.node = field.type};
  const auto at = static_cast<int>(null - branches.begin());
  if (branches.size() != 2) return {.node = field.type, .null_branch = at};
  return {.node = branches[at == 0 ? 1 : 0], .null_branch = at};
}

std::string text_property(const avro::Field& field, std::string_view name) {
  const auto found = std::ranges::find(field.properties, name, &avro::Properties::value_type::first);
  if (found == field.properties.end()) return {};
  boost::system::error_code error;
  const auto value = json::parse(found->second, error);
  return !error && value.is_string() ? std::string(value.get_string()) : std::string();
}

std::string column_name(const avro::Field& field) {
  auto given = text_property(field, "sqlName");
  return given.empty() ? field.name : given;
}

Result<std::vector<Column>> columns_of_schema(const avro::Schema& schema) {
  const auto& root = schema.root();
  if (root.type != avro::Type::record) {
    return Error{ErrorCode::rejected, "its Avro schema is a " + std::string(avro::type_name(root.type)) + ", and rows are records"};
  }
  std::vector<Column> columns;
  for (std::size_t i = 0; i < root.fields.size(); ++i) {
    std::vector<const Node*> met;
    if (reaches(*root.fields[i].type, root, met)) continue;  // within itself: it has no schema of its own
    SLUICE_TRY(auto type, column_type(schema, i));
    columns.push_back({column_name(root.fields[i]), std::move(type)});
  }
  return columns;
}

}  // namespace sluice::flow
