#include "storage/partition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/partition_testing.h"
#include "storage/segment.h"
#include "storage/sync_round.h"

namespace sluice::storage {
namespace {

using testing::ElementsAre;

class PartitionTest : public testing::Test {
 protected:
  PartitionTest() : directory_(folder_.path() + "/t-0"), round_(files_, folder_.path()) {
    options_.segment_bytes = 4096;
    options_.index_interval_bytes = 256;
    options_.retention_ms = -1;
  }
  void create() {
    auto made = Partition::create(files_, clock_, directory_, Uuid::random(), options_);
    ASSERT_TRUE(made.ok()) << made.error();
    partition_ = *made;
  }
  void reopen(bool clean, Offset recovery_point = Offset{0}) {
    if (clean) {
      ASSERT_TRUE(partition_->close().ok());
    }
    partition_.reset();
    auto opened = Partition::open(files_, clock_, directory_, options_, {clean, recovery_point, Offset{0}, Offset{0}});
    ASSERT_TRUE(opened.ok()) << opened.error();
    partition_ = *opened;
  }
  Result<Appended> append(Bytes batch, Origin origin = Origin::client) {
    auto appended = partition_->append(batch, origin);
    if (appended.ok()) round_.add(partition_);
    return appended;
  }
  Offset add(const std::string& key, std::int64_t timestamp_ms = 1000, const TestProducer& producer = {}) {
    const auto appended = append(test_batch({{key, "value of " + key}}, timestamp_ms, producer));
    EXPECT_TRUE(appended.ok()) << appended.error();
    return appended.ok() ? appended->first_offset : kNoOffset;
  }
  void fill(int count, std::int64_t timestamp_ms = 1000) {
    for (int i = 0; i < count; ++i) add("key-" + std::to_string(partition_->log_end().value), timestamp_ms + i);
  }
  std::vector<ReadRecord> all() {
    auto records = read_records(*partition_, partition_->log_start(), partition_->log_end());
    EXPECT_TRUE(records.ok()) << records.error();
    return records.ok() ? *records : std::vector<ReadRecord>{};
  }

  TemporaryFolder folder_;
  io::FileSystem& files_ = io::real_file_system();
  io::ManualClock clock_;
  PartitionOptions options_;
  std::string directory_;
  std::shared_ptr<Partition> partition_;
  SyncRound round_;
};

TEST_F(PartitionTest, GivesBackEveryRecordAtItsOffset) {
  create();
  fill(500);
  EXPECT_GT(partition_->segment_count(), 5U);
  const auto records = all();
  ASSERT_EQ(records.size(), 500U);
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(records[static_cast<std::size_t>(i)].offset, Offset{i});
    EXPECT_EQ(records[static_cast<std::size_t>(i)].key, "key-" + std::to_string(i));
  }
  for (int i = 0; i < 500; i += 7) {
    const auto some = read_records(*partition_, Offset{i}, Offset{std::min(500, i + 3)});
    ASSERT_TRUE(some.ok()) << some.error();
    ASSERT_FALSE(some->empty());
    EXPECT_EQ(some->front().offset, Offset{i});
    EXPECT_EQ(some->back().offset, Offset{std::min(499, i + 2)});
  }
}

TEST_F(PartitionTest, ReadsWholeBatchesUpToTheLimitAndTheSize) {
  create();
  ASSERT_TRUE(append(test_batch({{"a", "1"}, {"b", "2"}})).ok());
  ASSERT_TRUE(append(test_batch({{"c", "3"}, {"d", "4"}})).ok());
  const auto one = partition_->read({Offset{1}, Offset{4}, 1, true});
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(one->next_offset, Offset{2});
  EXPECT_EQ(one->slice.offset, 0U);
  const auto none = partition_->read({Offset{0}, Offset{4}, 1, false});
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(none->slice.length, 0U);
  const auto limited = partition_->read({Offset{0}, Offset{3}, 1 << 20, true});
  ASSERT_TRUE(limited.ok());
  EXPECT_EQ(limited->next_offset, Offset{2});
  const auto at_end = partition_->read({Offset{4}, Offset{4}});
  ASSERT_TRUE(at_end.ok());
  EXPECT_EQ(at_end->slice.length, 0U);
  const auto past = partition_->read({Offset{5}, Offset{9}});
  ASSERT_FALSE(past.ok());
  EXPECT_TRUE(has_reason(past.error(), Reason::offset_out_of_range));
}

TEST_F(PartitionTest, RefusesWhatAProducerMayNotSend) {
  create();
  const auto reason_of = [&](Bytes batch) {
    const auto appended = append(std::move(batch));
    return appended.ok() ? Reason{} : static_cast<Reason>(appended.error().reason);
  };
  auto damaged = test_batch({{"a", "1"}});
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  EXPECT_EQ(reason_of(damaged), Reason::corrupt_batch);
  EXPECT_EQ(reason_of(test_batch({{"a", "1"}}) + test_batch({{"b", "2"}})), Reason::invalid_record);
  EXPECT_EQ(reason_of(test_batch({{"a", "1"}}).substr(0, 40)), Reason::corrupt_batch);
  EXPECT_EQ(reason_of(record::control_batch(ProducerId{1}, ProducerEpoch{0}, record::ControlType::commit, 0, 0)), Reason::invalid_record);
  auto old_format = test_batch({{"a", "1"}});
  old_format[16] = 1;
  EXPECT_EQ(reason_of(old_format), Reason::unsupported_format);
  EXPECT_EQ(reason_of(test_batch({{"a", std::string(5000, 'x')}})), Reason::batch_too_large);
  EXPECT_EQ(reason_of(test_batch({{"a", "1"}}, 0, {ProducerId{7}, ProducerEpoch{-1}, 0, false})), Reason::invalid_record);
  EXPECT_EQ(partition_->log_end(), Offset{0});
}

TEST_F(PartitionTest, ACompactedLogTakesNoRecordWithoutAKey) {
  options_.cleanup_compact = true;
  create();
  record::BatchBuilder builder({.compression = record::Compression::zstd});
  builder.add(0, std::nullopt, "value");
  const auto refused = append(builder.finish());
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(has_reason(refused.error(), Reason::invalid_record));
}

TEST_F(PartitionTest, StampsItsOwnTimeWhenTheTopicSaysSo) {
  options_.timestamp_type = TimestampType::log_append_time;
  create();
  const auto appended = append(test_batch({{"a", "1"}}, 5));
  ASSERT_TRUE(appended.ok());
  EXPECT_EQ(appended->append_time_ms, clock_.wall_ms());
  const auto bytes = partition_->read_bytes({Offset{0}, Offset{1}});
  ASSERT_TRUE(bytes.ok());
  const auto batch = record::BatchView::parse(*bytes);
  ASSERT_TRUE(batch.ok());
  EXPECT_TRUE(batch->crc_ok());
  EXPECT_TRUE(batch->log_append_time());
  EXPECT_EQ(batch->max_timestamp_ms(), clock_.wall_ms());
}

TEST_F(PartitionTest, ARetryGetsTheEarlierOffset) {
  create();
  TestProducer producer{ProducerId{9}, ProducerEpoch{0}, 0, false};
  for (int i = 0; i < 8; ++i) {
    producer.sequence = i;
    EXPECT_EQ(add("k", 1000, producer), Offset{i});
  }
  producer.sequence = 4;
  const auto retried = append(test_batch({{"k", "value of k"}}, 1000, producer));
  ASSERT_TRUE(retried.ok()) << retried.error();
  EXPECT_TRUE(retried->duplicate);
  EXPECT_EQ(retried->first_offset, Offset{4});
  producer.sequence = 2;  // sixth from the end: forgotten
  const auto forgotten = append(test_batch({{"k", "v"}}, 1000, producer));
  ASSERT_FALSE(forgotten.ok());
  EXPECT_TRUE(has_reason(forgotten.error(), Reason::out_of_order_sequence));
  producer.sequence = 10;
  const auto gap = append(test_batch({{"k", "v"}}, 1000, producer));
  ASSERT_FALSE(gap.ok());
  EXPECT_TRUE(has_reason(gap.error(), Reason::out_of_order_sequence));
}

TEST_F(PartitionTest, SequencesWrapFromTheGreatestToZero) {
  create();
  ASSERT_TRUE(append(test_batch({{"a", "1"}, {"b", "2"}}, 0, {ProducerId{9}, ProducerEpoch{0}, INT32_MAX - 1, false})).ok());
  const auto next = append(test_batch({{"c", "3"}}, 0, {ProducerId{9}, ProducerEpoch{0}, 0, false}));
  EXPECT_TRUE(next.ok());
  const auto across = append(test_batch({{"d", "4"}}, 0, {ProducerId{9}, ProducerEpoch{0}, 1, false}));
  EXPECT_TRUE(across.ok());
  // A batch that wraps inside itself is a retry when it comes again.
  ASSERT_TRUE(append(test_batch({{"a", "1"}, {"b", "2"}}, 0, {ProducerId{10}, ProducerEpoch{0}, INT32_MAX, false})).ok());
  const auto retried = append(test_batch({{"a", "1"}, {"b", "2"}}, 0, {ProducerId{10}, ProducerEpoch{0}, INT32_MAX, false}));
  ASSERT_TRUE(retried.ok());
  EXPECT_TRUE(retried->duplicate);
  EXPECT_TRUE(append(test_batch({{"c", "3"}}, 0, {ProducerId{10}, ProducerEpoch{0}, 1, false})).ok());
}

TEST_F(PartitionTest, ANewerEpochFencesTheOlder) {
  create();
  add("a", 0, {ProducerId{3}, ProducerEpoch{0}, 0, false});
  add("b", 0, {ProducerId{3}, ProducerEpoch{1}, 0, false});
  const auto old = append(test_batch({{"c", "1"}}, 0, {ProducerId{3}, ProducerEpoch{0}, 1, false}));
  ASSERT_FALSE(old.ok());
  EXPECT_EQ(old.error().code, ErrorCode::fenced);
  EXPECT_TRUE(has_reason(old.error(), Reason::invalid_producer_epoch));
  const auto marker = partition_->append_control(ProducerId{3}, ProducerEpoch{0}, record::ControlType::abort, 0);
  ASSERT_FALSE(marker.ok());
  EXPECT_EQ(marker.error().code, ErrorCode::fenced);
}

TEST_F(PartitionTest, AnOpenTransactionHoldsTheLastStableOffset) {
  create();
  add("plain");
  TestProducer a{ProducerId{1}, ProducerEpoch{0}, 0, true};
  TestProducer b{ProducerId{2}, ProducerEpoch{0}, 0, true};
  EXPECT_EQ(add("a1", 0, a), Offset{1});
  EXPECT_EQ(add("b1", 0, b), Offset{2});
  EXPECT_EQ(partition_->last_stable_offset(), Offset{1});
  ASSERT_TRUE(partition_->append_control(a.id, a.epoch, record::ControlType::abort, 5).ok());  // 3
  EXPECT_EQ(partition_->last_stable_offset(), Offset{2});
  EXPECT_EQ(partition_->last_stable_offset(Offset{3}), Offset{1});  // the marker itself is not visible yet
  ASSERT_TRUE(partition_->append_control(b.id, b.epoch, record::ControlType::commit, 5).ok());  // 4
  EXPECT_EQ(partition_->last_stable_offset(), Offset{5});
  const std::vector<AbortedTransaction> expected{{a.id, Offset{1}, Offset{3}, Offset{2}}};
  EXPECT_EQ(partition_->aborted_transactions(Offset{0}, Offset{5}), expected);
  EXPECT_TRUE(partition_->aborted_transactions(Offset{4}, Offset{5}).empty());
  const auto stale = partition_->append_control(a.id, a.epoch, record::ControlType::commit, 4);
  ASSERT_FALSE(stale.ok());
  EXPECT_TRUE(has_reason(stale.error(), Reason::coordinator_fenced));
  reopen(false);
  EXPECT_EQ(partition_->aborted_transactions(Offset{0}, Offset{5}), expected);
  reopen(true);
  EXPECT_EQ(partition_->aborted_transactions(Offset{0}, Offset{5}), expected);
  EXPECT_EQ(partition_->last_stable_offset(), Offset{5});
}

TEST_F(PartitionTest, KnowsItsProducersAfterEveryKindOfStop) {
  create();
  TestProducer open{ProducerId{1}, ProducerEpoch{2}, 0, true};
  TestProducer plain{ProducerId{2}, ProducerEpoch{0}, 0, false};
  add("t", 0, open);
  for (int i = 0; i < 100; ++i) {
    plain.sequence = i;
    add("p" + std::to_string(i), 0, plain);
  }
  for (const bool clean : {false, true, false, true}) {
    reopen(clean);
    EXPECT_EQ(partition_->last_stable_offset(), Offset{0});
    const auto producers = partition_->producers();
    ASSERT_EQ(producers.size(), 2U);
    EXPECT_EQ(producers[0].epoch, ProducerEpoch{2});
    EXPECT_EQ(producers[0].transaction_start, Offset{0});
    EXPECT_EQ(producers[1].last_sequence, plain.sequence);
    const auto retried = append(test_batch({{"p", "x"}}, 0, plain));
    ASSERT_TRUE(retried.ok());
    EXPECT_TRUE(retried->duplicate);
    ++plain.sequence;
    add("next", 0, plain);
  }
}

TEST_F(PartitionTest, FindsTheFirstRecordOfATime) {
  create();
  fill(300, 10'000);
  for (const std::int64_t wanted : {0, 10'000, 10'001, 10'150, 10'299}) {
    const auto found = partition_->find_timestamp(wanted, partition_->log_end());
    ASSERT_TRUE(found.ok()) << found.error();
    ASSERT_TRUE(found->has_value());
    EXPECT_EQ((*found)->offset, Offset{std::max<std::int64_t>(0, wanted - 10'000)});
    EXPECT_EQ((*found)->timestamp_ms, std::max<std::int64_t>(10'000, wanted));
  }
  const auto later = partition_->find_timestamp(10'300, partition_->log_end());
  ASSERT_TRUE(later.ok());
  EXPECT_FALSE(later->has_value());
  const auto newest = partition_->find_max_timestamp(Offset{100});
  ASSERT_TRUE(newest.ok() && newest->has_value());
  EXPECT_EQ((*newest)->offset, Offset{99});
}

TEST_F(PartitionTest, GoesOnWhereItStoppedCleanly) {
  create();
  fill(100);
  reopen(true);
  EXPECT_EQ(partition_->log_end(), Offset{100});
  EXPECT_EQ(partition_->recovery().checked_bytes, 0U);
  fill(100);
  EXPECT_EQ(all().size(), 200U);
  reopen(true);
  EXPECT_EQ(all().size(), 200U);
}

TEST_F(PartitionTest, AfterAKillChecksOnlyWhatLiesPastTheRecoveryPoint) {
  create();
  fill(200);
  (void)round_.run_once();
  const auto point = partition_->advance_recovery_point();
  ASSERT_TRUE(point.ok());
  EXPECT_EQ(*point, Offset{200});
  fill(3);
  reopen(false, *point);
  EXPECT_LT(partition_->recovery().checked_bytes, 1024U);
  EXPECT_EQ(partition_->log_end(), Offset{203});
  EXPECT_EQ(partition_->durable_end(), Offset{203});
  const auto records = all();
  ASSERT_EQ(records.size(), 203U);
  for (std::int64_t i = 0; i < 203; i += 10) {
    const auto found = partition_->read({Offset{i}, Offset{203}, 1, true});
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found->next_offset, Offset{i + 1});
  }
}

TEST_F(PartitionTest, RefusesDamageBelowTheRecoveryPointAndChangesNothing) {
  create();
  fill(20);
  (void)round_.run_once();
  const auto point = partition_->advance_recovery_point();
  ASSERT_TRUE(point.ok());
  partition_.reset();
  const auto log = directory_ + "/00000000000000000000.log";
  auto bytes = files_.read_file(log);
  ASSERT_TRUE(bytes.ok());
  auto damaged = *bytes;
  damaged[damaged.size() - 30] = static_cast<char>(damaged[damaged.size() - 30] ^ 4);
  const auto file = files_.open(log, io::OpenMode::read_write);
  ASSERT_TRUE((*file)->write_at(0, damaged).ok());
  const auto opened = Partition::open(files_, clock_, directory_, options_, {false, *point, Offset{0}, Offset{0}});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
  EXPECT_EQ(*files_.read_file(log), damaged);
}

TEST_F(PartitionTest, RetentionNeverPassesAHoldOrTheHighWatermark) {
  create();
  fill(300);
  (void)round_.run_once();
  options_.retention_ms = 1000;
  partition_->set_options(options_);
  partition_->set_hold(Offset{50});
  ASSERT_TRUE(partition_->apply_retention(1'000'000, Offset{300}).ok());
  EXPECT_LE(partition_->log_start(), Offset{50});
  EXPECT_GT(partition_->log_start(), Offset{0});
  partition_->clear_hold();
  ASSERT_TRUE(partition_->apply_retention(1'000'000, Offset{200}).ok());
  EXPECT_LE(partition_->log_start(), Offset{200});
  EXPECT_GT(partition_->log_start(), Offset{50});
  ASSERT_TRUE(partition_->apply_retention(1'000'000, Offset{300}).ok());
  EXPECT_EQ(partition_->log_start(), Offset{300});
  EXPECT_EQ(partition_->size_bytes(), 0U);
  EXPECT_EQ(add("next"), Offset{300});
  reopen(false);
  EXPECT_EQ(partition_->log_end(), Offset{301});
}

TEST_F(PartitionTest, RetentionBySizeKeepsTheNewest) {
  create();
  fill(300);
  (void)round_.run_once();
  options_.retention_bytes = 10'000;
  partition_->set_options(options_);
  ASSERT_TRUE(partition_->apply_retention(0, Offset{300}).ok());
  EXPECT_GE(partition_->size_bytes(), 10'000U);
  EXPECT_LT(partition_->size_bytes(), 10'000U + 4096U);
}

TEST_F(PartitionTest, DeletedRecordsAreGoneAtOnceAndTheirSpaceLater) {
  create();
  fill(300);
  (void)round_.run_once();
  const auto start = partition_->delete_records(Offset{150});
  ASSERT_TRUE(start.ok());
  EXPECT_EQ(*start, Offset{150});
  EXPECT_FALSE(partition_->read({Offset{149}, Offset{300}}).ok());
  EXPECT_EQ(all().size(), 150U);
  const auto removed = partition_->apply_retention(0, Offset{300});
  ASSERT_TRUE(removed.ok());
  EXPECT_GT(removed->segments, 0);
  EXPECT_EQ(all().size(), 150U);
  EXPECT_FALSE(partition_->delete_records(Offset{301}).ok());
}

TEST_F(PartitionTest, ASliceStaysReadableWhenItsSegmentIsGone) {
  create();
  fill(300);
  (void)round_.run_once();
  const auto slice = partition_->read({Offset{0}, Offset{300}, 1000, true});
  ASSERT_TRUE(slice.ok());
  ASSERT_TRUE(partition_->delete_records(Offset{300}).ok());
  ASSERT_TRUE(partition_->apply_retention(0, Offset{300}).ok());
  const auto bytes = slice->slice.file->read_exactly(slice->slice.offset, slice->slice.length);
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(record::BatchView::parse(*bytes)->base_offset(), Offset{0});
}

TEST_F(PartitionTest, KeepsLeaderEpochsAndTheTopicsId) {
  create();
  const auto id = partition_->topic_id();
  fill(10);
  ASSERT_TRUE(partition_->set_leader_epoch(LeaderEpoch{3}).ok());
  fill(10);
  reopen(true);
  EXPECT_EQ(partition_->topic_id(), id);
  EXPECT_EQ(partition_->leader_epoch(), LeaderEpoch{3});
  const auto end = partition_->end_of_epoch(LeaderEpoch{2});
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->epoch, LeaderEpoch{0});
  EXPECT_EQ(end->end, Offset{10});
}

TEST_F(PartitionTest, ARoundSaysHowFarReadersMaySee) {
  create();
  fill(10);
  EXPECT_EQ(partition_->durable_end(), Offset{0});
  add("t", 0, {ProducerId{1}, ProducerEpoch{0}, 0, true});
  const auto result = round_.run_once();
  ASSERT_EQ(result.partitions.size(), 1U);
  EXPECT_EQ(result.partitions[0].high_watermark, Offset{11});
  EXPECT_EQ(result.partitions[0].last_stable, Offset{10});
  EXPECT_EQ(partition_->durable_end(), Offset{11});
  EXPECT_TRUE(round_.run_once().partitions.empty());
}

}  // namespace
}  // namespace sluice::storage
