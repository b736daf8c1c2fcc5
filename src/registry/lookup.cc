#include "registry/lookup.h"

#include <algorithm>

#include "registry/scope.h"
#include "registry/subject_name.h"

namespace sluice::registry {
namespace {

Content without_version(Content content) {
  if (!content.metadata) return content;
  content.metadata->properties.erase(std::string(kVersionProperty));
  if (*content.metadata == Metadata{}) content.metadata.reset();
  return content;
}

}  // namespace

Result<Content> Lookup::canonical(const std::string& subject, const Content& given, bool is_new, bool normalize) const {
  const auto config = config_in_scope(state_, subject, default_level_);
  SLUICE_TRY(const auto parsed,
             parsed_.parse(state_, subject, given, is_new && config.validate_new_schemas.value_or(true)));
  auto out = given;
  const bool normal = normalize || config.normalize.value_or(false);
  out.text = normal ? parsed->normalized() : parsed->text();
  for (auto& reference : out.references) {
    if (reference.version != -1) continue;
    if (const auto* latest = state_.latest(qualified_by(subject, reference.subject)))
      reference.version = latest->number;
  }
  if (normal) {
    std::ranges::sort(out.references);
    out.references.erase(std::ranges::unique(out.references).begin(), out.references.end());
  }
  return out;
}

bool Lookup::stands_for(const std::string& subject, const Content& content, const Entry& entry) const {
  const auto& there = *entry.content;
  const bool versioned = there.metadata && there.metadata->properties.contains(std::string(kVersionProperty));
  const bool unversioned = !content.metadata || !content.metadata->properties.contains(std::string(kVersionProperty));
  if (there == content) return true;
  const bool written_out = content.references.empty() && !there.references.empty() && there.type == content.type;
  if (!written_out && !(versioned && unversioned)) return false;
  const auto compared = versioned && unversioned ? without_version(there) : there;
  if (compared == content) return true;
  if (!written_out) return false;
  if (compared.metadata != content.metadata || compared.rule_set != content.rule_set) return false;
  const auto parsed = parsed_.parse(state_, subject, there, false);
  if (!parsed.ok()) return false;
  const auto resolved = (*parsed)->formatted("resolved");
  return resolved.ok() && *resolved == content.text;
}

Result<const Entry*> Lookup::find_once(const std::string& subject, const Content& given,
                                       const FindOptions& options) const {
  SLUICE_TRY(const auto content, canonical(subject, given, false, options.normalize));
  if (options.latest_only) {
    const auto* latest = state_.latest(subject);
    return latest != nullptr && stands_for(subject, content, *latest) ? latest : nullptr;
  }
  const auto* entries = state_.entries(subject);
  if (entries == nullptr) return nullptr;
  const auto visible = [&](const Entry& entry) { return options.deleted || !entry.deleted; };
  if (const auto id = state_.id_of(SubjectName::parse(subject).context, content)) {
    const auto same = [&](const Entry& entry) { return entry.id == *id && visible(entry); };
    const auto found = std::find_if(entries->rbegin(), entries->rend(), same);
    if (found != entries->rend()) return &*found;
  }
  const auto stands = [&](const Entry& entry) { return visible(entry) && stands_for(subject, content, entry); };
  const auto found = std::find_if(entries->rbegin(), entries->rend(), stands);
  return found == entries->rend() ? nullptr : &*found;
}

Result<const Entry*> Lookup::find(const std::string& subject, const Content& given, const FindOptions& options) const {
  SLUICE_TRY(const auto* found, find_once(subject, given, options));
  if (found != nullptr || !state_.has_live(subject)) return found;
  const auto more = with_contract(subject, given);
  return more == given ? nullptr : find_once(subject, more, options);
}

Content Lookup::with_contract(const std::string& subject, const Content& given) const {
  auto out = given;
  const auto* latest = state_.latest(subject);
  if (latest != nullptr && !out.metadata) out.metadata = latest->content->metadata;
  if (latest != nullptr && !out.rule_set) out.rule_set = latest->content->rule_set;
  const auto config = config_in_scope(state_, subject, default_level_);
  out.metadata = merged(merged(config.default_metadata, out.metadata), config.override_metadata);
  out.rule_set = merged(merged(config.default_rules, out.rule_set), config.override_rules);
  return out;
}

}  // namespace sluice::registry
