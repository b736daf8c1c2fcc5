// The registry's answers: they change nothing and wait for no commit.
#include <algorithm>

#include "registry/registry.h"
#include "registry/scope.h"
#include "registry/subject_name.h"

namespace sluice::registry {
namespace {

bool shown(const Entry& entry, Which which) {
  return which == Which::with_deleted || entry.deleted == (which == Which::deleted_only);
}

// ":*:" before a prefix: in all contexts.
bool has_prefix(const std::string& subject, std::string_view prefix) {
  static constexpr std::string_view kAnyContext = ":*:";
  if (!prefix.starts_with(kAnyContext)) return subject.starts_with(prefix);
  return SubjectName::parse(subject).subject.starts_with(prefix.substr(kAnyContext.size()));
}

std::optional<Version> pick(const State& state, const std::string& subject, std::int32_t number, bool deleted) {
  const auto* entries = state.entries(subject);
  if (entries == nullptr) return std::nullopt;
  if (number == -1) {
    const auto* latest = state.latest(subject);
    return latest == nullptr ? std::nullopt : std::optional(version_of(subject, *latest));
  }
  const auto found = std::ranges::find(*entries, number, &Entry::number);
  const bool there = found != entries->end() && (deleted || !found->deleted);
  return there ? std::optional(version_of(subject, *found)) : std::nullopt;
}

bool exists(const State& state, const std::string& subject, bool deleted) {
  return deleted ? state.entries(subject) != nullptr : state.has_live(subject);
}

}  // namespace

std::vector<std::string> Registry::with_other_contexts(const std::string& subject) const {
  std::vector<std::string> names{subject};
  const auto name = SubjectName::parse(subject);
  if (name.qualified() || name.subject.empty()) return names;
  for (const auto& context : state_->contexts()) names.push_back(SubjectName{context, name.subject}.text());
  return names;
}

Result<SchemaId> Registry::add(const std::string& subject, const std::string& schema) {
  SLUICE_TRY(const auto version, add_version(subject, {.content = {.text = schema}}));
  return version.id;
}

Result<std::string> Registry::schema(SchemaId id) {
  SLUICE_TRY(const auto found, content(id, ""));
  return found->text;
}

Result<std::string> Registry::latest(const std::string& subject) {
  SLUICE_TRY(const auto found, version(subject, -1, false));
  return found.content->text;
}

Result<bool> Registry::has(const std::string& subject, SchemaId id) {
  const std::shared_lock lock(state_mutex_);
  const auto* entries = state_->entries(subject);
  return entries != nullptr &&
         std::ranges::any_of(*entries, [&](const Entry& entry) { return entry.id == id && !entry.deleted; });
}

// Of the default context, as records without a context are.
Result<SchemaId> Registry::by_guid(ByteView guid) {
  Md5 md5;
  if (guid.size() != md5.size()) return failed(Code::schema_not_found, "a GUID has 16 bytes");
  std::ranges::transform(guid, md5.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
  const std::shared_lock lock(state_mutex_);
  const auto id = state_->id_of(std::string(kDefaultContext), md5);
  if (!id) return failed(Code::schema_not_found, "Schema " + guid_text(md5) + " not found");
  return *id;
}

Result<Version> Registry::find(const std::string& subject, const SchemaRequest& request, bool deleted) {
  const std::shared_lock lock(state_mutex_);
  const FindOptions options{.normalize = request.normalize, .deleted = deleted, .latest_only = request.version == -1};
  bool any = false;
  for (const auto& name : with_other_contexts(subject)) {
    if (!exists(*state_, name, deleted)) continue;
    any = true;
    const auto found = lookup().find(name, request.content, options);
    if (!found.ok() && name == subject) return found.error();  // elsewhere its references may mean nothing
    if (found.ok() && *found != nullptr) return version_of(name, **found);
  }
  if (!any) return no_subject(subject);
  return failed(Code::schema_not_found, "Schema not found");
}

Result<Verdict> Registry::check(const std::string& subject, const SchemaRequest& request,
                                std::optional<std::int32_t> number) {
  const std::shared_lock lock(state_mutex_);
  const auto* all = state_->entries(subject);
  std::vector<Entry> against;
  if (all != nullptr)
    std::ranges::copy_if(*all, std::back_inserter(against), [&](const Entry& entry) { return !entry.deleted; });
  if (number && *number != -1) {
    std::erase_if(against, [&](const Entry& entry) { return entry.number != *number; });
    if (against.empty()) return no_version(*number);
  }
  if (number == -1 && against.size() > 1) against.erase(against.begin(), std::prev(against.end()));
  if (request.content.text.empty()) return failed(Code::invalid_schema, "Empty schema");
  SLUICE_TRY(const auto content, lookup().canonical(subject, request.content, true, request.normalize));
  return registration().check(subject, content, against);
}

Result<Version> Registry::version(const std::string& subject, std::int32_t number, bool deleted) const {
  const std::shared_lock lock(state_mutex_);
  for (const auto& name : with_other_contexts(subject)) {
    if (auto found = pick(*state_, name, number, deleted)) return *std::move(found);
  }
  if (!exists(*state_, subject, deleted)) return no_subject(subject);
  return no_version(number);
}

Result<Version> Registry::latest_with(const std::string& subject, const std::map<std::string, std::string>& properties,
                                      bool deleted) const {
  const std::shared_lock lock(state_mutex_);
  if (!exists(*state_, subject, deleted)) return no_subject(subject);
  const auto& entries = *state_->entries(subject);
  const auto has_all = [&](const Entry& entry) {
    if ((entry.deleted && !deleted) || !entry.content->metadata) return false;
    return std::ranges::all_of(
        properties, [&](const auto& item) { return entry.content->metadata->property(item.first) == item.second; });
  };
  const auto found = std::find_if(entries.rbegin(), entries.rend(), has_all);
  if (found == entries.rend()) return failed(Code::schema_not_found, "Schema not found");
  return version_of(subject, *found);
}

std::vector<std::string> Registry::subjects(const std::string& prefix, Which which) const {
  const std::shared_lock lock(state_mutex_);
  std::vector<std::string> names;
  for (const auto& [subject, entries] : state_->subjects()) {
    if (!has_prefix(subject, prefix)) continue;
    if (which == Which::with_deleted || state_->has_live(subject) == (which == Which::live)) names.push_back(subject);
  }
  return names;
}

Result<std::vector<std::int32_t>> Registry::versions(const std::string& subject, Which which) const {
  const std::shared_lock lock(state_mutex_);
  if (!exists(*state_, subject, which != Which::live)) return no_subject(subject);
  std::vector<std::int32_t> numbers;
  for (const auto& entry : *state_->entries(subject)) {
    if (shown(entry, which)) numbers.push_back(entry.number);
  }
  return numbers;
}

std::vector<Version> Registry::all(const std::string& prefix, Which which, bool latest_only) const {
  const std::shared_lock lock(state_mutex_);
  std::vector<Version> list;
  for (const auto& [subject, entries] : state_->subjects()) {
    if (!has_prefix(subject, prefix)) continue;
    const auto begin = list.size();
    for (const auto& entry : entries) {
      if (!shown(entry, which)) continue;
      if (latest_only && list.size() > begin) list.pop_back();
      list.push_back(version_of(subject, entry));
    }
  }
  return list;
}

Result<std::vector<std::int32_t>> Registry::referenced_by(const std::string& subject, std::int32_t number) const {
  SLUICE_TRY(const auto found, version(subject, number, true));
  const std::shared_lock lock(state_mutex_);
  return state_->referenced_by(found.subject, found.version);
}

std::vector<std::string> Registry::aliases_of(const std::string& subject) const {
  const std::shared_lock lock(state_mutex_);
  std::vector<std::string> names;
  for (const auto& [scope, config] : state_->configs()) {
    if (config.alias && qualified_by(scope, *config.alias) == subject) names.push_back(scope);
  }
  return names;
}

std::string Registry::meant_by(const std::string& subject) const {
  const std::shared_lock lock(state_mutex_);
  return registry::meant_by(*state_, subject);
}

std::string Registry::formatted(const std::string& subject, const Content& content, const std::string& format) {
  if (format.empty()) return content.text;
  const std::shared_lock lock(state_mutex_);
  const auto parsed = parsed_.parse(*state_, subject, content, false);
  return parsed.ok() ? (*parsed)->formatted(format).value_or(content.text) : content.text;
}

std::vector<EntityTags> Registry::tags(const std::string& subject, const Content& content) {
  const std::shared_lock lock(state_mutex_);
  const auto parsed = parsed_.parse(*state_, subject, content, false);
  return parsed.ok() ? (*parsed)->tags() : std::vector<EntityTags>();
}

Result<std::string> Registry::with_tags(const std::string& subject, const Content& content,
                                        std::span<const EntityTags> add, std::span<const EntityTags> remove) {
  const std::shared_lock lock(state_mutex_);
  SLUICE_TRY(const auto parsed, parsed_.parse(*state_, subject, content, false));
  auto text = parsed->with_tags(add, remove);
  if (text.ok()) return text;
  return failed(Code::invalid_schema, text.error().message);
}

// --- ids

std::string Registry::context_holding(SchemaId id, const std::string& subject) const {
  for (const auto& name : with_other_contexts(subject)) {
    const auto parsed = SubjectName::parse(name);
    if (parsed.subject.empty()) break;
    const auto uses = state_->uses(parsed.context, id);
    if (std::ranges::any_of(uses, [&](const Use& use) { return *use.subject == name; })) return parsed.context;
  }
  return SubjectName::parse(subject).context;
}

Result<ContentPtr> Registry::content(SchemaId id, const std::string& subject) const {
  const std::shared_lock lock(state_mutex_);
  auto found = state_->content(context_holding(id, subject), id);
  if (found == nullptr) return no_schema(id.value);
  return found;
}

Result<std::vector<Version>> Registry::uses(SchemaId id, const std::string& subject, bool deleted) const {
  const std::shared_lock lock(state_mutex_);
  const auto uses = state_->uses(context_holding(id, subject), id);
  if (uses.empty()) return no_schema(id.value);
  std::vector<Version> list;
  for (const auto& use : uses) {
    if (auto found = pick(*state_, *use.subject, use.version, deleted)) list.push_back(*std::move(found));
  }
  std::ranges::sort(list, {}, [](const Version& version) { return std::pair(version.subject, version.version); });
  return list;
}

std::int32_t Registry::greatest_id(const std::string& subject) const {
  const std::shared_lock lock(state_mutex_);
  return state_->next_id(SubjectName::parse(subject).context) - 1;
}

std::vector<Registry::ContextId> Registry::ids_of(const Md5& guid) const {
  const std::shared_lock lock(state_mutex_);
  std::vector<ContextId> list;
  const auto look = [&](const std::string& context) {
    if (const auto id = state_->id_of(context, guid)) list.push_back({context, *id, state_->content(context, *id)});
  };
  look(std::string(kDefaultContext));
  for (const auto& context : state_->contexts()) look(context);
  return list;
}

// --- settings

Config Registry::config_in_scope(const std::string& scope) const {
  const std::shared_lock lock(state_mutex_);
  return registry::config_in_scope(*state_, scope, options_.default_level);
}

Result<Config> Registry::config(const std::string& scope) const {
  const std::shared_lock lock(state_mutex_);
  if (scope.empty()) return registry::config_in_scope(*state_, scope, options_.default_level);
  if (const auto* config = state_->config(scope)) return *config;
  return failed(Code::subject_config_missing,
                "Subject '" + scope + "' does not have subject-level compatibility configured");
}

std::string Registry::mode_in_scope(const std::string& scope) const {
  const std::shared_lock lock(state_mutex_);
  return registry::mode_in_scope(*state_, scope);
}

Result<std::string> Registry::mode(const std::string& scope) const {
  const std::shared_lock lock(state_mutex_);
  if (scope.empty()) return registry::mode_in_scope(*state_, scope);
  if (const auto* mode = state_->mode(scope)) return *mode;
  return failed(Code::subject_mode_missing, "Subject '" + scope + "' does not have subject-level mode configured");
}

std::vector<std::string> Registry::contexts() const {
  const std::shared_lock lock(state_mutex_);
  std::vector<std::string> names{std::string(kDefaultContext)};
  names.insert(names.end(), state_->contexts().begin(), state_->contexts().end());
  return names;
}

}  // namespace sluice::registry
