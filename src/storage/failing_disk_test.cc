// What a partition and a round do when the disk fails: on a disk that forgets what was not synced.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/simulated_disk.h"
#include "storage/log_directory.h"
#include "storage/partition.h"
#include "storage/partition_testing.h"
#include "storage/sync_round.h"

namespace sluice::storage {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

class FailingDisk : public testing::Test {
 protected:
  FailingDisk() {
    EXPECT_TRUE(disk_.create_directories_durably("log").ok());
    partition_ = make("t-0");
  }
  std::shared_ptr<Partition> make(const std::string& name) { return *Partition::create(disk_, clock_, "log/" + name, Uuid::random(), options_); }
  Result<Appended> append(const std::string& key, const TestProducer& producer = {}) {
    auto batch = test_batch({{key, "value"}}, clock_.wall_ms(), producer);
    auto appended = partition_->append(batch);
    if (appended.ok()) round_.add(partition_);
    return appended;
  }
  std::vector<std::string> keys(Offset from = Offset{0}) {
    auto records = read_records(*partition_, from, partition_->durable_end());
    EXPECT_TRUE(records.ok()) << records.error();
    return records.ok() ? keys_of(*records) : std::vector<std::string>{};
  }
  void reopen(bool power_fails, Offset recovery_point = Offset{0}) {
    partition_.reset();
    power_fails ? disk_.crash() : disk_.kill_process();
    auto opened = Partition::open(disk_, clock_, "log/t-0", options_, {false, recovery_point, Offset{0}, Offset{0}});
    ASSERT_TRUE(opened.ok()) << opened.error();
    partition_ = *opened;
  }

  io::SimulatedDisk disk_{1};
  io::ManualClock clock_;
  PartitionOptions options_;
  std::shared_ptr<Partition> partition_;
  SyncRound round_{disk_, "log"};
};

TEST_F(FailingDisk, AFailedSyncEndsWritesAndReadsGoOn) {
  ASSERT_TRUE(append("a").ok());
  EXPECT_EQ(round_.run_once().partitions.front().high_watermark, Offset{1});
  ASSERT_TRUE(append("b").ok());
  disk_.fail_next_syncs(1);
  const auto round = round_.run_once();
  ASSERT_TRUE(round.partitions.front().failure);
  EXPECT_EQ(round.partitions.front().high_watermark, Offset{1}) << "what was not synced is not shown";
  const auto refused = append("c");
  EXPECT_TRUE(has_reason(refused.error(), Reason::partition_offline)) << refused.error();
  EXPECT_THAT(keys(), ElementsAre("a"));
  EXPECT_FALSE(partition_->close().ok()) << "no clean stop";
}

TEST_F(FailingDisk, WhatAFailedSyncCalledCleanIsWrittenAgainBeforeItIsServed) {
  int kept = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    io::SimulatedDisk disk{seed};
    ASSERT_TRUE(disk.create_directories_durably("log").ok());
    auto partition = *Partition::create(disk, clock_, "log/t-0", Uuid::random(), options_);
    SyncRound round(disk, "log");
    auto batch = test_batch({{"a", "value"}});
    ASSERT_TRUE(partition->append(batch).ok());
    round.add(partition);
    disk.fail_next_syncs(1);
    ASSERT_TRUE(round.run_once().partitions.front().failure);
    partition.reset();
    disk.kill_process();  // the kernel lives on, with pages that it calls clean
    partition = *Partition::open(disk, clock_, "log/t-0", options_, {});
    ASSERT_EQ(partition->durable_end(), Offset{1});
    partition.reset();
    disk.crash();  // somebody may have read it: it must be there
    partition = *Partition::open(disk, clock_, "log/t-0", options_, {});
    EXPECT_EQ(partition->log_end(), Offset{1}) << "seed " << seed;
    ++kept;
  }
  EXPECT_EQ(kept, 40);
}

TEST_F(FailingDisk, WhenTheWholeFileSystemFailsNoLaterRoundIsBelieved) {
  std::vector<std::shared_ptr<Partition>> others;
  for (int i = 1; i <= 5; ++i) others.push_back(make("t-" + std::to_string(i)));
  const auto add_all = [&] {
    for (const auto& other : others) {
      auto batch = test_batch({{"k", "v"}});
      if (other->append(batch).ok()) round_.add(other);
    }
  };
  add_all();
  EXPECT_TRUE(round_.run_once().whole_file_system);
  add_all();
  auto batch = test_batch({{"k", "v"}});
  ASSERT_TRUE(partition_->append(batch).ok());  // dirty, and in no round yet
  disk_.fail_next_syncs(1);
  EXPECT_TRUE(round_.run_once().all_lost);
  round_.add(partition_);
  const auto next = round_.run_once();
  ASSERT_THAT(next.partitions, SizeIs(1));
  EXPECT_TRUE(next.partitions.front().failure) << "its page may be called clean, and lost";
  EXPECT_EQ(next.partitions.front().high_watermark, Offset{0});
}

TEST_F(FailingDisk, ARoundTellsThoseWhoWaitWhenAWriteFailedMeanwhile) {
  ASSERT_TRUE(append("a").ok());
  disk_.set_faults({.write_failure = 1});
  EXPECT_FALSE(append("b").ok());
  disk_.set_faults({});
  const auto round = round_.run_once();
  ASSERT_THAT(round.partitions, SizeIs(1));
  EXPECT_TRUE(round.partitions.front().failure);
}

TEST_F(FailingDisk, AFullDiskUndoesTheAppendWhichMayBeRepeated) {
  ASSERT_TRUE(append("a").ok());
  disk_.set_capacity(300);
  auto large = test_batch({{"b", std::string(5000, 'x')}});
  EXPECT_EQ(partition_->append(large).error().code, ErrorCode::out_of_space);
  EXPECT_FALSE(partition_->offline());
  EXPECT_EQ(partition_->log_end(), Offset{1});
  disk_.set_capacity(UINT64_MAX);
  EXPECT_EQ(append("b")->first_offset, Offset{1});
  EXPECT_EQ(round_.run_once().partitions.front().high_watermark, Offset{2});
  reopen(true);
  EXPECT_THAT(keys(), ElementsAre("a", "b"));
}

TEST_F(FailingDisk, ATornTailIsCutBackToTheLastWholeBatch) {
  for (const auto* key : {"a", "b", "c"}) ASSERT_TRUE(append(key).ok());
  static_cast<void>(round_.run_once());
  partition_.reset();
  disk_.tear_last_write("log/t-0/00000000000000000000.log", 17);
  reopen(false);
  EXPECT_THAT(keys(), ElementsAre("a", "b"));
  EXPECT_EQ(partition_->recovery().cut_bytes, 17U);
  EXPECT_EQ(append("d")->first_offset, Offset{2});
}

TEST_F(FailingDisk, RotBelowTheRecoveryPointIsRefusedAndAboveItIsCut) {
  for (const auto* key : {"a", "b", "c"}) ASSERT_TRUE(append(key).ok());
  static_cast<void>(round_.run_once());
  partition_.reset();
  const std::string log = "log/t-0/00000000000000000000.log";
  disk_.flip_bit(log, 65);
  const auto refused = Partition::open(disk_, clock_, "log/t-0", options_, {false, Offset{3}, Offset{0}, Offset{0}});
  EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
  disk_.flip_bit(log, 65);
  reopen(false, Offset{3});
  EXPECT_THAT(keys(), ElementsAre("a", "b", "c")) << "nothing had been changed";
}

TEST_F(FailingDisk, AFailedSyncOfIndexesKeepsTheRecoveryPoint) {
  ASSERT_TRUE(append("a").ok());
  static_cast<void>(round_.run_once());
  disk_.fail_next_syncs(1);
  EXPECT_FALSE(partition_->advance_recovery_point().ok());
  EXPECT_FALSE(partition_->advance_recovery_point().ok()) << "the second sync would say nothing and write nothing";
  EXPECT_EQ(partition_->recovery_point(), Offset{0});
  reopen(false);
  EXPECT_EQ(*partition_->advance_recovery_point(), Offset{1});
}

TEST_F(FailingDisk, WhatWasAbortedStaysAbortedThroughInterruptedRecoveries) {
  const auto transaction = [&](std::int32_t sequence, record::ControlType type) {
    ASSERT_TRUE(append("k", {ProducerId{1}, ProducerEpoch{0}, sequence, true}).ok());
    ASSERT_TRUE(partition_->append_control(ProducerId{1}, ProducerEpoch{0}, type, 0).ok());
    static_cast<void>(round_.run_once());
  };
  options_.index_interval_bytes = 64;
  partition_->set_options(options_);
  for (int i = 0; i < 6; ++i) transaction(i, i % 2 == 0 ? record::ControlType::abort : record::ControlType::commit);
  ASSERT_TRUE(partition_->advance_recovery_point().ok());
  for (int life = 0; life < 20; ++life) {
    reopen(life % 2 == 0, Offset{12});
    EXPECT_THAT(partition_->aborted_transactions(Offset{0}, Offset{12}), SizeIs(3)) << "life " << life;
  }
}

}  // namespace
}  // namespace sluice::storage
