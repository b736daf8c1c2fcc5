#include "registry/records.h"

#include <array>
#include <boost/json.hpp>

#include "base/base64.h"
#include "registry/subject_name.h"

namespace sluice::registry {
namespace json = boost::json;

namespace {

constexpr auto kKeyNames = std::to_array<std::string_view>(
    {"SCHEMA", "CONFIG", "MODE", "DELETE_SUBJECT", "CLEAR_SUBJECT", "CONTEXT", "NOOP", ""});
constexpr const char* kTenant = "default";

std::optional<json::object> object_of(std::string_view bytes) {
  boost::system::error_code error;
  auto parsed = json::parse(bytes, error);
  if (error || !parsed.is_object()) return std::nullopt;
  return std::move(parsed.get_object());
}

std::string text_in(const json::object& from, const char* name) {
  const auto* value = from.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::int32_t number_in(const json::object& from, const char* name) {
  const auto* value = from.if_contains(name);
  return value != nullptr && value->is_int64() ? static_cast<std::int32_t>(value->get_int64()) : 0;
}

bool flag_in(const json::object& from, const char* name) {
  const auto* value = from.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

template <typename T>
std::optional<T> parsed_in(const json::object& from, const char* name) {
  const auto* value = from.if_contains(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  auto parsed = T::parse(*value);
  return parsed.ok() ? std::optional(*std::move(parsed)) : std::nullopt;
}

std::vector<Reference> references_in(const json::object& from) {
  std::vector<Reference> out;
  const auto* list = from.if_contains("references");
  if (list == nullptr || !list->is_array()) return out;
  for (const auto& item : list->get_array()) {
    if (!item.is_object()) continue;
    const auto& one = item.get_object();
    out.push_back({text_in(one, "name"), text_in(one, "subject"), number_in(one, "version")});
  }
  return out;
}

json::value subject_or_null(const std::string& subject) {
  return subject.empty() ? json::value(nullptr) : json::value(subject);
}

}  // namespace

std::optional<Key> Key::parse(std::string_view bytes) {
  const auto object = object_of(bytes);
  if (!object) return std::nullopt;
  const auto name = text_in(*object, "keytype");
  Key key;
  for (std::size_t i = 0; i < kKeyNames.size(); ++i) {
    if (kKeyNames[i] == name) key.type = static_cast<KeyType>(i);
  }
  key.subject = text_in(*object, key.type == KeyType::context ? "context" : "subject");
  if (key.type == KeyType::schema) key.version = number_in(*object, "version");
  return key;
}

std::string Key::bytes() const {
  json::object out{{"keytype", kKeyNames[static_cast<std::size_t>(type)]}};
  if (type == KeyType::context) {
    out["tenant"] = kTenant;
    out["context"] = subject;
  } else if (type != KeyType::noop) {
    out["subject"] = subject_or_null(subject);
  }
  if (type == KeyType::schema) out["version"] = version;
  out["magic"] = type == KeyType::schema ? 1 : 0;
  return json::serialize(out);
}

std::string schema_value(const std::string& subject, std::int32_t version, const SchemaRecord& record) {
  const auto& content = record.content;
  const auto md5 = content.md5();
  json::object out{{"subject", subject}, {"version", version}, {"id", record.id.value}, {"md5", to_base64({reinterpret_cast<const char*>(md5.data()), md5.size()})}};
  if (content.type != "AVRO") out["schemaType"] = content.type;
  if (!content.references.empty()) {
    json::array list;
    for (const auto& one : content.references) {
      list.push_back(json::object{{"name", one.name}, {"subject", one.subject}, {"version", one.version}});
    }
    out["references"] = std::move(list);
  }
  if (content.metadata) out["metadata"] = content.metadata->json();
  if (content.rule_set) out["ruleSet"] = content.rule_set->json();
  out["schema"] = content.text;
  out["deleted"] = record.deleted;
  return json::serialize(out);
}

std::optional<SchemaRecord> parse_schema_value(std::string_view bytes) {
  const auto object = object_of(bytes);
  if (!object) return std::nullopt;
  SchemaRecord out{SchemaId{number_in(*object, "id")}, flag_in(*object, "deleted"), {}};
  const auto* text = object->if_contains("schema");
  if (out.id.value <= 0 || text == nullptr || !text->is_string()) return std::nullopt;
  out.content.text = text->get_string();
  if (const auto type = text_in(*object, "schemaType"); !type.empty()) out.content.type = type;
  out.content.references = references_in(*object);
  out.content.metadata = parsed_in<Metadata>(*object, "metadata");
  out.content.rule_set = parsed_in<RuleSet>(*object, "ruleSet");
  return out;
}

std::string config_value(const std::string& subject, const Config& config) {
  json::object out;
  if (!subject.empty()) out["subject"] = subject;
  for (auto& member : config.json(true)) out[member.key()] = member.value();
  return json::serialize(out);
}

std::optional<Config> parse_config_value(std::string_view bytes) {
  const auto object = object_of(bytes);
  if (!object) return std::nullopt;
  auto config = Config::parse(*object);
  return config.ok() ? std::optional(*std::move(config)) : std::nullopt;
}

std::string mode_value(const std::string& subject, const std::string& mode) {
  json::object out;
  if (!subject.empty()) out["subject"] = subject;
  out["mode"] = mode;
  return json::serialize(out);
}

std::optional<std::string> parse_mode_value(std::string_view bytes) {
  const auto object = object_of(bytes);
  if (!object) return std::nullopt;
  auto mode = text_in(*object, "mode");
  return is_mode(mode) ? std::optional(std::move(mode)) : std::nullopt;
}

std::string context_value(const std::string& context) {
  return json::serialize(json::object{{"tenant", kTenant}, {"context", context}});
}

std::string clear_subject_value(const std::string& subject) {
  return json::serialize(json::object{{"subject", subject_or_null(subject)}});
}

std::int32_t parse_delete_subject_value(std::string_view bytes) {
  const auto object = object_of(bytes);
  return object ? number_in(*object, "version") : 0;
}

std::string noop_value(const GreatestIds& ids) {
  json::object out{{"greatestId", 0}};
  json::object contexts;
  for (const auto& [context, id] : ids) (context == kDefaultContext ? out["greatestId"] : contexts[context]) = id;
  if (!contexts.empty()) out["greatestIds"] = std::move(contexts);
  return json::serialize(out);
}

GreatestIds parse_noop_value(std::string_view bytes) {
  GreatestIds ids;
  const auto object = object_of(bytes);
  if (!object) return ids;
  ids.emplace_back(kDefaultContext, number_in(*object, "greatestId"));
  const auto* contexts = object->if_contains("greatestIds");
  if (contexts == nullptr || !contexts->is_object()) return ids;
  for (const auto& item : contexts->get_object()) {
    if (item.value().is_int64()) ids.emplace_back(item.key(), static_cast<std::int32_t>(item.value().get_int64()));
  }
  return ids;
}

}  // namespace sluice::registry
