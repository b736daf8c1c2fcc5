#include "capture/postgres/table.h"

#include <fnmatch.h>

#include <algorithm>
#include <boost/json.hpp>
#include <functional>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/escape.h"
#include "pipeline/log.h"

namespace sluice::capture::postgres {
namespace json = boost::json;

namespace {

// pg_type's fixed object ids.
enum : Oid {
  kBool = 16, kBytea = 17, kInt8 = 20, kInt2 = 21, kInt4 = 23, kFloat4 = 700, kFloat8 = 701, kDate = 1082, kTime = 1083,
  kTimestamp = 1114, kTimestamptz = 1184, kNumeric = 1700, kUuid = 2950
};

std::string avro_namespace(std::string_view source, const Table& table) {
  return escape_avro_name(source) + "." + escape_avro_name(table.schema) + "." + escape_avro_name(table.name);
}

json::value scalar_type(Kind kind, std::int32_t precision, std::int32_t scale) {
  const auto logical = [](const char* type, const char* name) -> json::value { return json::object{{"type", type}, {"logicalType", name}}; };
  switch (kind) {
    case Kind::boolean: return "boolean";
    case Kind::int32: return "int";
    case Kind::int64: return "long";
    case Kind::float32: return "float";
    case Kind::float64: return "double";
    case Kind::bytes: return "bytes";
    case Kind::decimal: return json::object{{"type", "bytes"}, {"logicalType", "decimal"}, {"precision", precision}, {"scale", scale}};
    case Kind::date: return logical("int", "date");
    case Kind::time: return logical("long", "time-micros");
    case Kind::local_timestamp: return logical("long", "local-timestamp-micros");
    case Kind::timestamp: return logical("long", "timestamp-micros");
    case Kind::uuid: return logical("string", "uuid");
    case Kind::text:
    case Kind::array: return "string";
  }
  return "string";
}

json::value avro_type(const ColumnType& type) {
  if (type.kind != Kind::array) return scalar_type(type.kind, type.precision, type.scale);
  const auto element = scalar_type(type.element, type.element_precision, type.element_scale);
  return json::object{{"type", "array"}, {"items", json::array{"null", element}}};
}

ColumnType scalar_column(Oid oid, std::int32_t typmod) {
  switch (oid) {
    case kBool: return {.kind = Kind::boolean};
    case kInt2:
    case kInt4: return {.kind = Kind::int32};
    case kInt8: return {.kind = Kind::int64};
    case kFloat4: return {.kind = Kind::float32};
    case kFloat8: return {.kind = Kind::float64};
    case kBytea: return {.kind = Kind::bytes};
    case kDate: return {.kind = Kind::date};
    case kTime: return {.kind = Kind::time};
    case kTimestamp: return {.kind = Kind::local_timestamp};
    case kTimestamptz: return {.kind = Kind::timestamp};
    case kUuid: return {.kind = Kind::uuid};
    case kNumeric: break;
    default: return {};
  }
  if (typmod < 4) return {};  // without precision: its text
  const auto packed = typmod - 4;
  const auto precision = (packed >> 16) & 0xffff;
  auto scale = packed & 0x7ff;
  if (scale >= 1024) scale -= 2048;  // negative since PostgreSQL 15
  if (scale < 0 || scale > precision) return {};
  return {.kind = Kind::decimal, .precision = precision, .scale = scale};
}

}  // namespace

ColumnType column_type(Oid base, std::int32_t typmod, Oid element) {
  if (element == 0) return scalar_column(base, typmod);
  const auto inner = scalar_column(element, typmod);
  return {.kind = Kind::array, .element = inner.kind, .element_precision = inner.precision, .element_scale = inner.scale};
}

Result<std::string> topic_name(std::string_view source, const Table& table) {
  auto topic = escape_topic_part(source) + "." + escape_topic_part(table.schema) + "." + escape_topic_part(table.name);
  if (topic.size() > 249) {
    return Error{ErrorCode::rejected, "table " + table.full_name() + ": its topic's name would have " + std::to_string(topic.size()) + " characters; 249 are possible",
                 "", "exclude the table, or give the source a shorter name"};
  }
  return topic;
}

std::string parked_topic_name(std::string_view topic) {
  constexpr std::size_t kMaxNameBytes = 249;
  auto name = std::string(pipeline::kParkedTopicPrefix) + std::string(topic);
  if (name.size() <= kMaxNameBytes) return name;
  char raw[4];
  store_be<std::uint32_t>(raw, crc32c(topic));
  name.resize(kMaxNameBytes - 9);
  return name + "." + hex({raw, sizeof raw});
}

namespace {

// The types of a key schema's fields; their precisions, which must not shrink, apart.
bool split_precisions(std::string_view text, json::value& schema, std::vector<std::int64_t>& precisions) {
  boost::system::error_code error;
  schema = json::parse({text.data(), text.size()}, error);
  auto* fields = !error && schema.is_object() ? schema.get_object().if_contains("fields") : nullptr;
  if (fields == nullptr || !fields->is_array()) return false;
  for (auto& field : fields->get_array()) {
    auto* type = field.is_object() ? field.get_object().if_contains("type") : nullptr;
    if (type == nullptr || !type->is_object()) continue;
    if (const auto* precision = type->get_object().if_contains("precision"); precision != nullptr && precision->is_int64()) {
      precisions.push_back(precision->get_int64());
      type->get_object().erase("precision");
    }
  }
  return true;
}

}  // namespace

bool same_key_schema(std::string_view before, std::string_view now) {
  if (before == now) return true;
  json::value old_schema, new_schema;
  std::vector<std::int64_t> old_precisions, new_precisions;
  if (!split_precisions(before, old_schema, old_precisions) || !split_precisions(now, new_schema, new_precisions)) return false;
  return old_schema == new_schema && std::equal(old_precisions.begin(), old_precisions.end(), new_precisions.begin(), new_precisions.end(), std::less_equal<>());
}

std::vector<std::string> key_fields(std::string_view key_schema) {
  std::vector<std::string> names;
  boost::system::error_code error;
  const auto parsed = json::parse({key_schema.data(), key_schema.size()}, error);
  if (error || !parsed.is_object()) return names;
  const auto* fields = parsed.get_object().if_contains("fields");
  if (fields == nullptr || !fields->is_array()) return names;
  for (const auto& field : fields->get_array()) {
    if (const auto* name = field.is_object() ? field.get_object().if_contains("name") : nullptr; name != nullptr && name->is_string()) {
      names.emplace_back(name->get_string());
    }
  }
  return names;
}

std::string key_schema(std::string_view source, const Table& table) {
  json::array fields;
  for (const auto index : table.key) {
    const auto& column = table.columns[index];
    fields.push_back(json::object{{"name", escape_avro_name(column.name)}, {"type", avro_type(column.type)}});
  }
  return json::serialize(json::object{{"type", "record"}, {"name", "Key"}, {"namespace", avro_namespace(source, table)}, {"fields", std::move(fields)}});
}

std::string value_schema(std::string_view source, const Table& table) {
  json::array fields;
  for (const auto& column : table.columns) {
    json::object field{{"name", escape_avro_name(column.name)}, {"type", json::array{"null", avro_type(column.type)}}};
    if (!column.comment.empty()) field["doc"] = column.comment;
    field["default"] = nullptr;
    field["sqlType"] = column.sql_type;
    if (column.not_null) field["notNull"] = true;
    if (escape_avro_name(column.name) != column.name) field["sqlName"] = column.name;
    if (!column.enum_symbols.empty()) field["enumSymbols"] = json::array(column.enum_symbols.begin(), column.enum_symbols.end());
    fields.push_back(std::move(field));
  }
  json::object record{{"type", "record"}, {"name", "Value"}, {"namespace", avro_namespace(source, table)}};
  if (!table.comment.empty()) record["doc"] = table.comment;
  record["fields"] = std::move(fields);
  return json::serialize(record);
}

bool matches(const std::vector<std::string>& globs, const std::string& name) {
  return std::any_of(globs.begin(), globs.end(), [&](const auto& glob) { return ::fnmatch(glob.c_str(), name.c_str(), 0) == 0; });
}

}  // namespace sluice::capture::postgres
