#include "registry/registry.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/trace.h"
#include "io/clock.h"

namespace sluice::registry {
namespace json = boost::json;

namespace {

constexpr std::string_view kLevels[] = {"NONE", "BACKWARD", "FORWARD", "FULL", "BACKWARD_TRANSITIVE", "FORWARD_TRANSITIVE", "FULL_TRANSITIVE"};
constexpr std::int64_t kReplayWaitMs = 10'000;
// Confluent's readers pass over the value of this key; ours is the greatest id ever given, which outlives its schema.
constexpr const char* kNoopKey = R"({"keytype":"NOOP","magic":0})";
constexpr const char* kLogicalProperty = "sluice.compareLogicalTypes";

Error failed(Code code, std::string message) {
  const auto number = static_cast<std::uint16_t>(code);
  const auto kind = number / 100 == 404 ? ErrorCode::not_found : code == Code::store_failed ? ErrorCode::back_off : ErrorCode::rejected;
  return {kind, std::move(message), {}, {}, number};
}

Error no_subject(const std::string& subject) { return failed(Code::subject_not_found, "Subject '" + subject + "' not found."); }

// Keys in Confluent's fixed order of members.
std::string schema_key(const std::string& subject, std::int32_t version) {
  return json::serialize(json::object{{"keytype", "SCHEMA"}, {"subject", subject}, {"version", version}, {"magic", 1}});
}
std::string config_key(const std::string& subject) {
  return json::serialize(json::object{{"keytype", "CONFIG"}, {"subject", subject.empty() ? json::value(nullptr) : json::value(subject)}, {"magic", 0}});
}
std::string schema_value(const Version& version) {
  return json::serialize(json::object{{"subject", version.subject}, {"version", version.version}, {"id", version.id.value}, {"schema", version.text}, {"deleted", version.deleted}});
}

std::string text_of(const json::object& object, const char* key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}
std::int32_t number_of(const json::object& object, const char* key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_int64() ? static_cast<std::int32_t>(value->get_int64()) : 0;
}

// Confluent's sentence about one incompatibility.
std::string words(const avro::Incompatibility& found) {
  std::string description = "The field is incompatible";
  const auto at = "at path '" + found.location + "'";
  if (found.type == "READER_FIELD_MISSING_DEFAULT_VALUE") {
    description = "The field '" + found.message + "' " + at + " in the new schema has no default value and is missing in the old schema";
  } else if (found.type == "TYPE_MISMATCH") {
    description = "The type (path '" + found.location + "') of a field in the new schema does not match with the old schema";
  } else if (found.type == "MISSING_UNION_BRANCH") {
    description = "The new schema is missing a type inside a union field " + at + " in the old schema";
  } else if (found.type == "MISSING_ENUM_SYMBOLS") {
    description = "The new schema is missing enum symbols '" + found.message + "' " + at + " in the old schema";
  } else if (found.type == "NAME_MISMATCH") {
    description = "The name of the schema has changed (path '" + found.location + "')";
  } else if (found.type == "FIXED_SIZE_MISMATCH") {
    description = "The size of FIXED type field " + at + " in the new schema does not match with the old schema";
  } else if (found.type == "LOGICAL_TYPE_MISMATCH") {
    description = "The logical type " + at + " was changed";
  }
  return "{errorType:'" + found.type + "', description:'" + description + "', additionalInfo:'" + found.message + "'}";
}

std::string details(const std::vector<std::string>& messages) {
  std::string text = "[";
  for (std::size_t i = 0; i < messages.size(); ++i) text += (i > 0 ? ", " : "") + messages[i];
  return text + "]";
}

}  // namespace

Result<std::unique_ptr<Registry>> Registry::open(pipeline::Log& log, std::string default_level) {
  std::unique_ptr<Registry> registry(new Registry(log, std::move(default_level)));
  SLUICE_RETURN_IF_ERROR(log.ensure_topic({kSchemasTopic, 1, {{"cleanup.policy", "compact"}}, true}));
  SLUICE_RETURN_IF_ERROR(registry->settle());
  return registry;
}

// Fences, which settles what an earlier producer left open, then derives the state anew.
Result<void> Registry::settle() {
  SLUICE_TRY(producer_, log_.producer("registry"));
  subjects_.clear();
  by_id_.clear();
  by_text_.clear();
  uses_.clear();
  configs_.clear();
  next_id_ = 1;
  SLUICE_RETURN_IF_ERROR(replay());
  settled_ = true;
  return {};
}

Result<void> Registry::replay() {
  SLUICE_TRY(const auto range, log_.range(kSchemasTopic, 0));
  SLUICE_TRY(const auto reader, log_.reader(kSchemasTopic, 0, range.start));
  while (reader->next_offset() < range.last_stable) {
    const auto before = reader->next_offset();
    SLUICE_TRY(const auto records, reader->poll(kReplayWaitMs, std::size_t{4} << 20));
    if (records.empty() && reader->next_offset() == before) {
      return Error{ErrorCode::back_off, "_schemas: offset " + to_string(before) + " was not read in time, below the end of the log"};
    }
    for (const auto& record : records) {
      if (record.key) apply(std::string(*record.key), record.value ? std::optional(std::string(*record.value)) : std::nullopt);
    }
  }
  return {};
}

void Registry::apply(const std::string& key, const std::optional<std::string>& value) {
  boost::system::error_code error;
  const auto parsed = json::parse(key, error);
  if (error || !parsed.is_object()) return trace::warn("registry", "a key of _schemas is no JSON object and is passed over");
  const auto& object = parsed.get_object();
  const auto type = text_of(object, "keytype");
  const auto subject = text_of(object, "subject");
  if (type == "SCHEMA") return apply_schema(subject, number_of(object, "version"), value);
  if (type == "CONFIG") {
    const auto config = value ? json::parse(*value, error) : json::value();
    if (!value || error || !config.is_object()) {
      configs_.erase(subject);
    } else {
      const auto* logical = config.get_object().if_contains(kLogicalProperty);
      configs_[subject] = {text_of(config.get_object(), "compatibilityLevel"), logical != nullptr && logical->is_bool() && logical->get_bool()};
    }
  }
  if (type == "NOOP" && value) {
    const auto kept = json::parse(*value, error);
    if (!error && kept.is_object()) next_id_ = std::max(next_id_, number_of(kept.get_object(), "greatestId") + 1);
  }
  if (type == "DELETE_SUBJECT" && value) {
    const auto deletion = json::parse(*value, error);
    const auto found = subjects_.find(subject);
    if (error || !deletion.is_object() || found == subjects_.end()) return;
    for (auto& [number, version] : found->second) {
      if (number <= number_of(deletion.get_object(), "version")) version.deleted = true;
    }
  }
}

// A schema lives as long as one version, deleted softly or not, has it.
void Registry::forget(const std::string& subject, std::int32_t number) {
  const auto found = subjects_.find(subject);
  if (found == subjects_.end()) return;
  const auto version = found->second.find(number);
  if (version == found->second.end()) return;
  const auto id = version->second.id;
  if (--uses_[id] == 0) {
    const auto text = by_id_.find(id);
    if (const auto same = by_text_.find(text->second); same != by_text_.end() && same->second == id) by_text_.erase(same);
    by_id_.erase(text);
    uses_.erase(id);
  }
  found->second.erase(version);
  if (found->second.empty()) subjects_.erase(found);
}

void Registry::apply_schema(const std::string& subject, std::int32_t number, const std::optional<std::string>& value) {
  if (!value) {
    return forget(subject, number);
  }
  boost::system::error_code error;
  const auto parsed = json::parse(*value, error);
  if (error || !parsed.is_object()) return trace::warn("registry", "a value of _schemas is no JSON object and is passed over");
  const auto& object = parsed.get_object();
  const auto* deleted = object.if_contains("deleted");
  Version version{subject, number, SchemaId{number_of(object, "id")}, text_of(object, "schema"), deleted != nullptr && deleted->is_bool() && deleted->get_bool()};
  forget(subject, number);  // of the same number, when this marks it deleted
  by_id_.emplace(version.id, version.text);
  by_text_.emplace(version.text, version.id);
  ++uses_[version.id];
  next_id_ = std::max(next_id_, version.id.value + 1);
  subjects_[subject][number] = std::move(version);
}

// Durable before it is applied; nothing is applied when the log refuses.
Result<void> Registry::write(const Changes& records) {
  const auto put = [&]() -> Result<void> {
    if (!settled_) SLUICE_RETURN_IF_ERROR(settle());
    SLUICE_RETURN_IF_ERROR(producer_->begin());
    for (const auto& [key, value] : records) {
      const auto view = value ? std::optional<ByteView>(*value) : std::nullopt;
      SLUICE_RETURN_IF_ERROR(producer_->append({kSchemasTopic, 0, io::system_clock().wall_ms(), ByteView(key), view, {}}));
    }
    SLUICE_RETURN_IF_ERROR(producer_->commit({}));
    return {};
  };
  auto written = put();
  if (!written.ok()) {
    auto error = std::move(written).error();
    if (error.code == ErrorCode::fenced) {
      static_cast<void>(producer_->abort().ok());  // a newer registry has the topic: this one changes nothing more
    } else {
      // Whether it was committed is unknown: what the topic says counts, now or before the next change.
      settled_ = false;
      static_cast<void>(settle().ok());
    }
    error.reason = static_cast<std::uint16_t>(Code::store_failed);
    return error;
  }
  for (const auto& [key, value] : records) apply(key, value);
  return {};
}

Result<avro::Schema> Registry::parse(const std::string& schema) const {
  auto parsed = avro::Schema::parse(schema);
  if (parsed.ok()) return parsed;
  return failed(Code::invalid_schema, "Invalid schema " + schema.substr(0, 2000) + ", details: " + parsed.error().message);
}

std::vector<Version> Registry::live(const std::string& subject) const {
  std::vector<Version> list;
  const auto found = subjects_.find(subject);
  if (found == subjects_.end()) return list;
  for (const auto& [number, version] : found->second) {
    if (!version.deleted) list.push_back(version);
  }
  return list;
}

Registry::Config Registry::config_of(const std::string& subject) const {
  for (const auto& name : {subject, std::string()}) {
    if (const auto found = configs_.find(name); found != configs_.end()) return found->second;
  }
  return {default_level_, false};
}

Result<Verdict> Registry::judge(const std::string&, const avro::Schema& schema, const std::vector<Version>& against, const Config& config) const {
  const bool backward = config.level.starts_with("BACKWARD") || config.level.starts_with("FULL");
  const bool forward = config.level.starts_with("FORWARD") || config.level.starts_with("FULL");
  const avro::CompatibilityOptions options{.compare_logical_types = config.compare_logical_types};
  for (auto version = against.rbegin(); version != against.rend(); ++version) {
    SLUICE_TRY(const auto old, avro::Schema::parse(version->text, {.validate_defaults = false}));
    Verdict verdict;
    for (const auto& [asked, reader, writer] : {std::tuple{backward, &schema, &old}, std::tuple{forward, &old, &schema}}) {
      if (!asked) continue;
      const auto found = avro::check_compatibility(*reader, *writer, options);
      if (!found.ok()) verdict.messages.push_back(found.error().message);
      if (found.ok()) {
        for (const auto& one : *found) verdict.messages.push_back(words(one));
      }
    }
    if (verdict.messages.empty()) continue;
    verdict.compatible = false;
    verdict.messages.push_back("{oldSchemaVersion: " + std::to_string(version->version) + "}");
    verdict.messages.push_back("{oldSchema: '" + version->text + "'}");
    verdict.messages.push_back("{validateFields: 'false', compatibility: '" + config.level + "'}");
    return verdict;
  }
  return Verdict{};
}

Result<Verdict> Registry::check_locked(const std::string& subject, const avro::Schema& schema, std::optional<std::int32_t> number) const {
  auto against = live(subject);
  auto config = config_of(subject);
  if (number) {
    const auto found = std::find_if(against.begin(), against.end(), [&](const Version& version) { return version.version == *number; });
    if (*number == -1) {  // nothing is compatible with everything
      if (!against.empty()) against.erase(against.begin(), std::prev(against.end()));
    } else if (found == against.end()) {
      return failed(Code::version_not_found, "Version " + std::to_string(*number) + " not found.");
    } else {
      against = {*found};
    }
  } else if (!config.level.ends_with("_TRANSITIVE") && against.size() > 1) {
    against.erase(against.begin(), std::prev(against.end()));
  }
  return judge(subject, schema, against, config);
}

Result<Verdict> Registry::check(const std::string& subject, const std::string& schema, std::optional<std::int32_t> number) const {
  SLUICE_TRY(const auto parsed, parse(schema));
  const std::lock_guard lock(mutex_);
  return check_locked(subject, parsed, number);
}

Result<Version> Registry::add_version(const std::string& subject, const std::string& schema) {
  SLUICE_TRY(const auto parsed, parse(schema));
  const auto text = parsed.text();
  const std::lock_guard lock(mutex_);
  for (const auto& version : live(subject)) {
    if (version.text == text) return version;
  }
  SLUICE_TRY(const auto verdict, check_locked(subject, parsed, std::nullopt));
  if (!verdict.compatible) {
    return failed(Code::incompatible, "Schema being registered is incompatible with an earlier schema for subject \"" + subject + "\", details: " + details(verdict.messages));
  }
  const auto& numbers = subjects_[subject];
  Version version{subject, numbers.empty() ? 1 : numbers.rbegin()->first + 1, SchemaId{next_id_}, text, false};
  if (const auto known = by_text_.find(text); known != by_text_.end()) version.id = known->second;
  Changes records{{schema_key(subject, version.version), schema_value(version)}};
  for (const auto& [number, earlier] : numbers) {  // softly deleted, and now replaced
    if (earlier.deleted && earlier.id == version.id) records.emplace_back(schema_key(subject, number), std::nullopt);
  }
  auto written = write(records);
  if (!written.ok()) {
    if (subjects_[subject].empty()) subjects_.erase(subject);
    return std::move(written).error();
  }
  return version;
}

Result<SchemaId> Registry::add(const std::string& subject, const std::string& schema) {
  SLUICE_TRY(const auto version, add_version(subject, schema));
  return version.id;
}

Result<std::string> Registry::schema(SchemaId id) {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return failed(Code::schema_not_found, "Schema " + to_string(id) + " not found");
  return found->second;
}

Result<std::string> Registry::latest(const std::string& subject) {
  SLUICE_TRY(const auto version, this->version(subject, -1, false));
  return version.text;
}

Result<void> Registry::set_compatibility(const std::string& subject, const std::string& level, bool compare_logical_types) {
  const std::lock_guard lock(mutex_);
  const auto found = configs_.find(subject);
  if (found != configs_.end() && found->second.level == level && found->second.compare_logical_types == compare_logical_types) return {};
  return write({{config_key(subject), json::serialize(json::object{{"compatibilityLevel", level}, {kLogicalProperty, compare_logical_types}})}});
}

Result<Version> Registry::find(const std::string& subject, const std::string& schema, bool deleted) {
  SLUICE_TRY(const auto parsed, parse(schema));
  const auto text = parsed.text();
  const std::lock_guard lock(mutex_);
  const auto found = subjects_.find(subject);
  if (found == subjects_.end() || (!deleted && live(subject).empty())) return no_subject(subject);
  for (auto it = found->second.rbegin(); it != found->second.rend(); ++it) {
    if (it->second.text == text && (deleted || !it->second.deleted)) return it->second;
  }
  return failed(Code::schema_not_found, "Schema not found");
}

std::vector<std::string> Registry::subjects(const std::string& prefix, Which which) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [subject, versions] : subjects_) {
    const bool live = std::any_of(versions.begin(), versions.end(), [](const auto& item) { return !item.second.deleted; });
    if (subject.starts_with(prefix) && (which == Which::with_deleted || live == (which == Which::live))) names.push_back(subject);
  }
  return names;
}

Result<std::vector<std::int32_t>> Registry::versions(const std::string& subject, Which which) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::int32_t> numbers;
  if (const auto found = subjects_.find(subject); found != subjects_.end()) {
    for (const auto& [number, version] : found->second) {
      if (which == Which::with_deleted || version.deleted == (which == Which::deleted_only)) numbers.push_back(number);
    }
  }
  if (numbers.empty()) return no_subject(subject);
  return numbers;
}

Result<Version> Registry::version(const std::string& subject, std::int32_t number, bool deleted) const {
  const std::lock_guard lock(mutex_);
  const auto found = subjects_.find(subject);
  const bool any = found != subjects_.end() && std::any_of(found->second.begin(), found->second.end(), [&](const auto& item) { return deleted || !item.second.deleted; });
  if (!any) return no_subject(subject);
  for (auto it = found->second.rbegin(); it != found->second.rend(); ++it) {
    if ((number == -1 || it->first == number) && (deleted || !it->second.deleted)) return it->second;
  }
  return failed(Code::version_not_found, "Version " + std::to_string(number) + " not found.");
}

Result<std::vector<Version>> Registry::uses(SchemaId id, bool deleted) const {
  const std::lock_guard lock(mutex_);
  if (!by_id_.contains(id)) return failed(Code::schema_not_found, "Schema " + to_string(id) + " not found");
  std::vector<Version> list;
  for (const auto& [subject, versions] : subjects_) {
    for (const auto& [number, version] : versions) {
      if (version.id == id && (deleted || !version.deleted)) list.push_back(version);
    }
  }
  return list;
}

std::vector<Version> Registry::all(const std::string& prefix, bool deleted, bool latest_only) const {
  const std::lock_guard lock(mutex_);
  std::vector<Version> list;
  for (const auto& [subject, versions] : subjects_) {
    if (!subject.starts_with(prefix)) continue;
    std::vector<Version> own;
    for (const auto& [number, version] : versions) {
      if (deleted || !version.deleted) own.push_back(version);
    }
    if (latest_only && own.size() > 1) own.erase(own.begin(), std::prev(own.end()));
    list.insert(list.end(), own.begin(), own.end());
  }
  return list;
}

Result<std::map<std::int32_t, Version>*> Registry::known(const std::string& subject) {
  const auto found = subjects_.find(subject);
  if (found == subjects_.end() || found->second.empty()) return no_subject(subject);
  return &found->second;
}

// What goes with the last version of a subject, and what stays of it: ids are never given twice.
void Registry::add_last_words(const std::string& subject, Changes& records) const {
  if (configs_.contains(subject)) records.emplace_back(config_key(subject), std::nullopt);
  records.emplace_back(kNoopKey, json::serialize(json::object{{"greatestId", next_id_ - 1}}));
}

Result<std::vector<std::int32_t>> Registry::delete_subject(const std::string& subject, bool permanent) {
  const std::lock_guard lock(mutex_);
  SLUICE_TRY(auto* versions, known(subject));
  const bool any_live = std::any_of(versions->begin(), versions->end(), [](const auto& item) { return !item.second.deleted; });
  if (permanent && any_live) {
    return failed(Code::subject_not_soft_deleted, "Subject '" + subject + "' was not deleted first before being permanently deleted");
  }
  if (!permanent && !any_live) return failed(Code::subject_soft_deleted, "Subject '" + subject + "' was soft deleted. Set permanent=true to delete permanently");
  std::vector<std::int32_t> numbers;
  Changes records;
  for (auto& [number, version] : *versions) {
    if (permanent) {
      records.emplace_back(schema_key(subject, number), std::nullopt);
    } else if (!version.deleted) {
      auto gone = version;
      gone.deleted = true;
      records.emplace_back(schema_key(subject, number), schema_value(gone));
    } else {
      continue;
    }
    numbers.push_back(number);
  }
  if (permanent) add_last_words(subject, records);
  SLUICE_RETURN_IF_ERROR(write(records));
  return numbers;
}

Result<std::int32_t> Registry::delete_version(const std::string& subject, std::int32_t number, bool permanent) {
  const std::lock_guard lock(mutex_);
  SLUICE_TRY(auto* versions, known(subject));
  auto found = versions->find(number);
  if (number == -1) {
    for (auto it = versions->begin(); it != versions->end(); ++it) {
      if (!it->second.deleted) found = it;
    }
  }
  if (found == versions->end()) return failed(Code::version_not_found, "Version " + std::to_string(number) + " not found.");
  const auto text = "Subject '" + subject + "' Version " + std::to_string(found->first);
  if (permanent && !found->second.deleted) return failed(Code::version_not_soft_deleted, text + " was not deleted first before being permanently deleted");
  if (!permanent && found->second.deleted) return failed(Code::version_soft_deleted, text + " was soft deleted. Set permanent=true to delete permanently");
  auto gone = found->second;
  gone.deleted = true;
  Changes records{{schema_key(subject, gone.version), permanent ? std::nullopt : std::optional(schema_value(gone))}};
  if (permanent && versions->size() == 1) {
    add_last_words(subject, records);
  } else if (permanent) {
    records.emplace_back(kNoopKey, json::serialize(json::object{{"greatestId", next_id_ - 1}}));
  }
  SLUICE_RETURN_IF_ERROR(write(records));
  return gone.version;
}

Result<std::string> Registry::level(const std::string& subject, bool or_global) const {
  const std::lock_guard lock(mutex_);
  if (const auto found = configs_.find(subject); found != configs_.end()) return found->second.level;
  if (subject.empty() || or_global) return config_of(subject).level;
  return failed(Code::subject_config_missing, "Subject '" + subject + "' does not have subject-level compatibility configured");
}

Result<void> Registry::set_level(const std::string& subject, const std::string& level) {
  if (std::find(std::begin(kLevels), std::end(kLevels), level) == std::end(kLevels)) {
    return failed(Code::invalid_level, "Invalid compatibility level. Valid values are none, backward, forward, full, backward_transitive, forward_transitive, and full_transitive");
  }
  const auto logical = [&] {
    const std::lock_guard lock(mutex_);
    const auto found = configs_.find(subject);
    return found != configs_.end() && found->second.compare_logical_types;
  }();
  return set_compatibility(subject, level, logical);
}

Result<std::string> Registry::drop_level(const std::string& subject) {
  const std::lock_guard lock(mutex_);
  const auto found = configs_.find(subject);
  if (found == configs_.end() && !subject.empty()) {
    return failed(Code::subject_config_missing, "Subject '" + subject + "' does not have subject-level compatibility configured");
  }
  const auto level = config_of(subject).level;
  SLUICE_RETURN_IF_ERROR(write({{config_key(subject), std::nullopt}}));
  return level;
}

std::int32_t Registry::greatest_id() const {
  const std::lock_guard lock(mutex_);
  return next_id_ - 1;
}

}  // namespace sluice::registry
