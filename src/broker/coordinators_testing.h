#pragma once
// A broker with a topic, and the requests of groups and transactions in few words.

#include <string>

#include "broker/broker_testing.h"
#include "gtest/gtest.h"
#include "kafka/data_messages.h"
#include "kafka/group_messages.h"
#include "kafka/offset_messages.h"
#include "kafka/transaction_messages.h"
#include "record/batch.h"

namespace sluice::broker {

using kafka::Code;

class CoordinatorsTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(running_.node().create_topic({"t", 2, {}}).ok()); }

  kafka::JoinGroupRequest join_of(const std::string& member) {
    kafka::JoinGroupRequest request;
    request.group_id = "g";
    request.session_timeout_ms = 10'000;
    request.rebalance_timeout_ms = 10'000;
    request.member_id = member;
    request.protocol_type = "consumer";
    request.protocols.push_back({"range", "metadata"});
    return request;
  }
  // A group of one, assigned: its member id.
  std::string join_alone(kafka::Version version = 9) {
    auto joined = client_.call(join_of(""), version);
    if (joined.error_code == Code::member_id_required) joined = client_.call(join_of(joined.member_id), version);
    EXPECT_EQ(joined.error_code, Code::none);
    generation_ = joined.generation_id;
    kafka::SyncGroupRequest sync;
    sync.group_id = "g";
    sync.generation_id = joined.generation_id;
    sync.member_id = joined.member_id;
    sync.protocol_type = "consumer";
    sync.protocol_name = "range";
    sync.assignments.push_back({joined.member_id, "all of it"});
    const auto synced = client_.call(sync, 5);
    EXPECT_EQ(synced.error_code, Code::none);
    EXPECT_EQ(synced.assignment, "all of it");
    return joined.member_id;
  }
  kafka::OffsetCommitRequest commit_of(const std::string& member, std::int32_t generation, std::int64_t offset) {
    kafka::OffsetCommitRequest request;
    request.group_id = "g";
    request.generation_id_or_member_epoch = generation;
    request.member_id = member;
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    topic.partitions = {{0, offset, -1, "note"}, {7, offset, -1, std::nullopt}};
    return request;
  }
  // Offsets of group "g" in the transaction of "x".
  Code commit_in_transaction(const kafka::InitProducerIdResponse& producer, std::int64_t offset, kafka::Version version) {
    kafka::TxnOffsetCommitRequest request;
    request.transactional_id = "x";
    request.group_id = "g";
    request.producer_id = producer.producer_id;
    request.producer_epoch = producer.producer_epoch;
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    topic.partitions = {{0, offset, -1, std::nullopt}};
    return client_.call(request, version).topics.at(0).partitions.at(0).error_code;
  }
  // Of partition 0.
  kafka::OffsetFetchResponse::Group::Topics::Partitions committed(const std::string& group,
                                                                  bool require_stable = false) {
    kafka::OffsetFetchRequest request;
    request.require_stable = require_stable;
    auto& wanted = request.groups.emplace_back();
    wanted.group_id = group;
    wanted.topics.emplace().push_back({"t", {}, {0}});
    return client_.call(request, 9).groups.at(0).topics.at(0).partitions.at(0);
  }
  kafka::InitProducerIdResponse init(const std::string& id, kafka::Version version = 5) {
    kafka::InitProducerIdRequest request;
    request.transactional_id = id;
    request.transaction_timeout_ms = 60'000;
    return client_.call(request, version);
  }
  Code add_partition(const std::string& id, const kafka::InitProducerIdResponse& producer, std::int32_t partition) {
    kafka::AddPartitionsToTxnRequest request{.transactions = {},
                                             .v3_and_below_transactional_id = id,
                                             .v3_and_below_producer_id = producer.producer_id,
                                             .v3_and_below_producer_epoch = producer.producer_epoch,
                                             .v3_and_below_topics = {{"t", {partition}}}};
    return client_.call(request, 3).results_by_topic_v3_and_below.at(0).results_by_partition.at(0).partition_error_code;
  }
  Code produce(const std::string& id, const kafka::InitProducerIdResponse& producer, const std::string& value,
               std::int32_t sequence, kafka::Version version = 9) {
    record::BatchBuilder builder{{.producer_id = ProducerId{producer.producer_id},
                                  .producer_epoch = ProducerEpoch{producer.producer_epoch},
                                  .base_sequence = sequence,
                                  .transactional = !id.empty()}};
    builder.add(running_.node().clock().wall_ms(), std::nullopt, value);
    const auto batch = builder.finish();
    kafka::ProduceRequest request;
    if (!id.empty()) request.transactional_id = id;
    request.acks = -1;
    auto& topic = request.topic_data.emplace_back();
    topic.name = "t";
    topic.partition_data.push_back({0, kafka::Records{batch}});
    return client_.call(request, version).responses.at(0).partition_responses.at(0).error_code;
  }
  Code end(const std::string& id, const kafka::InitProducerIdResponse& producer, bool commit,
           kafka::Version version = 4) {
    return client_.call(kafka::EndTxnRequest{id, producer.producer_id, producer.producer_epoch, commit}, version)
        .error_code;
  }
  kafka::FetchResponse::TopicResponse::PartitionData fetch_committed() {
    kafka::FetchRequest request;
    request.isolation_level = 1;
    auto& topic = request.topics.emplace_back();
    topic.topic = "t";
    topic.partitions.emplace_back();
    topic.partitions.back().partition_max_bytes = 1 << 20;
    return client_.call(request, 12).responses.at(0).partitions.at(0);
  }

  RunningBroker running_;
  RawClient client_{running_.port()};
  std::int32_t generation_ = -1;
};

}  // namespace sluice::broker
