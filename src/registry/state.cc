#include "registry/state.h"

#include <algorithm>

#include "base/trace.h"
#include "registry/subject_name.h"

namespace sluice::registry {
namespace {

std::string context_of(const std::string& subject) { return SubjectName::parse(subject).context; }

auto place_of(auto& entries, std::int32_t number) {
  return std::ranges::lower_bound(entries, number, {}, &Entry::number);
}

void warn(const Key& key, const std::string& what) {
  trace::warn("registry", "_schemas: " + key.bytes() + ": " + what + "; the record is passed over");
}

}  // namespace

void State::apply(std::string_view bytes, const std::optional<std::string_view>& value, std::int64_t timestamp_ms) {
  const auto key = Key::parse(bytes);
  if (!key) return trace::warn("registry", "a key of _schemas is no JSON object and is passed over");
  if (key->type != KeyType::noop && key->type != KeyType::other) note_spelling(*key, bytes, value.has_value());
  switch (key->type) {
    case KeyType::schema:
      return apply_schema(*key, value, timestamp_ms);
    case KeyType::config:
      return apply_config(*key, value);
    case KeyType::mode:
      return apply_mode(*key, value);
    case KeyType::delete_subject:
      if (value) delete_subject(*key, parse_delete_subject_value(*value));
      return;
    case KeyType::clear_subject:
      if (value) clear_subject(*key);
      return;
    case KeyType::context:
      if (key->subject.empty() || key->subject == kDefaultContext) return;
      value ? static_cast<void>(contexts_.insert(key->subject)) : static_cast<void>(contexts_.erase(key->subject));
      return;
    case KeyType::noop:
      for (const auto& [context, id] : value ? parse_noop_value(*value) : GreatestIds{}) {
        auto& next = ids_[context].next_id;
        next = std::max(next, id + 1);
      }
      return;
    case KeyType::other:
      return;
  }
}

void State::note_spelling(const Key& key, std::string_view bytes, bool live) {
  const auto ours = key.bytes();
  if (bytes == ours) return;
  auto& others = spellings_[ours];
  live ? static_cast<void>(others.emplace(bytes)) : static_cast<void>(others.erase(std::string(bytes)));
  if (others.empty()) spellings_.erase(ours);
}

std::vector<std::string> State::other_spellings(const std::string& key) const {
  const auto found = spellings_.find(key);
  return found == spellings_.end() ? std::vector<std::string>()
                                   : std::vector(found->second.begin(), found->second.end());
}

// --- schemas

void State::apply_schema(const Key& key, const std::optional<std::string_view>& value, std::int64_t timestamp_ms) {
  if (!value) return remove(key.subject, key.version);
  auto record = parse_schema_value(*value);
  if (!record || key.version <= 0) return warn(key, "the value names no schema with an id, or the key no version");
  auto& context = ids_[context_of(key.subject)];
  context.next_id = std::max(context.next_id, record->id.value + 1);
  if (taken(context, key, record->id, record->content))
    return warn(key, "id " + to_string(record->id) + " belongs to another schema");
  const auto md5 = record->content.md5();
  auto content = kept(std::move(record->content), md5);
  remove(key.subject, key.version);  // of the same number, when this marks it deleted
  add(key, {key.version, record->id, std::move(content), timestamp_ms, record->deleted}, md5);
}

bool State::taken(const Context& context, const Key& key, SchemaId id, const Content& content) const {
  const auto found = context.ids.find(id.value);
  if (found == context.ids.end() || *found->second.content == content) return false;
  const auto& uses = found->second.uses;
  return uses.size() != 1 || *uses.front().subject != key.subject || uses.front().version != key.version;
}

ContentPtr State::kept(Content content, const Md5& md5) {
  auto& known = contents_[md5];
  if (auto same = known.lock(); same && *same == content) return same;
  auto made = std::make_shared<const Content>(std::move(content));
  known = made;
  return made;
}

void State::add(const Key& key, Entry entry, const Md5& md5) {
  const auto place = subjects_.try_emplace(key.subject).first;
  const auto name = context_of(key.subject);
  if (name != kDefaultContext) contexts_.insert(name);
  auto& context = ids_[name];
  auto& uses = context.ids[entry.id.value];
  if (uses.uses.empty()) context.by_md5.emplace(md5, entry.id.value);
  uses.content = entry.content;
  uses.uses.push_back({&place->first, key.version});
  count_references(key.subject, entry, 1);
  place->second.insert(place_of(place->second, key.version), std::move(entry));
}

void State::remove(const std::string& subject, std::int32_t number) {
  const auto found = subjects_.find(subject);
  if (found == subjects_.end()) return;
  const auto entry = place_of(found->second, number);
  if (entry == found->second.end() || entry->number != number) return;
  count_references(subject, *entry, -1);
  auto& context = ids_[context_of(subject)];
  const auto id = context.ids.find(entry->id.value);
  std::erase_if(id->second.uses, [&](const Use& use) { return use.subject == &found->first && use.version == number; });
  if (id->second.uses.empty()) {
    const auto md5 = entry->content->md5();
    const auto [first, last] = context.by_md5.equal_range(md5);
    context.by_md5.erase(std::find_if(first, last, [&](const auto& item) { return item.second == entry->id.value; }));
    context.ids.erase(id);
    entry->content.reset();
    if (const auto known = contents_.find(md5); known != contents_.end() && known->second.expired())
      contents_.erase(known);
  }
  found->second.erase(entry);
  if (found->second.empty()) subjects_.erase(found);
}

// Only what is live keeps what it refers to.
void State::count_references(const std::string& subject, const Entry& entry, int by) {
  if (entry.deleted) return;
  for (const auto& reference : entry.content->references) {
    const auto place = references_.try_emplace({qualified_by(subject, reference.subject), reference.version}).first;
    if ((place->second[entry.id.value] += by) == 0) place->second.erase(entry.id.value);
    if (place->second.empty()) references_.erase(place);
  }
}

void State::delete_subject(const Key& key, std::int32_t up_to) {
  const auto found = subjects_.find(key.subject);
  if (found == subjects_.end()) return;
  for (auto& entry : found->second) {
    if (entry.number > up_to || entry.deleted) continue;
    count_references(key.subject, entry, -1);
    entry.deleted = true;
  }
}

// Forgets the softly deleted versions of a subject, or of all subjects of a context.
void State::clear_subject(const Key& key) {
  const auto scope = SubjectName::parse(key.subject);
  std::vector<std::pair<std::string, std::int32_t>> gone;
  for (const auto& [subject, entries] : subjects_) {
    const bool meant =
        key.subject.empty() || (scope.subject.empty() ? context_of(subject) == scope.context : subject == key.subject);
    if (!meant) continue;
    for (const auto& entry : entries) {
      if (entry.deleted) gone.emplace_back(subject, entry.number);
    }
  }
  for (const auto& [subject, number] : gone) remove(subject, number);
}

// --- settings

void State::apply_config(const Key& key, const std::optional<std::string_view>& value) {
  if (!value) return static_cast<void>(configs_.erase(key.subject));
  auto config = parse_config_value(*value);
  if (!config) return warn(key, "the value is no configuration");
  configs_[key.subject] = *std::move(config);
}

void State::apply_mode(const Key& key, const std::optional<std::string_view>& value) {
  if (!value) return static_cast<void>(modes_.erase(key.subject));
  auto mode = parse_mode_value(*value);
  if (!mode) return warn(key, "the value is no mode");
  modes_[key.subject] = *std::move(mode);
}

const Config* State::config(std::string_view scope) const {
  const auto found = configs_.find(scope);
  return found == configs_.end() ? nullptr : &found->second;
}

const std::string* State::mode(std::string_view scope) const {
  const auto found = modes_.find(scope);
  return found == modes_.end() ? nullptr : &found->second;
}

// --- questions

const Entries* State::entries(std::string_view subject) const {
  const auto found = subjects_.find(subject);
  return found == subjects_.end() ? nullptr : &found->second;
}

const Entry* State::latest(std::string_view subject) const {
  const auto* all = entries(subject);
  if (all == nullptr) return nullptr;
  const auto found = std::find_if(all->rbegin(), all->rend(), [](const Entry& entry) { return !entry.deleted; });
  return found == all->rend() ? nullptr : &*found;
}

const State::Context* State::find_context(const std::string& name) const {
  const auto found = ids_.find(name);
  return found == ids_.end() ? nullptr : &found->second;
}

ContentPtr State::content(const std::string& context, SchemaId id) const {
  const auto* in = find_context(context);
  if (in == nullptr) return nullptr;
  const auto found = in->ids.find(id.value);
  return found == in->ids.end() ? nullptr : found->second.content;
}

std::vector<Use> State::uses(const std::string& context, SchemaId id) const {
  const auto* in = find_context(context);
  if (in == nullptr) return {};
  const auto found = in->ids.find(id.value);
  return found == in->ids.end() ? std::vector<Use>() : found->second.uses;
}

std::optional<SchemaId> State::id_of(const std::string& context, const Content& content) const {
  const auto* in = find_context(context);
  if (in == nullptr) return std::nullopt;
  const auto [first, last] = in->by_md5.equal_range(content.md5());
  const auto found =
      std::find_if(first, last, [&](const auto& item) { return *in->ids.at(item.second).content == content; });
  return found == last ? std::nullopt : std::optional(SchemaId{found->second});
}

std::optional<SchemaId> State::id_of(const std::string& context, const Md5& guid) const {
  const auto* in = find_context(context);
  if (in == nullptr) return std::nullopt;
  const auto found = in->by_md5.find(guid);
  return found == in->by_md5.end() ? std::nullopt : std::optional(SchemaId{found->second});
}

std::int32_t State::next_id(const std::string& context) const {
  const auto* in = find_context(context);
  return in == nullptr ? 1 : in->next_id;
}

GreatestIds State::greatest_ids() const {
  GreatestIds ids;
  for (const auto& [name, context] : ids_) ids.emplace_back(name, context.next_id - 1);
  return ids;
}

std::vector<std::int32_t> State::referenced_by(const std::string& subject, std::int32_t version) const {
  std::vector<std::int32_t> ids;
  const auto found = references_.find({subject, version});
  if (found == references_.end()) return ids;
  for (const auto& [id, count] : found->second) ids.push_back(id);
  return ids;
}

}  // namespace sluice::registry
