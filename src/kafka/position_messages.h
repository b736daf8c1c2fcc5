#pragma once
// Positions in partitions: by time, by epoch, and the start.
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

struct ListOffsetsResponse {
  static constexpr const char* kName = "ListOffsetsResponse";
  static constexpr ApiKey kKey = ApiKey::list_offsets;
  static constexpr VersionRange kVersions{1, 11};
  static constexpr Version kFlexible = 6;

  struct TopicResponse {
    struct PartitionResponse {
      std::int32_t partition_index = 0;
      Code error_code = Code::none;
      std::int64_t timestamp = -1;
      std::int64_t offset = -1;
      std::int32_t leader_epoch = -1;

      bool operator==(const PartitionResponse&) const = default;
      static void fields(auto& f) {
        f("partition_index", &PartitionResponse::partition_index);
        f("error_code", &PartitionResponse::error_code);
        f("timestamp", &PartitionResponse::timestamp);
        f("offset", &PartitionResponse::offset);
        f("leader_epoch", &PartitionResponse::leader_epoch, {.since = 4});
      }
    };

    std::string name = {};
    std::vector<PartitionResponse> partitions = {};

    bool operator==(const TopicResponse&) const = default;
    static void fields(auto& f) {
      f("name", &TopicResponse::name);
      f("partitions", &TopicResponse::partitions);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<TopicResponse> topics = {};

  bool operator==(const ListOffsetsResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &ListOffsetsResponse::throttle_time_ms, {.since = 2});
    f("topics", &ListOffsetsResponse::topics);
  }
};

struct ListOffsetsRequest {
  static constexpr const char* kName = "ListOffsetsRequest";
  static constexpr ApiKey kKey = ApiKey::list_offsets;
  using Response = ListOffsetsResponse;
  static constexpr VersionRange kVersions{1, 11};
  static constexpr Version kFlexible = 6;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      std::int32_t current_leader_epoch = -1;
      std::int64_t timestamp = 0;

      bool operator==(const Partition&) const = default;
      static void fields(auto& f) {
        f("partition_index", &Partition::partition_index);
        f("current_leader_epoch", &Partition::current_leader_epoch, {.since = 4});
        f("timestamp", &Partition::timestamp);
      }
    };

    std::string name = {};
    std::vector<Partition> partitions = {};

    bool operator==(const Topic&) const = default;
    static void fields(auto& f) {
      f("name", &Topic::name);
      f("partitions", &Topic::partitions);
    }
  };

  std::int32_t replica_id = 0;
  std::int8_t isolation_level = 0;
  std::vector<Topic> topics = {};
  std::int32_t timeout_ms = 0;

  bool operator==(const ListOffsetsRequest&) const = default;
  static void fields(auto& f) {
    f("replica_id", &ListOffsetsRequest::replica_id);
    f("isolation_level", &ListOffsetsRequest::isolation_level, {.since = 2});
    f("topics", &ListOffsetsRequest::topics);
    f("timeout_ms", &ListOffsetsRequest::timeout_ms, {.since = 10});
  }
};

struct OffsetForLeaderEpochResponse {
  static constexpr const char* kName = "OffsetForLeaderEpochResponse";
  static constexpr ApiKey kKey = ApiKey::offset_for_leader_epoch;
  static constexpr VersionRange kVersions{2, 4};
  static constexpr Version kFlexible = 4;

  struct OffsetForLeaderTopicResult {
    struct EpochEndOffset {
      Code error_code = Code::none;
      std::int32_t partition = 0;
      std::int32_t leader_epoch = -1;
      std::int64_t end_offset = -1;

      bool operator==(const EpochEndOffset&) const = default;
      static void fields(auto& f) {
        f("error_code", &EpochEndOffset::error_code);
        f("partition", &EpochEndOffset::partition);
        f("leader_epoch", &EpochEndOffset::leader_epoch);
        f("end_offset", &EpochEndOffset::end_offset);
      }
    };

    std::string topic = {};
    std::vector<EpochEndOffset> partitions = {};

    bool operator==(const OffsetForLeaderTopicResult&) const = default;
    static void fields(auto& f) {
      f("topic", &OffsetForLeaderTopicResult::topic);
      f("partitions", &OffsetForLeaderTopicResult::partitions);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<OffsetForLeaderTopicResult> topics = {};

  bool operator==(const OffsetForLeaderEpochResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &OffsetForLeaderEpochResponse::throttle_time_ms);
    f("topics", &OffsetForLeaderEpochResponse::topics);
  }
};

struct OffsetForLeaderEpochRequest {
  static constexpr const char* kName = "OffsetForLeaderEpochRequest";
  static constexpr ApiKey kKey = ApiKey::offset_for_leader_epoch;
  using Response = OffsetForLeaderEpochResponse;
  static constexpr VersionRange kVersions{2, 4};
  static constexpr Version kFlexible = 4;

  struct OffsetForLeaderTopic {
    struct OffsetForLeaderPartition {
      std::int32_t partition = 0;
      std::int32_t current_leader_epoch = -1;
      std::int32_t leader_epoch = 0;

      bool operator==(const OffsetForLeaderPartition&) const = default;
      static void fields(auto& f) {
        f("partition", &OffsetForLeaderPartition::partition);
        f("current_leader_epoch", &OffsetForLeaderPartition::current_leader_epoch);
        f("leader_epoch", &OffsetForLeaderPartition::leader_epoch);
      }
    };

    std::string topic = {};
    std::vector<OffsetForLeaderPartition> partitions = {};

    bool operator==(const OffsetForLeaderTopic&) const = default;
    static void fields(auto& f) {
      f("topic", &OffsetForLeaderTopic::topic);
      f("partitions", &OffsetForLeaderTopic::partitions);
    }
  };

  std::int32_t replica_id = -2;
  std::vector<OffsetForLeaderTopic> topics = {};

  bool operator==(const OffsetForLeaderEpochRequest&) const = default;
  static void fields(auto& f) {
    f("replica_id", &OffsetForLeaderEpochRequest::replica_id, {.since = 3});
    f("topics", &OffsetForLeaderEpochRequest::topics);
  }
};

struct DeleteRecordsResponse {
  static constexpr const char* kName = "DeleteRecordsResponse";
  static constexpr ApiKey kKey = ApiKey::delete_records;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr Version kFlexible = 2;

  struct TopicResult {
    struct PartitionResult {
      std::int32_t partition_index = 0;
      std::int64_t low_watermark = 0;
      Code error_code = Code::none;

      bool operator==(const PartitionResult&) const = default;
      static void fields(auto& f) {
        f("partition_index", &PartitionResult::partition_index);
        f("low_watermark", &PartitionResult::low_watermark);
        f("error_code", &PartitionResult::error_code);
      }
    };

    std::string name = {};
    std::vector<PartitionResult> partitions = {};

    bool operator==(const TopicResult&) const = default;
    static void fields(auto& f) {
      f("name", &TopicResult::name);
      f("partitions", &TopicResult::partitions);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<TopicResult> topics = {};

  bool operator==(const DeleteRecordsResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &DeleteRecordsResponse::throttle_time_ms);
    f("topics", &DeleteRecordsResponse::topics);
  }
};

struct DeleteRecordsRequest {
  static constexpr const char* kName = "DeleteRecordsRequest";
  static constexpr ApiKey kKey = ApiKey::delete_records;
  using Response = DeleteRecordsResponse;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr Version kFlexible = 2;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      std::int64_t offset = 0;

      bool operator==(const Partition&) const = default;
      static void fields(auto& f) {
        f("partition_index", &Partition::partition_index);
        f("offset", &Partition::offset);
      }
    };

    std::string name = {};
    std::vector<Partition> partitions = {};

    bool operator==(const Topic&) const = default;
    static void fields(auto& f) {
      f("name", &Topic::name);
      f("partitions", &Topic::partitions);
    }
  };

  std::vector<Topic> topics = {};
  std::int32_t timeout_ms = 0;

  bool operator==(const DeleteRecordsRequest&) const = default;
  static void fields(auto& f) {
    f("topics", &DeleteRecordsRequest::topics);
    f("timeout_ms", &DeleteRecordsRequest::timeout_ms);
  }
};

}  // namespace sluice::kafka
