// Event time: partitions that go forward each at its own pace, and what comes too late.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>

#include "flow/view/view.h"
#include "flow/view/view_testing.h"
#include "pipeline/memory_log_testing.h"

namespace sluice::flow {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kBeginS = 1'700'000'000 / 60 * 60;

std::string text_of_time(std::int64_t s) {
  const auto day = s % 86'400;
  const auto two = [](std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  EXPECT_EQ(s / 86'400, 19'675);
  return "2023-11-14 " + two(day / 3600) + ":" + two(day / 60 % 60) + ":" + two(day % 60) + "+00";
}

std::string readings(const std::string& more) {
  return "CREATE TABLE readings (sensor int4, ts timestamptz) WITH (topic = 'readings', watermark = 'ts - interval ''5 s'''" + more +
         ");"
         "CREATE MATERIALIZED VIEW v WITH (emit = 'final') AS SELECT sensor, window_start, count(*) AS n FROM readings "
         "GROUP BY sensor, tumble(ts, interval '10 s')";
}

class ViewTime : public ::testing::Test {
 protected:
  pipeline::MemoryLog log_;
  pipeline::MemoryCatalog catalog_;
  Topics topics_{log_, catalog_};
  Folder folder_;

  ViewCounts run(const std::string& sql, std::size_t batch_records = 100'000) {
    const auto view = View::make({.name = "v"}, topics_.bind(sql), log_, catalog_, {.folder = folder_.path(), .batch_records = batch_records});
    const auto outcome = run_until_done(*view);
    EXPECT_TRUE(outcome.ok()) << outcome.error();
    return view->counts();
  }
  void put(int sensor, std::int64_t s, std::int32_t partition) { topics_.put("readings", {std::to_string(sensor), text_of_time(s)}, 0, partition, s * 1000); }
  void put_alone(int sensor, std::int64_t s, std::int32_t partition) {
    topics_.begin();
    put(sensor, s, partition);
    topics_.commit();
  }
};

// The rows of the windows that a watermark has closed.
std::vector<std::string> closed(const std::map<std::pair<int, std::int64_t>, int>& windows, std::int64_t watermark) {
  std::vector<std::string> rows;
  for (const auto& [window, count] : windows) {
    if (window.second + 10 <= watermark) rows.push_back(std::to_string(window.first) + "|" + text_of_time(window.second) + "|" + std::to_string(count));
  }
  std::ranges::sort(rows);
  return rows;
}

// Out of order by no more than the watermark allows for: the windows' final rows do not depend on how partitions are mixed, on batches, or
// on when the view ran.
TEST_F(ViewTime, FinalRowsAreTheSameInAnyInterleaving) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto sql = readings(", idle = '1 hour'");
  topics_.make("readings", "sensor int4, ts timestamptz", "", false, 2);
  std::array<std::int64_t, 2> newest{kBeginS, kBeginS};
  std::map<std::pair<int, std::int64_t>, int> windows;
  const auto put_one = [&](std::int32_t partition) {
    auto& now = newest[static_cast<std::size_t>(partition)];
    const auto s = std::max(kBeginS, now - static_cast<std::int64_t>(random() % 6));
    now = std::max(now, s + static_cast<std::int64_t>(random() % 4));
    const auto sensor = static_cast<int>(random() % 3);
    ++windows[{sensor, s / 10 * 10}];
    put(sensor, s, partition);
    put(9, now, partition);
    ++windows[{9, now / 10 * 10}];
  };
  topics_.begin();
  put_one(0);
  put_one(1);
  for (int i = 0; i < 600; ++i) {
    put_one(random() % 8 < (i < 300 ? 6U : 2U) ? 0 : 1);
    if (random() % 10 == 0) topics_.commit(), topics_.begin();
    if (i % 150 == 149) {
      topics_.commit();
      EXPECT_EQ(run(sql, 1 + random() % 40).late, 0U);
      topics_.begin();
    }
  }
  topics_.commit();
  const auto watermark = std::min(newest[0], newest[1]) - 5;
  EXPECT_EQ(run(sql).watermark_us, watermark * kSecondUs);
  const auto expected = closed(windows, watermark);
  EXPECT_GT(expected.size(), 20U);
  EXPECT_EQ(topics_.image("v"), expected);
  EXPECT_EQ(topics_.records("v").size(), expected.size());
}

TEST_F(ViewTime, WhatComesAfterItsWindowIsLateAndKept) {
  topics_.make("readings", "sensor int4, ts timestamptz", "", false, 1);
  put_alone(1, kBeginS, 0);
  put_alone(1, kBeginS + 100, 0);
  run(readings(""));
  put_alone(1, kBeginS + 3, 0);
  put_alone(1, kBeginS + 200, 0);
  const auto counts = run(readings(""));
  EXPECT_EQ(counts.late, 1U);
  const auto late = log_.records("v.late");
  ASSERT_EQ(late.size(), 1U);
  EXPECT_EQ(late[0].value, log_.records("readings")[2].value);
  EXPECT_EQ(late[0].header("__view"), "v");
  EXPECT_EQ(late[0].header("__topic"), "readings");
  EXPECT_EQ(late[0].header("__partition"), "0");
  EXPECT_EQ(late[0].header("__offset"), "4");
  EXPECT_TRUE(late[0].header("__why"));
  EXPECT_EQ(topics_.image("v").front(), "1|" + text_of_time(kBeginS) + "|1");
}

TEST_F(ViewTime, ARecordThatIsLateForTwoWindowsIsToldOnce) {
  const auto counted = [](const std::string& by) {
    return "(SELECT sensor, window_start AS at, count(*) AS n FROM readings GROUP BY sensor, tumble(ts, interval '" + by + " s'))";
  };
  const std::string sql = "CREATE TABLE readings (sensor int4, ts timestamptz) WITH (topic = 'readings', watermark = 'ts');"
                          "CREATE MATERIALIZED VIEW v AS SELECT a.sensor, a.at, a.n, b.n AS m FROM " + counted("10") + " a JOIN " + counted("20") +
                          " b ON a.sensor = b.sensor AND a.at = b.at";
  topics_.make("readings", "sensor int4, ts timestamptz");
  for (const int s : {0, 100, 3}) put_alone(1, kBeginS + s, 0), run(sql);
  EXPECT_EQ(log_.records("v.late").size(), 1U);
}

TEST_F(ViewTime, APartitionHoldsTheWatermarkUntilItIsIdle) {
  const auto sql = readings(", idle = '30 s'");
  topics_.make("readings", "sensor int4, ts timestamptz", "", false, 3);  // nothing ever comes to the last
  topics_.begin();
  put(1, kBeginS, 0);
  put(1, kBeginS, 1);
  topics_.commit();
  run(sql);
  put_alone(1, kBeginS + 20, 0);
  EXPECT_EQ(run(sql).watermark_us, (kBeginS - 5) * kSecondUs);
  EXPECT_THAT(topics_.records("v"), IsEmpty());
  put_alone(1, kBeginS + 40, 0);  // the second is 40 s behind
  EXPECT_EQ(run(sql).watermark_us, (kBeginS + 35) * kSecondUs);
  EXPECT_EQ(topics_.records("v").front(), "1|" + text_of_time(kBeginS) + "|2");
  put_alone(1, kBeginS + 5, 1);  // it never goes back
  EXPECT_EQ(run(sql).watermark_us, (kBeginS + 35) * kSecondUs);
}

TEST_F(ViewTime, AnInfiniteTimeIsNoTime) {
  topics_.make("readings", "sensor int4, ts timestamptz");
  put_alone(1, kBeginS, 0);
  topics_.put_alone("readings", {"1", "infinity"});
  topics_.put_alone("readings", {"1", "-infinity"});
  EXPECT_EQ(run(readings("")).watermark_us, (kBeginS - 5) * kSecondUs);
  EXPECT_THAT(topics_.records("v"), IsEmpty());
}

TEST_F(ViewTime, AKeyThatComesAgainAfterItWasForgottenIsARowOfItsOwn) {
  const std::string sql = "CREATE TABLE readings (sensor int4, ts timestamptz) WITH (topic = 'readings', watermark = 'ts - interval ''5 s''');"
                          "CREATE MATERIALIZED VIEW v WITH (within = '10 s') AS SELECT DISTINCT ON (sensor) sensor, ts FROM readings ORDER BY sensor, ts";
  topics_.make("readings", "sensor int4, ts timestamptz");
  for (const int s : {0, 4, 100, 200, 209}) put_alone(s == 100 ? 2 : 1, kBeginS + s, 0), run(sql);
  EXPECT_THAT(topics_.image("v"), ElementsAre("1|" + text_of_time(kBeginS), "1|" + text_of_time(kBeginS + 200), "2|" + text_of_time(kBeginS + 100)));
}

// What is still remembered is not found by what is too young for it.
TEST_F(ViewTime, EventsFindEachOtherByTheirTimesNotByWhatIsRemembered) {
  const std::string options = " WITH (topic = 'readings', watermark = 'ts - interval ''5 s''', keep = '10 s');";
  const std::string sql = "CREATE TABLE a (sensor int4, ts timestamptz)" + options + "CREATE TABLE b (sensor int4, ts timestamptz)" + options +
                          "CREATE MATERIALIZED VIEW v AS SELECT a.ts, b.ts AS other FROM a JOIN b ON a.sensor = b.sensor WHERE a.ts < b.ts";
  topics_.make("readings", "sensor int4, ts timestamptz");
  for (const int s : {0, 9, 10}) put_alone(1, kBeginS + s, 0);
  run(sql);
  const auto at = [](int s) { return text_of_time(kBeginS + s); };
  EXPECT_THAT(topics_.image("v"), ElementsAre(at(0) + "|" + at(9), at(9) + "|" + at(10)));
}

// History: each partition's records all lie there. One is not read to its end before the others.
TEST_F(ViewTime, PartitionsAreReadTogetherAlsoFromHistory) {
  topics_.make("readings", "sensor int4, ts timestamptz", "", false, 2);
  topics_.begin();
  for (int i = 0; i < 300; ++i) put(1, kBeginS + i, 0);
  for (int i = 0; i < 300; ++i) put(2, kBeginS + i, 1);
  topics_.commit();
  const auto counts = run(readings(", idle = '1 s'"), 50);
  EXPECT_EQ(counts.late, 0U);
  EXPECT_EQ(topics_.image("v").size(), 2U * 29);
}

}  // namespace
}  // namespace sluice::flow
