// Answers lines of JSON about schemas, for tests in other languages.
//
//   {"schema": S, "references": {name: S}, "value": V}    {"valid": true} or {"valid": false, "why": "…"}
//   {"writer": S, "reader": S, "lenient": false}          {"reasons": [["TYPE_CHANGED", "#/"], …]}
//   {"schema": S}                                         {"text": "…", "normalized": "…"}
//
// S is a schema, not its text. {"error": "…"} when a schema is refused.

#include <iostream>

#include "json_schema/compatibility.h"
#include "json_schema/json.h"
#include "json_schema/schema.h"

namespace {

using namespace sluice;  // NOLINT: a program of one file

using json_schema::Json;

Json text(std::string value) {
  Json json;
  json.kind = Json::Kind::string;
  json.text = std::move(value);
  return json;
}

std::string error(const Error& error) { return "{\"error\":" + print_json(text(error.text())) + "}"; }

Result<json_schema::Schema> schema_of(const Json& line, std::string_view name) {
  std::vector<json_schema::ReferencedText> references;
  if (const auto* given = line.find("references")) {
    for (const auto& member : given->members) references.push_back({member.name, print_json(member.value)});
  }
  return json_schema::Schema::parse(print_json(*line.find(name)), references);
}

std::string compare(const Json& line) {
  const auto writer = schema_of(line, "writer"), reader = schema_of(line, "reader");
  if (!writer.ok()) return error(writer.error());
  if (!reader.ok()) return error(reader.error());
  const auto* lenient = line.find("lenient");
  std::string out;
  for (const auto& reason : check_compatibility(*reader, *writer, {.lenient = lenient != nullptr && lenient->truth})) {
    out += (out.empty() ? "[" : ",[") + print_json(text(reason.type)) + "," + print_json(text(reason.path)) + "]";
  }
  return "{\"reasons\":[" + out + "]}";
}

std::string answer(const Json& line) {
  if (line.find("writer") != nullptr) return compare(line);
  const auto schema = schema_of(line, "schema");
  if (!schema.ok()) return error(schema.error());
  const auto* value = line.find("value");
  if (value == nullptr)
    return "{\"text\":" + print_json(text(schema->text())) +
           ",\"normalized\":" + print_json(text(schema->normalized())) + "}";
  const auto valid = schema->validate(print_json(*value));
  return valid.ok() ? "{\"valid\":true}" : "{\"valid\":false,\"why\":" + print_json(text(valid.error().text())) + "}";
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const auto json = json_schema::parse_json(line);
    std::cout << (json.ok() ? answer(*json) : error(json.error())) << std::endl;
  }
}
