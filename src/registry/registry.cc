// The topic below the registry, and the changes that it takes.
//
//   1. open() and settle() open the producer "registry", which fences older ones and settles what they left, and
//   replay.
//   2. A change is planned from the state, written in one transaction, and applied to the state when it is committed.
//   3. When the outcome of a commit is unknown, the topic says what counts: settle() before anything else is changed.
//   4. A newer registry fences this one: then it only answers questions.
#include "registry/registry.h"

#include "io/clock.h"
#include "registry/scope.h"

namespace sluice::registry {
namespace {

constexpr std::int64_t kReplayWaitMs = 10'000;
constexpr std::size_t kReplayBytes = std::size_t{4} << 20;
constexpr std::size_t kParsedTextBytes = std::size_t{8} << 20;

}  // namespace

Registry::Registry(pipeline::Log& log, RegistryOptions options)
    : log_(log),
      options_([&] {
        if (!options.may_hold)
          options.may_hold = [this](const std::string& topic, SchemaId) { return topic_has_records(topic); };
        return std::move(options);
      }()),
      parsed_(options_.languages, kParsedTextBytes),
      state_(std::make_unique<State>()) {}

Result<std::unique_ptr<Registry>> Registry::open(pipeline::Log& log, RegistryOptions options) {
  std::unique_ptr<Registry> registry(new Registry(log, std::move(options)));
  SLUICE_RETURN_IF_ERROR(log.ensure_topic({kSchemasTopic, 1, {{"cleanup.policy", "compact"}}, true}));
  SLUICE_RETURN_IF_ERROR(registry->settle());
  return registry;
}

Result<void> Registry::settle() {
  SLUICE_TRY(producer_, log_.producer("registry"));
  auto fresh = std::make_unique<State>();
  SLUICE_RETURN_IF_ERROR(replay(*fresh));
  const std::lock_guard lock(state_mutex_);
  state_ = std::move(fresh);
  ++changes_;
  settled_ = true;
  return {};
}

Result<void> Registry::replay(State& into) {
  SLUICE_TRY(const auto range, log_.range(kSchemasTopic, 0));
  SLUICE_TRY(const auto reader, log_.reader(kSchemasTopic, 0, range.start));
  while (reader->next_offset() < range.last_stable) {
    const auto before = reader->next_offset();
    SLUICE_TRY(const auto records, reader->poll(kReplayWaitMs, kReplayBytes));
    if (records.empty() && reader->next_offset() == before) {
      return Error{ErrorCode::back_off,
                   "_schemas: offset " + to_string(before) + " was not read in time, below the end of the log"};
    }
    for (const auto& record : records) {
      if (record.key) into.apply(*record.key, record.value, record.timestamp_ms);
    }
  }
  return {};
}

Result<void> Registry::ensure_settled() {
  if (settled_) return {};
  auto settled = settle();
  if (settled.ok()) return {};
  auto error = std::move(settled).error();
  error.reason = static_cast<std::uint16_t>(Code::store_failed);
  return error;
}

// A key that was once written in other bytes is deleted in those first: else compaction would keep them, and they would
// come back when ours are deleted.
Result<void> Registry::write(const Changes& changes) {
  std::vector<ForeignRecord> records;
  for (const auto& [key, value] : changes) {
    auto bytes = key.bytes();
    for (auto& other : state_->other_spellings(bytes)) records.push_back({std::move(other), std::nullopt});
    records.push_back({std::move(bytes), value});
  }
  return write_records(records);
}

// Durable before it is applied; nothing is applied when the log refuses.
Result<void> Registry::write_records(const std::vector<ForeignRecord>& records) {
  if (records.empty()) return {};
  const auto now_ms = io::system_clock().wall_ms();
  auto written = commit(records, now_ms);
  if (written.ok()) {
    const std::lock_guard lock(state_mutex_);
    for (const auto& [key, value] : records)
      state_->apply(key, value ? std::optional<std::string_view>(*value) : std::nullopt, now_ms);
    ++changes_;
    return {};
  }
  auto error = std::move(written).error();
  if (error.code == ErrorCode::fenced) {
    static_cast<void>(producer_->abort().ok());  // a newer registry has the topic: this one changes nothing more
  } else if (error.code == ErrorCode::rejected) {
    static_cast<void>(producer_->abort().ok());
    return failed(Code::schema_too_large, "Register operation failed because schema is too large: " + error.message);
  } else {
    settled_ = false;  // whether it was committed is unknown
    static_cast<void>(settle().ok());
  }
  error.reason = static_cast<std::uint16_t>(Code::store_failed);
  return error;
}

Result<void> Registry::commit(const std::vector<ForeignRecord>& records, std::int64_t now_ms) {
  SLUICE_RETURN_IF_ERROR(producer_->begin());
  for (const auto& [key, value] : records) {
    const auto view = value ? std::optional<ByteView>(*value) : std::nullopt;
    SLUICE_RETURN_IF_ERROR(producer_->append({kSchemasTopic, 0, now_ms, ByteView(key), view, {}}));
  }
  SLUICE_RETURN_IF_ERROR(producer_->commit({}));
  return {};
}

bool Registry::topic_has_records(const std::string& topic) {
  const auto described = log_.describe(topic);
  if (!described.ok()) return described.error().code != ErrorCode::not_found;
  for (std::int32_t partition = 0; partition < described->partitions; ++partition) {
    const auto range = log_.range(topic, partition);
    if (!range.ok() || range->start < range->last_stable) return true;
  }
  return false;
}

// --- schemas

Result<Version> Registry::add_version(const std::string& subject, const SchemaRequest& request) {
  {  // most registrations find what is there: they wait for no commit
    const std::shared_lock lock(state_mutex_);
    SLUICE_TRY(const auto* found, registration().find_existing(subject, request));
    if (found != nullptr) return version_of(subject, *found);
  }
  const std::lock_guard changing(changing_);
  SLUICE_RETURN_IF_ERROR(ensure_settled());
  SLUICE_TRY(auto planned, registration().plan(subject, request));
  SLUICE_RETURN_IF_ERROR(write(planned.changes));
  const auto* entries = state_->entries(subject);
  if (entries == nullptr) return std::move(planned.version);
  for (const auto& entry : *entries) {
    if (entry.number == planned.version.version) return version_of(subject, entry);
  }
  return std::move(planned.version);
}

Result<std::vector<std::int32_t>> Registry::delete_subject(const std::string& subject, const DeleteOptions& options) {
  const std::lock_guard changing(changing_);
  SLUICE_RETURN_IF_ERROR(ensure_settled());
  SLUICE_TRY(auto deleted, deletion().of_subject(subject, options));
  SLUICE_RETURN_IF_ERROR(write(deleted.changes));
  return std::move(deleted.versions);
}

Result<std::int32_t> Registry::delete_version(const std::string& subject, std::int32_t version,
                                              const DeleteOptions& options) {
  const std::lock_guard changing(changing_);
  SLUICE_RETURN_IF_ERROR(ensure_settled());
  SLUICE_TRY(const auto deleted, deletion().of_version(subject, version, options));
  SLUICE_RETURN_IF_ERROR(write(deleted.changes));
  return deleted.versions.front();
}

Result<void> Registry::delete_context(const std::string& context) {
  const std::lock_guard changing(changing_);
  SLUICE_RETURN_IF_ERROR(ensure_settled());
  SLUICE_TRY(const auto deleted, deletion().of_context(context));
  return write(deleted.changes);
}

// --- settings

Result<Config> Registry::update_config(const std::string& scope, const Update& update) {
  const std::lock_guard changing(changing_);
  SLUICE_RETURN_IF_ERROR(ensure_settled());
  const auto* there = state_->config(scope);
  SLUICE_TRY(auto next, update(there != nullptr ? *there : Config{}));
  if (there != nullptr && *there == next) return next;
  SLUICE_RETURN_IF_ERROR(write({{Key{KeyType::config, scope, 0}, config_value(scope, next)}}));
  return next;
}

Result<Config> Registry::drop_config(const std::string& scope) {
  const std::lock_guard changing(changing_);
  SLUICE_RETURN_IF_ERROR(ensure_settled());
  const auto* there = state_->config(scope);
  if (there == nullptr && !scope.empty()) return no_subject(scope);
  const auto dropped = there != nullptr ? *there : Config{.level = options_.default_level};
  SLUICE_RETURN_IF_ERROR(write({{Key{KeyType::config, scope, 0}, std::nullopt}}));
  return dropped;
}

Result<void> Registry::set_compatibility(const std::string& subject, const std::string& level,
                                         bool compare_logical_types) {
  const auto set = update_config(subject, [&](const Config& there) -> Result<Config> {
    auto next = there;
    next.level = level;
    next.compare_logical_types = compare_logical_types;
    return next;
  });
  return set.ok() ? Result<void>() : Result<void>(set.error());
}

// IMPORT takes ids from elsewhere: what is here, softly deleted, must not be in the way, and nothing live may be.
Result<void> Registry::set_mode(const std::string& scope, const std::string& mode, const ModeOptions& options) {
  const std::lock_guard changing(changing_);
  SLUICE_RETURN_IF_ERROR(ensure_settled());
  Changes changes;
  if (mode == "IMPORT" && !options.force && registry::mode_in_scope(*state_, scope) != "IMPORT") {
    for (const auto& [subject, entries] : state_->subjects()) {
      if (in_scope(scope, subject) && state_->has_live(subject)) {
        return failed(Code::not_permitted, "mode IMPORT is entered without live subjects only; one is " + subject +
                                               "; add force=true to enter it all the same");
      }
    }
    SLUICE_TRY(auto remains, deletion().of_remains(scope));
    changes = std::move(remains.changes);
  }
  if (options.recursive) drop_modes_below(scope, changes);
  changes.emplace_back(Key{KeyType::mode, scope, 0}, mode_value(scope, mode));
  return write(changes);
}

Result<std::string> Registry::drop_mode(const std::string& scope, bool recursive) {
  const std::lock_guard changing(changing_);
  SLUICE_RETURN_IF_ERROR(ensure_settled());
  const auto* there = state_->mode(scope);
  if (there == nullptr && !scope.empty() && !recursive) return no_subject(scope);
  const auto dropped = there != nullptr ? *there : registry::mode_in_scope(*state_, scope);
  Changes changes;
  if (recursive) drop_modes_below(scope, changes);
  changes.emplace_back(Key{KeyType::mode, scope, 0}, std::nullopt);
  SLUICE_RETURN_IF_ERROR(write(changes));
  return dropped;
}

void Registry::drop_modes_below(const std::string& scope, Changes& changes) const {
  for (const auto& [name, mode] : state_->modes()) {
    if (name != scope && in_scope(scope, name)) changes.emplace_back(Key{KeyType::mode, name, 0}, std::nullopt);
  }
}

Result<void> Registry::import(const std::vector<ForeignRecord>& records) {
  for (const auto& record : records) {
    if (!Key::parse(record.key)) {
      return failed(Code::invalid_schema,
                    "a key is no JSON object, and so none of a registry's: " + record.key.substr(0, 200));
    }
  }
  const std::lock_guard changing(changing_);
  SLUICE_RETURN_IF_ERROR(ensure_settled());
  if (!state_->subjects().empty()) {
    return failed(Code::not_permitted, "a topic is imported into an empty registry, and there are subjects here: " +
                                           state_->subjects().begin()->first +
                                           "; single schemas are registered with their ids in the mode IMPORT");
  }
  return write_records(records);
}

}  // namespace sluice::registry
