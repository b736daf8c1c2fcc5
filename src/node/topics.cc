// Topics and metadata.
//
//   1. A change is records of __cluster_metadata-0, one batch, durable before anything is done about it.
//   2. Then the folders are made or deleted. A crash in between is mended at start: folders of partitions that the
//      metadata have and the disk lacks are made, those of topics that are gone are deleted.

#include <algorithm>

#include "base/trace.h"
#include "kafka/metadata_records.h"
#include "kafka/records.h"
#include "node/groups.h"
#include "node/node.h"
#include "node/node_state.h"
#include "node/topic_config.h"
#include "storage/log_directory.h"

namespace sluice::node {
namespace {

constexpr std::int8_t kTopicResource = 2;
constexpr std::int64_t kProducerIdBlock = 1000;
constexpr std::int32_t kMaxPartitions = 10'000;

bool is_internal(const std::string& name) { return name == kOffsetsTopic || name == kTransactionsTopic; }

Result<Bytes> partition_record(const Uuid& topic, std::int32_t index, std::int32_t node_id) {
  kafka::PartitionRecord record;
  record.partition_id = index;
  record.topic_id = topic;
  record.replicas = record.isr = {node_id};
  record.leader = node_id;
  record.leader_epoch = 0;
  record.partition_epoch = 0;
  return kafka::metadata_value(record, 0);
}

Result<Bytes> config_record(const std::string& topic, const std::string& name, const std::optional<std::string>& value) {
  return kafka::metadata_value(kafka::ConfigRecord{kTopicResource, topic, name, value}, 0);
}

Error unknown(const std::string& name) {
  return refused(ErrorCode::not_found, Reason::unknown_topic, "there is no topic '" + name + "'");
}

}  // namespace

Result<void> Node::start_metadata() {
  storage::PartitionOptions options;
  options.cleanup_delete = false;
  options.max_message_bytes = INT32_MAX;
  metadata_ = std::make_shared<PartitionState>();
  metadata_->where = {kMetadataTopic, 0};
  metadata_->read_only = true;
  const auto folder = options_.data + "/" + storage::partition_folder(kMetadataTopic, 0);
  SLUICE_TRY(const bool there, files_.exists(folder + "/partition.metadata"));
  if (there) {
    const auto point = checkpoints_.recovery.find({kMetadataTopic, 0});
    const storage::OpenState state{was_clean_, point == checkpoints_.recovery.end() ? Offset{0} : point->second, Offset{0}, Offset{0}};
    SLUICE_TRY(metadata_->log, storage::Partition::open(files_, clock_, folder, options, state));
  } else {
    SLUICE_TRY(metadata_->log, storage::Partition::create(files_, clock_, folder, Uuid::random(), options));
  }
  enter(metadata_);
  return metadata_->log->for_each_batch(Offset{0}, metadata_->log->log_end(), [&](const record::BatchView& batch) -> Result<bool> {
    Result<void> applied;
    SLUICE_RETURN_IF_ERROR(batch.for_each([&](const record::Record& record) {
      if (record.value) applied = apply_metadata(*record.value);
      return applied.ok();
    }));
    if (!applied.ok()) return std::move(applied).error().in("metadata at offset " + to_string(batch.base_offset()));
    return true;
  });
}

// Makes a partition known to rounds and readers; everything that its log holds is durable.
void Node::enter(const std::shared_ptr<PartitionState>& state) {
  state->high_watermark = state->log->log_end().value;
  state->last_stable = state->log->last_stable_offset().value;
  by_log_[state->log.get()] = state;
}

Result<void> Node::apply_metadata(ByteView value) {
  SLUICE_TRY(auto frame, kafka::parse_metadata_frame(value));
  const auto by_id = [&](const Uuid& id) {
    return std::find_if(topics_.begin(), topics_.end(), [&](const auto& topic) { return topic.second->info.id == id; });
  };
  switch (frame.type) {
    case kafka::TopicRecord::kType: {
      SLUICE_TRY(const auto record, kafka::decode<kafka::TopicRecord>(frame.body, frame.version));
      auto topic = std::make_shared<TopicState>();
      topic->info = {record.name, record.topic_id, 0, {}, is_internal(record.name)};
      topics_[record.name] = std::move(topic);
      return {};
    }
    case kafka::PartitionRecord::kType: {
      SLUICE_TRY(const auto record, kafka::decode<kafka::PartitionRecord>(frame.body, frame.version));
      if (const auto found = by_id(record.topic_id); found != topics_.end()) {
        found->second->info.partitions = std::max(found->second->info.partitions, record.partition_id + 1);
      }
      return {};
    }
    case kafka::ConfigRecord::kType: {
      SLUICE_TRY(const auto record, kafka::decode<kafka::ConfigRecord>(frame.body, frame.version));
      const auto found = topics_.find(record.resource_name);
      if (record.resource_type != kTopicResource || found == topics_.end()) return {};
      auto& config = found->second->info.config;
      if (record.value) {
        config[record.name] = *record.value;
      } else {
        config.erase(record.name);
      }
      return {};
    }
    case kafka::RemoveTopicRecord::kType: {
      SLUICE_TRY(const auto record, kafka::decode<kafka::RemoveTopicRecord>(frame.body, frame.version));
      if (const auto found = by_id(record.topic_id); found != topics_.end()) topics_.erase(found);
      return {};
    }
    case kafka::ProducerIdsRecord::kType: {
      SLUICE_TRY(const auto record, kafka::decode<kafka::ProducerIdsRecord>(frame.body, frame.version));
      next_producer_id_ = producer_ids_end_ = record.next_producer_id;
      return {};
    }
    default: return {};  // records that other servers need
  }
}

Result<void> Node::append_metadata(std::span<const Bytes> values) {
  record::BatchBuilder builder({});
  for (const auto& value : values) builder.add(clock_.wall_ms(), std::nullopt, value);
  auto batch = builder.finish();
  auto appended = metadata_->log->append(batch, storage::Origin::platform);
  if (!appended.ok()) return translate(std::move(appended).error());
  note_append(metadata_);
  return wait_durable({{metadata_->log, appended->last_offset + 1}});
}

Result<void> Node::open_partitions() {
  SLUICE_TRY(const auto entries, files_.list(options_.data));
  for (const auto& entry : entries) {
    const auto parsed = storage::parse_partition_folder(entry.name);
    if (!entry.is_directory || !parsed.ok() || parsed->first == kMetadataTopic) continue;
    const auto topic = topics_.find(parsed->first);
    if (topic != topics_.end() && parsed->second < topic->second->info.partitions) continue;
    trace::info("node", entry.name + ": of a topic that was deleted; removing it");
    SLUICE_RETURN_IF_ERROR(storage::delete_partition(files_, options_.data + "/" + entry.name));
  }
  for (const auto& [name, topic] : topics_) {
    SLUICE_TRY(topic->options, partition_options(topic->info.config));
    topic->schemas = schema_rules(topic->info.config);
    for (std::int32_t i = 0; i < topic->info.partitions; ++i) SLUICE_RETURN_IF_ERROR(open_or_put_aside(*topic, i));
  }
  return {};
}

// One damaged partition of a user's topic does not keep the others from being served; it is left as it is. Without the node's
// own topics there is no node.
Result<void> Node::open_or_put_aside(TopicState& topic, std::int32_t index) {
  auto opened = open_partition(topic, index, open_state({topic.info.name, index}));
  if (opened.ok() || opened.error().code != ErrorCode::corrupt || topic.info.internal) return opened;
  trace::error("node", topic.info.name + "-" + std::to_string(index) + " is put aside, and not served: " + opened.error().text());
  topic.partitions.push_back(nullptr);
  topic.damaged.emplace(index, std::move(opened).error());
  return {};
}

std::map<TopicPartition, Error> Node::damaged() const {
  const std::shared_lock lock(topics_mutex_);
  std::map<TopicPartition, Error> all;
  for (const auto& [name, topic] : topics_) {
    for (const auto& [index, error] : topic->damaged) all.emplace(TopicPartition{name, index}, error);
  }
  return all;
}

storage::OpenState Node::open_state(const TopicPartition& where) const {
  const auto at = [&](const storage::OffsetCheckpoint& checkpoint) {
    const auto found = checkpoint.find({where.topic, where.partition});
    return found == checkpoint.end() ? Offset{0} : found->second;
  };
  return {was_clean_, at(checkpoints_.recovery), at(checkpoints_.log_start), at(checkpoints_.cleaned)};
}

Result<void> Node::open_partition(TopicState& topic, std::int32_t index, const storage::OpenState& known) {
  auto state = std::make_shared<PartitionState>();
  state->where = {topic.info.name, index};
  const auto read_only = topic.info.config.find(std::string(kReadOnlyConfig));
  state->read_only = topic.info.internal || (read_only != topic.info.config.end() && read_only->second == "true");
  const auto folder = options_.data + "/" + storage::partition_folder(topic.info.name, index);
  SLUICE_TRY(bool there, files_.exists(folder + "/partition.metadata"));
  if (there) {
    SLUICE_TRY(const auto id, storage::read_topic_id(files_, folder));
    there = id == topic.info.id;
    if (!there) SLUICE_RETURN_IF_ERROR(storage::delete_partition(files_, folder));  // of an earlier topic of this name
  }
  if (there) {
    SLUICE_TRY(state->log, storage::Partition::open(files_, clock_, folder, topic.options, known));
  } else if (known.recovery_point > Offset{0}) {
    return Error{ErrorCode::corrupt, folder + ": is gone, though records up to offset " + to_string(known.recovery_point) + " were durable",
                 "", "restore the folder from a backup"};
  } else {
    SLUICE_TRY(state->log, storage::Partition::create(files_, clock_, folder, topic.info.id, topic.options));
  }
  enter(state);
  topic.partitions.push_back(std::move(state));
  return {};
}

Result<void> Node::ensure_internal(const std::string& name) {
  if (topics_.contains(name)) return {};
  NewTopic topic{name, 1, {{"cleanup.policy", "compact"}, {"segment.bytes", "104857600"}}};
  SLUICE_TRY(const auto made, create_topic(topic));
  static_cast<void>(made);
  return {};
}

Result<std::shared_ptr<Node::TopicState>> Node::find_topic(const std::string& name) const {
  const std::shared_lock lock(topics_mutex_);
  const auto found = topics_.find(name);
  if (found == topics_.end()) return unknown(name);
  return found->second;
}

Result<std::shared_ptr<Node::PartitionState>> Node::find(const TopicPartition& where) const {
  const std::shared_lock lock(topics_mutex_);
  const auto found = topics_.find(where.topic);
  if (found == topics_.end()) {
    if (where.topic == kMetadataTopic && where.partition == 0) return metadata_;
    return unknown(where.topic);
  }
  const auto& partitions = found->second->partitions;
  if (where.partition < 0 || static_cast<std::size_t>(where.partition) >= partitions.size()) {
    return refused(ErrorCode::not_found, Reason::unknown_topic,
                   "topic '" + where.topic + "' has no partition " + std::to_string(where.partition));
  }
  const auto& state = partitions[static_cast<std::size_t>(where.partition)];
  if (state) return state;
  auto error = found->second->damaged.at(where.partition);
  error.reason = static_cast<std::uint16_t>(Reason::storage_failed);
  return error;
}

Result<std::shared_ptr<storage::Partition>> Node::partition(const TopicPartition& where) const {
  SLUICE_TRY(const auto state, find(where));
  return state->log;
}

Result<TopicInfo> Node::create_topic(const NewTopic& topic, bool validate_only) {
  const std::lock_guard one(metadata_mutex_);
  SLUICE_RETURN_IF_ERROR(check_topic_name(topic.name));
  SLUICE_TRY(const auto options, partition_options(topic.config));
  const auto partitions = topic.partitions == -1 ? options_.default_partitions : topic.partitions;
  if (partitions < 1 || partitions > kMaxPartitions) {
    return refused(ErrorCode::rejected, Reason::invalid_partitions,
                   "topic '" + topic.name + "': " + std::to_string(partitions) + " partitions; 1 to " + std::to_string(kMaxPartitions) + " are possible");
  }
  if (find_topic(topic.name).ok() || topic.name == kMetadataTopic) {
    return refused(ErrorCode::already_exists, Reason::topic_exists, "topic '" + topic.name + "' exists already");
  }
  auto state = std::make_shared<TopicState>();
  state->info = {topic.name, Uuid::random(), partitions, topic.config, is_internal(topic.name)};
  state->options = options;
  state->schemas = schema_rules(state->info.config);
  if (validate_only) return state->info;

  std::vector<Bytes> records;
  SLUICE_TRY(auto head, kafka::metadata_value(kafka::TopicRecord{topic.name, state->info.id}, 0));
  records.push_back(std::move(head));
  for (const auto& [name, value] : topic.config) {
    SLUICE_TRY(auto record, config_record(topic.name, name, value));
    records.push_back(std::move(record));
  }
  for (std::int32_t i = 0; i < partitions; ++i) {
    SLUICE_TRY(auto record, partition_record(state->info.id, i, node_id()));
    records.push_back(std::move(record));
  }
  SLUICE_RETURN_IF_ERROR(forget_checkpoints(topic.name));
  SLUICE_RETURN_IF_ERROR(append_metadata(records));
  const std::unique_lock lock(topics_mutex_);
  for (std::int32_t i = 0; i < partitions; ++i) SLUICE_RETURN_IF_ERROR(open_partition(*state, i, {}));
  topics_[topic.name] = state;
  return state->info;
}

Result<void> Node::delete_topic(const std::string& name) {
  std::shared_ptr<TopicState> state;
  {
    const std::lock_guard one(metadata_mutex_);
    SLUICE_TRY(state, find_topic(name));
    if (state->info.internal) {
      return refused(ErrorCode::rejected, Reason::read_only_topic, "topic '" + name + "' is internal and cannot be deleted");
    }
    SLUICE_TRY(const auto record, kafka::metadata_value(kafka::RemoveTopicRecord{state->info.id}, 0));
    SLUICE_RETURN_IF_ERROR(append_metadata({&record, 1}));
    const std::unique_lock lock(topics_mutex_);
    topics_.erase(name);
    for (const auto& [index, error] : state->damaged) {
      const auto folder = options_.data + "/" + storage::partition_folder(name, index);
      SLUICE_TRY(const bool there, files_.exists(folder));
      if (there) SLUICE_RETURN_IF_ERROR(storage::delete_partition(files_, folder));
    }
    for (const auto& partition : state->partitions) {
      if (!partition) continue;
      by_log_.erase(partition->log.get());
      // Who waits for a round is told.
      partition->log->take_offline({ErrorCode::not_found, "topic '" + name + "' was deleted"});
      SLUICE_RETURN_IF_ERROR(storage::delete_partition(files_, partition->log->directory()));
    }
  }
  groups_->topic_deleted(name);
  let_go(*state);
  return {};
}

// Who waits for a partition that is gone is told: writers get an error, readers look again.
void Node::let_go(const TopicState& topic) {
  std::vector<TopicPartition> gone;
  for (const auto& partition : topic.partitions) {
    if (!partition) continue;
    partition->gone = true;
    gone.push_back(partition->where);
  }
  answer_pending({});
  wake_waiters(gone);
}

Result<void> Node::add_partitions(const std::string& name, std::int32_t total, bool validate_only) {
  const std::lock_guard one(metadata_mutex_);
  SLUICE_TRY(const auto state, find_topic(name));
  if (total <= state->info.partitions || total > kMaxPartitions) {
    return refused(ErrorCode::rejected, Reason::invalid_partitions,
                   "topic '" + name + "' has " + std::to_string(state->info.partitions) + " partitions; " + std::to_string(total) + " is not more, or too many");
  }
  if (validate_only) return {};
  std::vector<Bytes> records;
  for (auto i = state->info.partitions; i < total; ++i) {
    SLUICE_TRY(auto record, partition_record(state->info.id, i, node_id()));
    records.push_back(std::move(record));
  }
  SLUICE_RETURN_IF_ERROR(append_metadata(records));
  const std::unique_lock lock(topics_mutex_);
  for (auto i = state->info.partitions; i < total; ++i) SLUICE_RETURN_IF_ERROR(open_partition(*state, i, {}));
  state->info.partitions = total;
  return {};
}

Result<void> Node::alter_config(const std::string& name, const std::map<std::string, std::optional<std::string>>& changes,
                                bool validate_only) {
  const std::lock_guard one(metadata_mutex_);
  SLUICE_TRY(const auto state, find_topic(name));
  auto config = state->info.config;
  std::vector<Bytes> records;
  for (const auto& [key, value] : changes) {
    if (value) {
      config[key] = *value;
    } else {
      config.erase(key);
    }
    SLUICE_TRY(auto record, config_record(name, key, value));
    records.push_back(std::move(record));
  }
  SLUICE_TRY(const auto options, partition_options(config));
  if (validate_only || records.empty()) return {};
  SLUICE_RETURN_IF_ERROR(append_metadata(records));
  const std::unique_lock lock(topics_mutex_);
  state->info.config = config;
  state->options = options;
  state->schemas = schema_rules(state->info.config);
  const auto read_only = config.find(std::string(kReadOnlyConfig));
  for (const auto& partition : state->partitions) {
    if (!partition) continue;
    partition->log->set_options(options);
    partition->read_only = state->info.internal || (read_only != config.end() && read_only->second == "true");
  }
  return {};
}

std::vector<TopicInfo> Node::topics() const {
  const std::shared_lock lock(topics_mutex_);
  std::vector<TopicInfo> infos;
  for (const auto& [name, topic] : topics_) infos.push_back(topic->info);
  return infos;
}

Result<TopicInfo> Node::topic(const std::string& name) const {
  const std::shared_lock lock(topics_mutex_);
  const auto found = topics_.find(name);
  if (found == topics_.end()) return unknown(name);
  return found->second->info;
}

SchemaRules Node::schema_rules_of(const std::string& topic) const {
  const std::shared_lock lock(topics_mutex_);
  const auto found = topics_.find(topic);
  return found == topics_.end() ? SchemaRules{} : found->second->schemas;
}

Result<TopicInfo> Node::topic(const Uuid& id) const {
  const std::shared_lock lock(topics_mutex_);
  for (const auto& [name, topic] : topics_) {
    if (topic->info.id == id) return topic->info;
  }
  return refused(ErrorCode::not_found, Reason::unknown_topic, "there is no topic with id " + id.text());
}

Result<std::vector<ConfigEntry>> Node::describe_config(const std::string& name) const {
  SLUICE_TRY(const auto info, topic(name));
  std::vector<ConfigEntry> entries;
  for (const auto& definition : topic_configs()) {
    const auto set = info.config.find(std::string(definition.name));
    const bool is_default = set == info.config.end();
    entries.push_back({std::string(definition.name), is_default ? std::string(definition.default_value) : set->second, is_default,
                       std::string(definition.type), std::string(definition.doc)});
  }
  return entries;
}

Result<ProducerId> Node::next_producer_id() {
  const std::lock_guard lock(producer_ids_mutex_);
  if (next_producer_id_ == producer_ids_end_) {
    const auto end = producer_ids_end_ + kProducerIdBlock;
    SLUICE_TRY(const auto record, kafka::metadata_value(kafka::ProducerIdsRecord{node_id(), 0, end}, 0));
    SLUICE_RETURN_IF_ERROR(append_metadata({&record, 1}));
    producer_ids_end_ = end;
  }
  return ProducerId{next_producer_id_++};
}

}  // namespace sluice::node
