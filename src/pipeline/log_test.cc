#include "pipeline/log.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "pipeline/log_contract_testing.h"
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

class MemoryLogUnderTest final : public LogUnderTest {
 public:
  Log& log() override { return log_; }
  bool crash() override { return false; }
  Result<void> remove_before(const std::string& topic, std::int32_t partition, Offset offset) override {
    for (const auto& [name, held] : log_.holds(topic, partition)) offset = std::min(offset, held);
    log_.trim(topic, partition, offset);
    return {};
  }
  Result<void> remove_topic(const std::string& topic) override {
    log_.remove_topic(topic);
    return {};
  }

 private:
  MemoryLog log_;
};

const bool kRegistered = register_log_contract("MemoryLog", [] { return std::make_unique<MemoryLogUnderTest>(); });

TEST(MemoryLog, IsUnderTheContract) { EXPECT_TRUE(kRegistered); }

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
