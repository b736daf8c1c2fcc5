#include "cli/schema/registry_requests.h"

#include <boost/json.hpp>
#include <charconv>

#include "cli/avro/input.h"
#include "cli/report.h"

namespace sluice::cli {
namespace {

namespace json = boost::json;

constexpr const char* kMediaType = "application/vnd.schemaregistry.v1+json";
constexpr std::size_t kLongestLine = 100;

std::string text_at(const json::object& object, const char* key) {
  const auto* found = object.if_contains(key);
  return found != nullptr && found->is_string() ? std::string(found->as_string()) : std::string();
}
std::int32_t number_at(const json::object& object, const char* key) {
  const auto* found = object.if_contains(key);
  return found != nullptr && found->is_int64() ? static_cast<std::int32_t>(found->as_int64()) : 0;
}

Result<SchemaVersion> version_of(const std::string& answer) {
  boost::system::error_code error;
  const auto parsed = json::parse(answer, error);
  const auto* object = parsed.if_object();
  if (error || object == nullptr) return Error{ErrorCode::corrupt, "the registry's answer is no JSON object"};
  SchemaVersion out{.subject = text_at(*object, "subject"), .version = number_at(*object, "version"), .id = number_at(*object, "id"), .text = text_at(*object, "schema")};
  if (const auto type = text_at(*object, "schemaType"); !type.empty()) out.type = type;
  const auto* references = object->if_contains("references");
  if (references == nullptr || !references->is_array()) return out;
  for (const auto& reference : references->get_array()) {
    const auto* one = reference.if_object();
    if (one == nullptr) continue;
    out.references.push_back(text_at(*one, "name") + "=" + text_at(*one, "subject") + ":" + std::to_string(number_at(*one, "version")));
  }
  return out;
}

void pretty(const json::value& value, int indent, std::string& out) {
  const std::string space(static_cast<std::size_t>(indent) * 2, ' ');
  const auto* object = value.if_object();
  const auto* array = value.if_array();
  if ((object == nullptr && array == nullptr) || json::serialize(value).size() <= kLongestLine) {
    out += json::serialize(value);
    return;
  }
  out += object != nullptr ? "{\n" : "[\n";
  auto left = object != nullptr ? object->size() : array->size();
  const auto each = [&](const json::value& item) {
    pretty(item, indent + 1, out);
    out += --left > 0 ? ",\n" : "\n";
  };
  if (object != nullptr) {
    for (const auto& [key, item] : *object) {
      out += space + "  " + json::serialize(json::string(key)) + ": ";
      each(item);
    }
  } else {
    for (const auto& item : *array) {
      out += space + "  ";
      each(item);
    }
  }
  out += space + (object != nullptr ? "}" : "]");
}

// "name=subject:version"; the subject may have colons.
Result<json::object> reference_of(const std::string& text) {
  const auto equals = text.find('='), colon = text.rfind(':');
  std::int32_t version = 0;
  if (equals != std::string::npos && colon != std::string::npos && colon > equals) {
    std::from_chars(text.data() + colon + 1, text.data() + text.size(), version);
  }
  if (version < 1) return wrong_usage("'" + text + "' is no reference", "write NAME=SUBJECT:VERSION, as com.acme.Address=address-value:1");
  return json::object{{"name", text.substr(0, equals)}, {"subject", text.substr(equals + 1, colon - equals - 1)}, {"version", version}};
}

}  // namespace

Result<std::string> registry_request(const Globals& globals, const std::string& method, const std::string& target, const std::string& body, const std::string& what) {
  SLUICE_TRY(const auto client, http_client(globals.registry));
  io::HttpRequest request{.method = method, .target = target, .headers = {}, .body = body};
  if (!body.empty()) request.headers.emplace_back("Content-Type", kMediaType);
  auto answer = client.send(request);
  if (!answer.ok()) return unreachable(std::move(answer).error());
  if (answer->status != 200) return error_of(*answer, what);
  return std::move(answer->body);
}

std::string subject_path(const std::string& subject) { return "/subjects/" + io::percent_encode(subject); }

Result<SchemaVersion> read_version(const Globals& globals, const std::string& subject, const std::string& version) {
  SLUICE_TRY(const auto answer, registry_request(globals, "GET", subject_path(subject) + "/versions/" + io::percent_encode(version)));
  return version_of(answer);
}

Result<SchemaVersion> read_schema(const Globals& globals, std::int32_t id) {
  SLUICE_TRY(const auto answer, registry_request(globals, "GET", "/schemas/ids/" + std::to_string(id)));
  SLUICE_TRY(auto schema, version_of(answer));
  schema.id = id;
  return schema;
}

Result<SchemaVersion> read_schema_file(const std::string& path, const std::string& type, const std::vector<std::string>& references) {
  SLUICE_TRY(auto text, read_text(path));
  return SchemaVersion{.type = !type.empty() ? type : path.ends_with(".proto") ? "PROTOBUF" : "AVRO", .text = std::move(text), .references = references};
}

Result<std::string> request_body(const SchemaVersion& schema) {
  json::object body{{"schema", schema.text}};
  if (schema.type != "AVRO") body["schemaType"] = schema.type;
  json::array references;
  for (const auto& text : schema.references) {
    SLUICE_TRY(auto reference, reference_of(text));
    references.push_back(std::move(reference));
  }
  if (!references.empty()) body["references"] = std::move(references);
  return json::serialize(body);
}

std::string pretty_json(const std::string& text) {
  boost::system::error_code error;
  const auto value = json::parse(text, error);
  if (error) return text;
  std::string out;
  pretty(value, 0, out);
  return out;
}

}  // namespace sluice::cli
