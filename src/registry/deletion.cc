#include "registry/deletion.h"

#include <algorithm>

#include "registry/scope.h"
#include "registry/subject_name.h"

namespace sluice::registry {
namespace {

constexpr const char* kPermanently = " was soft deleted. Set permanent=true to delete permanently";
constexpr const char* kNotFirst = " was not deleted first before being permanently deleted";

// TopicNameStrategy: "orders-value" is of the topic "orders". Other names say nothing of a topic.
std::optional<std::string> topic_of(const std::string& subject) {
  const auto name = SubjectName::parse(subject).subject;
  for (const std::string_view end : {"-value", "-key"}) {
    if (name.size() > end.size() && name.ends_with(end)) return name.substr(0, name.size() - end.size());
  }
  return std::nullopt;
}

}  // namespace

Result<Entry> Deletion::chosen(const std::string& subject, std::int32_t version, bool permanent) const {
  const auto* entries = state_.entries(subject);
  if (entries == nullptr) return no_subject(subject);
  if (version == -1) {
    const auto* latest = state_.latest(subject);
    if (latest == nullptr) return no_version(version);
    return *latest;
  }
  const auto found = std::ranges::find(*entries, version, &Entry::number);
  if (found == entries->end()) return no_version(version);
  const auto text = "Subject '" + subject + "' Version " + std::to_string(version);
  if (!permanent && found->deleted) return failed(Code::version_soft_deleted, text + kPermanently);
  return *found;
}

Result<Deleted> Deletion::of_version(const std::string& subject, std::int32_t version,
                                     const DeleteOptions& options) const {
  SLUICE_RETURN_IF_ERROR(check_writable(state_, subject));
  SLUICE_TRY(const auto entry, chosen(subject, version, options.permanent));
  if (options.permanent && !entry.deleted) {
    return failed(Code::version_not_soft_deleted,
                  "Subject '" + subject + "' Version " + std::to_string(entry.number) + kNotFirst);
  }
  SLUICE_RETURN_IF_ERROR(check_unused(subject, {entry}, options));
  return changes_for(subject, {entry}, options.permanent);
}

Result<Deleted> Deletion::of_subject(const std::string& subject, const DeleteOptions& options) const {
  SLUICE_RETURN_IF_ERROR(check_writable(state_, subject));
  const auto* entries = state_.entries(subject);
  if (entries == nullptr) return no_subject(subject);
  const bool any_live = state_.has_live(subject);
  if (options.permanent && any_live)
    return failed(Code::subject_not_soft_deleted, "Subject '" + subject + "'" + kNotFirst);
  if (!options.permanent && !any_live)
    return failed(Code::subject_soft_deleted, "Subject '" + subject + "'" + kPermanently);
  Entries gone;
  std::ranges::copy_if(*entries, std::back_inserter(gone),
                       [&](const Entry& entry) { return options.permanent || !entry.deleted; });
  SLUICE_RETURN_IF_ERROR(check_unused(subject, gone, options));
  return changes_for(subject, gone, options.permanent);
}

Result<Deleted> Deletion::of_context(const std::string& context) const {
  const auto scope = ":" + context + ":";
  for (const auto& [subject, entries] : state_.subjects()) {
    if (in_scope(scope, subject)) {
      return failed(Code::context_not_empty, "context '" + context + "' has subjects, softly deleted ones perhaps; one is " + subject);
    }
  }
  Deleted out;
  if (state_.config(scope) != nullptr) out.changes.emplace_back(Key{KeyType::config, scope, 0}, std::nullopt);
  if (state_.mode(scope) != nullptr) out.changes.emplace_back(Key{KeyType::mode, scope, 0}, std::nullopt);
  out.changes.emplace_back(Key{KeyType::noop, "", 0}, noop_value(state_.greatest_ids()));
  out.changes.emplace_back(Key{KeyType::context, context, 0}, std::nullopt);
  return out;
}

Result<Deleted> Deletion::of_remains(const std::string& scope) const {
  Deleted out;
  for (const auto& [subject, entries] : state_.subjects()) {
    if (!in_scope(scope, subject)) continue;
    for (const auto& entry : entries) {
      if (!state_.referenced_by(subject, entry.number).empty()) return reference_exists(subject, entry.number);
      out.versions.push_back(entry.number);
      out.changes.emplace_back(Key{KeyType::schema, subject, entry.number}, std::nullopt);
    }
  }
  out.changes.emplace_back(Key{KeyType::noop, "", 0}, noop_value(state_.greatest_ids()));
  out.changes.emplace_back(Key{KeyType::clear_subject, scope, 0}, clear_subject_value(scope));
  return out;
}

Result<void> Deletion::check_unused(const std::string& subject, const Entries& gone,
                                    const DeleteOptions& options) const {
  for (const auto& entry : gone) {
    if (!state_.referenced_by(subject, entry.number).empty()) return reference_exists(subject, entry.number);
    if (!options.permanent || options.force || !held(subject, entry, gone)) continue;
    return failed(Code::not_permitted,
                  "Subject '" + subject + "' Version " + std::to_string(entry.number) + ": topic '" +
                      *topic_of(subject) + "' may still hold records with schema id " + to_string(entry.id) +
                      ", which nobody could read any more; add force=true to delete it all the same");
  }
  return {};
}

// Would the id be gone, although its topic may need it?
bool Deletion::held(const std::string& subject, const Entry& entry, const Entries& gone) const {
  const auto topic = topic_of(subject);
  if (!topic) return false;
  const auto goes = [&](const Use& use) {
    return *use.subject == subject && std::ranges::find(gone, use.version, &Entry::number) != gone.end();
  };
  return std::ranges::all_of(state_.uses(SubjectName::parse(subject).context, entry.id), goes) &&
         may_hold_(*topic, entry.id);
}

// With the last version goes what was configured for the subject. Ids are never given twice, whatever compaction
// removes.
Deleted Deletion::changes_for(const std::string& subject, const Entries& gone, bool permanent) const {
  Deleted out;
  const auto& all = *state_.entries(subject);
  for (const auto& entry : gone) {
    out.versions.push_back(entry.number);
    const auto value = schema_value(subject, entry.number, {entry.id, true, *entry.content});
    out.changes.emplace_back(Key{KeyType::schema, subject, entry.number},
                             permanent ? std::nullopt : std::optional(value));
  }
  const auto live = std::ranges::count_if(all, [](const Entry& entry) { return !entry.deleted; });
  const bool last = permanent ? gone.size() == all.size() : static_cast<std::size_t>(live) == gone.size();
  if (last && state_.config(subject) != nullptr)
    out.changes.emplace_back(Key{KeyType::config, subject, 0}, std::nullopt);
  if (last && state_.mode(subject) != nullptr) out.changes.emplace_back(Key{KeyType::mode, subject, 0}, std::nullopt);
  if (permanent) out.changes.emplace_back(Key{KeyType::noop, "", 0}, noop_value(state_.greatest_ids()));
  return out;
}

}  // namespace sluice::registry
