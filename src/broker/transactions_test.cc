// What producers can rely on: zombies are fenced wherever they write, and no write opens what nobody will close.

#include <thread>

#include "broker/coordinators_testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kafka/transaction_listings.h"

namespace sluice::broker {
namespace {

class TransactionsTest : public CoordinatorsTest {
 protected:
  Code commit_offset(const kafka::InitProducerIdResponse& producer, kafka::Version version) {
    return commit_in_transaction(producer, 5, version);
  }
  kafka::InitProducerIdResponse init_again(const kafka::InitProducerIdResponse& known) {
    kafka::InitProducerIdRequest request;
    request.transactional_id = "x";
    request.transaction_timeout_ms = 60'000;
    request.producer_id = known.producer_id;
    request.producer_epoch = known.producer_epoch;
    return client_.call(request, 5);
  }
  // A transactional batch in a request that names no transactional id.
  Code produce_without_id(const kafka::InitProducerIdResponse& producer) {
    record::BatchBuilder builder{{.producer_id = ProducerId{producer.producer_id},
                                  .producer_epoch = ProducerEpoch{producer.producer_epoch},
                                  .base_sequence = 0,
                                  .transactional = true}};
    builder.add(1, std::nullopt, "v");
    const auto batch = builder.finish();
    kafka::ProduceRequest request;
    request.acks = -1;
    auto& topic = request.topic_data.emplace_back();
    topic.name = "t";
    topic.partition_data.push_back({0, kafka::Records{batch}});
    return client_.call(request, 9).responses.at(0).partition_responses.at(0).error_code;
  }
  Offset last_stable() { return Offset{fetch_committed().last_stable_offset}; }
};

TEST_F(TransactionsTest, ATransactionalBatchWithoutATransactionalIdIsRefused) {
  const auto producer = init("x");
  EXPECT_EQ(produce_without_id(producer), Code::transactional_id_authorization_failed);
  EXPECT_EQ(fetch_committed().high_watermark, 0);
  EXPECT_EQ(produce("", init("y"), "plain", 0), Code::none);
  EXPECT_EQ(last_stable(), Offset{1});  // nothing open lies before it
}

TEST_F(TransactionsTest, AFencedProducersWritesHearOfItInTheWordsThatProduceHas) {
  const auto older = init("x");
  ASSERT_EQ(add_partition("x", older, 0), Code::none);
  ASSERT_EQ(produce("x", older, "old", 0), Code::none);
  const auto newer = init("x");
  EXPECT_EQ(produce("x", older, "old", 1), Code::invalid_producer_epoch);
  EXPECT_EQ(produce("x", older, "old", 1, 12), Code::invalid_producer_epoch);
  EXPECT_EQ(add_partition("x", newer, 0), Code::none);
  EXPECT_EQ(produce("x", newer, "new", 0), Code::none);
  EXPECT_EQ(end("x", newer, true), Code::none);
  EXPECT_EQ(last_stable(), Offset{4});
}

TEST_F(TransactionsTest, OffsetsOfAFencedProducerOrOfNoTransactionAreRefused) {
  const auto older = init("x");
  EXPECT_EQ(commit_offset(older, 4), Code::invalid_txn_state);  // AddOffsetsToTxn did not come before
  const auto newer = init("x");
  EXPECT_EQ(commit_offset(older, 4), Code::invalid_producer_epoch);
  EXPECT_EQ(commit_offset(older, 5), Code::invalid_producer_epoch);
  EXPECT_EQ(committed("g", true).error_code, Code::none);  // nothing of theirs is pending
  EXPECT_EQ(commit_offset(newer, 5), Code::none);          // which adds the group itself
  EXPECT_EQ(end("x", newer, true), Code::none);
  EXPECT_EQ(committed("g", true).committed_offset, 5);
}

TEST_F(TransactionsTest, ATransactionThatNeverBeganCannotEnd) {
  const auto producer = init("x");
  EXPECT_EQ(end("x", producer, true), Code::invalid_txn_state);
  EXPECT_EQ(end("x", producer, false), Code::invalid_txn_state);
  ASSERT_EQ(add_partition("x", producer, 0), Code::none);
  EXPECT_EQ(end("x", producer, true), Code::none);
  EXPECT_EQ(end("x", producer, true), Code::none);  // the answer was lost: asked again
  EXPECT_EQ(end("x", producer, false), Code::invalid_txn_state);
  EXPECT_EQ(end("nobody's", producer, true), Code::invalid_producer_id_mapping);
}

TEST_F(TransactionsTest, AProducerThatNamesItsEpochGetsTheNextAndTheSameWhenItAsksAgain) {
  const auto first = init("x");
  const auto next = init_again(first);
  ASSERT_EQ(next.error_code, Code::none);
  EXPECT_EQ(next.producer_epoch, first.producer_epoch + 1);
  const auto repeated = init_again(first);  // the answer was lost
  EXPECT_EQ(repeated.error_code, Code::none);
  EXPECT_EQ(repeated.producer_epoch, next.producer_epoch);
  // Another process takes over: who names an epoch of before is fenced.
  const auto other = init("x");
  EXPECT_EQ(other.producer_epoch, next.producer_epoch + 1);
  EXPECT_EQ(init_again(next).error_code, Code::producer_fenced);
  EXPECT_EQ(init_again(first).error_code, Code::producer_fenced);
}

TEST_F(TransactionsTest, ATransactionThatTakesTooLongIsAbortedAndItsProducerFenced) {
  kafka::InitProducerIdRequest request;
  request.transactional_id = "x";
  request.transaction_timeout_ms = 1500;
  const auto late = client_.call(request, 5);
  ASSERT_EQ(add_partition("x", late, 0), Code::none);
  ASSERT_EQ(produce("x", late, "late", 0), Code::none);
  for (int i = 0; i < 200 && last_stable() < Offset{2}; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(last_stable(), Offset{2});
  EXPECT_EQ(end("x", late, true), Code::producer_fenced);
  EXPECT_EQ(produce("x", late, "late", 1), Code::invalid_producer_epoch);
  const auto next = init("x");
  EXPECT_EQ(add_partition("x", next, 0), Code::none);
  EXPECT_EQ(end("x", next, false), Code::none);
  request.transaction_timeout_ms = 3'600'000;
  EXPECT_EQ(client_.call(request, 5).error_code, Code::invalid_transaction_timeout);
}

TEST_F(TransactionsTest, WhoHoldsReadersBackIsFound) {
  const auto producer = init("x");
  (void)init("idle");
  ASSERT_EQ(add_partition("x", producer, 0), Code::none);
  ASSERT_EQ(produce("x", producer, "v", 0), Code::none);
  const auto writers = client_.call(kafka::DescribeProducersRequest{{{"t", {0, 1, 9}}}}, 0).topics.at(0).partitions;
  ASSERT_EQ(writers.at(0).active_producers.size(), 1U);
  EXPECT_EQ(writers[0].active_producers[0].producer_id, producer.producer_id);
  EXPECT_EQ(writers[0].active_producers[0].current_txn_start_offset, 0);
  EXPECT_TRUE(writers.at(1).active_producers.empty());
  EXPECT_EQ(writers.at(2).error_code, Code::unknown_topic_or_partition);
  for (kafka::Version version = 0; version <= 1; ++version) {
    kafka::ListTransactionsRequest list{{"Ongoing", "Nonsense"}, {}, -1, std::nullopt};
    const auto listed = client_.call(list, version);
    ASSERT_EQ(listed.transaction_states.size(), 1U);
    EXPECT_EQ(listed.transaction_states[0].transactional_id, "x");
    EXPECT_EQ(listed.transaction_states[0].transaction_state, "Ongoing");
    EXPECT_THAT(listed.unknown_state_filters, ::testing::ElementsAre("Nonsense"));
  }
  EXPECT_EQ(client_.call(kafka::ListTransactionsRequest{{}, {}, 3'600'000, std::nullopt}, 1).transaction_states.size(), 0U);
  const auto described = client_.call(kafka::DescribeTransactionsRequest{{"x", "idle", "none"}}, 0).transaction_states;
  EXPECT_EQ(described.at(0).transaction_state, "Ongoing");
  EXPECT_EQ(described.at(0).topics.at(0).topic, "t");
  EXPECT_EQ(described.at(1).transaction_state, "Empty");
  EXPECT_EQ(described.at(2).error_code, Code::transactional_id_not_found);
}

}  // namespace
}  // namespace sluice::broker
