#include "cli/schema/schemas.h"

#include <boost/json.hpp>

#include "avro/plain_json.h"
#include "cli/report.h"

namespace sluice::cli {
namespace {

namespace json = boost::json;

constexpr const char* kRegistryType = "application/vnd.schemaregistry.v1+json";

Result<json::object> object_of(const std::string& text) {
  boost::system::error_code error;
  auto parsed = json::parse(text, error);
  if (error || !parsed.is_object()) return Error{ErrorCode::corrupt, "the registry's answer is no JSON object"};
  return parsed.as_object();
}

std::string text_at(const json::object& object, const char* key) {
  const auto* found = object.if_contains(key);
  return found != nullptr && found->is_string() ? std::string(found->as_string()) : std::string();
}

std::int32_t number_at(const json::object& object, const char* key) {
  const auto* found = object.if_contains(key);
  return found != nullptr && found->is_int64() ? static_cast<std::int32_t>(found->as_int64()) : -1;
}

}  // namespace

Result<const avro::Node*> Schemas::by_id(std::int32_t id) {
  auto found = schemas_.find(id);
  if (found == schemas_.end()) {
    auto answer = get_json(registry_, "/schemas/ids/" + std::to_string(id));
    if (!answer.ok() && answer.error().code != ErrorCode::not_found) return std::move(answer).error();
    std::optional<avro::Schema> schema;
    if (answer.ok()) {
      SLUICE_TRY(const auto object, object_of(*answer));
      SLUICE_TRY(schema, avro::Schema::parse(text_at(object, "schema"), {.validate_defaults = false}));
    }
    found = schemas_.emplace(id, std::move(schema)).first;
  }
  if (!found->second) return Error{ErrorCode::not_found, "the registry has no schema " + std::to_string(id)};
  return &found->second->root();
}

Result<void> Schemas::to_json(ByteView value, std::string& out) {
  if (value.size() < 5 || value[0] != 0) {
    avro::text_to_json(value, out);
    return {};
  }
  const auto schema = by_id(load_be<std::int32_t>(value.data() + 1));
  if (!schema.ok()) {
    if (schema.error().code != ErrorCode::not_found) return schema.error();
    avro::text_to_json(value, out);
    return {};
  }
  ByteReader body(value.substr(5));
  const auto begin = out.size();
  const auto decoded = avro::to_plain_json(**schema, body, out);
  if (decoded.ok() && body.at_end()) return {};
  out.resize(begin);  // five bytes that only looked like a frame
  avro::text_to_json(value, out);
  return {};
}

Result<std::int32_t> Schemas::add(const std::string& subject, const std::string& schema) {
  SLUICE_TRY(const auto client, http_client(registry_));
  const auto target = "/subjects/" + io::percent_encode(subject) + "/versions";
  SLUICE_TRY(const auto answer, client.post(target, json::serialize(json::object{{"schema", schema}}), kRegistryType));
  if (answer.status != 200) return error_of(answer, "subject " + subject);
  SLUICE_TRY(const auto object, object_of(answer.body));
  return number_at(object, "id");
}

Result<Schemas::Latest> Schemas::latest(const std::string& subject) {
  SLUICE_TRY(const auto answer, get_json(registry_, "/subjects/" + io::percent_encode(subject) + "/versions/latest"));
  SLUICE_TRY(const auto object, object_of(answer));
  return Latest{number_at(object, "id"), text_at(object, "schema")};
}

}  // namespace sluice::cli
