#include "pipeline/log.h"

#include <gtest/gtest.h>

#include <thread>

#include "pipeline/memory_catalog_testing.h"
#include "pipeline/memory_log_testing.h"

namespace sluice::pipeline {
namespace {

std::vector<std::string> values(const MemoryLog& log, const std::string& topic) {
  std::vector<std::string> out;
  for (const auto& record : log.records(topic)) out.push_back(record.value.value_or("(none)"));
  return out;
}

NewRecord record(std::string_view topic, ByteView key, std::optional<ByteView> value) {
  return {.topic = topic, .partition = 0, .timestamp_ms = 1, .key = key, .value = value, .headers = {}};
}

// Golden values of org.apache.kafka.common.utils.UtilsTest.testMurmur2: with 2^31 - 1 partitions the hash shows whole.
TEST(PartitionOf, IsJavasMurmur2) {
  const auto hash = [](ByteView key) { return partition_of(key, 0x7fffffff); };
  const auto positive = [](std::int32_t murmur2) { return (murmur2 & 0x7fffffff) % 0x7fffffff; };
  EXPECT_EQ(hash("21"), positive(-973932308));
  EXPECT_EQ(hash("foobar"), positive(-790332482));
  EXPECT_EQ(hash("a-little-bit-long-string"), positive(-985981536));
  EXPECT_EQ(hash("a-little-bit-longer-string"), positive(-1486304829));
  EXPECT_EQ(hash("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), positive(-58897971));
  EXPECT_EQ(hash("abc"), positive(479470107));
  EXPECT_EQ(partition_of("foobar", 1), 0);
}

TEST(ReadTable, GivesTheNewestValueOfEachKeyAndNoDeletedOne) {
  MemoryLog log;
  log.put("t", "a", "1");
  log.put("t", "b", "1");
  log.put("t", "a", "2");
  log.put("t", "b", std::nullopt);
  log.put("t", "c", "3");
  const auto table = read_table(log, "t");
  ASSERT_TRUE(table.ok()) << table.error();
  EXPECT_EQ(*table, (std::map<std::string, std::string>{{"a", "2"}, {"c", "3"}}));
}

TEST(ReadPosition, IsNoneBeforeTheFirstAndTheNewestAfter) {
  MemoryLog log;
  auto none = read_position(log, "p");
  ASSERT_TRUE(none.ok()) << none.error();
  EXPECT_FALSE(none->has_value());

  auto producer = log.producer("owner");
  ASSERT_TRUE((*producer)->begin().ok());
  const std::vector<PositionUpdate> first{{"p", "1"}, {"q", "1"}};
  ASSERT_TRUE((*producer)->commit(first).ok());
  ASSERT_TRUE((*producer)->begin().ok());
  const std::vector<PositionUpdate> second{{"p", "2"}, {"q", std::nullopt}};
  ASSERT_TRUE((*producer)->commit(second).ok());

  EXPECT_EQ(*read_position(log, "p"), "2");
  EXPECT_FALSE(read_position(log, "q")->has_value());
}

TEST(MemoryLog, ShowsATransactionAtItsCommitAndNeverAnAbortedOne) {
  MemoryLog log;
  ASSERT_TRUE(log.ensure_topic({.name = "t"}).ok());
  auto producer = log.producer("owner");
  ASSERT_TRUE((*producer)->begin().ok());
  ASSERT_TRUE((*producer)->append(record("t", "k", "a")).ok());
  EXPECT_TRUE(values(log, "t").empty());
  EXPECT_EQ(log.range("t", 0)->last_stable, Offset{0});
  const auto ends = (*producer)->commit({});
  ASSERT_TRUE(ends.ok()) << ends.error();
  ASSERT_EQ(ends->size(), 1U);
  EXPECT_EQ(ends->front().end, Offset{2});  // the record and its control record

  ASSERT_TRUE((*producer)->begin().ok());
  ASSERT_TRUE((*producer)->append(record("t", "k", "b")).ok());
  ASSERT_TRUE((*producer)->abort().ok());
  EXPECT_EQ(values(log, "t"), (std::vector<std::string>{"a"}));

  auto reader = log.reader("t", 0, Offset{0});
  const auto records = (*reader)->poll(0, 1 << 20);
  ASSERT_EQ(records->size(), 1U);
  EXPECT_EQ((*reader)->next_offset(), Offset{4});
}

TEST(MemoryLog, ANewerProducerFencesTheOlderAndAbortsWhatItLeftOpen) {
  MemoryLog log;
  ASSERT_TRUE(log.ensure_topic({.name = "t"}).ok());
  auto older = log.producer("owner");
  ASSERT_TRUE((*older)->begin().ok());
  ASSERT_TRUE((*older)->append(record("t", "k", "a")).ok());
  auto newer = log.producer("owner");
  EXPECT_EQ(log.range("t", 0)->last_stable, Offset{2});
  EXPECT_EQ((*older)->commit({}).error().code, ErrorCode::fenced);
  EXPECT_TRUE(values(log, "t").empty());
}

TEST(MemoryLog, AFailedCommitIsSettledByTheNextProducer) {
  for (const auto fault : {CommitFault::lost, CommitFault::lost_answer}) {
    MemoryLog log;
    ASSERT_TRUE(log.ensure_topic({.name = "t"}).ok());
    auto producer = log.producer("owner");
    log.fail_next_commit(fault);
    ASSERT_TRUE((*producer)->begin().ok());
    ASSERT_TRUE((*producer)->append(record("t", "k", "a")).ok());
    EXPECT_FALSE((*producer)->commit({}).ok());
    ASSERT_TRUE(log.producer("owner").ok());
    EXPECT_EQ(values(log, "t").size(), fault == CommitFault::lost_answer ? 1U : 0U);
  }
}

TEST(MemoryLog, APollWaitsForTheFirstRecordAndIsInterrupted) {
  MemoryLog log;
  ASSERT_TRUE(log.ensure_topic({.name = "t"}).ok());
  auto reader = log.reader("t", 0, Offset{0});
  std::thread writer([&] { log.put("t", "k", "v"); });
  const auto records = (*reader)->poll(60'000, 1 << 20);
  writer.join();
  ASSERT_EQ(records->size(), 1U);
  EXPECT_EQ(records->front().value, "v");

  std::thread interrupter([&] { (*reader)->interrupt(); });
  EXPECT_TRUE((*reader)->poll(60'000, 1 << 20)->empty());
  interrupter.join();
}

TEST(MemoryLog, AReaderBeforeTheStartOfTheLogIsRefused) {
  MemoryLog log;
  log.put("t", "k", "v");
  log.trim("t", 0, Offset{1});
  auto reader = log.reader("t", 0, Offset{0});
  EXPECT_EQ((*reader)->poll(0, 1).error().code, ErrorCode::rejected);
}

TEST(MemoryCatalog, GivesTheSameIdToTheSameSchemaAndRefusesAsTold) {
  MemoryCatalog catalog;
  const auto a = catalog.add("s", "A");
  EXPECT_EQ(*catalog.add("s", "A"), *a);
  catalog.refuse("s", "field x is gone");
  EXPECT_EQ(catalog.add("s", "B").error().code, ErrorCode::rejected);
  EXPECT_TRUE(catalog.add("s", "A").ok());
  EXPECT_EQ(*catalog.schema(*a), "A");
  EXPECT_EQ(catalog.schema(SchemaId{9}).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace sluice::pipeline
