#include "deliver/archive/chain/rewind.h"

#include <gtest/gtest.h>

#include "deliver/archive/chain/chain.h"
#include "deliver/archive/chain/layout.h"
#include "deliver/archive/sink_testing.h"
#include "pipeline/memory_store_testing.h"

namespace sluice::deliver::archive {
namespace {

using namespace std::chrono_literals;
using pipeline::MemoryStore;

void wait_for_state(const Sink& sink, const std::string& state) {
  const auto until = std::chrono::steady_clock::now() + 30s;
  while (sink.status().state != state && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(1ms);
  ASSERT_EQ(sink.status().state, state);
}

struct PausedSink : testing::Test, ArchiveInMemory {
  Sink sink{lake(), log, catalog, store, io::real_file_system(), io::system_clock()};

  // Records of three rolls: offsets 0 to 3, 4 to 7, 8 to 11 (each row's transaction ends with a marker).
  void archive_three_rolls(RunningSink&) {
    for (int roll = 0; roll < 3; ++roll) {
      orders.put(roll, "a");
      orders.put(roll, "b");
      const auto rolled = sink.roll_now(10s);
      ASSERT_TRUE(rolled.ok()) << rolled.error();
    }
  }
  Offset held() { return log.holds(Orders::kTopic).at("lake"); }
};

TEST_F(PausedSink, PublishesWhatItHasReadAndWaitsWithItsHolds) {
  const auto first = orders.put(1, "read before");
  RunningSink running(sink);
  while (sink.status().rows_total == 0) std::this_thread::sleep_for(1ms);
  sink.pause();
  wait_for_state(sink, "paused");
  EXPECT_EQ(archived_rows(store, Orders::kTopic).size(), 1U);
  const auto after = orders.put(2, "while paused");
  log.put("new", std::nullopt, "x");
  while (!log.holds("new").contains("lake")) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(held(), first + 2);
  EXPECT_EQ(log.holds("new").at("lake"), Offset{0});
  const auto refused = sink.roll_now(10s);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::rejected);
  while (sink.status().items.size() != 2) std::this_thread::sleep_for(1ms);
  const auto told = sink.status();
  EXPECT_EQ(told.items[1].name, Orders::kTopic);
  EXPECT_EQ(told.items[1].rows, 1U);
  EXPECT_EQ(told.items[1].offset, (first + 2).value);
  EXPECT_EQ(told.items[1].end_offset, (after + 2).value);
  EXPECT_EQ(told.files_published, 1U);
  EXPECT_EQ(told.rows_total, 1U);
  EXPECT_GT(told.lag_seconds, 0);
  sink.resume();
  ASSERT_TRUE(sink.roll_now(10s).ok());
  expect_archive_equals_topic(store, log, Orders::kTopic);
  EXPECT_EQ(held(), after + 2);
}

TEST_F(PausedSink, DoesNotNeedItsPlace) {
  orders.put(1, "a");
  sink.pause();
  store.die_at(1, false);
  static_cast<void>(store.put("t", "n", "x").ok());
  RunningSink running(sink);
  wait_for_state(sink, "paused");
  EXPECT_EQ(held(), Offset{0});
  EXPECT_TRUE(running.stop().ok());
}

TEST_F(PausedSink, GoesBackToTheEndOfARecordAndArchivesAgain) {
  RunningSink running(sink);
  archive_three_rolls(running);
  store.plant("shop.orders/dt=2026-11-24/hour=13/_SUCCESS", "{}");
  EXPECT_EQ(sink.rewind({.topic = Orders::kTopic, .at = Offset{6}}).error().code, ErrorCode::rejected);  // it runs
  sink.pause();
  wait_for_state(sink, "paused");
  const auto rewound = sink.rewind({.topic = Orders::kTopic, .at = Offset{6}});
  ASSERT_TRUE(rewound.ok()) << rewound.error();
  ASSERT_EQ(rewound->size(), 1U);
  EXPECT_EQ(rewound->front().from, Offset{12});
  EXPECT_EQ(rewound->front().to, Offset{4});
  EXPECT_EQ(rewound->front().files, 2U);
  EXPECT_EQ(rewound->front().rows, 4U);
  EXPECT_EQ(held(), Offset{4});
  EXPECT_EQ(sink.status().items.front().offset, 4);
  EXPECT_EQ(archived_rows(store, Orders::kTopic).size(), 2U);
  EXPECT_FALSE(store.objects("shop.orders").contains("shop.orders/dt=2026-11-24/hour=13/_SUCCESS"));
  EXPECT_TRUE(verify_archive(store, avro_files())->ok());
  sink.resume();
  const auto rolled = sink.roll_now(10s);
  ASSERT_TRUE(rolled.ok()) << rolled.error();
  expect_archive_equals_topic(store, log, Orders::kTopic);
}

TEST_F(PausedSink, GoesBackToTheBeginningAndNowhereWhenItIsThere) {
  RunningSink running(sink);
  archive_three_rolls(running);
  sink.pause();
  wait_for_state(sink, "paused");
  EXPECT_EQ(sink.rewind({.topic = Orders::kTopic, .at = Offset{99}})->front().files, 0U);
  EXPECT_EQ(sink.rewind({.topic = Orders::kTopic, .at = Offset{0}})->front().rows, 6U);
  EXPECT_EQ(sink.rewind({.topic = Orders::kTopic, .at = Offset{0}})->front().rows, 0U);
  EXPECT_EQ(held(), Offset{0});
  EXPECT_EQ(sink.rewind({.topic = "other", .at = Offset{0}}).error().code, ErrorCode::not_found);
  EXPECT_EQ(sink.rewind({.topic = Orders::kTopic, .partition = 1}).error().code, ErrorCode::not_found);
  sink.resume();
  ASSERT_TRUE(sink.roll_now(10s).ok());
  expect_archive_equals_topic(store, log, Orders::kTopic);
}

TEST_F(PausedSink, DoesNotGiveUpRowsThatTheLogHasNoMore) {
  RunningSink running(sink);
  archive_three_rolls(running);
  sink.pause();
  wait_for_state(sink, "paused");
  log.trim(Orders::kTopic, 0, Offset{6});
  const auto refused = sink.rewind({.topic = Orders::kTopic, .at = Offset{4}});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::rejected);
  EXPECT_EQ(archived_rows(store, Orders::kTopic).size(), 6U);
  EXPECT_EQ(held(), Offset{12});
  EXPECT_TRUE(sink.rewind({.topic = Orders::kTopic, .at = Offset{8}}).ok());
  EXPECT_TRUE(sink.rewind({.topic = Orders::kTopic, .at = Offset{4}, .knowingly = true}).ok());
  sink.resume();
  ASSERT_TRUE(sink.roll_now(10s).ok());
  EXPECT_EQ(archived_rows(store, Orders::kTopic).size(), 5U);  // of offsets 0 2, and 6 8 10
}

TEST_F(PausedSink, AKillAtAnyStepIsMendedByTheSameRewind) {
  for (std::uint64_t step = 1;; ++step) {
    for (const bool done : {false, true}) {
      MemoryStore place;
      Sink paused(lake(), log, catalog, place, io::real_file_system(), io::system_clock());
      if (step == 1 && !done) {
        orders.put(1, "a");
      }
      {
        RunningSink running(paused);
        ASSERT_TRUE(paused.roll_now(10s).ok());
        orders.put(2, "b");
        ASSERT_TRUE(paused.roll_now(10s).ok());
      }
      paused.pause();
      place.die_at(step, done);
      const auto died = paused.rewind({.topic = Orders::kTopic});
      if (!place.dead()) return;
      EXPECT_FALSE(died.ok());
      place.restart();
      const auto again = paused.rewind({.topic = Orders::kTopic});
      ASSERT_TRUE(again.ok()) << again.error();
      EXPECT_TRUE(place.objects("shop.orders").empty());
      RunningSink running(paused);
      paused.resume();
      ASSERT_TRUE(paused.roll_now(10s).ok());
      expect_archive_equals_topic(place, log, Orders::kTopic);
    }
  }
}

// A process died after the record of the second roll and before its files were files, and the bucket aborted the uploads.
struct LostRoll : PausedSink {
  LostRoll() {
    store.let_temporaries_expire();
    {
      RunningSink running(sink);
      archive_three_rolls(running);
      EXPECT_TRUE(running.stop().ok());
    }
    EXPECT_TRUE(store.remove(named_name(Orders::kTopic, 0)).ok());
    for (const auto& [name, bytes] : store.objects("shop.orders")) {
      if (name.find(digits20(Offset{8})) == std::string::npos) continue;
      EXPECT_TRUE(store.remove(name).ok());
    }
  }
};

TEST_F(LostRoll, IsArchivedAgainFromTheLog) {
  Sink next(lake(), log, catalog, store, io::real_file_system(), io::system_clock());
  ASSERT_TRUE(next.set_holds().ok());
  EXPECT_EQ(held(), Offset{8});  // the newest record may be lost
  RunningSink running(next);
  orders.put(4, "later");
  const auto rolled = next.roll_now(10s);
  ASSERT_TRUE(rolled.ok()) << rolled.error();
  EXPECT_EQ(archived_rows(store, Orders::kTopic).size(), 7U);
  expect_archive_equals_topic(store, log, Orders::kTopic);
}

TEST_F(LostRoll, OfWhatTheLogHasNoMoreStopsThePartition) {
  log.trim(Orders::kTopic, 0, Offset{10});
  Sink next(lake(), log, catalog, store, io::real_file_system(), io::system_clock());
  RunningSink running(next);
  while (next.status().error.empty()) std::this_thread::sleep_for(1ms);
  EXPECT_NE(next.status().hint.find("sluice sink rewind"), std::string::npos);
  EXPECT_EQ(read_newest(store, Orders::kTopic, 0)->value().first, Offset{8});  // untouched
}

}  // namespace
}  // namespace sluice::deliver::archive
