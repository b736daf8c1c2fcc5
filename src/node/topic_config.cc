#include "node/topic_config.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "node/reason.h"

namespace sluice::node {
namespace {

constexpr ConfigDefinition kConfigs[] = {
    {"cleanup.policy", "list", "delete", "delete: old segments go; compact: the newest record of each key stays; or both"},
    {"compression.type", "string", "producer", "how batches are kept; producer: as they come"},
    {"confluent.key.schema.validation", "boolean", "false", "a record's key must have a schema that is registered for the topic"},
    {"confluent.key.subject.name.strategy", "string", "io.confluent.kafka.serializers.subject.TopicNameStrategy", "the subject of keys' schemas"},
    {"confluent.value.schema.validation", "boolean", "false", "a record's value must have a schema that is registered for the topic"},
    {"confluent.value.subject.name.strategy", "string", "io.confluent.kafka.serializers.subject.TopicNameStrategy", "the subject of values' schemas"},
    {"delete.retention.ms", "long", "86400000", "how long tombstones of a compacted topic stay"},
    {"file.delete.delay.ms", "long", "60000", "kept for compatibility; files go at once"},
    {"flush.messages", "long", "1", "1: durable before visible; more: visible at once, synced later"},
    {"flush.ms", "long", "9223372036854775807", "kept for compatibility"},
    {"index.interval.bytes", "int", "4096", "bytes of log for each index entry"},
    {"max.compaction.lag.ms", "long", "9223372036854775807", "how long a record may stay uncompacted"},
    {"max.message.bytes", "int", "1048588", "the largest batch that is taken"},
    {"message.timestamp.after.max.ms", "long", "9223372036854775807", "how far a timestamp may lie in the future"},
    {"message.timestamp.before.max.ms", "long", "9223372036854775807", "how far a timestamp may lie in the past"},
    {"message.timestamp.type", "string", "CreateTime", "CreateTime or LogAppendTime"},
    {"min.cleanable.dirty.ratio", "double", "0.5", "the share of dirty bytes from which compaction begins"},
    {"min.compaction.lag.ms", "long", "0", "how long a record stays untouched by compaction"},
    {"min.insync.replicas", "int", "1", "kept for compatibility; there is one replica"},
    {"preallocate", "boolean", "false", "kept for compatibility"},
    {"retention.bytes", "long", "-1", "the size above which old segments go; -1: none"},
    {"retention.ms", "long", "604800000", "the age above which old segments go; -1: none"},
    {"segment.bytes", "int", "1073741824", "the size at which a new segment begins"},
    {"segment.index.bytes", "int", "10485760", "kept for compatibility"},
    {"segment.jitter.ms", "long", "0", "kept for compatibility"},
    {"segment.ms", "long", "604800000", "the age at which a new segment begins"},
    {"sluice.read.only", "boolean", "false", "clients may not write; the platform's own producers may"},
    {"unclean.leader.election.enable", "boolean", "false", "kept for compatibility; there is one replica"},
};

Error invalid(const std::string& name, const std::string& value, const std::string& wanted) {
  return refused(ErrorCode::rejected, Reason::invalid_config, "configuration " + name + "=" + value + ": " + wanted);
}

Result<std::int64_t> number(const std::string& name, const std::string& value, std::int64_t least, std::int64_t most) {
  std::int64_t parsed = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
  if (error != std::errc{} || end != value.data() + value.size() || parsed < least || parsed > most) {
    return invalid(name, value, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return parsed;
}

Result<void> set_policy(storage::PartitionOptions& options, const std::string& value) {
  options.cleanup_delete = options.cleanup_compact = false;
  std::size_t at = 0;
  while (at <= value.size()) {
    const auto comma = std::min(value.find(',', at), value.size());
    auto word = value.substr(at, comma - at);
    word.erase(std::remove(word.begin(), word.end(), ' '), word.end());
    if (word == "delete") {
      options.cleanup_delete = true;
    } else if (word == "compact") {
      options.cleanup_compact = true;
    } else {
      return invalid("cleanup.policy", value, "must be delete, compact or both");
    }
    at = comma + 1;
  }
  return {};
}

constexpr std::string_view kStrategySuffix = ".subject.name.strategy";
constexpr std::string_view kStrategyPackage = "io.confluent.kafka.serializers.subject.";

std::optional<SubjectNames> subject_names(std::string_view strategy) {
  if (strategy.starts_with(kStrategyPackage)) strategy.remove_prefix(kStrategyPackage.size());
  if (strategy == "TopicNameStrategy") return SubjectNames::topic_name;
  if (strategy == "RecordNameStrategy") return SubjectNames::record_name;
  if (strategy == "TopicRecordNameStrategy") return SubjectNames::topic_record_name;
  return std::nullopt;
}

Result<void> set_word(storage::PartitionOptions& options, const std::string& name, const std::string& value) {
  if (name == "cleanup.policy") return set_policy(options, value);
  if (name.ends_with(kStrategySuffix) && !subject_names(value)) {
    return invalid(name, value, "must be TopicNameStrategy, RecordNameStrategy or TopicRecordNameStrategy, with or without their package " + std::string(kStrategyPackage));
  }
  if (name == "message.timestamp.type") {
    if (value != "CreateTime" && value != "LogAppendTime") return invalid(name, value, "must be CreateTime or LogAppendTime");
    options.timestamp_type = value == "CreateTime" ? storage::TimestampType::create_time : storage::TimestampType::log_append_time;
  }
  if (name == "compression.type") {
    constexpr std::string_view kCodecs[] = {"producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"};
    if (std::find(std::begin(kCodecs), std::end(kCodecs), value) == std::end(kCodecs)) {
      return invalid(name, value, "must be one of producer, uncompressed, gzip, snappy, lz4, zstd");
    }
  }
  return {};
}

Result<void> set_number(storage::PartitionOptions& options, const std::string& name, const std::string& value) {
  if (name == "segment.bytes") {
    SLUICE_TRY(const auto bytes, number(name, value, 1024, INT32_MAX));
    options.segment_bytes = static_cast<std::uint64_t>(bytes);
  } else if (name == "max.message.bytes") {
    SLUICE_TRY(const auto bytes, number(name, value, 0, INT32_MAX));
    options.max_message_bytes = static_cast<std::uint32_t>(bytes);
  } else if (name == "index.interval.bytes") {
    SLUICE_TRY(const auto bytes, number(name, value, 0, INT32_MAX));
    options.index_interval_bytes = static_cast<std::uint32_t>(bytes);
  } else {
    std::int64_t* target = nullptr;
    std::int64_t least = 0;
    if (name == "segment.ms") target = &options.segment_ms, least = 1;
    if (name == "retention.ms") target = &options.retention_ms, least = -1;
    if (name == "retention.bytes") target = &options.retention_bytes, least = -1;
    if (name == "delete.retention.ms") target = &options.delete_retention_ms;
    if (name == "min.compaction.lag.ms") target = &options.min_compaction_lag_ms;
    if (name == "max.compaction.lag.ms") target = &options.max_compaction_lag_ms, least = 1;
    if (name == "message.timestamp.before.max.ms") target = &options.timestamp_before_max_ms;
    if (name == "message.timestamp.after.max.ms") target = &options.timestamp_after_max_ms;
    if (name == "flush.messages") target = &options.flush_messages, least = 1;
    SLUICE_TRY(const auto parsed, number(name, value, least, INT64_MAX));
    if (target != nullptr) *target = parsed;
  }
  return {};
}

Result<void> set_one(storage::PartitionOptions& options, const ConfigDefinition& definition, const std::string& value) {
  const std::string name(definition.name);
  if (definition.type == "boolean") {
    if (value != "true" && value != "false") return invalid(name, value, "must be true or false");
    return {};
  }
  if (definition.type == "double") {
    try {
      options.min_cleanable_dirty_ratio = std::stod(value);
    } catch (const std::exception&) {
      return invalid(name, value, "must be a number from 0 to 1");
    }
    if (options.min_cleanable_dirty_ratio < 0 || options.min_cleanable_dirty_ratio > 1) return invalid(name, value, "must be a number from 0 to 1");
    return {};
  }
  return definition.type == "list" || definition.type == "string" ? set_word(options, name, value) : set_number(options, name, value);
}

}  // namespace

std::span<const ConfigDefinition> topic_configs() { return kConfigs; }

Result<storage::PartitionOptions> partition_options(const std::map<std::string, std::string>& config) {
  storage::PartitionOptions options;
  for (const auto& [name, value] : config) {
    const auto* found = std::find_if(std::begin(kConfigs), std::end(kConfigs), [&, &wanted = name](const auto& known) { return known.name == wanted; });
    if (found == std::end(kConfigs)) {
      return refused(ErrorCode::rejected, Reason::invalid_config, "unknown topic configuration '" + name + "'");
    }
    SLUICE_RETURN_IF_ERROR(set_one(options, *found, value));
  }
  return options;
}

SchemaRules schema_rules(const std::map<std::string, std::string>& config) {
  const auto of = [&config](const std::string& part) -> std::optional<SubjectNames> {
    const auto asked = config.find("confluent." + part + ".schema.validation");
    if (asked == config.end() || asked->second != "true") return std::nullopt;
    const auto strategy = config.find("confluent." + part + std::string(kStrategySuffix));
    return strategy == config.end() ? SubjectNames::topic_name : subject_names(strategy->second);
  };
  return {of("key"), of("value")};
}

Result<void> check_topic_name(std::string_view name) {
  const auto bad = [&](const std::string& why) {
    return refused(ErrorCode::rejected, Reason::invalid_topic_name, "topic name '" + std::string(name) + "': " + why);
  };
  if (name.empty() || name == "." || name == "..") return bad("a name is needed that is neither empty nor '.' nor '..'");
  if (name.size() > 249) return bad("longer than 249 characters");
  const bool fine = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
  if (!fine) return bad("may hold letters, digits, '.', '_' and '-' only");
  return {};
}

}  // namespace sluice::node
