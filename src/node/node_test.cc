// What the simulation found, each in a few lines, and what it does not look at.

#include "node/node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/simulated_disk.h"
#include "node/embedded_log.h"
#include "node/groups.h"
#include "node/transactions.h"
#include "record/batch.h"
#include "storage/partition_testing.h"

namespace sluice::node {
namespace {

using storage::test_batch;
using storage::TestProducer;

class NodeTest : public testing::Test {
 protected:
  NodeTest() { open(); }
  void open() {
    auto opened = Node::open(disk_, clock_, options_);
    ASSERT_TRUE(opened.ok()) << opened.error();
    node_ = std::move(*opened);
  }
  void reopen(bool power_fails) {
    power_fails ? disk_.crash() : disk_.kill_process();
    node_.reset();
    open();
  }
  void make(const std::string& name, std::int32_t partitions = 1) { ASSERT_TRUE(node_->create_topic({name, partitions, {}}).ok()); }
  void rounds() {
    while (node_->run_sync_round()) {
    }
  }
  // Appends, and gives what became of it; none: not answered yet.
  std::shared_ptr<std::optional<Result<Appended>>> append(const TopicPartition& where, Bytes batch) {
    auto answer = std::make_shared<std::optional<Result<Appended>>>();
    node_->append(where, std::move(batch), Acks::all, Writer::client, [answer](Result<Appended> result) { answer->emplace(std::move(result)); });
    return answer;
  }
  ProducerIdentity init(const std::string& id) {
    std::optional<ProducerIdentity> identity;
    node_->transactions().init(id, 60'000, {}, [&](const Result<ProducerIdentity>& given) { identity = given.ok() ? *given : ProducerIdentity{}; });
    rounds();
    return identity.value_or(ProducerIdentity{});
  }
  std::shared_ptr<std::optional<Result<void>>> end(const std::string& id, ProducerIdentity producer, bool commit) {
    auto answer = std::make_shared<std::optional<Result<void>>>();
    node_->transactions().end(id, producer, commit, [answer](Result<void> result) { answer->emplace(std::move(result)); });
    return answer;
  }
  Offset stable(const TopicPartition& where) { return node_->list_offset(where, -1, Isolation::read_committed)->offset; }
  Offset shown(const TopicPartition& where) { return node_->list_offset(where, -1, Isolation::read_uncommitted)->offset; }

  io::SimulatedDisk disk_{1};
  io::ManualClock clock_;
  NodeOptions options_{.data = "data"};
  std::unique_ptr<Node> node_;
};

TEST_F(NodeTest, NothingIsShownOrAnsweredBeforeItsRound) {
  make("t");
  const auto answer = append({"t", 0}, test_batch({{"k", "v"}}));
  EXPECT_FALSE(*answer);
  EXPECT_EQ(shown({"t", 0}), Offset{0});
  rounds();
  ASSERT_TRUE(*answer);
  EXPECT_TRUE((*answer)->ok());
  EXPECT_EQ(shown({"t", 0}), Offset{1});
}

TEST_F(NodeTest, ARetryThatIsAppendedButNotDurableWaitsForItsRound) {
  make("t");
  const TestProducer producer{ProducerId{1}, ProducerEpoch{0}, 0, false};
  const auto first = append({"t", 0}, test_batch({{"k", "v"}}, 1, producer));
  const auto retry = append({"t", 0}, test_batch({{"k", "v"}}, 1, producer));
  EXPECT_FALSE(*retry);
  rounds();
  ASSERT_TRUE(*first && *retry);
  EXPECT_EQ((**first)->base_offset, (**retry)->base_offset);
}

TEST_F(NodeTest, ATopicMadeAgainKnowsNothingOfTheEarlierOneOfItsName) {
  make("t");
  for (int i = 0; i < 20; ++i) append({"t", 0}, test_batch({{"k", "v"}}));
  rounds();
  ASSERT_TRUE(node_->delete_records({"t", 0}, Offset{10}).ok());
  clock_.advance(60'000);
  node_->run_housekeeping(clock_.wall_ms());  // checkpoints: recovery point 20, log start 10
  ASSERT_TRUE(node_->delete_topic("t").ok());
  make("t");
  append({"t", 0}, test_batch({{"new", "v"}}));
  rounds();
  reopen(false);
  EXPECT_EQ(node_->list_offset({"t", 0}, -2, Isolation::read_uncommitted)->offset, Offset{0});
  EXPECT_EQ(shown({"t", 0}), Offset{1});
}

TEST_F(NodeTest, WhoWaitsForATopicThatIsDeletedIsTold) {
  make("t");
  const auto answer = append({"t", 0}, test_batch({{"k", "v"}}));
  // Appended, and deleted before its round: create_topic and delete_topic run rounds, so the folder goes underneath.
  const auto log = *node_->partition({"t", 0});
  ASSERT_TRUE(node_->delete_topic("t").ok());
  const auto late = append({"t", 0}, test_batch({{"k", "v"}}));
  rounds();
  EXPECT_TRUE(*answer);
  ASSERT_TRUE(*late);
  EXPECT_EQ((*late)->error().code, ErrorCode::not_found);
  auto batch = test_batch({{"k", "v"}});
  EXPECT_FALSE(log->append(batch).ok());
}

TEST_F(NodeTest, ACommitIsRefusedWhenAnEarlierRoundLostItsData) {
  make("t", 2);
  const auto producer = init("x");
  ASSERT_TRUE(node_->transactions().add_partitions("x", producer, {{"t", 0}, {"t", 1}}).ok());
  rounds();
  append({"t", 0}, test_batch({{"k", "v"}}, 1, {producer.id, producer.epoch, 0, true}));
  disk_.fail_next_syncs(1);
  rounds();  // t-0 is offline
  append({"t", 1}, test_batch({{"k", "v"}}, 1, {producer.id, producer.epoch, 0, true}));
  rounds();
  const auto answer = end("x", producer, true);
  rounds();
  ASSERT_TRUE(*answer);
  EXPECT_FALSE((*answer)->ok());
  reopen(true);
  EXPECT_EQ(node_->transactions().list().front().state, TransactionState::ongoing) << "nothing was decided";
}

TEST_F(NodeTest, TheNextTransactionWaitsUntilTheEndOfTheLastIsDurable) {
  make("t");
  const auto producer = init("x");
  ASSERT_TRUE(node_->transactions().add_partitions("x", producer, {{"t", 0}}).ok());
  append({"t", 0}, test_batch({{"k", "v"}}, 1, {producer.id, producer.epoch, 0, true}));
  rounds();
  const auto answer = end("x", producer, true);
  int waited = 0;
  while (stable({"t", 0}) < Offset{2}) {
    node_->run_sync_round();
    ASSERT_LT(++waited, 10);
  }
  EXPECT_FALSE(*answer) << "it shows, but a crash would write its markers again";
  EXPECT_EQ(node_->transactions().add_partitions("x", producer, {{"t", 0}}).error().code, ErrorCode::retry);
  rounds();
  ASSERT_TRUE(*answer);
  EXPECT_TRUE(node_->transactions().add_partitions("x", producer, {{"t", 0}}).ok());
}

TEST_F(NodeTest, MarkersThatAFullDiskRefusedAreWrittenWhenThereIsSpace) {
  make("t");
  const auto producer = init("x");
  ASSERT_TRUE(node_->transactions().add_partitions("x", producer, {{"t", 0}}).ok());
  append({"t", 0}, test_batch({{"k", "v"}}, 1, {producer.id, producer.epoch, 0, true}));
  rounds();
  const auto answer = end("x", producer, true);
  std::uint64_t used = 0;
  while (!*answer) {
    const auto state = node_->transactions().list().front().state;
    if (state == TransactionState::prepare_commit && used == 0) {
      disk_.set_capacity(used = 1);  // full from the decision on
    }
    node_->run_sync_round();
  }
  EXPECT_FALSE((*answer)->ok());
  EXPECT_EQ(stable({"t", 0}), Offset{0});
  disk_.set_capacity(UINT64_MAX);
  clock_.advance(1000);
  node_->run_housekeeping(clock_.wall_ms());
  rounds();
  EXPECT_EQ(stable({"t", 0}), Offset{2});
  EXPECT_EQ(node_->transactions().list().front().state, TransactionState::complete_commit);
}

TEST_F(NodeTest, OffsetsOfAGroupShowWhenTheyAreDurable) {
  make("t");
  std::optional<Result<void>> answer;
  node_->groups().commit({"g", "", std::nullopt, -1}, {{{"t", 0}, {Offset{5}, -1, "", 0}}}, std::nullopt, [&](Result<void> result) { answer = std::move(result); });
  EXPECT_TRUE(node_->groups().committed("g", std::nullopt, false)->empty());
  rounds();
  ASSERT_TRUE(answer && answer->ok());
  EXPECT_EQ(node_->groups().committed("g", std::nullopt, false)->begin()->second.offset, Offset{5});
  reopen(true);
  EXPECT_EQ(node_->groups().committed("g", std::nullopt, false)->begin()->second.offset, Offset{5});
}

TEST_F(NodeTest, ATransactionalIdThatNobodyUsesIsForgotten) {
  make("t");
  ASSERT_NE(init("x").id, kNoProducerId);
  clock_.advance(std::int64_t{8} * 24 * 3600 * 1000);
  node_->run_housekeeping(clock_.wall_ms());
  EXPECT_TRUE(node_->transactions().list().empty());
  rounds();
  reopen(true);
  EXPECT_TRUE(node_->transactions().list().empty());
}

TEST_F(NodeTest, BelowTheFloorWritersAreRefusedWithATextAndReadersAreNot) {
  make("t");
  append({"t", 0}, test_batch({{"k", "v"}}));
  rounds();
  ASSERT_TRUE(node_->close().ok());
  options_.keep_free_bytes = 1 << 20;
  reopen(false);
  disk_.set_capacity(100'000);
  const auto answer = append({"t", 0}, test_batch({{"k", "v"}}));
  ASSERT_TRUE(*answer);
  EXPECT_EQ((*answer)->error().code, ErrorCode::out_of_space);
  EXPECT_EQ((*answer)->error().reason, static_cast<std::uint16_t>(Reason::below_space_floor));
  EXPECT_THAT((*answer)->error().message, testing::HasSubstr("log.keep_free"));
  const FetchPartition wanted{{"t", 0}, Offset{0}, 1000};
  EXPECT_TRUE(node_->fetch({&wanted, 1}, Isolation::read_committed, 1000).front().records);
}

TEST_F(NodeTest, TheDirectoryOfANewerVersionIsRefused) {
  node_.reset();
  ASSERT_TRUE(disk_.replace_file("data/sluice.format", "format=2\n").ok());
  EXPECT_EQ(Node::open(disk_, clock_, options_).error().code, ErrorCode::unsupported);
}

TEST_F(NodeTest, ADamagedPartitionIsPutAsideAndTheOthersAreServed) {
  make("hurt", 2);
  make("whole");
  const auto first = append({"hurt", 0}, test_batch({{"k", "v"}}));
  const auto second = append({"hurt", 1}, test_batch({{"k", "v"}}));
  const auto third = append({"whole", 0}, test_batch({{"k", "v"}}));
  rounds();
  ASSERT_TRUE(*first && *second && *third);
  clock_.advance(60'000);
  node_->run_housekeeping(clock_.wall_ms());  // the recovery points
  ASSERT_TRUE(disk_.remove_all("data/hurt-0").ok());
  for (int i = 0; i < 2; ++i) {  // it stays known over restarts, also over a clean one
    reopen(false);
    ASSERT_EQ(node_->damaged().size(), 1U);
    EXPECT_EQ(node_->damaged().begin()->first, (TopicPartition{"hurt", 0}));
    EXPECT_EQ(shown({"hurt", 1}), Offset{1});
    EXPECT_EQ(shown({"whole", 0}), Offset{1});
    const auto refused = append({"hurt", 0}, test_batch({{"k", "v"}}));
    ASSERT_TRUE(*refused && !(*refused)->ok());
    EXPECT_EQ((*refused)->error().reason, static_cast<std::uint16_t>(Reason::storage_failed));
    const FetchPartition wanted{{"hurt", 0}, Offset{0}, 1000};
    EXPECT_EQ(node_->fetch({&wanted, 1}, Isolation::read_committed, 1000).front().outcome.error().code, ErrorCode::corrupt);
    clock_.advance(60'000);
    node_->run_housekeeping(clock_.wall_ms());
    ASSERT_TRUE(node_->close().ok());
  }
  reopen(false);
  ASSERT_TRUE(node_->delete_topic("hurt").ok());
  make("hurt", 1);  // anew
  EXPECT_TRUE(node_->damaged().empty());
  EXPECT_EQ(shown({"hurt", 0}), Offset{0});
}

}  // namespace
}  // namespace sluice::node
