#pragma once
// Kafka's records of __cluster_metadata-0, as its KRaft nodes write them.
// Described as field.h says; encode() and decode() are in message.h.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "kafka/api.h"
#include "kafka/field.h"

namespace sluice::kafka {

struct RegisterBrokerRecord {
  static constexpr const char* kName = "RegisterBrokerRecord";
  static constexpr std::uint32_t kType = 0;
  static constexpr VersionRange kVersions{0, 4};
  static constexpr Version kFlexible = 0;

  struct BrokerEndpoint {
    std::string name = {};
    std::string host = {};
    std::uint16_t port = 0;
    std::int16_t security_protocol = 0;

    bool operator==(const BrokerEndpoint&) const = default;
    static void fields(auto& f) {
      f("name", &BrokerEndpoint::name);
      f("host", &BrokerEndpoint::host);
      f("port", &BrokerEndpoint::port);
      f("security_protocol", &BrokerEndpoint::security_protocol);
    }
  };

  struct BrokerFeature {
    std::string name = {};
    std::int16_t min_supported_version = 0;
    std::int16_t max_supported_version = 0;

    bool operator==(const BrokerFeature&) const = default;
    static void fields(auto& f) {
      f("name", &BrokerFeature::name);
      f("min_supported_version", &BrokerFeature::min_supported_version);
      f("max_supported_version", &BrokerFeature::max_supported_version);
    }
  };

  std::int32_t broker_id = 0;
  bool is_migrating_zk_broker = false;
  Uuid incarnation_id = {};
  std::int64_t broker_epoch = 0;
  std::vector<BrokerEndpoint> end_points = {};
  std::vector<BrokerFeature> features = {};
  std::optional<std::string> rack = {};
  bool fenced = true;
  bool in_controlled_shutdown = false;
  std::vector<Uuid> log_dirs = {};
  std::optional<std::vector<Uuid>> cordoned_log_dirs = {};

  bool operator==(const RegisterBrokerRecord&) const = default;
  static void fields(auto& f) {
    f("broker_id", &RegisterBrokerRecord::broker_id);
    f("is_migrating_zk_broker", &RegisterBrokerRecord::is_migrating_zk_broker, {.since = 2});
    f("incarnation_id", &RegisterBrokerRecord::incarnation_id);
    f("broker_epoch", &RegisterBrokerRecord::broker_epoch);
    f("end_points", &RegisterBrokerRecord::end_points);
    f("features", &RegisterBrokerRecord::features);
    f("rack", &RegisterBrokerRecord::rack);
    f("fenced", &RegisterBrokerRecord::fenced);
    f("in_controlled_shutdown", &RegisterBrokerRecord::in_controlled_shutdown, {.since = 1});
    f("log_dirs", &RegisterBrokerRecord::log_dirs, {.since = 3, .tag = 0});
    f("cordoned_log_dirs", &RegisterBrokerRecord::cordoned_log_dirs, {.since = 4, .tag = 1});
  }
};

struct UnfenceBrokerRecord {
  static constexpr const char* kName = "UnfenceBrokerRecord";
  static constexpr std::uint32_t kType = 8;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr Version kFlexible = 0;

  std::int32_t id = 0;
  std::int64_t epoch = 0;

  bool operator==(const UnfenceBrokerRecord&) const = default;
  static void fields(auto& f) {
    f("id", &UnfenceBrokerRecord::id);
    f("epoch", &UnfenceBrokerRecord::epoch);
  }
};

struct TopicRecord {
  static constexpr const char* kName = "TopicRecord";
  static constexpr std::uint32_t kType = 2;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr Version kFlexible = 0;

  std::string name = {};
  Uuid topic_id = {};

  bool operator==(const TopicRecord&) const = default;
  static void fields(auto& f) {
    f("name", &TopicRecord::name);
    f("topic_id", &TopicRecord::topic_id);
  }
};

struct PartitionRecord {
  static constexpr const char* kName = "PartitionRecord";
  static constexpr std::uint32_t kType = 3;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr Version kFlexible = 0;

  std::int32_t partition_id = -1;
  Uuid topic_id = {};
  std::vector<std::int32_t> replicas = {};
  std::vector<std::int32_t> isr = {};
  std::vector<std::int32_t> removing_replicas = {};
  std::vector<std::int32_t> adding_replicas = {};
  std::int32_t leader = -1;
  std::int8_t leader_recovery_state = 0;
  std::int32_t leader_epoch = -1;
  std::int32_t partition_epoch = -1;
  std::vector<Uuid> directories = {};
  std::optional<std::vector<std::int32_t>> eligible_leader_replicas = {};
  std::optional<std::vector<std::int32_t>> last_known_elr = {};

  bool operator==(const PartitionRecord&) const = default;
  static void fields(auto& f) {
    f("partition_id", &PartitionRecord::partition_id);
    f("topic_id", &PartitionRecord::topic_id);
    f("replicas", &PartitionRecord::replicas);
    f("isr", &PartitionRecord::isr);
    f("removing_replicas", &PartitionRecord::removing_replicas);
    f("adding_replicas", &PartitionRecord::adding_replicas);
    f("leader", &PartitionRecord::leader);
    f("leader_recovery_state", &PartitionRecord::leader_recovery_state, {.tag = 0});
    f("leader_epoch", &PartitionRecord::leader_epoch);
    f("partition_epoch", &PartitionRecord::partition_epoch);
    f("directories", &PartitionRecord::directories, {.since = 1});
    f("eligible_leader_replicas", &PartitionRecord::eligible_leader_replicas, {.since = 2, .tag = 1});
    f("last_known_elr", &PartitionRecord::last_known_elr, {.since = 2, .tag = 2});
  }
};

struct ConfigRecord {
  static constexpr const char* kName = "ConfigRecord";
  static constexpr std::uint32_t kType = 4;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr Version kFlexible = 0;

  std::int8_t resource_type = 0;
  std::string resource_name = {};
  std::string name = {};
  std::optional<std::string> value = {};

  bool operator==(const ConfigRecord&) const = default;
  static void fields(auto& f) {
    f("resource_type", &ConfigRecord::resource_type);
    f("resource_name", &ConfigRecord::resource_name);
    f("name", &ConfigRecord::name);
    f("value", &ConfigRecord::value);
  }
};

struct PartitionChangeRecord {
  static constexpr const char* kName = "PartitionChangeRecord";
  static constexpr std::uint32_t kType = 5;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr Version kFlexible = 0;

  std::int32_t partition_id = -1;
  Uuid topic_id = {};
  std::optional<std::vector<std::int32_t>> isr = {};
  std::int32_t leader = -2;
  std::optional<std::vector<std::int32_t>> replicas = {};
  std::optional<std::vector<std::int32_t>> removing_replicas = {};
  std::optional<std::vector<std::int32_t>> adding_replicas = {};
  std::int8_t leader_recovery_state = -1;
  std::optional<std::vector<Uuid>> directories = {};
  std::optional<std::vector<std::int32_t>> eligible_leader_replicas = {};
  std::optional<std::vector<std::int32_t>> last_known_elr = {};

  bool operator==(const PartitionChangeRecord&) const = default;
  static void fields(auto& f) {
    f("partition_id", &PartitionChangeRecord::partition_id);
    f("topic_id", &PartitionChangeRecord::topic_id);
    f("isr", &PartitionChangeRecord::isr, {.tag = 0});
    f("leader", &PartitionChangeRecord::leader, {.tag = 1});
    f("replicas", &PartitionChangeRecord::replicas, {.tag = 2});
    f("removing_replicas", &PartitionChangeRecord::removing_replicas, {.tag = 3});
    f("adding_replicas", &PartitionChangeRecord::adding_replicas, {.tag = 4});
    f("leader_recovery_state", &PartitionChangeRecord::leader_recovery_state, {.tag = 5});
    f("directories", &PartitionChangeRecord::directories, {.since = 1, .tag = 8});
    f("eligible_leader_replicas", &PartitionChangeRecord::eligible_leader_replicas, {.since = 2, .tag = 6});
    f("last_known_elr", &PartitionChangeRecord::last_known_elr, {.since = 2, .tag = 7});
  }
};

struct RemoveTopicRecord {
  static constexpr const char* kName = "RemoveTopicRecord";
  static constexpr std::uint32_t kType = 9;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr Version kFlexible = 0;

  Uuid topic_id = {};

  bool operator==(const RemoveTopicRecord&) const = default;
  static void fields(auto& f) { f("topic_id", &RemoveTopicRecord::topic_id); }
};

struct FeatureLevelRecord {
  static constexpr const char* kName = "FeatureLevelRecord";
  static constexpr std::uint32_t kType = 12;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr Version kFlexible = 0;

  std::string name = {};
  std::int16_t feature_level = 0;

  bool operator==(const FeatureLevelRecord&) const = default;
  static void fields(auto& f) {
    f("name", &FeatureLevelRecord::name);
    f("feature_level", &FeatureLevelRecord::feature_level);
  }
};

struct ProducerIdsRecord {
  static constexpr const char* kName = "ProducerIdsRecord";
  static constexpr std::uint32_t kType = 15;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr Version kFlexible = 0;

  std::int32_t broker_id = 0;
  std::int64_t broker_epoch = -1;
  std::int64_t next_producer_id = 0;

  bool operator==(const ProducerIdsRecord&) const = default;
  static void fields(auto& f) {
    f("broker_id", &ProducerIdsRecord::broker_id);
    f("broker_epoch", &ProducerIdsRecord::broker_epoch);
    f("next_producer_id", &ProducerIdsRecord::next_producer_id);
  }
};

struct ClientQuotaRecord {
  static constexpr const char* kName = "ClientQuotaRecord";
  static constexpr std::uint32_t kType = 14;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr Version kFlexible = 0;

  struct EntityData {
    std::string entity_type = {};
    std::optional<std::string> entity_name = {};

    bool operator==(const EntityData&) const = default;
    static void fields(auto& f) {
      f("entity_type", &EntityData::entity_type);
      f("entity_name", &EntityData::entity_name);
    }
  };

  std::vector<EntityData> entity = {};
  std::string key = {};
  double value = 0;
  bool remove = false;

  bool operator==(const ClientQuotaRecord&) const = default;
  static void fields(auto& f) {
    f("entity", &ClientQuotaRecord::entity);
    f("key", &ClientQuotaRecord::key);
    f("value", &ClientQuotaRecord::value);
    f("remove", &ClientQuotaRecord::remove);
  }
};

struct UserScramCredentialRecord {
  static constexpr const char* kName = "UserScramCredentialRecord";
  static constexpr std::uint32_t kType = 11;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr Version kFlexible = 0;

  std::string name = {};
  std::int8_t mechanism = 0;
  Bytes salt = {};
  Bytes stored_key = {};
  Bytes server_key = {};
  std::int32_t iterations = 0;

  bool operator==(const UserScramCredentialRecord&) const = default;
  static void fields(auto& f) {
    f("name", &UserScramCredentialRecord::name);
    f("mechanism", &UserScramCredentialRecord::mechanism);
    f.bytes("salt", &UserScramCredentialRecord::salt);
    f.bytes("stored_key", &UserScramCredentialRecord::stored_key);
    f.bytes("server_key", &UserScramCredentialRecord::server_key);
    f("iterations", &UserScramCredentialRecord::iterations);
  }
};

struct RemoveUserScramCredentialRecord {
  static constexpr const char* kName = "RemoveUserScramCredentialRecord";
  static constexpr std::uint32_t kType = 22;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr Version kFlexible = 0;

  std::string name = {};
  std::int8_t mechanism = 0;

  bool operator==(const RemoveUserScramCredentialRecord&) const = default;
  static void fields(auto& f) {
    f("name", &RemoveUserScramCredentialRecord::name);
    f("mechanism", &RemoveUserScramCredentialRecord::mechanism);
  }
};

struct AccessControlEntryRecord {
  static constexpr const char* kName = "AccessControlEntryRecord";
  static constexpr std::uint32_t kType = 18;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr Version kFlexible = 0;

  Uuid id = {};
  std::int8_t resource_type = 0;
  std::string resource_name = {};
  std::int8_t pattern_type = 0;
  std::string principal = {};
  std::string host = {};
  std::int8_t operation = 0;
  std::int8_t permission_type = 0;

  bool operator==(const AccessControlEntryRecord&) const = default;
  static void fields(auto& f) {
    f("id", &AccessControlEntryRecord::id);
    f("resource_type", &AccessControlEntryRecord::resource_type);
    f("resource_name", &AccessControlEntryRecord::resource_name);
    f("pattern_type", &AccessControlEntryRecord::pattern_type);
    f("principal", &AccessControlEntryRecord::principal);
    f("host", &AccessControlEntryRecord::host);
    f("operation", &AccessControlEntryRecord::operation);
    f("permission_type", &AccessControlEntryRecord::permission_type);
  }
};

struct RemoveAccessControlEntryRecord {
  static constexpr const char* kName = "RemoveAccessControlEntryRecord";
  static constexpr std::uint32_t kType = 19;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr Version kFlexible = 0;

  Uuid id = {};

  bool operator==(const RemoveAccessControlEntryRecord&) const = default;
  static void fields(auto& f) { f("id", &RemoveAccessControlEntryRecord::id); }
};

struct NoOpRecord {
  static constexpr const char* kName = "NoOpRecord";
  static constexpr std::uint32_t kType = 20;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr Version kFlexible = 0;
  bool operator==(const NoOpRecord&) const = default;
  static void fields(auto&) {}
};

}  // namespace sluice::kafka
