#include "flow/definition.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <utility>

#include "flow/views.h"
#include "io/clock.h"

namespace sluice::flow {

namespace json = boost::json;

namespace {

// In the order of TypeKind.
constexpr auto kKinds = std::to_array<std::string_view>({"unknown", "bool", "int2", "int4", "int8", "numeric", "float4", "float8", "text", "bytea",
                                                         "date", "time", "timestamp", "timestamptz", "interval", "uuid", "json", "opaque"});

json::object to_json(const Column& column) {
  json::object out{{"name", column.name}, {"type", kKinds[static_cast<std::size_t>(column.type.kind)]}};
  if (column.type.precision >= 0) out["precision"] = column.type.precision;
  if (column.type.scale >= 0) out["scale"] = column.type.scale;
  if (column.type.avro) out["avro"] = *column.type.avro;
  return out;
}

json::object to_json(const TopicShape& shape) {
  json::array columns;
  for (const auto& column : shape.columns) columns.push_back(to_json(column));
  json::object out{{"columns", std::move(columns)}, {"key", json::array(shape.key.begin(), shape.key.end())}};
  if (shape.null_keys) out["nullKeys"] = true;
  return out;
}

json::object to_json(const Form& form) {
  json::object topics;
  for (const auto& [name, shape] : form.topics) topics[name] = to_json(shape);
  json::object tables;
  for (const auto& [name, sql] : form.tables) tables[name] = sql;
  return {{"sql", form.sql}, {"generation", form.generation}, {"topics", std::move(topics)}, {"tables", std::move(tables)}};
}

// Throws what boost::json throws; parse_definition() catches it.
Column column_of(const json::value& value) {
  const auto& object = value.as_object();
  const auto& kind = object.at("type").as_string();
  const auto* const found = std::ranges::find(kKinds, std::string_view(kind.data(), kind.size()));
  const auto number = [&](const char* key) {
    const auto* member = object.if_contains(key);
    return member == nullptr ? -1 : member->to_number<int>();
  };
  Column out{.name = std::string(object.at("name").as_string()), .type = {}};
  if (found != kKinds.end()) out.type.kind = static_cast<TypeKind>(found - kKinds.begin());
  out.type.precision = number("precision");
  out.type.scale = number("scale");
  if (const auto* avro = object.if_contains("avro")) out.type.avro = std::make_shared<const std::string>(avro->as_string());
  return out;
}

bool truth(const json::object& object, const char* key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

Form form_of(const json::object& object) {
  Form out{.sql = std::string(object.at("sql").as_string()), .generation = object.at("generation").to_number<std::uint32_t>()};
  for (const auto& [name, value] : object.at("topics").as_object()) {
    auto& shape = out.topics[std::string(name)];
    for (const auto& column : value.at("columns").as_array()) shape.columns.push_back(column_of(column));
    for (const auto& at : value.at("key").as_array()) {
      const auto column = at.to_number<std::size_t>();
      if (column < shape.columns.size()) shape.key.push_back(column);
    }
    shape.null_keys = truth(value.as_object(), "nullKeys");
  }
  for (const auto& [name, sql] : object.at("tables").as_object()) out.tables[std::string(name)] = std::string(sql.as_string());
  return out;
}

}  // namespace

bool TopicShape::operator==(const TopicShape& other) const {
  const auto same = [](const Column& a, const Column& b) { return a.name == b.name && a.type == b.type; };
  return key == other.key && null_keys == other.null_keys && std::ranges::equal(columns, other.columns, same);
}

std::string definition_text(const Definition& definition) {
  auto out = to_json(definition.form);
  out["version"] = 1;
  out["kind"] = definition.is_view ? "view" : "table";
  out["newest"] = definition.newest;
  if (definition.removed) out["removed"] = true;
  if (definition.building) out["building"] = to_json(*definition.building);
  if (definition.switching) out["switching"] = true;
  return json::serialize(out);
}

Result<Definition> parse_definition(const std::string& name, std::string_view text) {
  try {
    const auto parsed = json::parse(text);
    const auto& object = parsed.as_object();
    if (object.at("version").to_number<int>() != 1) return Error{ErrorCode::unsupported, "the definition of " + name + " is of a newer version"};
    Definition out{.name = name, .is_view = object.at("kind") == "view", .removed = truth(object, "removed"), .form = form_of(object)};
    if (const auto* building = object.if_contains("building")) out.building = form_of(building->as_object());
    out.newest = object.at("newest").to_number<std::uint32_t>();
    out.switching = truth(object, "switching");
    return out;
  } catch (const std::exception& error) {
    return Error{ErrorCode::corrupt, std::string(kViewsTopic) + ": the definition of " + name + ": " + error.what()};
  }
}

Result<Definitions> read_definitions(pipeline::Log& log) {
  const std::string topic(kViewsTopic);
  if (const auto there = log.describe(topic); !there.ok()) {
    if (there.error().code == ErrorCode::not_found) return Definitions();
    return there.error();
  }
  SLUICE_TRY(const auto records, pipeline::read_table(log, topic));
  Definitions out;
  for (const auto& [name, text] : records) {
    SLUICE_TRY(out[name], parse_definition(name, text));
  }
  return out;
}

Result<void> write_definitions(pipeline::Log& log, const std::vector<const Definition*>& definitions) {
  if (definitions.empty()) return {};
  SLUICE_RETURN_IF_ERROR(log.ensure_topic({.name = std::string(kViewsTopic), .config = {{"cleanup.policy", "compact"}}, .read_only = true}));
  const auto now = io::system_clock().wall_ms();
  SLUICE_TRY(const auto producer, log.producer("views"));
  SLUICE_RETURN_IF_ERROR(producer->begin());
  for (const auto* definition : definitions) {
    const bool gone = definition->removed && !definition->is_view;
    const auto text = definition_text(*definition);
    SLUICE_RETURN_IF_ERROR(producer->append({.topic = kViewsTopic,
                                             .timestamp_ms = now,
                                             .key = definition->name,
                                             .value = gone ? std::nullopt : std::optional<ByteView>(text)}));
  }
  SLUICE_RETURN_IF_ERROR(producer->commit({}));
  return {};
}

}  // namespace sluice::flow
