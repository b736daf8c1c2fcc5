#include "registry/rest/call.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "registry/subject_name.h"

namespace sluice::registry {
namespace json = boost::json;

namespace {

constexpr int kBadRequest = 400;
constexpr int kUnprocessable = 422;

// A whole number in decimal; none when it is anything else.
std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

json::array references_json(const Content& content, const std::string& subject, bool qualified) {
  json::array list;
  for (const auto& one : content.references) {
    const auto name = qualified ? qualified_by(subject, one.subject) : one.subject;
    list.push_back(json::object{{"name", one.name}, {"subject", name}, {"version", one.version}});
  }
  return list;
}

json::array tags_json(const std::vector<EntityTags>& all, const std::vector<std::string>& wanted) {
  json::array list;
  for (const auto& one : all) {
    const auto asked = [&](const std::string& tag) {
      return tag == "*" || std::ranges::find(one.tags, tag) != one.tags.end();
    };
    if (std::ranges::none_of(wanted, asked)) continue;
    list.push_back(json::object{{"schemaEntity", json::object{{"entityPath", one.path}, {"entityType", one.kind}}},
                                {"tags", json::array(one.tags.begin(), one.tags.end())}});
  }
  return list;
}

}  // namespace

io::HttpResponse failure(int status, int code, const std::string& message) {
  return {status, kMediaType, json::serialize(json::object{{"error_code", code}, {"message", message}}), {}};
}

io::HttpResponse failure(const Error& error) {
  const int code = error.reason == 0 ? static_cast<int>(Code::store_failed) : error.reason;
  return failure(code >= 10000 ? code / 100 : code, code, error.message);
}

// --- the request

std::string Call::scope(std::size_t i) const { return qualified_by(context_, path_[i]); }

Result<std::int32_t> Call::version(std::size_t i) const {
  const auto& text = path_[i];
  if (text == "latest" || text == "-1") return -1;
  const auto number = number_of(text);
  if (number && *number >= 1 && *number <= INT32_MAX) return static_cast<std::int32_t>(*number);
  return failed(Code::invalid_version,
                "The specified version '" + text +
                    "' is not a valid version id. Allowed values are between [1, 2^31-1] and the string \"latest\"");
}

Result<SchemaId> Call::id(std::size_t i) const {
  const auto number = number_of(path_[i]);
  if (number && *number >= 0 && *number <= INT32_MAX) return SchemaId{static_cast<std::int32_t>(*number)};
  return failed(Code::schema_not_found, "Schema " + path_[i] + " not found");
}

bool Call::flag(std::string_view name) const { return upper(text(name)) == "TRUE"; }

std::vector<std::string> Call::texts(std::string_view name) const {
  std::vector<std::string> out;
  const auto mark = request_.target.find('?');
  auto rest = mark == std::string::npos ? std::string_view() : std::string_view(request_.target).substr(mark + 1);
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const io::HttpRequest one{
        .method = {}, .target = "?" + std::string(rest.substr(0, end)), .headers = {}, .body = {}};
    if (auto value = one.query(name)) out.push_back(*std::move(value));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

std::string Call::subject_asked() const {
  const auto asked = text("subject");
  return asked.empty() ? context_ : registry_.meant_by(qualified_by(context_, asked));
}

std::string Call::prefix_asked() const {
  const auto asked = request_.query("subjectPrefix");
  if (!context_.empty())
    return asked && SubjectName::parse(*asked).qualified() ? *asked : context_ + asked.value_or("");
  return asked.value_or(":*:");
}

Which Call::which() const {
  // Python's client spells it the second way.
  return flag("deletedOnly") || flag("deleted_only") ? Which::deleted_only
         : flag("deleted")                           ? Which::with_deleted
                                                     : Which::live;
}

Result<json::object> Call::body() const {
  boost::system::error_code error;
  auto parsed = json::parse(request_.body, error);
  if (error) return Error{ErrorCode::rejected, "the body is no JSON: " + error.message(), {}, {}, kBadRequest};
  if (!parsed.is_object()) return Error{ErrorCode::rejected, "the body is no JSON object", {}, {}, kUnprocessable};
  return std::move(parsed.get_object());
}

namespace {

// Text, number or list of a body; absent when null. Errors: 422.
Error wrong_member(const char* name, const char* what) {
  return {ErrorCode::rejected, std::string("'") + name + "' is no " + what, {}, {}, kUnprocessable};
}

Result<std::string> text_in(const json::object& body, const char* name, std::string otherwise = {}) {
  const auto* value = body.if_contains(name);
  if (value == nullptr || value->is_null()) return otherwise;
  if (!value->is_string()) return wrong_member(name, "string");
  return std::string(value->get_string());
}

Result<std::int32_t> int_in(const json::object& body, const char* name, std::int32_t otherwise) {
  const auto* value = body.if_contains(name);
  if (value == nullptr || value->is_null()) return otherwise;
  if (!value->is_int64() || value->get_int64() > INT32_MAX || value->get_int64() < INT32_MIN)
    return wrong_member(name, "32-bit number");
  return static_cast<std::int32_t>(value->get_int64());
}

Result<std::vector<json::object>> objects_in(const json::object& body, const char* name) {
  std::vector<json::object> out;
  const auto* value = body.if_contains(name);
  if (value == nullptr || value->is_null()) return out;
  if (!value->is_array()) return wrong_member(name, "list");
  for (const auto& item : value->get_array()) {
    if (!item.is_object()) return wrong_member(name, "list of objects");
    out.push_back(item.get_object());
  }
  return out;
}

}  // namespace

Result<std::optional<Metadata>> metadata_in(const json::object& body, const char* name) {
  const auto* value = body.if_contains(name);
  if (value == nullptr || value->is_null()) return std::optional<Metadata>();
  auto parsed = Metadata::parse(*value);
  if (!parsed.ok()) return failed(Code::invalid_schema, "Invalid metadata: " + parsed.error().message);
  return std::optional(*std::move(parsed));
}

Result<std::optional<RuleSet>> rules_in(const json::object& body, const char* name) {
  const auto* value = body.if_contains(name);
  if (value == nullptr || value->is_null()) return std::optional<RuleSet>();
  auto parsed = RuleSet::parse(*value);
  if (!parsed.ok()) return failed(Code::invalid_rule_set, "Invalid rule set: " + parsed.error().message);
  return std::optional(*std::move(parsed));
}

Result<std::vector<EntityTags>> tags_in(const json::object& body, const char* name) {
  std::vector<EntityTags> out;
  SLUICE_TRY(const auto list, objects_in(body, name));
  for (const auto& item : list) {
    const auto* entity = item.if_contains("schemaEntity");
    const auto* tags = item.if_contains("tags");
    if (entity == nullptr || !entity->is_object() || tags == nullptr || !tags->is_array())
      return wrong_member(name, "list of entities with tags");
    EntityTags one;
    SLUICE_TRY(one.path, text_in(entity->get_object(), "entityPath"));
    SLUICE_TRY(one.kind, text_in(entity->get_object(), "entityType"));
    for (const auto& tag : tags->get_array()) {
      if (!tag.is_string()) return wrong_member("tags", "list of strings");
      one.tags.emplace_back(tag.get_string());
    }
    out.push_back(std::move(one));
  }
  return out;
}

Result<SchemaRequest> Call::schema_body() const {
  SLUICE_TRY(const auto body, this->body());
  SchemaRequest out;
  SLUICE_TRY(out.content.text, text_in(body, "schema"));
  SLUICE_TRY(out.content.type, text_in(body, "schemaType", "AVRO"));
  SLUICE_TRY(const auto references, objects_in(body, "references"));
  for (const auto& item : references) {
    Reference one;
    SLUICE_TRY(one.name, text_in(item, "name"));
    SLUICE_TRY(one.subject, text_in(item, "subject"));
    SLUICE_TRY(one.version, int_in(item, "version", -1));
    out.content.references.push_back(std::move(one));
  }
  SLUICE_TRY(out.content.metadata, metadata_in(body, "metadata"));
  SLUICE_TRY(out.content.rule_set, rules_in(body, "ruleSet"));
  SLUICE_TRY(out.version, int_in(body, "version", 0));
  SLUICE_TRY(const auto id, int_in(body, "id", -1));
  if (id > 0) out.id = SchemaId{id};
  out.normalize = flag("normalize");
  return out;
}

// --- the answer

io::HttpResponse Call::answer(const json::value& body) const { return {200, media_type_, json::serialize(body), {}}; }

io::HttpResponse Call::page(json::array all) const {
  const auto number = [&](std::string_view name, std::size_t otherwise) {
    const auto value = number_of(text(name));
    return value && *value >= 0 ? static_cast<std::size_t>(*value) : otherwise;
  };
  const auto from = std::min(number("offset", 0), all.size());
  const auto end = from + std::min(number("limit", all.size()), all.size() - from);
  if (from == 0 && end == all.size()) return answer(all);
  return answer(json::array(all.begin() + from, all.begin() + end));
}

json::object Call::shown(const Content& content, const std::string& subject) const {
  json::object out{{"guid", guid_text(content.md5())}, {"schemaType", content.type}};
  if (!content.references.empty())
    out["references"] = references_json(content, subject, text("referenceFormat") == "qualified");
  if (content.metadata) out["metadata"] = content.metadata->json();
  if (content.rule_set) out["ruleSet"] = content.rule_set->json();
  out["schema"] = registry_.formatted(subject, content, text("format"));
  if (const auto wanted = texts("findTags"); !wanted.empty())
    out["schemaTags"] = tags_json(registry_.tags(subject, content), wanted);
  return out;
}

json::object Call::shown(const Version& version) const {
  json::object out{{"subject", version.subject}, {"version", version.version}, {"id", version.id.value}};
  for (auto& member : shown(*version.content, version.subject)) out[member.key()] = std::move(member.value());
  out["ts"] = version.written_ms;
  out["deleted"] = version.deleted;
  return out;
}

}  // namespace sluice::registry
