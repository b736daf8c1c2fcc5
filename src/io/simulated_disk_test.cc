#include "io/simulated_disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

namespace sluice::io {
namespace {

constexpr int kSeeds = 200;

std::shared_ptr<File> file_of(SimulatedDisk& disk, const std::string& path, OpenMode mode = OpenMode::create) {
  auto file = disk.open(path, mode);
  EXPECT_TRUE(file.ok()) << file.error();
  return *file;
}

void write(SimulatedDisk& disk, const std::string& path, ByteView bytes, std::uint64_t at = 0) {
  ASSERT_TRUE(file_of(disk, path)->write_at(at, bytes).ok());
}

Bytes read(SimulatedDisk& disk, const std::string& path) {
  auto bytes = disk.read_file(path);
  return bytes.ok() ? *bytes : "(" + bytes.error().message + ")";
}

// A disk that holds "d/f" with one durable page of 'a'.
std::unique_ptr<SimulatedDisk> disk_with_file(std::uint64_t seed) {
  auto disk = std::make_unique<SimulatedDisk>(seed);
  EXPECT_TRUE(disk->create_directories("d").ok());
  write(*disk, "d/f", Bytes(4096, 'a'));
  EXPECT_TRUE(file_of(*disk, "d/f")->sync().ok());
  EXPECT_TRUE(disk->sync_directory("d").ok());
  EXPECT_TRUE(disk->sync_directory(".").ok());
  return disk;
}

// What `look` gives after `change` and a crash, over many seeds.
std::set<std::string> outcomes(const std::function<void(SimulatedDisk&)>& change, const std::function<std::string(SimulatedDisk&)>& look) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto disk = disk_with_file(seed);
    change(*disk);
    disk->crash();
    seen.insert(look(*disk));
  }
  return seen;
}

std::function<void(SimulatedDisk&)> and_sync(const std::function<void(SimulatedDisk&)>& change, const std::string& folder) {
  return [change, folder](SimulatedDisk& disk) {
    change(disk);
    ASSERT_TRUE(disk.sync_directory(folder).ok());
  };
}

std::string names(SimulatedDisk& disk, const std::string& folder) {
  auto entries = disk.list(folder);
  if (!entries.ok()) return "(none)";
  std::set<std::string> sorted;
  for (const auto& entry : *entries) sorted.insert(entry.name);
  std::string text;
  for (const auto& name : sorted) text += name + " ";
  return text;
}

TEST(SimulatedDisk, ACrashKeepsWhatWasSyncedAndLosesOrTearsTheRest) {
  const auto seen = outcomes([](SimulatedDisk& disk) { write(disk, "d/f", Bytes(8192, 'b')); },
                             [](SimulatedDisk& disk) { return read(disk, "d/f"); });
  std::set<std::string> first_pages;
  for (const auto& bytes : seen) {
    ASSERT_GE(bytes.size(), 4096U);
    ASSERT_LE(bytes.size(), 8192U);
    first_pages.insert(bytes.substr(0, 4096));
    const auto torn = bytes.substr(0, 4096).find('a');
    if (torn != Bytes::npos) {
      EXPECT_EQ(torn % 512, 0U) << "torn inside a sector";
    }
    EXPECT_EQ(bytes.substr(4096).find('a'), Bytes::npos);
  }
  EXPECT_TRUE(first_pages.contains(Bytes(4096, 'a'))) << "never lost";
  EXPECT_TRUE(first_pages.contains(Bytes(4096, 'b'))) << "never kept";
  EXPECT_GT(first_pages.size(), 3U) << "never torn";

  const auto synced = outcomes(
      [](SimulatedDisk& disk) {
        write(disk, "d/f", Bytes(8192, 'b'));
        ASSERT_TRUE(file_of(disk, "d/f")->sync().ok());
      },
      [](SimulatedDisk& disk) { return read(disk, "d/f"); });
  EXPECT_EQ(synced, std::set<std::string>{Bytes(8192, 'b')});
}

TEST(SimulatedDisk, PagesThatAFailedSyncCallsCleanAreWrongUntilTheyAreWrittenAgain) {
  bool was_wrong = false;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto disk = disk_with_file(seed);
    const auto file = file_of(*disk, "d/f");
    write(*disk, "d/f", Bytes(4096, 'b'));
    disk->fail_next_syncs(1);
    ASSERT_EQ(file->sync().error().code, ErrorCode::back_off);
    ASSERT_TRUE(file->sync().ok()) << "only once does a sync tell";
    EXPECT_EQ(read(*disk, "d/f"), Bytes(4096, 'b')) << "readers see what was written";
    was_wrong = was_wrong || disk->durable_bytes("d/f") == Bytes(4096, 'a');
    if (seed % 2 == 0) {
      const auto there = disk->durable_bytes("d/f");
      disk->crash();
      EXPECT_EQ(read(*disk, "d/f"), there);
    } else {
      write(*disk, "d/f", Bytes(4096, 'b'));
      ASSERT_TRUE(file->sync().ok());
      disk->crash();
      EXPECT_EQ(read(*disk, "d/f"), Bytes(4096, 'b'));
    }
  }
  EXPECT_TRUE(was_wrong);
}

TEST(SimulatedDisk, AFailedSyncOfTheFileSystemConcernsEveryFile) {
  SimulatedDisk disk{1};
  bool was_wrong = false;
  for (int i = 0; i < 50; ++i) write(disk, "f" + std::to_string(i), "bytes");
  disk.fail_next_syncs(1);
  ASSERT_FALSE(disk.sync_all(".").ok());
  ASSERT_TRUE(disk.sync_all(".").ok());
  for (int i = 0; i < 50; ++i) was_wrong = was_wrong || disk.durable_bytes("f" + std::to_string(i)) != "bytes";
  EXPECT_TRUE(was_wrong);
}

TEST(SimulatedDisk, NamesThatWereNotSyncedMayVanish) {
  const auto look = [](SimulatedDisk& disk) { return names(disk, "d"); };
  const auto make = [](SimulatedDisk& disk) {
    write(disk, "d/g", "new");
    ASSERT_TRUE(file_of(disk, "d/g")->sync().ok());
    write(disk, "d/h", "newer");
  };
  EXPECT_EQ(outcomes(make, look), (std::set<std::string>{"f ", "f g ", "f g h "})) << "in their order";
  EXPECT_EQ(outcomes(and_sync(make, "d/"), look), (std::set<std::string>{"f g h "}));
  EXPECT_EQ(outcomes([](SimulatedDisk& disk) { ASSERT_TRUE(disk.remove("d/f").ok()); }, look), (std::set<std::string>{"f ", ""}));
  EXPECT_EQ(outcomes([](SimulatedDisk& disk) { ASSERT_TRUE(disk.rename("d/f", "d/g").ok()); }, look), (std::set<std::string>{"f ", "g "}))
      << "a rename is whole or not at all";
}

TEST(SimulatedDisk, AFolderThatWasNotSyncedTakesAllThatIsInItAlong) {
  const auto look = [](SimulatedDisk& disk) { return names(disk, ".") + "| " + names(disk, "e/x"); };
  const auto make = [](SimulatedDisk& disk) {
    ASSERT_TRUE(disk.create_directories("e/x").ok());
    write(disk, "e/x/f", "bytes");
    ASSERT_TRUE(file_of(disk, "e/x/f")->sync().ok());
    ASSERT_TRUE(disk.sync_directory("e/x").ok());
    ASSERT_TRUE(disk.sync_directory("e").ok());
  };
  EXPECT_EQ(outcomes(make, look), (std::set<std::string>{"d | (none)", "d e | f "}));
  EXPECT_EQ(outcomes(and_sync(make, "."), look), (std::set<std::string>{"d e | f "}));
}

TEST(SimulatedDisk, AFolderIsRenamedWithAllThatIsInIt) {
  const auto look = [](SimulatedDisk& disk) { return names(disk, ".") + "| " + names(disk, "d") + "| " + names(disk, "e"); };
  const auto move = [](SimulatedDisk& disk) {
    const auto file = file_of(disk, "d/f");
    ASSERT_TRUE(disk.rename("d", "e").ok());
    EXPECT_EQ(names(disk, "e"), "f ");
    EXPECT_EQ(disk.list("d").error().code, ErrorCode::not_found);
    EXPECT_TRUE(file->write_at(0, "x").ok()) << "an open file does not care for names";
  };
  EXPECT_EQ(outcomes(move, look), (std::set<std::string>{"d | f | (none)", "e | (none)| f "}));
  const auto remove = [](SimulatedDisk& disk) {
    ASSERT_TRUE(disk.remove_all("d").ok());
    EXPECT_EQ(names(disk, "."), "");
  };
  EXPECT_EQ(outcomes(remove, look), (std::set<std::string>{"d | f | (none)", "d | | (none)", "| (none)| (none)"}));
}

TEST(SimulatedDisk, ALinkIsASecondNameOfTheSameBytes) {
  const auto disk = disk_with_file(1);
  ASSERT_TRUE(disk->link("d/f", "d/g").ok());
  EXPECT_EQ(disk->link("d/f", "d/g").error().code, ErrorCode::already_exists);
  write(*disk, "d/g", Bytes(4096, 'b'));
  EXPECT_EQ(read(*disk, "d/f"), Bytes(4096, 'b'));
  ASSERT_TRUE(file_of(*disk, "d/f")->sync().ok());
  ASSERT_TRUE(disk->sync_directory("d").ok());
  ASSERT_TRUE(disk->remove("d/f").ok());
  ASSERT_TRUE(disk->sync_directory("d").ok());
  disk->crash();
  EXPECT_EQ(names(*disk, "d"), "g ");
  EXPECT_EQ(read(*disk, "d/g"), Bytes(4096, 'b'));
}

TEST(SimulatedDisk, AHoleIsZerosAndShorteningForgets) {
  const auto seen = outcomes(
      [](SimulatedDisk& disk) {
        const auto file = file_of(disk, "d/f");
        ASSERT_TRUE(file->truncate(0).ok());
        ASSERT_TRUE(file->write_at(0, "b").ok());
        ASSERT_TRUE(file->write_at(12288, "c").ok());
        ASSERT_TRUE(file->sync().ok());
      },
      [](SimulatedDisk& disk) { return read(disk, "d/f"); });
  EXPECT_EQ(seen, (std::set<std::string>{"b" + Bytes(12287, '\0') + "c"})) << "no byte of the old page comes back";
  const auto cut = outcomes([](SimulatedDisk& disk) { ASSERT_TRUE(file_of(disk, "d/f")->truncate(10).ok()); },
                            [](SimulatedDisk& disk) { return std::to_string(read(disk, "d/f").size()); });
  EXPECT_EQ(cut, (std::set<std::string>{"10", "4096"}));
}

TEST(SimulatedDisk, AFullDiskTakesAPrefixAndSaysSo) {
  const auto disk = disk_with_file(1);
  disk->set_capacity(6000);
  const auto file = file_of(*disk, "d/f");
  EXPECT_TRUE(file->write_at(0, Bytes(4096, 'b')).ok()) << "what does not grow has room";
  EXPECT_EQ(*disk->free_bytes("d"), 6000U - 4096U);
  EXPECT_EQ(file->write_at(4096, Bytes(3000, 'c')).error().code, ErrorCode::out_of_space);
  EXPECT_LE(*file->size(), 6000U);
  EXPECT_EQ(disk->counts().full_writes, 1U);
  ASSERT_TRUE(disk->remove("d/f").ok());
  EXPECT_TRUE(file_of(*disk, "d/g")->write_at(0, Bytes(6000, 'd')).ok());
}

TEST(SimulatedDisk, FailsWritesAfterAPrefixAndReads) {
  const auto disk = disk_with_file(1);
  const auto file = file_of(*disk, "d/f");
  disk->set_faults({.write_failure = 1, .read_failure = 1});
  EXPECT_EQ(file->write_at(4096, Bytes(100, 'b')).error().code, ErrorCode::back_off);
  EXPECT_EQ(file->read_exactly(0, 10).error().code, ErrorCode::back_off);
  disk->set_faults({});
  EXPECT_LE(*file->size(), 4196U);
  EXPECT_EQ(disk->counts().failed_writes, 1U);
  EXPECT_EQ(disk->counts().failed_reads, 1U);
}

TEST(SimulatedDisk, HandlesDieWithTheProcessAndWhatWasWrittenDoesNot) {
  const auto disk = disk_with_file(1);
  const auto file = file_of(*disk, "d/f");
  ASSERT_TRUE(file->write_at(0, Bytes(4096, 'b')).ok());
  disk->kill_process();
  EXPECT_EQ(file->write_at(0, "x").error().code, ErrorCode::back_off);
  EXPECT_EQ(file->sync().error().code, ErrorCode::back_off);
  EXPECT_EQ(read(*disk, "d/f"), Bytes(4096, 'b'));
}

TEST(SimulatedDisk, TheSameSeedGivesTheSameFaults) {
  const auto life = [](std::uint64_t seed) {
    const auto disk = disk_with_file(seed);
    disk->set_faults({.sync_failure = 0.3, .write_failure = 0.3});
    std::string story;
    for (int i = 0; i < 40; ++i) {
      const auto file = disk->open("d/" + std::to_string(i % 7), OpenMode::create);
      story += (*file)->write_at(static_cast<std::uint64_t>(i) * 900, Bytes(2000, static_cast<char>('a' + i % 20))).ok() ? "w" : "-";
      story += (*file)->sync().ok() ? "s" : "-";
      if (i % 10 == 9) disk->crash();
    }
    for (int i = 0; i < 7; ++i) story += read(*disk, "d/" + std::to_string(i));
    return story;
  };
  EXPECT_EQ(life(7), life(7));
  EXPECT_NE(life(7), life(8));
}

TEST(SimulatedDisk, RefusesWhatRealDisksRefuse) {
  SimulatedDisk disk{1};
  EXPECT_EQ(disk.open("no/f", OpenMode::create).error().code, ErrorCode::not_found);
  EXPECT_EQ(disk.open("f", OpenMode::read).error().code, ErrorCode::not_found);
  write(disk, "f", "x");
  EXPECT_EQ(disk.open("f", OpenMode::create_new).error().code, ErrorCode::already_exists);
  EXPECT_EQ(disk.remove("g").error().code, ErrorCode::not_found);
  EXPECT_EQ(disk.rename("g", "h").error().code, ErrorCode::not_found);
  EXPECT_EQ(disk.list("f").error().code, ErrorCode::not_found);
  EXPECT_EQ(disk.sync_directory("no").error().code, ErrorCode::not_found);
  ASSERT_TRUE(disk.create_directories("d/e").ok());
  EXPECT_FALSE(disk.remove("d").ok()) << "it is not empty";
  EXPECT_FALSE(file_of(disk, "f", OpenMode::read)->write_at(0, "y").ok());
}

}  // namespace
}  // namespace sluice::io
