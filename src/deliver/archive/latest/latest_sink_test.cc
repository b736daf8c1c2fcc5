#include "deliver/archive/latest/latest_sink.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/crc32c.h"
#include "deliver/archive/latest/latest_topic.h"
#include "deliver/archive/chain/layout.h"
#include "deliver/archive/sink_testing.h"
#include "deliver/avro_file/avro_format.h"
#include "pipeline/memory_store_testing.h"

namespace sluice::deliver::archive {
namespace {

using namespace std::chrono_literals;
using pipeline::MemoryCatalog;
using pipeline::MemoryLog;
using pipeline::MemoryStore;

struct Latest : testing::Test {
  MemoryLog log;
  MemoryCatalog catalog;
  MemoryStore store;
  Orders orders{log, catalog};
  LatestOptions options = [] {
    LatestOptions out;
    out.name = "tables";
    out.topics = {{.glob = "shop.*"}};
    out.format = *avro_file::avro_format({.block_bytes = 256});
    out.discover_every = 10ms;
    out.scratch_folder = testing::TempDir() + "sluice-latest";
    return out;
  }();
  LatestContext context{options, log, catalog, store, io::real_file_system(), io::system_clock()};

  Result<void> publish() {
    SLUICE_TRY(const auto topic, LatestTopic::open(context, Orders::kTopic));
    return topic->publish({});
  }
  std::optional<LatestPointer> pointer() { return *read_latest(store, Orders::kTopic); }
  // Offsets of the rows that the pointer leads to; every file must be what the pointer says.
  std::vector<std::int64_t> pointed_offsets() {
    std::vector<std::int64_t> out;
    const auto found = pointer();
    if (!found) return out;
    for (const auto& file : found->files) {
      const auto name = version_folder(Orders::kTopic, found->version) + "/" + file.name;
      const auto bytes = store.read(name, 0, SIZE_MAX);
      if (!bytes.ok()) return ADD_FAILURE() << bytes.error(), out;
      EXPECT_EQ(bytes->size(), file.bytes);
      EXPECT_EQ(crc32c(*bytes), file.crc32c);
      auto reader = (*avro_file::avro_format())->open(store, name, {});
      const auto walk = *ValueWalk::compile((*reader)->schema());
      std::vector<ByteView> fields;
      for (auto block = (*reader)->next(); block.ok() && block->count > 0; block = (*reader)->next()) {
        auto rows = block->bytes;
        while (walk.take(rows, fields) && fields.size() > 9) {
          out.push_back(ByteReader(fields[fields.size() - 9]).zigzag());
          if (rows.empty()) break;
        }
      }
    }
    EXPECT_EQ(out.size(), found->rows);
    return out;
  }
  std::set<std::string> versions() {
    std::set<std::string> out;
    for (const auto& [name, bytes] : store.objects("shop.orders/v-")) out.insert(name.substr(12, name.rfind('/') - 12));
    return out;
  }
};

TEST_F(Latest, PointsToTheTableAsItIs) {
  orders.put(1, "a");
  const auto two = orders.put(2, "b");
  const auto one = orders.put(1, "c");
  ASSERT_TRUE(publish().ok());
  EXPECT_EQ(pointed_offsets(), (std::vector{two.value, one.value}));
  EXPECT_EQ(pointer()->offsets, std::vector{log.range(Orders::kTopic, 0)->last_stable});
  EXPECT_EQ(pointer()->rows, 2U);
}

TEST_F(Latest, AFilterDecidesOnTheNewestRowOfEachKey) {
  options.topics = {{.glob = "*", .where = "id > 100"}, {.glob = "shop.*", .where = "id > 200"}, {.glob = Orders::kTopic, .where = "note = 'in'"}};
  orders.put(1, "in");
  orders.put(1, "out");  // passed before
  orders.put(2, "out");
  const auto two = orders.put(2, "in");
  orders.put(3, "in");
  orders.remove(3);
  ASSERT_TRUE(publish().ok());
  EXPECT_EQ(pointed_offsets(), std::vector{two.value});
  EXPECT_EQ(pointer()->filter, "note = 'in'");
  EXPECT_EQ(pointer()->filtered, 1U);
}

TEST_F(Latest, ARowThatAFilterFailsForIsCountedAndLeftOut) {
  options.topics.front().where = "note::int > 5";
  const auto one = orders.put(1, "7");
  orders.put(2, "seven");
  orders.put(3, "3");
  ASSERT_TRUE(publish().ok());
  EXPECT_EQ(pointed_offsets(), std::vector{one.value});
  EXPECT_EQ(pointer()->unreadable, 1U);
  EXPECT_EQ(pointer()->filtered, 1U);
}

TEST_F(Latest, AFilterOfAColumnThatIsNotThereStopsTheTopic) {
  options.topics.front().where = "nothing = 1";
  orders.put(1, "a");
  EXPECT_EQ(publish().error().code, ErrorCode::rejected);
  EXPECT_FALSE(pointer());
}

TEST_F(Latest, ColumnsAreChosenByTopic) {
  options.topics = {{.glob = "shop.*", .columns = [](std::string_view name) { return name != "note"; }}};
  orders.put(1, "a");
  ASSERT_TRUE(publish().ok());
  EXPECT_EQ(pointer()->schema.find("\"note\""), std::string::npos);
  EXPECT_NE(pointer()->schema.find("\"id\""), std::string::npos);
}

TEST_F(Latest, WritesNothingWhenTheTopicHasNotMoved) {
  orders.put(1, "a");
  ASSERT_TRUE(publish().ok());
  const auto before = store.steps();
  ASSERT_TRUE(publish().ok());
  EXPECT_EQ(store.steps(), before);
}

TEST_F(Latest, BeginsAnotherFileWhenOneIsLargeEnough) {
  options.roll_bytes = 2000;
  for (int i = 0; i < 300; ++i) orders.put(i, "note " + std::to_string(i * 7919));
  ASSERT_TRUE(publish().ok());
  EXPECT_GT(pointer()->files.size(), 2U);
  EXPECT_EQ(pointed_offsets().size(), 300U);
}

TEST_F(Latest, KeepsThreeVersionsAndNothingElse) {
  for (int i = 0; i < 6; ++i) {
    orders.put(i, "x");
    ASSERT_TRUE(publish().ok());
  }
  const auto kept = versions();
  EXPECT_EQ(kept.size(), 3U);
  const auto found = pointer();
  ASSERT_TRUE(found);
  EXPECT_TRUE(kept.contains(found->version));
  for (const auto& each : found->previous) EXPECT_TRUE(kept.contains(each));
  EXPECT_TRUE(store.objects("_sluice/shop.orders").empty());
}

// The writer dies at each step in turn, before and after it took effect: whatever a reader finds is whole, and the next
// run is not in the way of what is left.
TEST_F(Latest, ADeathAtAnyStepLeavesAWholeVersionBehindThePointer) {
  options.roll_bytes = 2500;
  for (int i = 0; i < 60; ++i) orders.put(i, "note " + std::to_string(i * 7919));
  ASSERT_TRUE(publish().ok());
  std::size_t deaths = 0;
  for (const bool done : {false, true}) {
    for (std::uint64_t step = 1;; ++step) {
      const auto before = pointer();
      orders.put(static_cast<std::int64_t>(step), "again");
      store.die_at(step, done);
      const auto published = publish();
      const bool died = store.dead();
      store.restart();
      if (!died) break;
      ++deaths;
      EXPECT_FALSE(published.ok());
      ASSERT_TRUE(pointer());
      EXPECT_EQ(pointed_offsets().size(), 60U);
      EXPECT_TRUE(pointer() == before || pointer()->offsets[0] > before->offsets[0]);
    }
    orders.put(1, "last");
    ASSERT_TRUE(publish().ok());
    EXPECT_EQ(versions().size(), 1 + pointer()->previous.size());
    EXPECT_TRUE(store.objects("_sluice/shop.orders").empty());
  }
  EXPECT_GT(deaths, 20U);
  EXPECT_GT(pointer()->files.size(), 1U);
}

TEST_F(Latest, AWriterThatIsBehindDoesNotTakeThePointerBack) {
  orders.put(1, "a");
  auto slow = *LatestTopic::open(context, Orders::kTopic);
  orders.put(2, "b");
  ASSERT_TRUE(publish().ok());
  const auto newest = *pointer();
  ASSERT_TRUE(slow->publish({}).ok());  // of the same state: it keeps the other's
  EXPECT_EQ(*pointer(), newest);
  EXPECT_EQ(versions(), std::set{newest.version});
}

TEST_F(Latest, APointerOfAnotherLogIsRefused) {
  orders.put(1, "a");
  orders.put(2, "a");
  ASSERT_TRUE(publish().ok());
  log.remove_topic(Orders::kTopic);
  orders.put(1, "a");
  EXPECT_EQ(LatestTopic::open(context, Orders::kTopic).error().code, ErrorCode::rejected);
}

// ---- the stage

struct Running {
  explicit Running(LatestSink& sink) : thread([this, &sink](const std::stop_token& stop) { result = sink.run(stop); }) {}
  Result<void> stop() {
    thread.request_stop();
    thread.join();
    return result;
  }
  Result<void> result;
  std::jthread thread;
};

struct LatestStage : Latest {
  LatestSink make() { return LatestSink(options, log, catalog, store, io::real_file_system(), io::system_clock()); }
};

TEST_F(LatestStage, WritesEveryTableThatIsAskedFor) {
  orders.put(1, "a");
  auto sink = make();
  Running running(sink);
  const auto rolled = sink.roll_now(10s);
  ASSERT_TRUE(rolled.ok()) << rolled.error();
  EXPECT_EQ(rolled->at({Orders::kTopic, 0}), log.range(Orders::kTopic, 0)->last_stable);
  EXPECT_EQ(pointer()->rows, 1U);
  const auto status = sink.status();
  EXPECT_EQ(status.state, "streaming");
  ASSERT_EQ(status.items.size(), 1U);
  EXPECT_EQ(status.items[0].offset, status.items[0].end_offset);
  EXPECT_NE(status.items[0].note.find("not compacted"), std::string::npos);
  const auto stopped = running.stop();
  EXPECT_TRUE(stopped.ok()) << stopped.error();
}

TEST_F(LatestStage, WritesOnItsSchedule) {
  options.every = 30ms;
  options.settle = 0ms;
  auto sink = make();
  Running running(sink);
  for (int i = 1; i <= 3; ++i) {
    orders.put(i, "a");
    const auto end = log.range(Orders::kTopic, 0)->last_stable;
    for (int tries = 0; tries < 1000 && !(pointer() && pointer()->offsets[0] == end); ++tries) std::this_thread::sleep_for(10ms);
    ASSERT_TRUE(pointer());
    EXPECT_EQ(pointer()->rows, static_cast<std::uint64_t>(i));
  }
  EXPECT_TRUE(running.stop().ok());
}

TEST_F(LatestStage, WritesNothingWhileItIsPaused) {
  options.every = 20ms;
  options.settle = 0ms;
  auto sink = make();
  sink.pause();
  Running running(sink);
  orders.put(1, "a");
  for (int tries = 0; tries < 1000 && sink.status().state != "paused"; ++tries) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(sink.roll_now(1s).error().code, ErrorCode::rejected);
  EXPECT_FALSE(pointer());
  sink.resume();
  EXPECT_TRUE(sink.roll_now(10s).ok());
  EXPECT_TRUE(pointer());
  EXPECT_TRUE(running.stop().ok());
}

TEST_F(LatestStage, RefusesAPlaceOfAnotherMode) {
  store.plant(std::string(kFormatFile), "{\"format\":\"sluice-archive\",\"version\":1}\n");
  auto sink = make();
  EXPECT_EQ(sink.run({}).error().code, ErrorCode::rejected);
}

TEST_F(LatestStage, WhatIsWrongWithOneTopicIsToldAndTheOthersGoOn) {
  orders.put(1, "a");
  log.put("shop.other", "k", "v");
  store.plant(latest_name("shop.other"), "no pointer");
  auto sink = make();
  Running running(sink);
  ASSERT_TRUE(sink.roll_now(10s).ok());
  EXPECT_EQ(pointer()->rows, 1U);
  const auto status = sink.status();
  EXPECT_NE(status.error.find("shop.other"), std::string::npos);
  EXPECT_TRUE(running.stop().ok());
}

}  // namespace
}  // namespace sluice::deliver::archive
