#include "registry/parsed_schemas.h"

#include <algorithm>
#include <random>
#include <set>

#include "registry/errors.h"
#include "registry/subject_name.h"

namespace sluice::registry {
namespace {

// Collects what a schema refers to, and what that refers to, each before its users and once.
class Resolver {
 public:
  Resolver(const State& state) : state_(state) {}

  Result<void> add(const std::string& parent, const std::vector<Reference>& references) {
    for (const auto& reference : references) {
      const auto subject = qualified_by(parent, reference.subject);
      if (!seen_.emplace(reference.name, subject, reference.version).second) continue;
      const auto* entry = find(subject, reference.version);
      if (entry == nullptr) {
        return Error{ErrorCode::rejected, "No schema reference found for subject \"" + subject + "\" and version " +
                                              std::to_string(reference.version)};
      }
      SLUICE_RETURN_IF_ERROR(add(subject, entry->content->references));
      resolved.push_back({reference.name, entry->content->text});
    }
    return {};
  }

  std::vector<ReferencedSchema> resolved;

 private:
  [[nodiscard]] const Entry* find(const std::string& subject, std::int32_t version) const {
    if (version == -1) return state_.latest(subject);
    const auto* entries = state_.entries(subject);
    if (entries == nullptr) return nullptr;
    const auto found = std::ranges::find(*entries, version, &Entry::number);
    return found == entries->end() ? nullptr : &*found;
  }

  const State& state_;
  std::set<std::tuple<std::string, std::string, std::int32_t>> seen_;
};

}  // namespace

ParsedSchemas::ParsedSchemas(Languages languages, std::size_t text_bytes_max)
    : languages_(std::move(languages)), text_bytes_max_(text_bytes_max), seed_(std::random_device{}()) {}

std::vector<std::string> ParsedSchemas::types() const {
  std::vector<std::string> names;
  for (const auto& language : languages_) names.emplace_back(language->name());
  return names;
}

Result<const SchemaLanguage*> ParsedSchemas::language(const std::string& type) const {
  const auto found = std::ranges::find(languages_, type, [](const auto& one) { return one->name(); });
  if (found != languages_.end()) return found->get();
  std::string names;
  for (const auto& name : types()) names += (names.empty() ? "" : ", ") + name;
  return failed(Code::invalid_schema, "Invalid schema type " + type + "; this registry takes " + names);
}

Result<ParsedPtr> ParsedSchemas::parse(const State& state, const std::string& subject, const Content& content,
                                       bool is_new) {
  SLUICE_TRY(const auto* language, this->language(content.type));
  const auto refused = [&](const std::string& why) {
    return failed(Code::invalid_schema, "Invalid schema of type " + content.type + ", details: " + why);
  };
  Resolver references(state);
  if (const auto resolved = references.add(subject, content.references); !resolved.ok())
    return refused(resolved.error().message);
  const auto key = key_of(content, references.resolved, is_new);
  if (auto known = find(key)) return known;
  auto parsed = language->parse(content.text, references.resolved, is_new);
  if (!parsed.ok()) return refused(parsed.error().message);
  keep({key, *parsed, content.text.size()});
  return *std::move(parsed);
}

Hash128 ParsedSchemas::key_of(const Content& content, const std::vector<ReferencedSchema>& references,
                              bool is_new) const {
  std::string bytes = content.type + (is_new ? '1' : '0') + content.text;
  for (const auto& reference : references) {
    bytes += '\0' + reference.name + '\0' + reference.text;
  }
  return hash128(bytes, seed_);
}

ParsedPtr ParsedSchemas::find(const Hash128& key) {
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  recent_.splice(recent_.begin(), recent_, found->second);
  return found->second->schema;
}

void ParsedSchemas::keep(Kept kept) {
  const std::lock_guard lock(mutex_);
  if (by_key_.contains(kept.key)) return;
  bytes_ += kept.bytes;
  recent_.push_front(std::move(kept));
  by_key_.emplace(recent_.front().key, recent_.begin());
  while (bytes_ > text_bytes_max_ && recent_.size() > 1) {
    bytes_ -= recent_.back().bytes;
    by_key_.erase(recent_.back().key);
    recent_.pop_back();
  }
}

}  // namespace sluice::registry
