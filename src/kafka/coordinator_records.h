#pragma once
// Kafka's records of __consumer_offsets and __transaction_state.
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

struct OffsetCommitKey {
  static constexpr const char* kName = "OffsetCommitKey";
  static constexpr std::int16_t kType = 1;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr Version kFlexible = kNever;

  std::string group = {};
  std::string topic = {};
  std::int32_t partition = 0;

  bool operator==(const OffsetCommitKey&) const = default;
  static void fields(auto& f) {
    f("group", &OffsetCommitKey::group);
    f("topic", &OffsetCommitKey::topic);
    f("partition", &OffsetCommitKey::partition);
  }
};

struct OffsetCommitValue {
  static constexpr const char* kName = "OffsetCommitValue";
  static constexpr std::int16_t kType = 1;
  static constexpr VersionRange kVersions{0, 4};
  static constexpr Version kFlexible = 4;

  std::int64_t offset = 0;
  std::int32_t leader_epoch = -1;
  std::string metadata = {};
  std::int64_t commit_timestamp = 0;
  std::int64_t expire_timestamp = -1;
  Uuid topic_id = {};

  bool operator==(const OffsetCommitValue&) const = default;
  static void fields(auto& f) {
    f("offset", &OffsetCommitValue::offset);
    f("leader_epoch", &OffsetCommitValue::leader_epoch, {.since = 3});
    f("metadata", &OffsetCommitValue::metadata);
    f("commit_timestamp", &OffsetCommitValue::commit_timestamp);
    f("expire_timestamp", &OffsetCommitValue::expire_timestamp, {.since = 1, .until = 1});
    f("topic_id", &OffsetCommitValue::topic_id, {.since = 4, .tag = 0});
  }
};

struct GroupMetadataKey {
  static constexpr const char* kName = "GroupMetadataKey";
  static constexpr std::int16_t kType = 2;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr Version kFlexible = kNever;

  std::string group = {};

  bool operator==(const GroupMetadataKey&) const = default;
  static void fields(auto& f) { f("group", &GroupMetadataKey::group); }
};

struct GroupMetadataValue {
  static constexpr const char* kName = "GroupMetadataValue";
  static constexpr std::int16_t kType = 2;
  static constexpr VersionRange kVersions{0, 4};
  static constexpr Version kFlexible = 4;

  struct MemberMetadata {
    std::string member_id = {};
    std::optional<std::string> group_instance_id = {};
    std::string client_id = {};
    std::string client_host = {};
    std::int32_t rebalance_timeout = -1;
    std::int32_t session_timeout = 0;
    Bytes subscription = {};
    Bytes assignment = {};

    bool operator==(const MemberMetadata&) const = default;
    static void fields(auto& f) {
      f("member_id", &MemberMetadata::member_id);
      f("group_instance_id", &MemberMetadata::group_instance_id, {.since = 3});
      f("client_id", &MemberMetadata::client_id);
      f("client_host", &MemberMetadata::client_host);
      f("rebalance_timeout", &MemberMetadata::rebalance_timeout, {.since = 1});
      f("session_timeout", &MemberMetadata::session_timeout);
      f.bytes("subscription", &MemberMetadata::subscription);
      f.bytes("assignment", &MemberMetadata::assignment);
    }
  };

  std::string protocol_type = {};
  std::int32_t generation = 0;
  std::optional<std::string> protocol = {};
  std::optional<std::string> leader = {};
  std::int64_t current_state_timestamp = -1;
  std::vector<MemberMetadata> members = {};

  bool operator==(const GroupMetadataValue&) const = default;
  static void fields(auto& f) {
    f("protocol_type", &GroupMetadataValue::protocol_type);
    f("generation", &GroupMetadataValue::generation);
    f("protocol", &GroupMetadataValue::protocol);
    f("leader", &GroupMetadataValue::leader);
    f("current_state_timestamp", &GroupMetadataValue::current_state_timestamp, {.since = 2});
    f("members", &GroupMetadataValue::members);
  }
};

struct TransactionLogKey {
  static constexpr const char* kName = "TransactionLogKey";
  static constexpr std::int16_t kType = 0;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr Version kFlexible = kNever;

  std::string transactional_id = {};

  bool operator==(const TransactionLogKey&) const = default;
  static void fields(auto& f) { f("transactional_id", &TransactionLogKey::transactional_id); }
};

struct TransactionLogValue {
  static constexpr const char* kName = "TransactionLogValue";
  static constexpr std::int16_t kType = 0;
  static constexpr VersionRange kVersions{0, 1};
  static constexpr Version kFlexible = 1;

  struct PartitionsSchema {
    std::string topic = {};
    std::vector<std::int32_t> partition_ids = {};

    bool operator==(const PartitionsSchema&) const = default;
    static void fields(auto& f) {
      f("topic", &PartitionsSchema::topic);
      f("partition_ids", &PartitionsSchema::partition_ids);
    }
  };

  std::int64_t producer_id = 0;
  std::int64_t previous_producer_id = -1;
  std::int64_t next_producer_id = -1;
  std::int16_t producer_epoch = 0;
  std::int16_t next_producer_epoch = -1;
  std::int32_t transaction_timeout_ms = 0;
  std::int8_t transaction_status = 0;
  std::optional<std::vector<PartitionsSchema>> transaction_partitions = {};
  std::int64_t transaction_last_update_timestamp_ms = 0;
  std::int64_t transaction_start_timestamp_ms = 0;
  std::int16_t client_transaction_version = 0;

  bool operator==(const TransactionLogValue&) const = default;
  static void fields(auto& f) {
    f("producer_id", &TransactionLogValue::producer_id);
    f("previous_producer_id", &TransactionLogValue::previous_producer_id, {.since = 1, .tag = 0});
    f("next_producer_id", &TransactionLogValue::next_producer_id, {.since = 1, .tag = 1});
    f("producer_epoch", &TransactionLogValue::producer_epoch);
    f("next_producer_epoch", &TransactionLogValue::next_producer_epoch, {.since = 1, .tag = 3});
    f("transaction_timeout_ms", &TransactionLogValue::transaction_timeout_ms);
    f("transaction_status", &TransactionLogValue::transaction_status);
    f("transaction_partitions", &TransactionLogValue::transaction_partitions);
    f("transaction_last_update_timestamp_ms", &TransactionLogValue::transaction_last_update_timestamp_ms);
    f("transaction_start_timestamp_ms", &TransactionLogValue::transaction_start_timestamp_ms);
    f("client_transaction_version", &TransactionLogValue::client_transaction_version, {.since = 1, .tag = 2});
  }
};

}  // namespace sluice::kafka
