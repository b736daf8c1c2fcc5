// The sink on a real folder; deliver_store_local is of the same layer, so only the tests join the two.

#include <gtest/gtest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "deliver/archive/chain/chain.h"
#include "deliver/archive/chain/layout.h"
#include "deliver/archive/sink_testing.h"
#include "deliver/store/local/local_store.h"
#include "io/file_system.h"

namespace sluice::deliver::archive {
namespace {

using namespace std::chrono_literals;

struct TemporaryFolder {
  TemporaryFolder() {
    auto pattern = (std::filesystem::temp_directory_path() / "sluice-archive-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  std::string path;
};

struct LocalArchive : testing::Test {
  TemporaryFolder folder;
  store::local::LocalStore store{io::real_file_system(), folder.path + "/deep/archive/"};
  pipeline::MemoryLog log;
  pipeline::MemoryCatalog catalog;
  Orders orders{log, catalog};

  void archive_all() { archive::archive_all(lake(), log, catalog, store); }
  std::vector<ArchiveProblem> problems(bool read_rows = true) {
    auto options = avro_files();
    options.read_rows = read_rows;
    auto report = verify_archive(store, options);
    EXPECT_TRUE(report.ok()) << report.error();
    return report->problems;
  }
  std::string path(const std::string& name) { return folder.path + "/deep/archive/" + name; }
};

TEST_F(LocalArchive, HoldsTheTopicAcrossRestarts) {
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 20; ++i) orders.put(i, "a", Orders::kHour13 + i % 2 * 3'600'000);
    orders.remove(round);
    archive_all();
  }
  expect_archive_equals_topic(store, log, Orders::kTopic);
  const auto report = verify_archive(store, avro_files());
  ASSERT_EQ(report->partitions.size(), 1U);
  EXPECT_EQ(report->partitions[0].rows, 105U);
  EXPECT_EQ(report->partitions[0].end, Offset{210});
  EXPECT_TRUE(std::filesystem::is_empty(path(temporary_folder(Orders::kTopic, 0))));
}

TEST_F(LocalArchive, AFileDeletedByHandIsNamedWithItsOffsets) {
  for (int i = 0; i < 10; ++i) orders.put(i, "a");
  archive_all();
  for (int i = 0; i < 10; ++i) orders.put(i, "b");
  archive_all();
  const auto name = file_name(Orders::kTopic, "dt=2026-11-24/hour=13", 0, Offset{0}, 0, ".avro");
  std::filesystem::remove(path(name));
  for (const bool read_rows : {true, false}) {
    const auto found = problems(read_rows);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].file, name);
    EXPECT_EQ(found[0].from, Offset{0});
    EXPECT_EQ(found[0].to, Offset{19});
  }
}

TEST_F(LocalArchive, ACommitRecordDeletedByHandIsAGap) {
  for (int round = 0; round < 3; ++round) {
    orders.put(round, "a");
    archive_all();
  }
  std::filesystem::remove(path(record_name(Orders::kTopic, 0, Offset{2})));
  const auto found = problems();
  ASSERT_EQ(found.size(), 2U);  // the gap, and a file that no record names
  EXPECT_EQ(found[0].from, Offset{2});
  EXPECT_EQ(found[0].to, Offset{4});
  EXPECT_FALSE(found[1].file.empty());
}

TEST_F(LocalArchive, AFolderThatVanishesIsWaitedForAndGoesOnWhenItIsBack) {
  for (const bool mount_point : {false, true}) {  // an unmounted one leaves an empty folder
    for (int i = 0; i < 10; ++i) orders.put(i, "before");
    Sink sink(lake(), log, catalog, store, io::real_file_system(), io::system_clock());
    auto running = std::make_unique<RunningSink>(sink);
    ASSERT_TRUE(sink.roll_now(10s).ok());
    std::filesystem::rename(path(""), folder.path + "/away");
    if (mount_point) std::filesystem::create_directories(path(""));
    for (int i = 0; i < 10; ++i) orders.put(i, "meanwhile");
    EXPECT_FALSE(sink.roll_now(500ms).ok());
    const auto ended = running->join();
    ASSERT_FALSE(ended.ok());
    for (int again = 0; again < 2; ++again) {  // as the supervisor does
      const auto waits = sink.run({});
      ASSERT_FALSE(waits.ok());
      EXPECT_EQ(waits.error().code, ErrorCode::back_off) << waits.error();
    }
    EXPECT_TRUE(archived_files(store, Orders::kTopic).empty());  // nothing was begun anew
    std::filesystem::remove_all(path(""));
    std::filesystem::rename(folder.path + "/away", path(""));
    running = std::make_unique<RunningSink>(sink);
    ASSERT_TRUE(sink.roll_now(10s).ok());
    EXPECT_TRUE(running->stop().ok());
    expect_archive_equals_topic(store, log, Orders::kTopic);
  }
}

TEST_F(LocalArchive, EveryFlippedByteOfAFileIsFound) {
  orders.put(1, "a");
  archive_all();
  const auto file = path(archived_files(store, Orders::kTopic).at(0));
  const auto size = std::filesystem::file_size(file);
  for (std::size_t at = 0; at < size; at += 7) {
    auto opened = io::real_file_system().open(file, io::OpenMode::read_write);
    char byte = 0;
    ASSERT_TRUE((*opened)->read_at(at, {&byte, 1}).ok());
    byte = static_cast<char>(byte ^ 0x20);
    ASSERT_TRUE((*opened)->write_at(at, ByteView(&byte, 1)).ok());
    EXPECT_EQ(problems().size(), 1U) << "byte " << at;
    byte = static_cast<char>(byte ^ 0x20);
    ASSERT_TRUE((*opened)->write_at(at, ByteView(&byte, 1)).ok());
  }
  EXPECT_TRUE(problems().empty());
}

TEST_F(LocalArchive, ACopyOfAFileIsFound) {
  orders.put(1, "a");
  archive_all();
  const auto file = path(archived_files(store, Orders::kTopic).at(0));
  std::filesystem::copy_file(file, file + "-copy.avro");
  EXPECT_EQ(problems(false).size(), 1U);
}

TEST_F(LocalArchive, VerifyGivesEachRowOnce) {
  for (int i = 0; i < 50; ++i) orders.put(i, "a", Orders::kHour13 + i % 2 * 3'600'000);
  orders.remove(3);
  archive_all();
  std::map<std::int64_t, bool> seen;
  auto options = avro_files();
  options.topics = {{.glob = Orders::kTopic}};
  options.visit = [&](const ArchivedRow& row) {
    EXPECT_TRUE(seen.emplace(row.offset.value, row.tombstone).second);
    EXPECT_EQ(row.topic, Orders::kTopic);
    EXPECT_TRUE(row.key && row.txid && row.lsn);
  };
  ASSERT_TRUE(verify_archive(store, options).ok());
  EXPECT_EQ(seen.size(), 51U);
  EXPECT_TRUE(seen.at(100));
}

TEST_F(LocalArchive, VerifyOfAFolderWithoutAnArchiveSaysSo) {
  EXPECT_EQ(verify_archive(store, avro_files()).error().code, ErrorCode::not_found);
}

// A process of its own archives, sees the log as it was at the fork, and is killed at a random moment.
TEST_F(LocalArchive, KillsAtAnyMomentLoseNothingAndRepeatNothing) {
  const auto seed = std::random_device{}();
  std::mt19937 random(seed);
  int kills = 0;
  for (int round = 0; round < 60; ++round) {
    for (auto i = random() % 30; i > 0; --i) {
      const auto id = static_cast<std::int64_t>(random() % 10);
      if (random() % 8 == 0) {
        orders.remove(id);
      } else if (random() % 8 == 0) {
        orders.put_wider(id, "wider", 5);
      } else {
        orders.put(id, "note", Orders::kHour13 + static_cast<std::int64_t>(random() % 3) * 3'600'000);
      }
    }
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto options = lake();
      options.roll_after = 0ms;  // a roll for each poll
      options.poll_bytes = 200;
      store::local::LocalStore own(io::real_file_system(), folder.path + "/deep/archive");
      Sink sink(options, log, catalog, own, io::real_file_system(), io::system_clock());
      static_cast<void>(sink.run({}).ok());
      ::_exit(1);  // never: it runs until it is killed
    }
    ::usleep(static_cast<useconds_t>(random() % 200'000));
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the sink ended by itself";
    ++kills;
  }
  archive_all();
  expect_archive_equals_topic(store, log, Orders::kTopic);
  const auto firsts = list_records(store, Orders::kTopic, 0);
  std::printf("seed %u: %d kills, %zu records in %zu rolls\n", seed, kills, log.records(Orders::kTopic).size(),
              firsts->size());
}

}  // namespace
}  // namespace sluice::deliver::archive
