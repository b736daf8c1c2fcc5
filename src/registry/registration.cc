#include "registry/registration.h"

#include <algorithm>

#include "registry/scope.h"
#include "registry/subject_name.h"

namespace sluice::registry {
namespace {

std::string context_of(const std::string& subject) { return SubjectName::parse(subject).context; }

Error wrong_mode(const std::string& subject, const std::string& mode, const std::string& what) {
  return failed(Code::not_permitted, "Subject '" + subject + "' has the mode " + mode + ", and " + what);
}

std::vector<Entry> live(const Entries* entries) {
  std::vector<Entry> out;
  if (entries == nullptr) return out;
  std::ranges::copy_if(*entries, std::back_inserter(out), [](const Entry& entry) { return !entry.deleted; });
  return out;
}

}  // namespace

Version version_of(const std::string& subject, const Entry& entry) {
  return {subject, entry.number, entry.id, entry.content, entry.written_ms, entry.deleted};
}

Result<void> Registration::check_mode(const std::string& subject, const SchemaRequest& request,
                                      const std::string& mode) const {
  SLUICE_RETURN_IF_ERROR(check_writable(state_, subject));
  if (request.id && mode != "IMPORT" && mode != "FORWARD") {
    return wrong_mode(subject, mode, "takes an id of the client's in IMPORT or FORWARD only");
  }
  if (!request.id && mode != "READWRITE") return wrong_mode(subject, mode, "needs the schema's id");
  return {};
}

Result<const Entry*> Registration::find_existing(const std::string& subject, const SchemaRequest& request) const {
  const bool plain = request.version <= 0 && !request.content.text.empty() && !request.id;
  if (!plain || config_in_scope(state_, subject, default_level_).changes_schemas()) return nullptr;
  return lookup_.find(subject, request.content, {.normalize = request.normalize, .latest_only = request.version == -1});
}

// What the client left out.
Result<Content> Registration::complete(const std::string& subject, const SchemaRequest& request,
                                       std::int32_t next) const {
  auto content = request.content;
  const auto* latest = state_.latest(subject);
  if (content.text.find_first_not_of(" \t\r\n") == std::string::npos) {
    if (latest == nullptr) return failed(Code::invalid_schema, "Empty schema");
    content.text = latest->content->text;
    content.type = latest->content->type;
    content.references = latest->content->references;
  }
  content = lookup_.with_contract(subject, content);
  const bool versioned = content.metadata && content.metadata->property(kVersionProperty);
  if (request.version != 0 || versioned) {
    if (!content.metadata) content.metadata.emplace();
    content.metadata->properties[std::string(kVersionProperty)] = std::to_string(next);
  }
  return content;
}

Result<Verdict> Registration::check(const std::string& subject, const Content& content,
                                    const std::vector<Entry>& against) const {
  SLUICE_TRY(const auto* language, parsed_.language(content.type));
  SLUICE_TRY(const auto parsed, parsed_.parse(state_, subject, content, false));
  return judge({*language, *parsed, content}, against, config_in_scope(state_, subject, default_level_),
               [&](const Entry& entry) { return parsed_.parse(state_, subject, *entry.content, false); });
}

Result<void> Registration::check_compatible(const std::string& subject, const Content& content) const {
  SLUICE_TRY(const auto verdict, check(subject, content, live(state_.entries(subject))));
  if (verdict.compatible) return {};
  return failed(incompatible_, "Schema being registered is incompatible with an earlier schema for subject \"" +
                                   subject + "\", details: " + list_text(verdict.messages));
}

Result<Planned> Registration::plan(const std::string& subject, const SchemaRequest& request) const {
  const auto mode = mode_in_scope(state_, subject);
  SLUICE_RETURN_IF_ERROR(check_mode(subject, request, mode));
  const auto* entries = state_.entries(subject);
  const std::int32_t next = entries == nullptr ? 1 : entries->back().number + 1;
  const bool import = mode != "READWRITE";
  auto content = request.content;
  if (!import) {
    SLUICE_TRY(content, complete(subject, request, next));
  }
  SLUICE_TRY(content, lookup_.canonical(subject, content, !request.id, request.normalize));
  if (request.version == 0 && entries != nullptr) {
    const auto known = state_.id_of(context_of(subject), content);
    for (const auto& entry : live(entries)) {
      const bool same = known == entry.id || lookup_.stands_for(subject, content, entry);
      if (same && (!request.id || *request.id == entry.id)) return Planned{version_of(subject, entry), {}};
    }
  }
  if (!import) SLUICE_RETURN_IF_ERROR(check_compatible(subject, content));
  SLUICE_TRY(auto version, place(subject, request, import, std::move(content)));
  auto changes = changes_for(version);
  return Planned{std::move(version), std::move(changes)};
}

// Its version and id.
Result<Version> Registration::place(const std::string& subject, const SchemaRequest& request, bool import,
                                    Content content) const {
  const auto* entries = state_.entries(subject);
  Version version{.subject = subject, .version = entries == nullptr ? 1 : entries->back().number + 1};
  if (request.version > 0 && !import && request.version != version.version) {
    return failed(Code::invalid_schema, "the next version is " + std::to_string(version.version) + ", not " + std::to_string(request.version));
  }
  if (request.version > 0) version.version = request.version;
  SLUICE_TRY(version.id, choose_id(subject, request, content));
  const auto holds = [&](const Entry& entry) { return entry.number == version.version && entry.id != version.id; };
  if (entries != nullptr && std::ranges::any_of(*entries, holds)) {
    return failed(Code::not_permitted,
                  "Subject " + subject + " has another schema as version " + std::to_string(version.version));
  }
  version.content = std::make_shared<const Content>(std::move(content));
  return version;
}

Result<SchemaId> Registration::choose_id(const std::string& subject, const SchemaRequest& request,
                                         const Content& content) const {
  const auto context = context_of(subject);
  if (!request.id) {
    const auto known = state_.id_of(context, content);
    return known ? *known : SchemaId{state_.next_id(context)};
  }
  const auto there = state_.content(context, *request.id);
  if (there == nullptr || *there == content) return *request.id;
  return failed(Code::not_permitted, "id " + to_string(*request.id) + " belongs to another schema");
}

Changes Registration::changes_for(const Version& version) const {
  Changes changes;
  const auto context = context_of(version.subject);
  if (context != kDefaultContext && !state_.contexts().contains(context)) {
    changes.emplace_back(Key{KeyType::context, context, 0}, context_value(context));
  }
  const auto* entries = state_.entries(version.subject);
  for (const auto& entry : entries == nullptr ? Entries{} : *entries) {  // softly deleted, and now replaced
    const bool replaced = entry.deleted && entry.id == version.id && entry.number < version.version;
    if (!replaced || !state_.referenced_by(version.subject, entry.number).empty()) continue;
    changes.emplace_back(Key{KeyType::schema, version.subject, entry.number}, std::nullopt);
  }
  changes.emplace_back(Key{KeyType::schema, version.subject, version.version},
                       schema_value(version.subject, version.version, {version.id, false, *version.content}));
  return changes;
}

}  // namespace sluice::registry
