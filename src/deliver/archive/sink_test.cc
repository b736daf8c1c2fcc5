#include "deliver/archive/sink.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>

#include "deliver/archive/chain/chain.h"
#include "deliver/archive/chain/layout.h"
#include "deliver/archive/sink_testing.h"
#include "deliver/avro_file/avro_format.h"
#include "pipeline/memory_store_testing.h"

namespace sluice::deliver::archive {
namespace {

using namespace std::chrono_literals;
using pipeline::MemoryStore;

const std::string kNull(1, '\0');

struct ArchiveSink : testing::Test, ArchiveInMemory {
  io::Clock& clock = io::system_clock();
  io::FileSystem& local = io::real_file_system();

  void archive_all(const SinkOptions& options = lake()) { archive::archive_all(options, log, catalog, store); }
  RowFields row(Offset offset, const std::string& topic = Orders::kTopic) {
    auto rows = archived_rows(store, topic);
    return rows[{0, offset.value}];
  }
};

TEST_F(ArchiveSink, ArchivesARowAsTheTablesColumnsAndTheEleven) {
  const auto offset = orders.put(7, "tea");
  archive_all();
  const auto at = row(offset);
  EXPECT_EQ(at.at("id"), "\x02" + avro_long(7));
  EXPECT_EQ(at.at("note"), "\x02" + avro_text("tea"));
  EXPECT_EQ(at.at("_topic"), avro_text("shop.orders"));
  EXPECT_EQ(at.at("_partition"), avro_long(0));
  EXPECT_EQ(at.at("_offset"), avro_long(offset.value));
  EXPECT_EQ(at.at("_timestamp"), avro_long(Orders::kHour13));
  EXPECT_EQ(at.at("_op"), "\x02" + avro_text("c"));
  EXPECT_EQ(at.at("_lsn"), "\x02" + avro_long(1001));
  EXPECT_EQ(at.at("_seq"), "\x02" + avro_long(0));
  EXPECT_EQ(at.at("_txid"), "\x02" + avro_long(701));
  EXPECT_EQ(at.at("_unchanged"), kNull);
  EXPECT_EQ(at.at("_special"), kNull);
  EXPECT_EQ(archived_files(store, Orders::kTopic),
            std::vector<std::string>{"shop.orders/dt=2026-11-24/hour=13/0-00000000000000000000-0.avro"});
  expect_archive_equals_topic(store, log, Orders::kTopic);
}

TEST_F(ArchiveSink, TakesUnchangedAndSpecialFromTheHeaders) {
  log.put("t", std::nullopt, "x", {{"__unchanged", "[\"a\"]"}, {"__special", "{\"b\":\"NaN\"}"}, {"__lsn", "junk"}});
  archive_all();
  const auto at = row(Offset{0}, "t");
  EXPECT_EQ(at.at("_unchanged"), "\x02" + avro_text("[\"a\"]"));
  EXPECT_EQ(at.at("_special"), "\x02" + avro_text("{\"b\":\"NaN\"}"));
  EXPECT_EQ(at.at("_lsn"), kNull);
  EXPECT_EQ(at.at("_key"), kNull);
}

TEST_F(ArchiveSink, ADeleteIsARowOfItsKeyColumns) {
  orders.put(7, "tea");
  const auto offset = orders.remove(7);
  archive_all();
  const auto at = row(offset);
  EXPECT_EQ(at.at("id"), "\x02" + avro_long(7));
  EXPECT_EQ(at.at("note"), kNull);
  EXPECT_EQ(at.at("_op"), "\x02" + avro_text("d"));
  EXPECT_EQ(archived_files(store, Orders::kTopic).size(), 1U);
}

TEST_F(ArchiveSink, ADeleteByAKeyWithoutSchemaIsARowOfNulls) {
  orders.put(1, "a");
  const auto one = log.put(Orders::kTopic, "plain", std::nullopt);
  orders.put_wider(1, "a", 1);
  const auto two = log.put(Orders::kTopic, "plain", std::nullopt);
  archive_all();
  for (const auto offset : {one, two}) {
    EXPECT_EQ(row(offset).at("id"), kNull);
    EXPECT_EQ(row(offset).at("_x5fop"), kNull);
    EXPECT_EQ(row(offset).at("_op"), "\x02" + avro_text("d"));
  }
  expect_archive_equals_topic(store, log, Orders::kTopic);
}

TEST_F(ArchiveSink, ADeleteBeforeAnyValueTakesTheNewestSchema) {
  const auto offset = orders.remove(7);
  archive_all();
  EXPECT_EQ(row(offset).at("id"), "\x02" + avro_long(7));
  EXPECT_EQ(row(offset).at("note"), kNull);
}

TEST_F(ArchiveSink, ColumnsThatCannotBeNullCanBeInTheArchive) {
  const auto key = *catalog.add("t-key", kKeySchema);
  const auto value = *catalog.add("t-value", R"({"type":"record","name":"V","fields":[{"name":"id","type":"long"}]})");
  const auto put = log.put("t", framed(key, avro_long(1)), framed(value, avro_long(1)));
  const auto offset = log.put("t", framed(key, avro_long(1)), std::nullopt);
  archive_all();
  EXPECT_EQ(row(put, "t").at("id"), "\x02" + avro_long(1));
  EXPECT_EQ(row(offset, "t").at("id"), "\x02" + avro_long(1));
  EXPECT_EQ(row(offset, "t").at("_op"), "\x02" + avro_text("d"));
  EXPECT_EQ(archived_files(store, "t").size(), 1U);
}

TEST_F(ArchiveSink, VersionsShareAFileAndACollidingColumnIsEscaped) {
  const auto before = orders.put(1, "a");
  const auto after = orders.put_wider(2, "b", 99);
  const auto again = orders.put(3, "c");
  archive_all();
  EXPECT_EQ(row(before).at("_x5fop"), kNull);
  EXPECT_EQ(row(after).at("_x5fop"), "\x02" + avro_long(99));
  EXPECT_EQ(row(after).at("_op"), "\x02" + avro_text("u"));
  EXPECT_EQ(row(again).at("note"), "\x02" + avro_text("c"));
  EXPECT_EQ(list_records(store, Orders::kTopic, 0)->size(), 1U);
  EXPECT_EQ(archived_files(store, Orders::kTopic).size(), 1U);
  EXPECT_EQ(store.objects("_sluice/shop.orders/schemas/").size(), 2U);
  const auto record = read_record(store, Orders::kTopic, 0, Offset{0});
  EXPECT_EQ(record->files.at(0).schema_version, 2);
  EXPECT_EQ(record->files.at(0).registry_ids.size(), 2U);
  expect_archive_equals_topic(store, log, Orders::kTopic);
}

TEST_F(ArchiveSink, ASchemaGrowsOnAcrossRuns) {
  orders.put_wider(1, "a", 1);
  archive_all();
  const auto later = orders.put(2, "b");
  const auto other = *catalog.add("shop.orders-value", R"({"type":"record","name":"Value","namespace":"shop.orders","doc":"d","fields":[)"
                                                       R"({"name":"id","doc":"d","type":["null","long"],"default":null}]})");
  log.put(Orders::kTopic, std::nullopt, framed(other, "\x02" + avro_long(1)));
  archive_all();
  EXPECT_EQ(row(later).at("_x5fop"), kNull);
  EXPECT_EQ(store.objects("_sluice/shop.orders/schemas/").size(), 1U);
}

TEST_F(ArchiveSink, WhatCannotBeARowIsADeadLetterWithTheReason) {
  const auto value = *catalog.add("t-value", R"({"type":"record","name":"V","fields":[{"name":"s","type":"string"}]})");
  const auto other = *catalog.add("x-value", R"({"type":"record","name":"V","fields":[{"name":"s","type":"bytes"}]})");
  const auto good = log.put("t", std::nullopt, framed(value, avro_text("ok")));
  const auto cut = log.put("t", std::nullopt, framed(value, avro_text("ok").substr(0, 2)));
  const auto longer = log.put("t", std::nullopt, framed(value, avro_text("ok") + "!"));
  const auto foreign = log.put("t", std::nullopt, framed(SchemaId{4711}, "?"));
  const auto unlike = log.put("t", std::nullopt, framed(other, avro_text("ok")));
  log.put("plain", "k", std::string("\0\0\0\0\1text", 9));  // no subject of its own: a zero byte is no frame
  archive_all();
  EXPECT_EQ(row(good, "t").at("s"), "\x02" + avro_text("ok"));
  for (const auto offset : {cut, longer, foreign, unlike}) {
    EXPECT_EQ(row(offset, "t").at("_value").substr(0, 1), "\x02");
    EXPECT_GT(row(offset, "t").at("_reason").size(), 10U);
  }
  EXPECT_NE(row(unlike, "t").at("_reason").find("s"), std::string::npos) << row(unlike, "t").at("_reason");
  EXPECT_EQ(archived_files(store, "t/_dead").size(), 1U);
  EXPECT_EQ(row(Offset{0}, "plain").at("_value"), "\x02" + avro_text(std::string("\0\0\0\0\1text", 9)));
  expect_archive_equals_topic(store, log, "t");
  const auto letters = log.records(std::string(pipeline::kDeadLettersTopic));
  ASSERT_EQ(letters.size(), 4U);
  EXPECT_EQ(letters[2].value, framed(SchemaId{4711}, "?"));
}

TEST_F(ArchiveSink, AValueThatIsNoRecordIsOneColumn) {
  const auto value = *catalog.add("t-value", R"("string")");
  log.put("t", std::nullopt, framed(value, avro_text("ok")));
  archive_all();
  EXPECT_EQ(row(Offset{0}, "t").at("_value"), "\x02" + avro_text("ok"));
}

TEST_F(ArchiveSink, LeavesOutColumnsThatItIsToldTo) {
  auto options = lake();
  options.topics[0].columns = [](std::string_view name) { return name != "note"; };
  const auto offset = orders.put(1, "secret");
  archive_all(options);
  EXPECT_EQ(row(offset).at("id"), "\x02" + avro_long(1));
  EXPECT_FALSE(row(offset).contains("note"));
}

TEST_F(ArchiveSink, FoldersByAColumn) {
  auto options = lake();
  options.topics[0].partition_by = "note={note}/day={ts:%F}";
  orders.put(1, "a/b");
  orders.put(2, "c");
  orders.remove(2);
  archive_all(options);
  EXPECT_EQ(archived_files(store, Orders::kTopic),
            (std::vector<std::string>{
                "shop.orders/note=__HIVE_DEFAULT_PARTITION__/day=2026-11-24/0-00000000000000000000-0.avro",
                "shop.orders/note=a%2Fb/day=2026-11-24/0-00000000000000000000-1.avro",
                "shop.orders/note=c/day=2026-11-24/0-00000000000000000000-2.avro"}));
  expect_archive_equals_topic(store, log, Orders::kTopic);
}

TEST_F(ArchiveSink, BeyondItsMemoryRowsWaitOnTheDisk) {
  auto options = lake();
  char pattern[] = "/tmp/sluice-spill-XXXXXX";
  options.spill_folder = ::mkdtemp(pattern);
  options.memory_bytes = 100'000;
  for (int i = 0; i < 3000; ++i) {
    orders.put(i, std::string(300, 'n'), Orders::kHour13 + i % 5 * std::int64_t{3'600'000});
    if (i % 100 == 0) orders.put_wider(i, "wider", i);
  }
  Sink sink(options, log, catalog, store, local, clock);
  {
    RunningSink running(sink);
    ASSERT_TRUE(sink.roll_now(10s).ok());
  }
  EXPECT_GT(std::stoull(sink.status().facts.at("spilled bytes")), 500'000U);
  EXPECT_EQ(list_records(store, Orders::kTopic, 0)->size(), 1U);
  expect_archive_equals_topic(store, log, Orders::kTopic);
  ASSERT_TRUE(local.remove_all(options.spill_folder).ok());
}

TEST_F(ArchiveSink, AFolderWhoseHourIsOverIsSaidToBeComplete) {
  io::ManualClock manual;
  manual.set_wall_ms(Orders::kHour13 + 10 * 60'000);  // 13:30
  Sink sink(lake(), log, catalog, store, local, manual);
  RunningSink running(sink);
  orders.put(1, "a");
  ASSERT_TRUE(sink.roll_now(10s).ok());
  orders.put(2, "b");
  const std::string success = "shop.orders/dt=2026-11-24/hour=13/_SUCCESS";
  ASSERT_TRUE(sink.roll_now(10s).ok());
  EXPECT_FALSE(store.size(success).ok());
  orders.put(3, "c");
  while (!store.size(success).ok()) {  // 14:01, and the rows that wait are published for it
    manual.advance(20'000);
    std::this_thread::yield();
  }
  EXPECT_NE(store.read(success, 0, 1000)->find(R"("rows":3,"files":3)"), std::string::npos) << *store.read(success, 0, 1000);
  orders.put(4, "late");
  ASSERT_TRUE(sink.roll_now(10s).ok());
  while (store.read(success, 0, 1000)->find(R"("rows":4,"files":4)") == std::string::npos) std::this_thread::yield();
}

TEST_F(ArchiveSink, PutsRowsIntoTheFolderOfTheirHour) {
  constexpr std::int64_t kHourMs = 3'600'000;
  for (int i = 0; i < 30; ++i) orders.put(i, "x", Orders::kHour13 + (i % 3) * kHourMs);
  archive_all();
  EXPECT_EQ(archived_files(store, Orders::kTopic).size(), 3U);
  EXPECT_EQ(archived_files(store, "shop.orders/dt=2026-11-24/hour=15").size(), 1U);
  EXPECT_EQ(list_records(store, Orders::kTopic, 0)->size(), 1U);
  expect_archive_equals_topic(store, log, Orders::kTopic);
}

TEST_F(ArchiveSink, RollsWhenAPartitionHasTooManyOpenFiles) {
  auto options = lake();
  options.max_open_files = 4;
  options.poll_bytes = 1;
  for (int i = 0; i < 20; ++i) orders.put(i, "x", i * std::int64_t{3'600'000});
  archive_all(options);
  EXPECT_GE(list_records(store, Orders::kTopic, 0)->size(), 4U);
  expect_archive_equals_topic(store, log, Orders::kTopic);
}

TEST_F(ArchiveSink, RollsBySize) {
  auto options = lake();
  options.format = *avro_file::avro_format({.codec = "null", .block_bytes = 256});
  options.roll_bytes = 1000;
  options.poll_bytes = 100;
  for (int i = 0; i < 200; ++i) orders.put(i, "a note of some length");
  archive_all(options);
  EXPECT_GE(list_records(store, Orders::kTopic, 0)->size(), 10U);
  expect_archive_equals_topic(store, log, Orders::kTopic);
}

TEST_F(ArchiveSink, EveryCodecReadsBack) {
  for (const std::string codec : {"null", "deflate", "snappy", "bzip2", "xz", "zstandard"}) {
    MemoryStore place;
    auto options = lake();
    options.format = *avro_file::avro_format({.codec = codec, .block_bytes = 256});
    for (int i = 0; i < 300; ++i) orders.put(i, std::string(static_cast<std::size_t>(i), 'x'));
    Sink sink(options, log, catalog, place, local, clock);
    RunningSink running(sink);
    ASSERT_TRUE(sink.roll_now(10s).ok());
    expect_archive_equals_topic(place, log, Orders::kTopic);
  }
  EXPECT_EQ(avro_file::avro_format({.codec = "lzma"}).error().code, ErrorCode::rejected);
}

TEST_F(ArchiveSink, RollsByAge) {
  io::ManualClock manual;
  auto options = lake();
  options.roll_after = 60s;
  Sink sink(options, log, catalog, store, local, manual);
  orders.put(1, "a");
  std::jthread stopper;
  {
    RunningSink running(sink);
    while (sink.status().rows_total == 0) {  // the status is told by the clock, too
      manual.advance(500);
      std::this_thread::yield();
    }
    while (archived_files(store, Orders::kTopic).empty()) {
      manual.advance(1000);
      std::this_thread::yield();
    }
  }
  expect_archive_equals_topic(store, log, Orders::kTopic);
}

TEST_F(ArchiveSink, FindsTopicsThatAppearLaterAndLeavesInternalOnes) {
  log.put("__sluice_positions", "k", "v");
  Sink sink(lake(), log, catalog, store, local, clock);
  RunningSink running(sink);
  ASSERT_TRUE(sink.roll_now(10s).ok());
  log.put("late", "k", "v");
  const auto rolled = sink.roll_now(10s);
  ASSERT_TRUE(rolled.ok()) << rolled.error();
  EXPECT_EQ(rolled->at({"late", 0}), Offset{2});
  EXPECT_EQ(rolled->count({"__sluice_positions", 0}), 0U);
  expect_archive_equals_topic(store, log, "late");
}

TEST_F(ArchiveSink, HoldsTheLogAtTheArchivesEnd) {
  orders.put(1, "a");
  Sink sink(lake(), log, catalog, store, local, clock);
  ASSERT_TRUE(sink.set_holds().ok());
  EXPECT_EQ(log.holds(Orders::kTopic).at("lake"), Offset{0});
  {
    RunningSink running(sink);
    ASSERT_TRUE(sink.roll_now(10s).ok());
    EXPECT_EQ(log.holds(Orders::kTopic).at("lake"), Offset{2});
  }
  ASSERT_TRUE(log.hold("lake", Orders::kTopic, 0, std::nullopt).ok());
  ASSERT_TRUE(sink.set_holds().ok());
  EXPECT_EQ(log.holds(Orders::kTopic).at("lake"), Offset{2});
}

TEST_F(ArchiveSink, AnArchiveBegunLaterThanItsLogSaysSoAndIsNoProblem) {
  for (int i = 0; i < 5; ++i) orders.put(i, "a");
  log.trim(Orders::kTopic, 0, Offset{4});
  archive_all();
  EXPECT_EQ(read_record(store, Orders::kTopic, 0, Offset{0})->end, Offset{4});
  expect_archive_equals_topic(store, log, Orders::kTopic);
}

TEST_F(ArchiveSink, WhatTheLogLostBeforeItWasArchivedIsAGapThatVerifyNames) {
  orders.put(0, "a");
  archive_all();
  for (int i = 1; i < 5; ++i) orders.put(i, "a");
  log.trim(Orders::kTopic, 0, Offset{6});
  archive_all();
  EXPECT_TRUE(read_record(store, Orders::kTopic, 0, Offset{2})->gap);
  const auto report = verify_archive(store, avro_files());
  ASSERT_EQ(report->problems.size(), 1U);
  EXPECT_EQ(report->problems[0].from, Offset{2});
  EXPECT_EQ(report->problems[0].to, Offset{6});
  EXPECT_EQ(archived_rows(store, Orders::kTopic).size(), 3U);
}

TEST_F(ArchiveSink, ATopicMadeAnewStopsItsPartitionAndNoOther) {
  orders.put(1, "a");
  log.put("other", "k", "v");
  archive_all();
  log.remove_topic("other");
  ASSERT_TRUE(log.ensure_topic({.name = "other"}).ok());
  orders.put(2, "b");
  Sink sink(lake(), log, catalog, store, local, clock);
  RunningSink running(sink);
  ASSERT_TRUE(sink.roll_now(10s).ok());
  expect_archive_equals_topic(store, log, Orders::kTopic);
  for (auto status = sink.status(); status.items.size() < 2; status = sink.status()) std::this_thread::yield();
  const auto status = sink.status();
  EXPECT_EQ(status.items[0].name, "other");
  EXPECT_EQ(status.items[0].state, "failed");
  EXPECT_EQ(status.items[1].state, "archiving");
  EXPECT_FALSE(status.error.empty());
}

TEST_F(ArchiveSink, ATopicThatIsDeletedIsArchivedAsFarAsItWasRead) {
  orders.put(1, "a");
  Sink sink(lake(), log, catalog, store, local, clock);
  RunningSink running(sink);
  while (sink.status().rows_total == 0) std::this_thread::yield();
  log.remove_topic(Orders::kTopic);
  while (archived_files(store, Orders::kTopic).empty()) std::this_thread::yield();
  EXPECT_TRUE(running.stop().ok());
}

TEST_F(ArchiveSink, AnArchiveOfALaterVersionIsRefused) {
  store.plant(std::string(kFormatFile), R"({"format":"sluice-archive","version":2})");
  Sink sink(lake(), log, catalog, store, local, clock);
  EXPECT_EQ(RunningSink(sink).join().error().code, ErrorCode::unsupported);
  EXPECT_EQ(verify_archive(store, avro_files()).error().code, ErrorCode::unsupported);
}

TEST_F(ArchiveSink, ACatalogThatCannotBeReachedIsNoReasonToArchiveBytes) {
  orders.put(1, "a");
  catalog.set_unreachable(true);
  Sink sink(lake(), log, catalog, store, local, clock);
  EXPECT_EQ(RunningSink(sink).join().error().code, ErrorCode::back_off);
  catalog.set_unreachable(false);
  archive_all();
  EXPECT_EQ(row(Offset{0}).at("note"), "\x02" + avro_text("a"));
}

TEST_F(ArchiveSink, StatusComparesArchiveAndTopic) {
  for (int i = 0; i < 3; ++i) orders.put(i, "a");
  Sink sink(lake(), log, catalog, store, local, clock);
  RunningSink running(sink);
  ASSERT_TRUE(sink.roll_now(10s).ok());
  ASSERT_TRUE(running.stop().ok());
  const auto status = sink.status();
  EXPECT_EQ(status.state, "stopped");
  ASSERT_EQ(status.items.size(), 1U);
  EXPECT_EQ(status.items[0].rows, 3U);
  EXPECT_EQ(status.items[0].offset, 6);
  EXPECT_EQ(status.items[0].end_offset, 6);
  EXPECT_EQ(status.files_published, 1U);
  EXPECT_EQ(status.lag_bytes, 0U);
}

TEST_F(ArchiveSink, VerifyReadsAnAvroFileOnce) {
  for (int i = 0; i < 5000; ++i) orders.put(i, "a note of some length, as notes are");
  archive_all();
  std::size_t there = 0;
  for (const auto& [name, bytes] : store.objects()) there += bytes.size();
  const auto before = store.bytes_read();
  ASSERT_TRUE(verify_archive(store, avro_files())->problems.empty());
  EXPECT_LE(store.bytes_read() - before, there);
}

TEST_F(ArchiveSink, VerifyBesideARunningSinkFindsNoProblem) {
  Sink sink(lake(), log, catalog, store, local, clock);
  RunningSink running(sink);
  ASSERT_TRUE(sink.roll_now(10s).ok());
  constexpr int kVerifications = 100;
  std::atomic<int> verified = 0;
  std::atomic<int> rolls = 0;
  std::jthread writer([&] {
    while (verified < kVerifications) {
      if (rolls > 3 * verified + 3) continue;  // both at one pace
      orders.put(rolls, "a", Orders::kHour13 + rolls % 3 * 3'600'000);
      orders.put(rolls, "b");
      EXPECT_TRUE(sink.roll_now(10s).ok());
      ++rolls;
    }
  });
  for (; verified < kVerifications; ++verified) {
    while (rolls < 3 * verified) std::this_thread::yield();
    const auto report = verify_archive(store, avro_files());
    EXPECT_TRUE(report.ok()) << report.error();
    for (const auto& problem : report->problems) ADD_FAILURE() << problem.file << ": " << problem.what;
  }
  writer.join();
  std::printf("%d verifications beside %d rolls\n", kVerifications, rolls.load());
}

// Writes go on; the sink dies at a random step, before or after it took effect, and is started again.
TEST_F(ArchiveSink, DeathsAtAnyStepLoseNothingAndRepeatNothing) {
  const auto seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  int deaths = 0;
  for (int round = 0; round < 300; ++round) {
    const auto changes = random() % 20;
    for (unsigned i = 0; i < changes; ++i) {
      const auto id = static_cast<std::int64_t>(random() % 10);
      const auto hour = static_cast<std::int64_t>(random() % 3) * 3'600'000;
      if (random() % 4 == 0) {
        orders.remove(id);
      } else if (random() % 8 == 0) {
        orders.put_wider(id, "wider", 5);
      } else {
        orders.put(id, "note", Orders::kHour13 + hour);
      }
    }
    auto options = lake();
    options.poll_bytes = 1 + random() % 2000;
    options.max_open_files = 1 + random() % 4;
    store.die_at(1 + random() % 60, random() % 2 == 0);
    Sink sink(options, log, catalog, store, local, clock);
    RunningSink running(sink);
    static_cast<void>(sink.roll_now(store.dead() ? 0ms : 20ms).ok());
    static_cast<void>(running.stop().ok());
    deaths += store.dead() ? 1 : 0;
    store.restart();
  }
  archive_all();
  expect_archive_equals_topic(store, log, Orders::kTopic);
  EXPECT_TRUE(store.objects(temporary_folder(Orders::kTopic, 0)).empty());
  std::printf("%d deaths, %zu records\n", deaths, log.records(Orders::kTopic).size());
  EXPECT_GT(deaths, 50);
}

TEST_F(ArchiveSink, WhatAKillWithinAPutLeftIsSweptAtTheNextStart) {
  orders.put(1, "a");
  archive_all();
  for (const auto* name : {"_sluice/format-w.tmp1", "_sluice/shop.orders/success-0-w", "_sluice/shop.orders/schemas/tmp-2-w"}) {
    store.plant(name, "half");
  }
  archive_all();
  for (const auto& [name, bytes] : store.objects("_sluice")) EXPECT_NE(bytes, "half") << name;
  expect_archive_equals_topic(store, log, Orders::kTopic);
}

TEST_F(ArchiveSink, OfTwoSinksOneEndsFencedAndTheArchiveIsExact) {
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 10; ++i) orders.put(i, "a");
    Sink one(lake(), log, catalog, store, local, clock);
    Sink two(lake(), log, catalog, store, local, clock);
    RunningSink running_one(one);
    RunningSink running_two(two);
    while (one.status().rows_total == 0 && two.status().rows_total == 0) std::this_thread::yield();
    const bool first = one.roll_now(50ms).ok();
    const bool second = two.roll_now(50ms).ok();
    const auto ended_one = running_one.stop();
    const auto ended_two = running_two.stop();
    EXPECT_TRUE(first || second);
    for (const auto& ended : {ended_one, ended_two}) {
      EXPECT_TRUE(ended.ok() || ended.error().code == ErrorCode::fenced) << ended.error();
    }
  }
  archive_all();
  expect_archive_equals_topic(store, log, Orders::kTopic);
}

}  // namespace
}  // namespace sluice::deliver::archive
