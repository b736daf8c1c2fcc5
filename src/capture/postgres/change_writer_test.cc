#include "capture/postgres/change_writer.h"

#include <gtest/gtest.h>

#include <set>

#include "capture/postgres/source.h"
#include "pipeline/memory_catalog_testing.h"
#include "pipeline/memory_log_testing.h"

namespace sluice::capture::postgres {
namespace {

const auto kNoPulse = [] { return Result<void>{}; };

Cell text(std::string_view value) { return {Cell::Is::text, value}; }

class ChangeWriterTest : public testing::Test {
 protected:
  void SetUp() override {
    table_.topic = "shop.public.t";
    table_.table.schema = "public";
    table_.table.name = "t";
    table_.table.columns = {{.name = "id", .type = {.kind = Kind::int64}, .ordered = true}, {.name = "v", .type = {.kind = Kind::date}}};
    table_.table.key = {0};
    table_.chunks.assign(1, Chunk{});
    ASSERT_TRUE(writer_.open().ok());
    ASSERT_TRUE(prepare_version(table_, "shop", catalog_).ok());
    ASSERT_TRUE(writer_.ensure_topics(table_).ok());
  }
  void put(std::string_view id) {
    const Cell row[] = {text(id), text("2026-01-01")};
    ASSERT_TRUE(writer_.insert(table_, row, in_).ok());
  }
  void commit() {
    ASSERT_TRUE(writer_.commit({}).ok());
    table_.open_keys.clear();
  }
  // The ids whose newest record is a row.
  std::set<std::int64_t> live() const {
    std::set<std::int64_t> ids;
    for (const auto& record : log_.records(table_.topic)) {
      ByteReader key(*record.key);
      key.skip(pipeline::kSchemaHeaderBytes);
      record.value ? static_cast<void>(ids.insert(key.zigzag())) : static_cast<void>(ids.erase(key.zigzag()));
    }
    return ids;
  }

  pipeline::MemoryLog log_;
  pipeline::MemoryCatalog catalog_;
  ChangeWriter writer_{"shop", log_};
  TrackedTable table_;
  TransactionContext in_{Lsn{300}, 1'767'323'045'678'901, 5'000'000'001, 0};
};

TEST_F(ChangeWriterTest, HeadersTellTheChange) {
  put("1");
  const Cell old[] = {text("1"), {}};
  ASSERT_TRUE(writer_.remove(table_, old, in_).ok());
  commit();
  const auto records = log_.records(table_.topic);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].headers, (pipeline::OwnedHeaders{{"__op", "c"}, {"__lsn", "300"}, {"__seq", "0"}, {"__txid", "5000000001"}}));
  EXPECT_EQ(records[1].headers, (pipeline::OwnedHeaders{{"__op", "d"}, {"__lsn", "300"}, {"__seq", "1"}, {"__txid", "5000000001"}}));
  EXPECT_EQ(records[0].timestamp_ms, 1'767'323'045'678);
  EXPECT_FALSE(records[1].value);
}

TEST_F(ChangeWriterTest, SnapshotRowsCarryTheirOperationOnly) {
  const Cell row[] = {text("1"), text("infinity")};
  ASSERT_TRUE(writer_.snapshot_row(table_, row, 17).ok());
  commit();
  EXPECT_EQ(log_.records(table_.topic)[0].headers, (pipeline::OwnedHeaders{{"__op", "r"}, {"__special", R"({"v":"infinity"})"}}));
}

TEST_F(ChangeWriterTest, AnotherKeyIsATombstoneAndARow) {
  const Update update{1, {text("1"), {}}, true, {text("2"), {Cell::Is::unchanged, {}}}};
  ASSERT_TRUE(writer_.update(table_, update, in_).ok());
  commit();
  const auto records = log_.records(table_.topic);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_FALSE(records[0].value);
  EXPECT_EQ(records[0].header("__newkey"), hex(*records[1].key));
  EXPECT_EQ(records[1].header("__oldkey"), hex(*records[0].key));
  EXPECT_EQ(records[1].header("__unchanged"), R"(["v"])");
  EXPECT_EQ(log_.holds(table_.topic).at("unchanged"), Offset{0}) << "the cleaner waits at the log's start";
  const auto stored = parse_tracked_table(table_.topic, *log_.records("__sluice_tables").back().value);
  EXPECT_TRUE((*stored)->has_unchanged);
  EXPECT_TRUE(set_holds("shop", log_).ok());
}

TEST_F(ChangeWriterTest, ARowThatMovedInKeepsWhatIsKnown) {
  const Update update{1, {text("1"), {}}, true, {text("2"), {Cell::Is::unchanged, {}}}};
  ASSERT_TRUE(writer_.move_in(table_, update, in_).ok());
  commit();
  const auto records = log_.records(table_.topic);
  ASSERT_EQ(records.size(), 1U) << "the old key was never in the topic";
  EXPECT_EQ(records[0].header("__unchanged"), R"(["v"])");
  EXPECT_TRUE(records[0].header("__oldkey"));
}

TEST_F(ChangeWriterTest, TruncateReachesTheOpenTransaction) {
  for (const auto* id : {"1", "2", "3"}) put(id);
  commit();
  put("4");
  const Cell old[] = {text("2"), {}};
  ASSERT_TRUE(writer_.remove(table_, old, in_).ok());
  ASSERT_TRUE(writer_.truncate(table_, in_, [](ByteView) { return true; }, kNoPulse).ok());
  put("5");
  commit();
  EXPECT_EQ(live(), std::set<std::int64_t>{5});
  EXPECT_NE(log_.records("__sluice_tables").back().value->find(R"("truncated":"0/12C")"), std::string::npos);
}

TEST_F(ChangeWriterTest, TruncateSparesWhatItDoesNotConcern) {
  put("1");
  put("2");
  commit();
  const auto spared = *log_.records(table_.topic)[0].key;
  ASSERT_TRUE(writer_.truncate(table_, in_, [&](ByteView key) { return key != spared; }, kNoPulse).ok());
  commit();
  EXPECT_EQ(live(), std::set<std::int64_t>{1});
}

TEST_F(ChangeWriterTest, StaleKeysOfAnEarlierLifeGo) {
  for (const auto* id : {"1", "2", "3"}) put(id);
  commit();
  const auto fresh = log_.range(table_.topic, 0)->last_stable;
  const Cell row[] = {text("2"), text("2026-01-01")};
  ASSERT_TRUE(writer_.snapshot_row(table_, row, 17).ok());
  commit();
  ASSERT_TRUE(writer_.remove_stale(table_, fresh, 18, kNoPulse).ok());
  commit();
  EXPECT_EQ(live(), std::set<std::int64_t>{2});
}

TEST_F(ChangeWriterTest, ParkedChangesStandAfterTheirRelation) {
  ASSERT_TRUE(writer_.park(table_, "the relation", "one", in_).ok());
  ASSERT_TRUE(writer_.park(table_, "the relation", "two", in_).ok());
  commit();
  const auto records = log_.records("__sluice_parked.shop.public.t");
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].value, "the relation");
  EXPECT_EQ(records[2].value, "two");
  EXPECT_EQ(records[2].header("__lsn"), "300");
}

TEST_F(ChangeWriterTest, WhatTheTopicCannotTakeGoesWholeToTheDeadLetters) {
  Bytes message = std::string(std::size_t{65} << 20, 'x') + "end";
  ASSERT_TRUE(writer_.park(table_, "", message, in_).ok());
  commit();
  EXPECT_TRUE(log_.records("__sluice_parked.shop.public.t").empty());
  const auto letters = log_.records("__sluice_dead_letters");
  ASSERT_EQ(letters.size(), 5U);
  Bytes whole;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    EXPECT_EQ(letters[i].header("__part"), std::to_string(i + 1));
    EXPECT_EQ(letters[i].header("__parts"), "5");
    EXPECT_EQ(letters[i].header("__topic"), "__sluice_parked.shop.public.t");
    EXPECT_LE(letters[i].value->size(), std::size_t{16} << 20);
    whole += *letters[i].value;
  }
  EXPECT_EQ(whole, message);
}

}  // namespace
}  // namespace sluice::capture::postgres
