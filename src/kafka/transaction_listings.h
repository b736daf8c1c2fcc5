#pragma once
// What tools ask about producers and transactions.
// Described as field.h says; encode() and decode() are in message.h.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/api.h"
#include "kafka/field.h"

namespace sluice::kafka {

struct DescribeProducersResponse {
  static constexpr const char* kName = "DescribeProducersResponse";
  static constexpr ApiKey kKey = ApiKey::describe_producers;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr Version kFlexible = 0;

  struct TopicResponse {
    struct PartitionResponse {
      struct ProducerState {
        std::int64_t producer_id = 0;
        std::int32_t producer_epoch = 0;
        std::int32_t last_sequence = -1;
        std::int64_t last_timestamp = -1;
        std::int32_t coordinator_epoch = 0;
        std::int64_t current_txn_start_offset = -1;

        bool operator==(const ProducerState&) const = default;
        static void fields(auto& f) {
          f("producer_id", &ProducerState::producer_id);
          f("producer_epoch", &ProducerState::producer_epoch);
          f("last_sequence", &ProducerState::last_sequence);
          f("last_timestamp", &ProducerState::last_timestamp);
          f("coordinator_epoch", &ProducerState::coordinator_epoch);
          f("current_txn_start_offset", &ProducerState::current_txn_start_offset);
        }
      };

      std::int32_t partition_index = 0;
      Code error_code = Code::none;
      std::optional<std::string> error_message = {};
      std::vector<ProducerState> active_producers = {};

      bool operator==(const PartitionResponse&) const = default;
      static void fields(auto& f) {
        f("partition_index", &PartitionResponse::partition_index);
        f("error_code", &PartitionResponse::error_code);
        f("error_message", &PartitionResponse::error_message);
        f("active_producers", &PartitionResponse::active_producers);
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

  bool operator==(const DescribeProducersResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &DescribeProducersResponse::throttle_time_ms);
    f("topics", &DescribeProducersResponse::topics);
  }
};

struct DescribeProducersRequest {
  static constexpr const char* kName = "DescribeProducersRequest";
  static constexpr ApiKey kKey = ApiKey::describe_producers;
  using Response = DescribeProducersResponse;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr Version kFlexible = 0;

  struct TopicRequest {
    std::string name = {};
    std::vector<std::int32_t> partition_indexes = {};

    bool operator==(const TopicRequest&) const = default;
    static void fields(auto& f) {
      f("name", &TopicRequest::name);
      f("partition_indexes", &TopicRequest::partition_indexes);
    }
  };

  std::vector<TopicRequest> topics = {};

  bool operator==(const DescribeProducersRequest&) const = default;
  static void fields(auto& f) { f("topics", &DescribeProducersRequest::topics); }
};

struct DescribeTransactionsResponse {
  static constexpr const char* kName = "DescribeTransactionsResponse";
  static constexpr ApiKey kKey = ApiKey::describe_transactions;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr Version kFlexible = 0;

  struct TransactionState {
    struct TopicData {
      std::string topic = {};
      std::vector<std::int32_t> partitions = {};

      bool operator==(const TopicData&) const = default;
      static void fields(auto& f) {
        f("topic", &TopicData::topic);
        f("partitions", &TopicData::partitions);
      }
    };

    Code error_code = Code::none;
    std::string transactional_id = {};
    std::string transaction_state = {};
    std::int32_t transaction_timeout_ms = 0;
    std::int64_t transaction_start_time_ms = 0;
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    std::vector<TopicData> topics = {};

    bool operator==(const TransactionState&) const = default;
    static void fields(auto& f) {
      f("error_code", &TransactionState::error_code);
      f("transactional_id", &TransactionState::transactional_id);
      f("transaction_state", &TransactionState::transaction_state);
      f("transaction_timeout_ms", &TransactionState::transaction_timeout_ms);
      f("transaction_start_time_ms", &TransactionState::transaction_start_time_ms);
      f("producer_id", &TransactionState::producer_id);
      f("producer_epoch", &TransactionState::producer_epoch);
      f("topics", &TransactionState::topics);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<TransactionState> transaction_states = {};

  bool operator==(const DescribeTransactionsResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &DescribeTransactionsResponse::throttle_time_ms);
    f("transaction_states", &DescribeTransactionsResponse::transaction_states);
  }
};

struct DescribeTransactionsRequest {
  static constexpr const char* kName = "DescribeTransactionsRequest";
  static constexpr ApiKey kKey = ApiKey::describe_transactions;
  using Response = DescribeTransactionsResponse;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr Version kFlexible = 0;

  std::vector<std::string> transactional_ids = {};

  bool operator==(const DescribeTransactionsRequest&) const = default;
  static void fields(auto& f) { f("transactional_ids", &DescribeTransactionsRequest::transactional_ids); }
};

struct ListTransactionsResponse {
  static constexpr const char* kName = "ListTransactionsResponse";
  static constexpr ApiKey kKey = ApiKey::list_transactions;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr Version kFlexible = 0;

  struct TransactionState {
    std::string transactional_id = {};
    std::int64_t producer_id = 0;
    std::string transaction_state = {};

    bool operator==(const TransactionState&) const = default;
    static void fields(auto& f) {
      f("transactional_id", &TransactionState::transactional_id);
      f("producer_id", &TransactionState::producer_id);
      f("transaction_state", &TransactionState::transaction_state);
    }
  };

  std::int32_t throttle_time_ms = 0;
  Code error_code = Code::none;
  std::vector<std::string> unknown_state_filters = {};
  std::vector<TransactionState> transaction_states = {};

  bool operator==(const ListTransactionsResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &ListTransactionsResponse::throttle_time_ms);
    f("error_code", &ListTransactionsResponse::error_code);
    f("unknown_state_filters", &ListTransactionsResponse::unknown_state_filters);
    f("transaction_states", &ListTransactionsResponse::transaction_states);
  }
};

struct ListTransactionsRequest {
  static constexpr const char* kName = "ListTransactionsRequest";
  static constexpr ApiKey kKey = ApiKey::list_transactions;
  using Response = ListTransactionsResponse;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr Version kFlexible = 0;

  std::vector<std::string> state_filters = {};
  std::vector<std::int64_t> producer_id_filters = {};
  std::int64_t duration_filter = -1;
  std::optional<std::string> transactional_id_pattern = {};

  bool operator==(const ListTransactionsRequest&) const = default;
  static void fields(auto& f) {
    f("state_filters", &ListTransactionsRequest::state_filters);
    f("producer_id_filters", &ListTransactionsRequest::producer_id_filters);
    f("duration_filter", &ListTransactionsRequest::duration_filter, {.since = 1});
    f("transactional_id_pattern", &ListTransactionsRequest::transactional_id_pattern, {.since = 2});
  }
};

}  // namespace sluice::kafka
