#pragma once
// Idempotent and transactional producers.
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

struct InitProducerIdResponse {
  static constexpr const char* kName = "InitProducerIdResponse";
  static constexpr ApiKey kKey = ApiKey::init_producer_id;
  static constexpr VersionRange kVersions{0, 6};
  static constexpr Version kFlexible = 2;

  std::int32_t throttle_time_ms = 0;
  Code error_code = Code::none;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = 0;
  std::int64_t ongoing_txn_producer_id = -1;
  std::int16_t ongoing_txn_producer_epoch = -1;

  bool operator==(const InitProducerIdResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &InitProducerIdResponse::throttle_time_ms);
    f("error_code", &InitProducerIdResponse::error_code);
    f("producer_id", &InitProducerIdResponse::producer_id);
    f("producer_epoch", &InitProducerIdResponse::producer_epoch);
    f("ongoing_txn_producer_id", &InitProducerIdResponse::ongoing_txn_producer_id, {.since = 6});
    f("ongoing_txn_producer_epoch", &InitProducerIdResponse::ongoing_txn_producer_epoch, {.since = 6});
  }
};

struct InitProducerIdRequest {
  static constexpr const char* kName = "InitProducerIdRequest";
  static constexpr ApiKey kKey = ApiKey::init_producer_id;
  using Response = InitProducerIdResponse;
  static constexpr VersionRange kVersions{0, 6};
  static constexpr Version kFlexible = 2;

  std::optional<std::string> transactional_id = {};
  std::int32_t transaction_timeout_ms = 0;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  bool enable_two_phase_commit = false;
  bool keep_prepared_txn = false;

  bool operator==(const InitProducerIdRequest&) const = default;
  static void fields(auto& f) {
    f("transactional_id", &InitProducerIdRequest::transactional_id);
    f("transaction_timeout_ms", &InitProducerIdRequest::transaction_timeout_ms);
    f("producer_id", &InitProducerIdRequest::producer_id, {.since = 3});
    f("producer_epoch", &InitProducerIdRequest::producer_epoch, {.since = 3});
    f("enable_two_phase_commit", &InitProducerIdRequest::enable_two_phase_commit, {.since = 6});
    f("keep_prepared_txn", &InitProducerIdRequest::keep_prepared_txn, {.since = 6});
  }
};

struct AddPartitionsToTxnResponse {
  static constexpr const char* kName = "AddPartitionsToTxnResponse";
  static constexpr ApiKey kKey = ApiKey::add_partitions_to_txn;
  static constexpr VersionRange kVersions{0, 5};
  static constexpr Version kFlexible = 3;

  struct PartitionResult {
    std::int32_t partition_index = 0;
    Code partition_error_code = Code::none;

    bool operator==(const PartitionResult&) const = default;
    static void fields(auto& f) {
      f("partition_index", &PartitionResult::partition_index);
      f("partition_error_code", &PartitionResult::partition_error_code);
    }
  };

  struct TopicResult {
    std::string name = {};
    std::vector<PartitionResult> results_by_partition = {};

    bool operator==(const TopicResult&) const = default;
    static void fields(auto& f) {
      f("name", &TopicResult::name);
      f("results_by_partition", &TopicResult::results_by_partition);
    }
  };

  struct Result {
    std::string transactional_id = {};
    std::vector<TopicResult> topic_results = {};

    bool operator==(const Result&) const = default;
    static void fields(auto& f) {
      f("transactional_id", &Result::transactional_id);
      f("topic_results", &Result::topic_results);
    }
  };

  std::int32_t throttle_time_ms = 0;
  Code error_code = Code::none;
  std::vector<Result> results_by_transaction = {};
  std::vector<TopicResult> results_by_topic_v3_and_below = {};

  bool operator==(const AddPartitionsToTxnResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &AddPartitionsToTxnResponse::throttle_time_ms);
    f("error_code", &AddPartitionsToTxnResponse::error_code, {.since = 4});
    f("results_by_transaction", &AddPartitionsToTxnResponse::results_by_transaction, {.since = 4});
    f("results_by_topic_v3_and_below", &AddPartitionsToTxnResponse::results_by_topic_v3_and_below, {.until = 3});
  }
};

struct AddPartitionsToTxnRequest {
  static constexpr const char* kName = "AddPartitionsToTxnRequest";
  static constexpr ApiKey kKey = ApiKey::add_partitions_to_txn;
  using Response = AddPartitionsToTxnResponse;
  static constexpr VersionRange kVersions{0, 5};
  static constexpr Version kFlexible = 3;

  struct Topic {
    std::string name = {};
    std::vector<std::int32_t> partitions = {};

    bool operator==(const Topic&) const = default;
    static void fields(auto& f) {
      f("name", &Topic::name);
      f("partitions", &Topic::partitions);
    }
  };

  struct Transaction {
    std::string transactional_id = {};
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    bool verify_only = false;
    std::vector<Topic> topics = {};

    bool operator==(const Transaction&) const = default;
    static void fields(auto& f) {
      f("transactional_id", &Transaction::transactional_id);
      f("producer_id", &Transaction::producer_id);
      f("producer_epoch", &Transaction::producer_epoch);
      f("verify_only", &Transaction::verify_only);
      f("topics", &Transaction::topics);
    }
  };

  std::vector<Transaction> transactions = {};
  std::string v3_and_below_transactional_id = {};
  std::int64_t v3_and_below_producer_id = 0;
  std::int16_t v3_and_below_producer_epoch = 0;
  std::vector<Topic> v3_and_below_topics = {};

  bool operator==(const AddPartitionsToTxnRequest&) const = default;
  static void fields(auto& f) {
    f("transactions", &AddPartitionsToTxnRequest::transactions, {.since = 4});
    f("v3_and_below_transactional_id", &AddPartitionsToTxnRequest::v3_and_below_transactional_id, {.until = 3});
    f("v3_and_below_producer_id", &AddPartitionsToTxnRequest::v3_and_below_producer_id, {.until = 3});
    f("v3_and_below_producer_epoch", &AddPartitionsToTxnRequest::v3_and_below_producer_epoch, {.until = 3});
    f("v3_and_below_topics", &AddPartitionsToTxnRequest::v3_and_below_topics, {.until = 3});
  }
};

struct AddOffsetsToTxnResponse {
  static constexpr const char* kName = "AddOffsetsToTxnResponse";
  static constexpr ApiKey kKey = ApiKey::add_offsets_to_txn;
  static constexpr VersionRange kVersions{0, 4};
  static constexpr Version kFlexible = 3;

  std::int32_t throttle_time_ms = 0;
  Code error_code = Code::none;

  bool operator==(const AddOffsetsToTxnResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &AddOffsetsToTxnResponse::throttle_time_ms);
    f("error_code", &AddOffsetsToTxnResponse::error_code);
  }
};

struct AddOffsetsToTxnRequest {
  static constexpr const char* kName = "AddOffsetsToTxnRequest";
  static constexpr ApiKey kKey = ApiKey::add_offsets_to_txn;
  using Response = AddOffsetsToTxnResponse;
  static constexpr VersionRange kVersions{0, 4};
  static constexpr Version kFlexible = 3;

  std::string transactional_id = {};
  std::int64_t producer_id = 0;
  std::int16_t producer_epoch = 0;
  std::string group_id = {};

  bool operator==(const AddOffsetsToTxnRequest&) const = default;
  static void fields(auto& f) {
    f("transactional_id", &AddOffsetsToTxnRequest::transactional_id);
    f("producer_id", &AddOffsetsToTxnRequest::producer_id);
    f("producer_epoch", &AddOffsetsToTxnRequest::producer_epoch);
    f("group_id", &AddOffsetsToTxnRequest::group_id);
  }
};

struct EndTxnResponse {
  static constexpr const char* kName = "EndTxnResponse";
  static constexpr ApiKey kKey = ApiKey::end_txn;
  static constexpr VersionRange kVersions{0, 5};
  static constexpr Version kFlexible = 3;

  std::int32_t throttle_time_ms = 0;
  Code error_code = Code::none;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;

  bool operator==(const EndTxnResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &EndTxnResponse::throttle_time_ms);
    f("error_code", &EndTxnResponse::error_code);
    f("producer_id", &EndTxnResponse::producer_id, {.since = 5});
    f("producer_epoch", &EndTxnResponse::producer_epoch, {.since = 5});
  }
};

struct EndTxnRequest {
  static constexpr const char* kName = "EndTxnRequest";
  static constexpr ApiKey kKey = ApiKey::end_txn;
  using Response = EndTxnResponse;
  static constexpr VersionRange kVersions{0, 5};
  static constexpr Version kFlexible = 3;

  std::string transactional_id = {};
  std::int64_t producer_id = 0;
  std::int16_t producer_epoch = 0;
  bool committed = false;

  bool operator==(const EndTxnRequest&) const = default;
  static void fields(auto& f) {
    f("transactional_id", &EndTxnRequest::transactional_id);
    f("producer_id", &EndTxnRequest::producer_id);
    f("producer_epoch", &EndTxnRequest::producer_epoch);
    f("committed", &EndTxnRequest::committed);
  }
};

struct TxnOffsetCommitResponse {
  static constexpr const char* kName = "TxnOffsetCommitResponse";
  static constexpr ApiKey kKey = ApiKey::txn_offset_commit;
  static constexpr VersionRange kVersions{0, 5};
  static constexpr Version kFlexible = 3;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      Code error_code = Code::none;

      bool operator==(const Partition&) const = default;
      static void fields(auto& f) {
        f("partition_index", &Partition::partition_index);
        f("error_code", &Partition::error_code);
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

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics = {};

  bool operator==(const TxnOffsetCommitResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &TxnOffsetCommitResponse::throttle_time_ms);
    f("topics", &TxnOffsetCommitResponse::topics);
  }
};

struct TxnOffsetCommitRequest {
  static constexpr const char* kName = "TxnOffsetCommitRequest";
  static constexpr ApiKey kKey = ApiKey::txn_offset_commit;
  using Response = TxnOffsetCommitResponse;
  static constexpr VersionRange kVersions{0, 5};
  static constexpr Version kFlexible = 3;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      std::int64_t committed_offset = 0;
      std::int32_t committed_leader_epoch = -1;
      std::optional<std::string> committed_metadata = {};

      bool operator==(const Partition&) const = default;
      static void fields(auto& f) {
        f("partition_index", &Partition::partition_index);
        f("committed_offset", &Partition::committed_offset);
        f("committed_leader_epoch", &Partition::committed_leader_epoch, {.since = 2});
        f("committed_metadata", &Partition::committed_metadata);
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

  std::string transactional_id = {};
  std::string group_id = {};
  std::int64_t producer_id = 0;
  std::int16_t producer_epoch = 0;
  std::int32_t generation_id = -1;
  std::string member_id = {};
  std::optional<std::string> group_instance_id = {};
  std::vector<Topic> topics = {};

  bool operator==(const TxnOffsetCommitRequest&) const = default;
  static void fields(auto& f) {
    f("transactional_id", &TxnOffsetCommitRequest::transactional_id);
    f("group_id", &TxnOffsetCommitRequest::group_id);
    f("producer_id", &TxnOffsetCommitRequest::producer_id);
    f("producer_epoch", &TxnOffsetCommitRequest::producer_epoch);
    f("generation_id", &TxnOffsetCommitRequest::generation_id, {.since = 3});
    f("member_id", &TxnOffsetCommitRequest::member_id, {.since = 3});
    f("group_instance_id", &TxnOffsetCommitRequest::group_instance_id, {.since = 3});
    f("topics", &TxnOffsetCommitRequest::topics);
  }
};

}  // namespace sluice::kafka
