#include <boost/json.hpp>

#include "registry/rest/handlers.h"
#include "registry/subject_name.h"

namespace sluice::registry::handlers {
namespace json = boost::json;

namespace {

// As for a lookup, but with the id first: old clients read nothing else.
io::HttpResponse registered(const Call& call, const Result<Version>& added) {
  if (!added.ok()) return failure(added.error());
  json::object out{{"id", added->id.value}, {"version", added->version}};
  for (auto& member : call.shown(*added->content, added->subject)) out[member.key()] = std::move(member.value());
  out["ts"] = added->written_ms;
  // Python's client would keep this text for the id, and then take it for the descriptor that its deserializer asks for.
  if (added->content->type == "PROTOBUF") out.erase("schema");
  return call.answer(out);
}

// The request's tags into its text, or into that of the latest version.
Result<void> apply_tags(const Call& call, const std::string& subject, SchemaRequest& request) {
  SLUICE_TRY(const auto body, call.body());
  SLUICE_TRY(const auto add, tags_in(body, "schemaTagsToAdd"));
  SLUICE_TRY(const auto remove, tags_in(body, "schemaTagsToRemove"));
  if (add.empty() && remove.empty()) return {};
  if (request.content.text.empty()) {
    SLUICE_TRY(const auto latest, call.registry().version(subject, -1, false));
    request.content = *latest.content;
  }
  SLUICE_TRY(request.content.text, call.registry().with_tags(subject, request.content, add, remove));
  if (request.version == 0) request.version = -1;
  return {};
}

DeleteOptions delete_options(const Call& call) {
  return {.permanent = call.flag("permanent"), .force = call.flag("force")};
}

Result<Version> version_asked(const Call& call) {
  SLUICE_TRY(const auto number, call.version(3));
  return call.registry().version(call.subject(1), number, call.flag("deleted"));
}

// The rules of a tag request: given whole, or as changes to those of the version before the new one.
Result<std::optional<RuleSet>> rules_asked(const Call& call, const std::string& subject, const json::object& body,
                                           std::int32_t new_version) {
  SLUICE_TRY(const auto more, rules_in(body, "rulesToMerge"));
  const auto* fewer = body.if_contains("rulesToRemove");
  const bool removes = fewer != nullptr && fewer->is_array();
  if (!more && !removes) return rules_in(body, "ruleSet");
  SLUICE_TRY(const auto old, call.registry().version(subject, new_version > 1 ? new_version - 1 : -1, false));
  auto rules = merged(old.content->rule_set, more);
  std::set<std::string> names;
  for (const auto& name : removes ? fewer->get_array() : json::array()) {
    if (name.is_string()) names.emplace(name.get_string());
  }
  if (rules) rules->remove(names);
  return rules;
}

}  // namespace

io::HttpResponse list_subjects(const Call& call) {
  const auto names = call.registry().subjects(call.prefix_asked(), call.which());
  return call.page(json::array(names.begin(), names.end()));
}

io::HttpResponse look_up(const Call& call) {
  const auto request = call.schema_body();
  if (!request.ok()) return failure(request.error());
  const auto found = call.registry().find(call.subject(1), *request, call.flag("deleted"));
  return found.ok() ? call.answer(call.shown(*found)) : failure(found.error());
}

io::HttpResponse delete_subject(const Call& call) {
  const auto deleted = call.registry().delete_subject(call.subject(1), delete_options(call));
  return deleted.ok() ? call.answer(json::array(deleted->begin(), deleted->end())) : failure(deleted.error());
}

io::HttpResponse list_versions(const Call& call) {
  const auto subject = call.subject(1);
  const bool negative = call.flag("deletedAsNegative");
  auto versions = call.registry().versions(subject, negative ? Which::with_deleted : call.which());
  if (!versions.ok()) return failure(versions.error());
  json::array list(versions->begin(), versions->end());
  if (negative) {
    const auto live = call.registry().versions(subject, Which::live).value_or(std::vector<std::int32_t>());
    for (auto& number : list) {
      const auto version = static_cast<std::int32_t>(number.as_int64());
      if (std::ranges::find(live, version) == live.end()) number = -version;
    }
  }
  return call.page(std::move(list));
}

io::HttpResponse register_schema(const Call& call) {
  const auto subject = call.subject(1);
  if (!valid_subject(subject))
    return failure(failed(Code::invalid_subject, "'" + subject + "' is no name for a subject"));
  auto request = call.schema_body();
  if (!request.ok()) return failure(request.error());
  if (const auto tagged = apply_tags(call, subject, *request); !tagged.ok()) return failure(tagged.error());
  return registered(call, call.registry().add_version(subject, *request));
}

io::HttpResponse get_version(const Call& call) {
  const auto found = version_asked(call);
  return found.ok() ? call.answer(call.shown(*found)) : failure(found.error());
}

io::HttpResponse get_version_schema(const Call& call) {
  const auto found = version_asked(call);
  return found.ok() ? call.raw(call.registry().formatted(found->subject, *found->content, call.text("format")))
                    : failure(found.error());
}

io::HttpResponse get_referenced_by(const Call& call) {
  const auto number = call.version(3);
  if (!number.ok()) return failure(number.error());
  const auto ids = call.registry().referenced_by(call.subject(1), *number);
  return ids.ok() ? call.page(json::array(ids->begin(), ids->end())) : failure(ids.error());
}

io::HttpResponse delete_version(const Call& call) {
  const auto number = call.version(3);
  if (!number.ok()) return failure(number.error());
  const auto deleted = call.registry().delete_version(call.subject(1), *number, delete_options(call));
  return deleted.ok() ? call.answer(*deleted) : failure(deleted.error());
}

// A new version of a version, with other tags, metadata or rules.
io::HttpResponse tag_version(const Call& call) {
  const auto plan = [&]() -> Result<SchemaRequest> {
    SLUICE_TRY(const auto found, version_asked(call));
    SLUICE_TRY(const auto body, call.body());
    SLUICE_TRY(const auto add, tags_in(body, "tagsToAdd"));
    SLUICE_TRY(const auto remove, tags_in(body, "tagsToRemove"));
    const auto* number = body.if_contains("newVersion");
    SchemaRequest request{.content = *found.content, .version = -1};
    if (number != nullptr && number->is_int64()) request.version = static_cast<std::int32_t>(number->get_int64());
    SLUICE_TRY(const auto metadata, metadata_in(body, "metadata"));
    if (metadata) request.content.metadata = metadata;
    SLUICE_TRY(request.content.rule_set, rules_asked(call, found.subject, body, request.version));
    SLUICE_TRY(request.content.text, call.registry().with_tags(found.subject, *found.content, add, remove));
    return request;
  };
  const auto request = plan();
  return request.ok() ? registered(call, call.registry().add_version(call.subject(1), *request))
                      : failure(request.error());
}

io::HttpResponse find_by_metadata(const Call& call) {
  const auto keys = call.texts("key");
  const auto values = call.texts("value");
  std::map<std::string, std::string> properties;
  for (std::size_t i = 0; i < std::min(keys.size(), values.size()); ++i) properties[keys[i]] = values[i];
  const auto found = call.registry().latest_with(call.subject(1), properties, call.flag("deleted"));
  return found.ok() ? call.answer(call.shown(*found)) : failure(found.error());
}

}  // namespace sluice::registry::handlers
