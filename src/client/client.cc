#include "client/client.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "kafka/admin_messages.h"
#include "kafka/data_messages.h"
#include "kafka/group_messages.h"
#include "kafka/metadata_messages.h"
#include "kafka/offset_messages.h"
#include "kafka/position_messages.h"

namespace sluice::client {
namespace {

using kafka::Code;

// The newest versions that name topics, groups and coordinators by name, and one of them; later ones have ids and lists.
constexpr kafka::Version kProduceByName = 12, kFetchByName = 12, kDeleteByName = 5, kCommitByName = 9;
constexpr kafka::Version kOneGroup = 7, kOneCoordinator = 3;

constexpr std::int32_t kAdminTimeoutMs = 20'000;

// Marks errors that go away when the leader is looked up anew.
constexpr std::uint16_t kLeaderMoved = 1;

ErrorCode meaning_of(Code code) {
  switch (code) {
    case Code::unknown_topic_or_partition:
    case Code::unknown_topic_id:
    case Code::group_id_not_found:
    case Code::resource_not_found:
      return ErrorCode::not_found;
    case Code::topic_already_exists:
    case Code::duplicate_resource:
      return ErrorCode::already_exists;
    case Code::corrupt_message:
    case Code::kafka_storage_error:
      return ErrorCode::corrupt;
    case Code::unsupported_version:
    case Code::unsupported_for_message_format:
    case Code::unsupported_compression_type:
      return ErrorCode::unsupported;
    case Code::fenced_instance_id:
    case Code::producer_fenced:
    case Code::invalid_producer_epoch:
      return ErrorCode::fenced;
    case Code::leader_not_available:
    case Code::not_leader_or_follower:
    case Code::request_timed_out:
    case Code::broker_not_available:
    case Code::replica_not_available:
    case Code::network_exception:
    case Code::coordinator_load_in_progress:
    case Code::coordinator_not_available:
    case Code::not_coordinator:
    case Code::not_enough_replicas:
    case Code::not_enough_replicas_after_append:
    case Code::not_controller:
    case Code::throttling_quota_exceeded:
    case Code::offset_not_available:
    case Code::unstable_offset_commit:
      return ErrorCode::back_off;
    default:
      return ErrorCode::rejected;
  }
}

bool leader_moved(Code code) {
  return code == Code::leader_not_available || code == Code::not_leader_or_follower ||
         code == Code::fenced_leader_epoch || code == Code::unknown_leader_epoch;
}

// As a record of a table that a person would write: the partition is named.
std::string partition_text(const std::string& topic, std::int32_t partition) {
  return "topic " + topic + ", partition " + std::to_string(partition);
}

}  // namespace

Error error_of(Code code, const std::string& what, const std::optional<std::string>& words) {
  Error error{meaning_of(code), what + ": " + (words && !words->empty() ? *words : std::string(kafka::to_string(code)))};
  if (words && !words->empty()) error.detail = std::string(kafka::to_string(code));
  if (leader_moved(code)) error.reason = kLeaderMoved;
  return error;
}

Result<std::unique_ptr<Client>> Client::connect(const std::string& bootstrap, ConnectionOptions options) {
  std::unique_ptr<Client> client(new Client(std::move(options)));
  for (std::string_view rest = bootstrap; !rest.empty();) {
    const auto comma = std::min(rest.find(','), rest.size());
    SLUICE_TRY(auto address, io::parse_address(rest.substr(0, comma)));
    client->bootstrap_.push_back(std::move(address));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  SLUICE_TRY([[maybe_unused]] auto* connection, client->any_broker());
  return client;
}

Result<Connection*> Client::any_broker() {
  if (first_) return first_.get();
  Error last{ErrorCode::rejected, "no broker is named", "", "write -b HOST:PORT"};
  for (const auto& address : bootstrap_) {
    auto opened = Connection::open(address, options_);
    if (opened.ok()) return (first_ = std::move(opened).value()).get();
    last = std::move(opened).error();
  }
  return last;
}

Result<Connection*> Client::broker(std::int32_t id) {
  const auto found = connections_.find(id);
  if (found != connections_.end()) return found->second.get();
  const auto address = brokers_.find(id);
  if (address == brokers_.end()) return Error{ErrorCode::back_off, "no address of broker " + std::to_string(id) + " is known", "", "", kLeaderMoved};
  SLUICE_TRY(auto opened, Connection::open(address->second, options_));
  return (connections_[id] = std::move(opened)).get();
}

Result<Cluster> Client::cluster() {
  SLUICE_TRY(auto* connection, any_broker());
  kafka::MetadataRequest request;
  request.allow_auto_topic_creation = false;
  SLUICE_TRY(const auto reply, connection->call(request));
  Cluster cluster;
  cluster.id = reply->cluster_id.value_or("");
  cluster.controller = reply->controller_id;
  for (const auto& each : reply->brokers) {
    cluster.brokers.push_back({each.node_id, {each.host, static_cast<std::uint16_t>(each.port)}});
    brokers_[each.node_id] = cluster.brokers.back().address;
  }
  for (const auto& each : reply->topics) {
    if (each.error_code != Code::none || !each.name) continue;
    Topic topic{*each.name, each.is_internal, std::vector<std::int32_t>(each.partitions.size(), -1)};
    for (const auto& partition : each.partitions) {
      const auto index = static_cast<std::size_t>(partition.partition_index);
      if (partition.partition_index >= 0 && index < topic.leaders.size()) topic.leaders[index] = partition.leader_id;
    }
    cluster.topics.push_back(std::move(topic));
  }
  std::ranges::sort(cluster.topics, {}, &Topic::name);
  return cluster;
}

Result<Topic> Client::topic(const std::string& name) {
  SLUICE_TRY(auto* connection, any_broker());
  kafka::MetadataRequest request;
  request.allow_auto_topic_creation = false;
  request.topics.emplace().push_back({{}, name});
  SLUICE_TRY(const auto reply, connection->call(request));
  for (const auto& each : reply->brokers) brokers_[each.node_id] = {each.host, static_cast<std::uint16_t>(each.port)};
  if (reply->topics.empty()) return Error{ErrorCode::corrupt, "the broker said nothing about topic " + name};
  const auto& found = reply->topics.front();
  if (found.error_code == Code::unknown_topic_or_partition) {
    return Error{ErrorCode::not_found, "there is no topic " + name, "", "sluice topics lists what is there"};
  }
  if (found.error_code != Code::none) return error_of(found.error_code, "topic " + name);
  Topic topic{name, found.is_internal, std::vector<std::int32_t>(found.partitions.size(), -1)};
  for (const auto& partition : found.partitions) {
    const auto index = static_cast<std::size_t>(partition.partition_index);
    if (partition.partition_index >= 0 && index < topic.leaders.size()) topic.leaders[index] = partition.leader_id;
  }
  return topic;
}

Result<const Topic*> Client::known(const std::string& name) {
  auto found = topics_.find(name);
  if (found == topics_.end()) {
    SLUICE_TRY(auto looked_up, topic(name));
    found = topics_.emplace(name, std::move(looked_up)).first;
  }
  return &found->second;
}

Result<std::map<std::int32_t, std::vector<std::int32_t>>> Client::by_leader(const std::string& topic) {
  SLUICE_TRY(const auto* found, known(topic));
  std::map<std::int32_t, std::vector<std::int32_t>> partitions;
  for (std::size_t i = 0; i < found->leaders.size(); ++i) {
    const auto partition = static_cast<std::int32_t>(i);
    if (found->leaders[i] < 0) return error_of(Code::leader_not_available, partition_text(topic, partition));
    partitions[found->leaders[i]].push_back(partition);
  }
  return partitions;
}

void Client::forget(const std::string& topic) {
  topics_.erase(topic);
  connections_.clear();  // one of them may be broken; they are quickly made
  first_.reset();
}

// Runs `attempt` again, a few times, after the topic's leaders have been looked up anew.
template <typename F>
auto Client::following_leaders(const std::string& topic, F&& attempt) -> decltype(attempt()) {
  for (int left = 5;; --left) {
    auto result = attempt();
    if (result.ok() || result.error().reason != kLeaderMoved || left == 0) {
      if (!result.ok() && result.error().code == ErrorCode::back_off) forget(topic);
      return result;
    }
    forget(topic);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

Result<void> Client::create_topic(const std::string& name, std::int32_t partitions, const std::map<std::string, std::string>& config) {
  SLUICE_TRY(auto* connection, any_broker());
  kafka::CreateTopicsRequest request;
  request.timeout_ms = kAdminTimeoutMs;
  kafka::CreateTopicsRequest::CreatableTopic topic;
  topic.name = name;
  topic.num_partitions = partitions;
  topic.replication_factor = -1;  // the broker's default
  for (const auto& [key, value] : config) topic.configs.push_back({key, value});
  request.topics.push_back(std::move(topic));
  SLUICE_TRY(const auto reply, connection->call(request));
  for (const auto& each : reply->topics) {
    if (each.error_code != Code::none) return error_of(each.error_code, "topic " + name, each.error_message);
  }
  return {};
}

Result<void> Client::delete_topic(const std::string& name) {
  SLUICE_TRY(auto* connection, any_broker());
  kafka::DeleteTopicsRequest request;
  request.timeout_ms = kAdminTimeoutMs;
  request.topic_names = {name};
  SLUICE_TRY(const auto reply, connection->call(request, kDeleteByName));
  topics_.erase(name);
  for (const auto& each : reply->responses) {
    if (each.error_code != Code::none) return error_of(each.error_code, "topic " + name, each.error_message);
  }
  return {};
}

Result<std::vector<ConfigEntry>> Client::topic_config(const std::string& name) {
  SLUICE_TRY(auto* connection, any_broker());
  constexpr std::int8_t kTopicResource = 2, kSetOnTopic = 1;
  kafka::DescribeConfigsRequest request;
  request.resources.push_back({kTopicResource, name, {}});
  SLUICE_TRY(const auto reply, connection->call(request));
  std::vector<ConfigEntry> entries;
  for (const auto& result : reply->results) {
    if (result.error_code != Code::none) return error_of(result.error_code, "topic " + name, result.error_message);
    for (const auto& each : result.configs) {
      entries.push_back({each.name, each.value.value_or(""), each.config_source != kSetOnTopic});
    }
  }
  return entries;
}

Result<Offsets> Client::offsets_at(const std::string& topic, std::int64_t timestamp_ms, bool committed) {
  SLUICE_TRY(auto found, following_leaders(topic, [&] { return offsets_once(topic, timestamp_ms, committed); }));
  const bool at_end = std::ranges::any_of(found, [](const auto& each) { return each.second == kNoOffset; });
  if (at_end) {  // no record so late
    SLUICE_TRY(const auto ends, following_leaders(topic, [&] { return offsets_once(topic, kLatest, committed); }));
    for (auto& [partition, offset] : found) {
      if (offset == kNoOffset && ends.contains(partition)) offset = ends.at(partition);
    }
  }
  return found;
}

Result<Offsets> Client::offsets_once(const std::string& topic, std::int64_t timestamp_ms, bool committed) {
  Offsets offsets;
  SLUICE_TRY(const auto leaders, by_leader(topic));
  for (const auto& [leader, partitions] : leaders) {
    SLUICE_TRY(auto* connection, broker(leader));
    kafka::ListOffsetsRequest request;
    request.replica_id = -1;
    request.isolation_level = committed ? 1 : 0;
    request.timeout_ms = kAdminTimeoutMs;
    kafka::ListOffsetsRequest::Topic asked;
    asked.name = topic;
    for (const auto partition : partitions) asked.partitions.push_back({partition, -1, timestamp_ms});
    request.topics.push_back(std::move(asked));
    SLUICE_TRY(const auto reply, connection->call(request));
    for (const auto& answered : reply->topics) {
      for (const auto& each : answered.partitions) {
        if (each.error_code != Code::none) return error_of(each.error_code, partition_text(topic, each.partition_index));
        offsets[each.partition_index] = Offset{each.offset};
      }
    }
  }
  return offsets;
}

Result<Offset> Client::produce(const std::string& topic, std::int32_t partition, ByteView batch) {
  return following_leaders(topic, [&] { return produce_once(topic, partition, batch); });
}

Result<Offset> Client::produce_once(const std::string& topic, std::int32_t partition, ByteView batch) {
  SLUICE_TRY(const auto* found, known(topic));
  if (partition < 0 || static_cast<std::size_t>(partition) >= found->leaders.size()) {
    return Error{ErrorCode::not_found, partition_text(topic, partition) + ": there is no such partition"};
  }
  const auto leader = found->leaders[static_cast<std::size_t>(partition)];
  if (leader < 0) return error_of(Code::leader_not_available, partition_text(topic, partition));
  SLUICE_TRY(auto* connection, broker(leader));
  kafka::ProduceRequest request;
  request.acks = -1;
  request.timeout_ms = kAdminTimeoutMs;
  kafka::ProduceRequest::TopicProduceData data;
  data.name = topic;
  data.partition_data.push_back({partition, kafka::Records{batch, 0}});
  request.topic_data.push_back(std::move(data));
  SLUICE_TRY(const auto reply, connection->call(request, kProduceByName));
  for (const auto& answered : reply->responses) {
    for (const auto& each : answered.partition_responses) {
      if (each.error_code != Code::none) return error_of(each.error_code, partition_text(topic, partition), each.error_message);
      return Offset{each.base_offset};
    }
  }
  return Error{ErrorCode::corrupt, "the broker did not answer for " + partition_text(topic, partition)};
}

Result<FetchedAll> Client::fetch(const std::string& topic, const Offsets& from, const FetchOptions& options) {
  return following_leaders(topic, [&] { return fetch_once(topic, from, options); });
}

Result<FetchedAll> Client::fetch_once(const std::string& topic, const Offsets& from, const FetchOptions& options) {
  FetchedAll all;
  SLUICE_TRY(const auto leaders, by_leader(topic));
  for (const auto& [leader, partitions] : leaders) {
    kafka::FetchRequest request;
    // Several leaders are asked one after the other: none may hold up the rest for long.
    request.max_wait_ms = options.wait_ms / static_cast<std::int32_t>(leaders.size());
    request.min_bytes = 1;
    request.max_bytes = options.max_bytes;
    request.isolation_level = options.committed ? 1 : 0;
    kafka::FetchRequest::Topic asked;
    asked.topic = topic;
    for (const auto partition : partitions) {
      const auto offset = from.find(partition);
      if (offset == from.end()) continue;
      kafka::FetchRequest::Topic::Partition each;
      each.partition = partition;
      each.fetch_offset = offset->second.value;
      each.partition_max_bytes = options.partition_max_bytes;
      asked.partitions.push_back(each);
    }
    if (asked.partitions.empty()) continue;
    request.topics.push_back(std::move(asked));
    SLUICE_TRY(auto* connection, broker(leader));
    SLUICE_TRY(auto reply, connection->call(request, kFetchByName));
    if (reply->error_code != Code::none) return error_of(reply->error_code, "topic " + topic);
    for (const auto& answered : reply->responses) {
      for (const auto& each : answered.partitions) {
        if (each.error_code != Code::none && each.error_code != Code::offset_out_of_range) {
          return error_of(each.error_code, partition_text(topic, each.partition_index));
        }
        Fetched fetched{each.partition_index, each.error_code, Offset{each.high_watermark}, Offset{each.last_stable_offset},
                        Offset{each.log_start_offset}, {}, each.records ? each.records->bytes : ByteView()};
        if (each.aborted_transactions) {
          for (const auto& aborted : *each.aborted_transactions) {
            fetched.aborted.push_back({ProducerId{aborted.producer_id}, Offset{aborted.first_offset}});
          }
        }
        all.partitions.push_back(std::move(fetched));
      }
    }
    all.buffers.push_back(std::move(reply.buffer));
  }
  return all;
}

Result<Connection*> Client::coordinator(const std::string& group) {
  SLUICE_TRY(auto* connection, any_broker());
  kafka::FindCoordinatorRequest request;
  request.key = group;
  Code code = Code::none;
  for (int left = 50; left > 0; --left) {  // a new cluster makes __consumer_offsets now
    SLUICE_TRY(const auto reply, connection->call(request, kOneCoordinator));
    code = reply->error_code;
    if (code == Code::none) {
      brokers_[reply->node_id] = {reply->host, static_cast<std::uint16_t>(reply->port)};
      return broker(reply->node_id);
    }
    if (code != Code::coordinator_not_available && code != Code::coordinator_load_in_progress) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return error_of(code, "the coordinator of group " + group);
}

Result<Offsets> Client::committed(const std::string& group, const std::string& topic) {
  SLUICE_TRY(const auto* found, known(topic));
  const auto count = found->leaders.size();
  SLUICE_TRY(auto* connection, coordinator(group));
  kafka::OffsetFetchRequest request;
  request.group_id = group;
  request.require_stable = true;
  kafka::OffsetFetchRequest::Topic asked;
  asked.name = topic;
  for (std::size_t i = 0; i < count; ++i) asked.partition_indexes.push_back(static_cast<std::int32_t>(i));
  request.topics.emplace().push_back(std::move(asked));
  SLUICE_TRY(const auto reply, connection->call(request, kOneGroup));
  if (reply->error_code != Code::none) return error_of(reply->error_code, "group " + group);
  Offsets offsets;
  for (const auto& answered : reply->topics) {
    for (const auto& each : answered.partitions) {
      if (each.error_code != Code::none) return error_of(each.error_code, "group " + group + ", " + partition_text(topic, each.partition_index));
      if (each.committed_offset >= 0) offsets[each.partition_index] = Offset{each.committed_offset};
    }
  }
  return offsets;
}

Result<void> Client::commit(const std::string& group, const std::string& topic, const Offsets& offsets) {
  if (offsets.empty()) return {};
  SLUICE_TRY(auto* connection, coordinator(group));
  kafka::OffsetCommitRequest request;
  request.group_id = group;
  kafka::OffsetCommitRequest::Topic asked;
  asked.name = topic;
  for (const auto& [partition, offset] : offsets) asked.partitions.push_back({partition, offset.value, -1, {}});
  request.topics.push_back(std::move(asked));
  SLUICE_TRY(const auto reply, connection->call(request, kCommitByName));
  for (const auto& answered : reply->topics) {
    for (const auto& each : answered.partitions) {
      if (each.error_code == Code::unknown_member_id || each.error_code == Code::rebalance_in_progress) {
        return Error{ErrorCode::rejected, "group " + group + " has members of its own: its offsets are theirs to commit", "",
                     "take another group"};
      }
      if (each.error_code != Code::none) return error_of(each.error_code, "group " + group + ", " + partition_text(topic, each.partition_index));
    }
  }
  return {};
}

}  // namespace sluice::client
