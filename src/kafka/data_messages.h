#pragma once
// Records, in and out.
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

struct ProduceResponse {
  static constexpr const char* kName = "ProduceResponse";
  static constexpr ApiKey kKey = ApiKey::produce;
  static constexpr VersionRange kVersions{3, 13};
  static constexpr Version kFlexible = 9;

  struct TopicProduceResponse {
    struct PartitionProduceResponse {
      struct BatchIndexAndErrorMessage {
        std::int32_t batch_index = 0;
        std::optional<std::string> batch_index_error_message = {};

        bool operator==(const BatchIndexAndErrorMessage&) const = default;
        static void fields(auto& f) {
          f("batch_index", &BatchIndexAndErrorMessage::batch_index);
          f("batch_index_error_message", &BatchIndexAndErrorMessage::batch_index_error_message);
        }
      };

      struct LeaderIdAndEpoch {
        std::int32_t leader_id = -1;
        std::int32_t leader_epoch = -1;

        bool operator==(const LeaderIdAndEpoch&) const = default;
        static void fields(auto& f) {
          f("leader_id", &LeaderIdAndEpoch::leader_id);
          f("leader_epoch", &LeaderIdAndEpoch::leader_epoch);
        }
      };

      std::int32_t index = 0;
      Code error_code = Code::none;
      std::int64_t base_offset = 0;
      std::int64_t log_append_time_ms = -1;
      std::int64_t log_start_offset = -1;
      std::vector<BatchIndexAndErrorMessage> record_errors = {};
      std::optional<std::string> error_message = {};
      LeaderIdAndEpoch current_leader = {};

      bool operator==(const PartitionProduceResponse&) const = default;
      static void fields(auto& f) {
        f("index", &PartitionProduceResponse::index);
        f("error_code", &PartitionProduceResponse::error_code);
        f("base_offset", &PartitionProduceResponse::base_offset);
        f("log_append_time_ms", &PartitionProduceResponse::log_append_time_ms);
        f("log_start_offset", &PartitionProduceResponse::log_start_offset, {.since = 5});
        f("record_errors", &PartitionProduceResponse::record_errors, {.since = 8});
        f("error_message", &PartitionProduceResponse::error_message, {.since = 8});
        f("current_leader", &PartitionProduceResponse::current_leader, {.since = 10, .tag = 0});
      }
    };

    std::string name = {};
    Uuid topic_id = {};
    std::vector<PartitionProduceResponse> partition_responses = {};

    bool operator==(const TopicProduceResponse&) const = default;
    static void fields(auto& f) {
      f("name", &TopicProduceResponse::name, {.until = 12});
      f("topic_id", &TopicProduceResponse::topic_id, {.since = 13});
      f("partition_responses", &TopicProduceResponse::partition_responses);
    }
  };

  struct NodeEndpoint {
    std::int32_t node_id = 0;
    std::string host = {};
    std::int32_t port = 0;
    std::optional<std::string> rack = {};

    bool operator==(const NodeEndpoint&) const = default;
    static void fields(auto& f) {
      f("node_id", &NodeEndpoint::node_id);
      f("host", &NodeEndpoint::host);
      f("port", &NodeEndpoint::port);
      f("rack", &NodeEndpoint::rack);
    }
  };

  std::vector<TopicProduceResponse> responses = {};
  std::int32_t throttle_time_ms = 0;
  std::vector<NodeEndpoint> node_endpoints = {};

  bool operator==(const ProduceResponse&) const = default;
  static void fields(auto& f) {
    f("responses", &ProduceResponse::responses);
    f("throttle_time_ms", &ProduceResponse::throttle_time_ms);
    f("node_endpoints", &ProduceResponse::node_endpoints, {.since = 10, .tag = 0});
  }
};

struct ProduceRequest {
  static constexpr const char* kName = "ProduceRequest";
  static constexpr ApiKey kKey = ApiKey::produce;
  using Response = ProduceResponse;
  static constexpr VersionRange kVersions{3, 13};
  static constexpr Version kFlexible = 9;

  struct TopicProduceData {
    struct PartitionProduceData {
      std::int32_t index = 0;
      std::optional<Records> records = {};

      bool operator==(const PartitionProduceData&) const = default;
      static void fields(auto& f) {
        f("index", &PartitionProduceData::index);
        f("records", &PartitionProduceData::records);
      }
    };

    std::string name = {};
    Uuid topic_id = {};
    std::vector<PartitionProduceData> partition_data = {};

    bool operator==(const TopicProduceData&) const = default;
    static void fields(auto& f) {
      f("name", &TopicProduceData::name, {.until = 12});
      f("topic_id", &TopicProduceData::topic_id, {.since = 13});
      f("partition_data", &TopicProduceData::partition_data);
    }
  };

  std::optional<std::string> transactional_id = {};
  std::int16_t acks = 0;
  std::int32_t timeout_ms = 0;
  std::vector<TopicProduceData> topic_data = {};

  bool operator==(const ProduceRequest&) const = default;
  static void fields(auto& f) {
    f("transactional_id", &ProduceRequest::transactional_id);
    f("acks", &ProduceRequest::acks);
    f("timeout_ms", &ProduceRequest::timeout_ms);
    f("topic_data", &ProduceRequest::topic_data);
  }
};

struct FetchResponse {
  static constexpr const char* kName = "FetchResponse";
  static constexpr ApiKey kKey = ApiKey::fetch;
  static constexpr VersionRange kVersions{4, 18};
  static constexpr Version kFlexible = 12;

  struct TopicResponse {
    struct PartitionData {
      struct EpochEndOffset {
        std::int32_t epoch = -1;
        std::int64_t end_offset = -1;

        bool operator==(const EpochEndOffset&) const = default;
        static void fields(auto& f) {
          f("epoch", &EpochEndOffset::epoch);
          f("end_offset", &EpochEndOffset::end_offset);
        }
      };

      struct LeaderIdAndEpoch {
        std::int32_t leader_id = -1;
        std::int32_t leader_epoch = -1;

        bool operator==(const LeaderIdAndEpoch&) const = default;
        static void fields(auto& f) {
          f("leader_id", &LeaderIdAndEpoch::leader_id);
          f("leader_epoch", &LeaderIdAndEpoch::leader_epoch);
        }
      };

      struct SnapshotId {
        std::int64_t end_offset = -1;
        std::int32_t epoch = -1;

        bool operator==(const SnapshotId&) const = default;
        static void fields(auto& f) {
          f("end_offset", &SnapshotId::end_offset);
          f("epoch", &SnapshotId::epoch);
        }
      };

      struct AbortedTransaction {
        std::int64_t producer_id = 0;
        std::int64_t first_offset = 0;

        bool operator==(const AbortedTransaction&) const = default;
        static void fields(auto& f) {
          f("producer_id", &AbortedTransaction::producer_id);
          f("first_offset", &AbortedTransaction::first_offset);
        }
      };

      std::int32_t partition_index = 0;
      Code error_code = Code::none;
      std::int64_t high_watermark = 0;
      std::int64_t last_stable_offset = -1;
      std::int64_t log_start_offset = -1;
      EpochEndOffset diverging_epoch = {};
      LeaderIdAndEpoch current_leader = {};
      SnapshotId snapshot_id = {};
      std::optional<std::vector<AbortedTransaction>> aborted_transactions = {};
      std::int32_t preferred_read_replica = -1;
      std::optional<Records> records = {};

      bool operator==(const PartitionData&) const = default;
      static void fields(auto& f) {
        f("partition_index", &PartitionData::partition_index);
        f("error_code", &PartitionData::error_code);
        f("high_watermark", &PartitionData::high_watermark);
        f("last_stable_offset", &PartitionData::last_stable_offset);
        f("log_start_offset", &PartitionData::log_start_offset, {.since = 5});
        f("diverging_epoch", &PartitionData::diverging_epoch, {.since = 12, .tag = 0});
        f("current_leader", &PartitionData::current_leader, {.since = 12, .tag = 1});
        f("snapshot_id", &PartitionData::snapshot_id, {.since = 12, .tag = 2});
        f("aborted_transactions", &PartitionData::aborted_transactions);
        f("preferred_read_replica", &PartitionData::preferred_read_replica, {.since = 11});
        f("records", &PartitionData::records);
      }
    };

    std::string topic = {};
    Uuid topic_id = {};
    std::vector<PartitionData> partitions = {};

    bool operator==(const TopicResponse&) const = default;
    static void fields(auto& f) {
      f("topic", &TopicResponse::topic, {.until = 12});
      f("topic_id", &TopicResponse::topic_id, {.since = 13});
      f("partitions", &TopicResponse::partitions);
    }
  };

  struct NodeEndpoint {
    std::int32_t node_id = 0;
    std::string host = {};
    std::int32_t port = 0;
    std::optional<std::string> rack = {};

    bool operator==(const NodeEndpoint&) const = default;
    static void fields(auto& f) {
      f("node_id", &NodeEndpoint::node_id);
      f("host", &NodeEndpoint::host);
      f("port", &NodeEndpoint::port);
      f("rack", &NodeEndpoint::rack);
    }
  };

  std::int32_t throttle_time_ms = 0;
  Code error_code = Code::none;
  std::int32_t session_id = 0;
  std::vector<TopicResponse> responses = {};
  std::vector<NodeEndpoint> node_endpoints = {};

  bool operator==(const FetchResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &FetchResponse::throttle_time_ms);
    f("error_code", &FetchResponse::error_code, {.since = 7});
    f("session_id", &FetchResponse::session_id, {.since = 7});
    f("responses", &FetchResponse::responses);
    f("node_endpoints", &FetchResponse::node_endpoints, {.since = 16, .tag = 0});
  }
};

struct FetchRequest {
  static constexpr const char* kName = "FetchRequest";
  static constexpr ApiKey kKey = ApiKey::fetch;
  using Response = FetchResponse;
  static constexpr VersionRange kVersions{4, 18};
  static constexpr Version kFlexible = 12;

  struct ReplicaState {
    std::int32_t replica_id = -1;
    std::int64_t replica_epoch = -1;

    bool operator==(const ReplicaState&) const = default;
    static void fields(auto& f) {
      f("replica_id", &ReplicaState::replica_id);
      f("replica_epoch", &ReplicaState::replica_epoch);
    }
  };

  struct Topic {
    struct Partition {
      std::int32_t partition = 0;
      std::int32_t current_leader_epoch = -1;
      std::int64_t fetch_offset = 0;
      std::int32_t last_fetched_epoch = -1;
      std::int64_t log_start_offset = -1;
      std::int32_t partition_max_bytes = 0;
      Uuid replica_directory_id = {};
      std::int64_t high_watermark = std::numeric_limits<std::int64_t>::max();

      bool operator==(const Partition&) const = default;
      static void fields(auto& f) {
        f("partition", &Partition::partition);
        f("current_leader_epoch", &Partition::current_leader_epoch, {.since = 9});
        f("fetch_offset", &Partition::fetch_offset);
        f("last_fetched_epoch", &Partition::last_fetched_epoch, {.since = 12});
        f("log_start_offset", &Partition::log_start_offset, {.since = 5});
        f("partition_max_bytes", &Partition::partition_max_bytes);
        f("replica_directory_id", &Partition::replica_directory_id, {.since = 17, .tag = 0});
        f("high_watermark", &Partition::high_watermark, {.since = 18, .tag = 1});
      }
    };

    std::string topic = {};
    Uuid topic_id = {};
    std::vector<Partition> partitions = {};

    bool operator==(const Topic&) const = default;
    static void fields(auto& f) {
      f("topic", &Topic::topic, {.until = 12});
      f("topic_id", &Topic::topic_id, {.since = 13});
      f("partitions", &Topic::partitions);
    }
  };

  struct ForgottenTopic {
    std::string topic = {};
    Uuid topic_id = {};
    std::vector<std::int32_t> partitions = {};

    bool operator==(const ForgottenTopic&) const = default;
    static void fields(auto& f) {
      f("topic", &ForgottenTopic::topic, {.until = 12});
      f("topic_id", &ForgottenTopic::topic_id, {.since = 13});
      f("partitions", &ForgottenTopic::partitions);
    }
  };

  std::optional<std::string> cluster_id = {};
  std::int32_t replica_id = -1;
  ReplicaState replica_state = {};
  std::int32_t max_wait_ms = 0;
  std::int32_t min_bytes = 0;
  std::int32_t max_bytes = std::numeric_limits<std::int32_t>::max();
  std::int8_t isolation_level = 0;
  std::int32_t session_id = 0;
  std::int32_t session_epoch = -1;
  std::vector<Topic> topics = {};
  std::vector<ForgottenTopic> forgotten_topics_data = {};
  std::string rack_id = {};

  bool operator==(const FetchRequest&) const = default;
  static void fields(auto& f) {
    f("cluster_id", &FetchRequest::cluster_id, {.since = 12, .tag = 0});
    f("replica_id", &FetchRequest::replica_id, {.until = 14});
    f("replica_state", &FetchRequest::replica_state, {.since = 15, .tag = 1});
    f("max_wait_ms", &FetchRequest::max_wait_ms);
    f("min_bytes", &FetchRequest::min_bytes);
    f("max_bytes", &FetchRequest::max_bytes);
    f("isolation_level", &FetchRequest::isolation_level);
    f("session_id", &FetchRequest::session_id, {.since = 7});
    f("session_epoch", &FetchRequest::session_epoch, {.since = 7});
    f("topics", &FetchRequest::topics);
    f("forgotten_topics_data", &FetchRequest::forgotten_topics_data, {.since = 7});
    f("rack_id", &FetchRequest::rack_id, {.since = 11});
  }
};

}  // namespace sluice::kafka
