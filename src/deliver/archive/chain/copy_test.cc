#include "deliver/archive/chain/copy.h"

#include <gtest/gtest.h>

#include "deliver/archive/chain/layout.h"
#include "deliver/archive/sink_testing.h"
#include "deliver/avro_file/avro_format.h"
#include "pipeline/memory_store_testing.h"

namespace sluice::deliver::archive {
namespace {

using namespace std::chrono_literals;
using pipeline::MemoryStore;

// Two places in one process are told apart by their names.
class NamedStore final : public pipeline::Store {
 public:
  explicit NamedStore(std::string name) : name_(std::move(name)) {}
  MemoryStore memory;
  Result<std::unique_ptr<pipeline::StoreWriter>> create(const std::string& t, const std::string& n) override { return memory.create(t, n); }
  Result<pipeline::Published> publish(const std::string& i, const std::string& n) override { return memory.publish(i, n); }
  Result<pipeline::Published> put(const std::string& t, const std::string& n, ByteView b) override { return memory.put(t, n, b); }
  Result<void> replace(const std::string& t, const std::string& n, ByteView b) override { return memory.replace(t, n, b); }
  Result<Bytes> read(const std::string& n, std::uint64_t o, std::size_t s) override { return memory.read(n, o, s); }
  Result<std::uint64_t> size(const std::string& n) override { return memory.size(n); }
  Result<std::uint64_t> temporary_size(const std::string& i) override { return memory.temporary_size(i); }
  Result<std::vector<pipeline::StoreEntry>> list(const std::string& f) override { return memory.list(f); }
  Result<std::vector<pipeline::Leftover>> leftovers(const std::string& t, const std::string& n) override { return memory.leftovers(t, n); }
  Result<void> remove(const std::string& n) override { return memory.remove(n); }
  Result<void> discard(const std::string& i) override { return memory.discard(i); }
  std::string where() const override { return name_; }

 private:
  std::string name_;
};

struct CopiedArchive : testing::Test {
  pipeline::MemoryLog log;
  pipeline::MemoryCatalog catalog;
  NamedStore from{"from"};
  NamedStore to{"to"};
  Orders orders{log, catalog};

  void archive(pipeline::Store& place, int rolls) {
    Sink sink(lake(), log, catalog, place, io::real_file_system(), io::system_clock());
    RunningSink running(sink);
    for (int roll = 0; roll < rolls; ++roll) {
      orders.put(roll, "a", Orders::kHour13);
      orders.put(roll, "b", Orders::kHour13 + 3'600'000);
      ASSERT_TRUE(sink.roll_now(10s).ok());
    }
  }
};

TEST_F(CopiedArchive, IsTheSameRowsAndASinkGoesOnThere) {
  log.put("clicks", std::nullopt, "x");
  archive(from, 3);
  from.memory.plant("shop.orders/dt=2026-11-24/hour=13/_SUCCESS", R"({"watermark_ms":7,"rows":0,"files":0,"offsets":{}})");
  std::uint64_t told = 0;
  const auto copied = copy_archive(from, to, [&told](const Copied&) { ++told; });
  ASSERT_TRUE(copied.ok()) << copied.error();
  EXPECT_EQ(copied->rows, 7U);
  EXPECT_EQ(copied->files, told);
  const auto success = to.read("shop.orders/dt=2026-11-24/hour=13/_SUCCESS", 0, 1000);
  ASSERT_TRUE(success.ok()) << success.error();
  EXPECT_EQ(*success, R"({"watermark_ms":7,"rows":3,"files":3,"offsets":{"0":[0,8]}})" "\n");
  expect_archive_equals_topic(to, log, Orders::kTopic);
  expect_archive_equals_topic(to, log, "clicks");
  EXPECT_EQ(copy_archive(from, to, {})->files, 0U);
  archive(from, 1);
  EXPECT_EQ(copy_archive(from, to, {})->files, 2U);
  archive(to, 2);
  expect_archive_equals_topic(to, log, Orders::kTopic);
  EXPECT_EQ(copy_archive(from, to, {}).error().code, ErrorCode::rejected);  // the copy has gone on
}

TEST_F(CopiedArchive, AKillAtAnyStepIsMendedByTheSameCopy) {
  archive(from, 2);
  for (std::uint64_t step = 1;; ++step) {
    for (const bool done : {false, true}) {
      NamedStore place("place");
      place.memory.die_at(step, done);
      const auto died = copy_archive(from, place, {});
      if (!place.memory.dead()) return;
      EXPECT_FALSE(died.ok());
      place.memory.restart();
      const auto again = copy_archive(from, place, {});
      ASSERT_TRUE(again.ok()) << again.error();
      expect_archive_equals_topic(place, log, Orders::kTopic);
    }
  }
}

TEST_F(CopiedArchive, RefusesWhatWouldNotBeACopy) {
  EXPECT_EQ(copy_archive(from, to, {}).error().code, ErrorCode::not_found);
  archive(from, 1);
  EXPECT_EQ(copy_archive(from, from, {}).error().code, ErrorCode::rejected);
  pipeline::MemoryLog other_log;
  Orders other(other_log, catalog);
  {
    SinkOptions options;
    options.name = "lake";
    options.topics = {{.glob = "*"}};
    options.format = *avro_file::avro_format();
    Sink sink(options, other_log, catalog, to, io::real_file_system(), io::system_clock());
    RunningSink running(sink);
    other.put(9, "another");
    ASSERT_TRUE(sink.roll_now(10s).ok());
  }
  EXPECT_EQ(copy_archive(from, to, {}).error().code, ErrorCode::rejected);
  NamedStore third("third");
  const auto file = archived_files(from, Orders::kTopic).front();
  auto bytes = *from.read(file, 0, 1 << 20);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  from.memory.plant(file, bytes);
  EXPECT_EQ(copy_archive(from, third, {}).error().code, ErrorCode::corrupt);
  EXPECT_TRUE(third.memory.objects("shop.orders").empty());
}

TEST_F(CopiedArchive, IsRemovedWholeAndAloneAlsoAfterAKill) {
  archive(from, 2);
  from.memory.plant("shop.orders/notes.txt", "mine");
  from.memory.die_at(3, false);
  EXPECT_FALSE(remove_archive(from).ok());
  from.memory.restart();
  EXPECT_TRUE(remove_archive(from).ok());
  EXPECT_EQ(from.memory.objects().size(), 1U);
  EXPECT_EQ(remove_archive(from).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace sluice::deliver::archive
