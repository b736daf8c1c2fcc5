#include "collect/infer.h"

#include <algorithm>
#include <boost/json.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "avro/json_text.h"

namespace sluice::collect {

namespace json = boost::json;

namespace {

constexpr int kMaxDepth = 32;

enum class Kind : std::uint8_t { null, boolean, integer, real, text, list, object };

// What was seen in one place.
struct Shape {
  Kind kind = Kind::null;
  std::unique_ptr<Shape> item = {};                        // list
  std::vector<std::pair<std::string, Shape>> members = {};  // object
};

bool is_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && letter(name[0]) && std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

Error rejected(std::string message) {
  return {.code = ErrorCode::rejected, .message = std::move(message), .hint = "register a schema for the topic: sluice schema create TOPIC-value FILE"};
}

constexpr const char* kWords[] = {"null", "a truth", "a whole number", "a number", "a text", "a list", "an object"};

Result<void> see(Shape& shape, const json::value& value, const std::string& path, int depth);

Kind kind_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: return Kind::null;
    case json::kind::bool_: return Kind::boolean;
    case json::kind::int64: return Kind::integer;
    case json::kind::uint64:
    case json::kind::double_: return Kind::real;
    case json::kind::string: return Kind::text;
    case json::kind::array: return Kind::list;
    case json::kind::object: return Kind::object;
  }
  return Kind::null;
}

Result<void> see_members(Shape& shape, const json::object& object, const std::string& path, int depth) {
  for (const auto& [key, value] : object) {
    const std::string name(key);
    if (!is_name(name)) return rejected("member \"" + name + "\"" + (path.empty() ? "" : " of " + path) + " has a name that no field of Avro can have");
    auto found = std::ranges::find(shape.members, name, &std::pair<std::string, Shape>::first);
    if (found == shape.members.end()) found = shape.members.insert(shape.members.end(), {name, Shape{}});
    SLUICE_RETURN_IF_ERROR(see(found->second, value, path.empty() ? name : path + "." + name, depth));
  }
  return {};
}

Result<void> see(Shape& shape, const json::value& value, const std::string& path, int depth) {
  if (depth > kMaxDepth) return rejected(path + " is nested too deep to guess a schema");
  const auto kind = kind_of(value);
  if (kind == Kind::null) return {};
  const bool numbers = (shape.kind == Kind::integer && kind == Kind::real) || (shape.kind == Kind::real && kind == Kind::integer);
  if (shape.kind != Kind::null && shape.kind != kind && !numbers) {
    return rejected(path + " is " + kWords[static_cast<int>(shape.kind)] + " in one event and " + kWords[static_cast<int>(kind)] + " in another");
  }
  shape.kind = numbers ? Kind::real : kind;
  if (kind == Kind::object) return see_members(shape, value.get_object(), path, depth + 1);
  if (kind != Kind::list) return {};
  if (!shape.item) shape.item = std::make_unique<Shape>();
  for (const auto& item : value.get_array()) SLUICE_RETURN_IF_ERROR(see(*shape.item, item, path + "[]", depth + 1));
  return {};
}

// `name`: of a record, unique in the schema.
json::value type_of(const Shape& shape, const std::string& name);

json::object record_of(const Shape& shape, const std::string& name) {
  json::array fields;
  for (const auto& [member, inner] : shape.members) {
    fields.push_back(json::object{{"name", member}, {"type", json::array{"null", type_of(inner, name + "_" + member)}}, {"default", nullptr}});
  }
  return {{"type", "record"}, {"name", name}, {"fields", std::move(fields)}};
}

json::value type_of(const Shape& shape, const std::string& name) {
  switch (shape.kind) {
    case Kind::boolean: return "boolean";
    case Kind::integer: return "long";
    case Kind::real: return "double";
    case Kind::list: return json::object{{"type", "array"}, {"items", json::array{"null", type_of(*shape.item, name + "_item")}}};
    case Kind::object: return record_of(shape, name);
    case Kind::null:
    case Kind::text: break;
  }
  return "string";
}

// A topic's name as a namespace: what Avro has not becomes '_'.
std::string space_of(const std::string& topic) {
  std::string space;
  for (const char c : topic) {
    const bool digit = c >= '0' && c <= '9';
    const bool first = space.empty() || space.back() == '.';
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (digit && !first) || (c == '.' && !first);
    if (digit && first) space += '_';
    space += plain || digit ? c : '_';
  }
  return space.ends_with('.') ? space + "_" : space;
}

}  // namespace

Result<std::string> infer_schema(const std::string& topic, std::span<const std::string> values) {
  Shape shape{.kind = Kind::object};
  for (const auto& text : values) {
    auto value = avro::parse_json(text);
    if (!value.ok()) return std::move(value).error();
    if (!value->is_object()) return rejected("an event that is no object has no schema to guess");
    SLUICE_RETURN_IF_ERROR(see(shape, *value, "", 0));
  }
  if (shape.members.empty()) return rejected("events without members have no schema to guess");
  auto record = record_of(shape, "Value");
  record["namespace"] = space_of(topic);
  return json::serialize(record);
}

}  // namespace sluice::collect
