// Compaction by Kafka's rules, on a disk that counts and fails.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "io/simulated_disk.h"
#include "storage/partition.h"
#include "storage/partition_testing.h"
#include "storage/segment.h"
#include "storage/sync_round.h"

namespace sluice::storage {
namespace {

using testing::ElementsAre;

constexpr std::int64_t kDeleteRetentionMs = 1000;

class CompactionTest : public testing::Test {
 protected:
  CompactionTest() {
    options_.cleanup_delete = false;
    options_.cleanup_compact = true;
    options_.delete_retention_ms = kDeleteRetentionMs;
    options_.index_interval_bytes = 64;
    EXPECT_TRUE(disk_.create_directories_durably("log").ok());
    partition_ = *Partition::create(disk_, clock_, "log/t-0", Uuid::random(), options_);
  }
  void put(const std::string& key, std::optional<std::string> value, const TestProducer& producer = {}) {
    auto batch = test_batch({{key, std::move(value)}}, clock_.wall_ms(), producer);
    const auto appended = partition_->append(batch);
    ASSERT_TRUE(appended.ok()) << appended.error();
    round_.add(partition_);
  }
  void end(std::int64_t producer, record::ControlType type, std::int16_t epoch = 0) {
    ASSERT_TRUE(partition_->append_control(ProducerId{producer}, ProducerEpoch{epoch}, type, 0).ok());
    round_.add(partition_);
  }
  void roll() {
    static_cast<void>(round_.run_once());
    ASSERT_TRUE(partition_->roll().ok());
    round_.add(partition_);
    static_cast<void>(round_.run_once());
  }
  CompactionResult compact(const CompactionLimits& limits = {}) {
    auto done = partition_->compact(clock_.wall_ms(), limits);
    EXPECT_TRUE(done.ok()) << done.error();
    return done.ok() ? *done : CompactionResult{};
  }
  std::vector<std::string> records() {
    std::vector<std::string> texts;
    auto read = read_records(*partition_, partition_->log_start(), partition_->log_end());
    EXPECT_TRUE(read.ok()) << read.error();
    for (const auto& record : *read) texts.push_back(to_string(record.offset) + ":" + record.key + "=" + record.value.value_or("none"));
    return texts;
  }
  int markers() {
    int count = 0;
    EXPECT_TRUE(partition_->for_each_batch(Offset{0}, partition_->log_end(), [&](const record::BatchView& batch) -> Result<bool> {
      count += batch.is_control() ? 1 : 0;
      return true;
    }).ok());
    return count;
  }
  void reopen(bool power_fails) {
    partition_.reset();
    power_fails ? disk_.crash() : disk_.kill_process();
    auto opened = Partition::open(disk_, clock_, "log/t-0", options_, {});
    ASSERT_TRUE(opened.ok()) << opened.error();
    partition_ = *opened;
  }

  io::SimulatedDisk disk_{1};
  io::ManualClock clock_;
  PartitionOptions options_;
  std::shared_ptr<Partition> partition_;
  SyncRound round_{disk_, "log"};
};

TEST_F(CompactionTest, KeepsTheNewestOfEachKeyAtItsOffset) {
  put("a", "1"), put("b", "1"), put("a", "2"), put("c", "1"), put("a", "3");
  roll();
  put("b", "2");
  EXPECT_THAT(compact().records_removed, 2);
  EXPECT_THAT(records(), ElementsAre("1:b=1", "3:c=1", "4:a=3", "5:b=2")) << "the active segment is not looked at";
  roll();
  compact();
  EXPECT_THAT(records(), ElementsAre("3:c=1", "4:a=3", "5:b=2"));
  reopen(true);
  EXPECT_THAT(records(), ElementsAre("3:c=1", "4:a=3", "5:b=2"));
}

TEST_F(CompactionTest, ATombstoneStaysForItsTimeAndGoesThen) {
  put("a", "1"), put("a", std::nullopt), put("b", "1");
  roll();
  compact();
  EXPECT_THAT(records(), ElementsAre("1:a=none", "2:b=1"));
  clock_.advance(kDeleteRetentionMs + 1);
  put("c", "1");
  roll();
  compact();
  EXPECT_THAT(records(), ElementsAre("2:b=1", "3:c=1"));
}

TEST_F(CompactionTest, AbortedRecordsGoAndTheirMarkersFollowLater) {
  const TestProducer producer{ProducerId{7}, ProducerEpoch{0}, 0, true};
  put("a", "0"), put("a", "aborted", producer);
  end(7, record::ControlType::abort);
  put("b", "1", {ProducerId{7}, ProducerEpoch{0}, 1, true});
  end(7, record::ControlType::commit);
  roll();
  compact();
  EXPECT_THAT(records(), ElementsAre("0:a=0", "3:b=1")) << "what was aborted supersedes nothing";
  EXPECT_EQ(markers(), 2) << "a marker outlives its data by the delete retention";
  clock_.advance(kDeleteRetentionMs + 1);
  put("c", "1");
  roll();
  compact();
  EXPECT_EQ(markers(), 1) << "that of the transaction whose record is there stays";
}

TEST_F(CompactionTest, NothingOfAnOpenTransactionIsTouched) {
  put("a", "0");
  put("a", "open", {ProducerId{7}, ProducerEpoch{0}, 0, true});
  put("a", "2");
  roll();
  compact();
  EXPECT_EQ(records().size(), 3U) << "its segment reaches past the last stable offset";
}

TEST_F(CompactionTest, TheLastBatchOfAProducerStaysForItsSequence) {
  put("a", "1", {ProducerId{7}, ProducerEpoch{0}, 0, false});
  put("a", "2");
  roll();
  compact();
  EXPECT_THAT(records(), ElementsAre("1:a=2"));
  reopen(true);
  auto retry = test_batch({{"a", "1"}}, clock_.wall_ms(), {ProducerId{7}, ProducerEpoch{0}, 0, false});
  const auto again = partition_->append(retry);
  ASSERT_TRUE(again.ok()) << again.error();
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->first_offset, Offset{0});
}

TEST_F(CompactionTest, TheMarkerThatAloneTellsAnEpochStays) {
  put("a", "1", {ProducerId{7}, ProducerEpoch{0}, 0, true});
  end(7, record::ControlType::abort, 1);  // by a newer producer of its transactional id, which wrote nothing
  put("a", "2");
  roll();
  compact();
  clock_.advance(kDeleteRetentionMs + 1);
  put("b", "1");
  roll();
  compact();
  clock_.advance(kDeleteRetentionMs + 1);
  put("b", "2");
  roll();
  compact();
  ASSERT_TRUE(partition_->advance_recovery_point().ok());
  const auto names = disk_.list("log/t-0");
  ASSERT_TRUE(names.ok());
  for (const auto& entry : *names) {
    if (!entry.name.ends_with(".snapshot")) continue;
    ASSERT_TRUE(disk_.remove("log/t-0/" + entry.name).ok());
  }
  reopen(false);
  auto zombie = test_batch({{"a", "zombie"}}, clock_.wall_ms(), {ProducerId{7}, ProducerEpoch{0}, 1, true});
  EXPECT_EQ(partition_->append(zombie).error().code, ErrorCode::fenced);
}

TEST_F(CompactionTest, AMapThatIsFullEndsThePassInsideASegmentAndTheNextGoesOn) {
  for (int i = 0; i < 200; ++i) put("key-" + std::to_string(i % 50), std::to_string(i));
  roll();
  const CompactionLimits small{.map_bytes = 20 * 70};
  auto before = partition_->cleaned_until();
  int passes = 0;
  while (partition_->cleaned_until() < Offset{200} && passes < 100) {
    const auto done = compact(small);
    ASSERT_GT(partition_->cleaned_until(), before) << "a pass must come on";
    before = done.cleaned_until;
    ++passes;
  }
  EXPECT_GT(passes, 3);
  EXPECT_EQ(records().size(), 50U);
  EXPECT_EQ(records().front(), "150:key-0=150");
}

TEST_F(CompactionTest, NeverPassesTheHold) {
  put("a", "1"), put("a", "2");
  roll();
  partition_->set_hold(Offset{1});
  compact();
  EXPECT_EQ(records().size(), 2U);
  partition_->clear_hold();
  compact();
  EXPECT_EQ(records().size(), 1U);
}

TEST_F(CompactionTest, AFailureLeavesTheLogAsItWasAndACrashAnywhereLosesNothing) {
  int crashes = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    io::SimulatedDisk disk{seed};
    SyncRound round(disk, "log");
    ASSERT_TRUE(disk.create_directories_durably("log").ok());
    auto partition = *Partition::create(disk, clock_, "log/t-0", Uuid::random(), options_);
    for (int i = 0; i < 40; ++i) {
      const TestProducer producer{ProducerId{1}, ProducerEpoch{0}, i, true};
      auto batch = test_batch({{"key-" + std::to_string(i % 5), std::to_string(i)}}, clock_.wall_ms(), producer);
      ASSERT_TRUE(partition->append(batch).ok());
      ASSERT_TRUE(partition->append_control(ProducerId{1}, ProducerEpoch{0}, i % 3 == 0 ? record::ControlType::abort : record::ControlType::commit, 0).ok());
      round.add(partition);
      static_cast<void>(round.run_once());
      ASSERT_TRUE(i % 10 != 9 || partition->roll().ok());
    }
    round.add(partition);
    static_cast<void>(round.run_once());
    ASSERT_TRUE(partition->advance_recovery_point().ok());
    const auto end = partition->log_end();
    disk.set_faults({.sync_failure = 0.2, .write_failure = 0.05});
    static_cast<void>(partition->compact(clock_.wall_ms()).ok());
    disk.set_faults({});
    partition.reset();
    seed % 3 == 0 ? disk.kill_process() : disk.crash();
    ++crashes;
    auto opened = Partition::open(disk, clock_, "log/t-0", options_, {false, end, Offset{0}, Offset{0}});
    ASSERT_TRUE(opened.ok()) << "seed " << seed << ": " << opened.error();
    std::map<std::string, std::string> newest;
    const auto aborted = (*opened)->aborted_transactions(Offset{0}, end);
    const auto all = read_records(**opened, Offset{0}, end);
    ASSERT_TRUE(all.ok()) << all.error();
    for (const auto& record : *all) {
      const bool gone = std::any_of(aborted.begin(), aborted.end(), [&](const auto& entry) { return entry.first_offset <= record.offset && record.offset <= entry.last_offset; });
      if (!gone) newest[record.key] = *record.value;
    }
    EXPECT_THAT(newest, ElementsAre(std::pair("key-0", "35"), std::pair("key-1", "31"), std::pair("key-2", "37"), std::pair("key-3", "38"), std::pair("key-4", "34"))) << "seed " << seed;
  }
  EXPECT_EQ(crashes, 60);
}

}  // namespace
}  // namespace sluice::storage
