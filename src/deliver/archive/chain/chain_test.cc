#include "deliver/archive/chain/chain.h"

#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "deliver/archive/chain/layout.h"
#include "deliver/archive/sink.h"
#include "pipeline/memory_store_testing.h"

namespace sluice::deliver::archive {
namespace {

using pipeline::MemoryStore;

ArchivedFile written(MemoryStore& store, Chain& chain, Offset first, std::size_t n, const std::string& text) {
  ArchivedFile file;
  file.temporary = chain.new_temporary(first, ".avro");
  file.name = file_name("t", "dt=2026-11-24/hour=13", 0, first, n, ".avro");
  file.bytes = text.size();
  file.rows = 1;
  file.first_offset = first;
  file.last_offset = first;
  auto writer = store.create(file.temporary, file.name);
  if (writer.ok()) {
    static_cast<void>((*writer)->append(text).ok() && (*writer)->finish().ok());
  }
  return file;
}

std::vector<std::string> temporaries(const MemoryStore& store) {
  std::vector<std::string> out;
  for (const auto& [name, bytes] : store.objects(temporary_folder("t", 0))) out.push_back(name);
  return out;
}

Result<void> commit_two_files(MemoryStore& store, Chain& chain, Offset first, Offset end) {
  std::vector<ArchivedFile> files{written(store, chain, first, 0, "a" + to_string(first)),
                                  written(store, chain, first, 1, "b" + to_string(first))};
  return chain.commit(first, end, std::move(files), {.now_ms = 1});
}

TEST(Layout, NamesFoldersReversibly) {
  for (const std::string topic : {"shop.public.orders", "_sluice", ".hidden", "_x2ehidden", "_schemas", "..."}) {
    EXPECT_EQ(topic_of_folder(topic_folder(topic)), topic);
    EXPECT_NE(topic_folder(topic), "_sluice");
    EXPECT_NE(topic_folder(topic).front(), '.');
  }
  EXPECT_EQ(record_first("00000000000000412007.json"), Offset{412007});
  EXPECT_FALSE(record_first("00000000000000412007.json.tmp").has_value());
  EXPECT_EQ(parse_file_name("12-00000000000000412007-3.avro"), (std::pair{12, Offset{412007}}));
  EXPECT_EQ(schema_version("000007.avsc"), 7);
  EXPECT_FALSE(schema_version("000007.avsc.tmp").has_value());
  for (const auto* other : {"", "12", "x-00000000000000412007-3.avro", "12-0-3.avro", "12-00000000000000412007-3"}) {
    EXPECT_FALSE(parse_file_name(other).has_value()) << other;
  }
}

TEST(TopicMatches, TakesGlobsAndLeavesInternalTopicsToThoseWhoNameThem) {
  EXPECT_TRUE(topic_matches({"shop.*"}, "shop.public.orders"));
  EXPECT_FALSE(topic_matches({"shop.*"}, "shop2.public.orders"));
  EXPECT_TRUE(topic_matches({"a", "*.o?ders"}, "shop.public.orders"));
  EXPECT_TRUE(topic_matches({"*"}, "x"));
  EXPECT_FALSE(topic_matches({"*"}, "_schemas"));
  EXPECT_TRUE(topic_matches({"__sluice_*"}, "__sluice_tables"));
  EXPECT_FALSE(topic_matches({}, "x"));
  EXPECT_TRUE(topic_matches({"a*b*c"}, "a-b-b-c"));
  EXPECT_FALSE(topic_matches({"a*b*c"}, "a-b-b-d"));
}

TEST(CommitRecord, ReadsWhatItWrote) {
  CommitRecord record;
  record.topic = "a\"b";
  record.end = Offset{7};
  record.rows = 1;
  record.totals = {10, 2, 1ULL << 63};
  record.writer = "w";
  record.time_ms = 5;
  record.gap = true;
  record.incomplete = {{"dt=2026-11-24/hour=13", 1'795'528'800'000}};
  record.files.push_back({"tmp", "name", 12, 0xffffffff, 1, Offset{3}, Offset{3}, 9, 4, {7, 12}});
  const auto parsed = parse_commit_record(to_json(record), "x");
  ASSERT_TRUE(parsed.ok()) << parsed.error();
  EXPECT_EQ(*parsed, record);
}

TEST(CommitRecord, RefusesWhatIsNone) {
  CommitRecord record;
  record.topic = "t";
  record.end = Offset{7};
  const auto good = to_json(record);
  EXPECT_TRUE(parse_commit_record(good, "x").ok());
  for (std::size_t cut = 0; cut + 2 < good.size(); ++cut) {
    EXPECT_EQ(parse_commit_record(good.substr(0, cut), "x").error().code, ErrorCode::corrupt) << cut;
  }
  auto newer = good;
  newer.replace(newer.find("\"version\":1"), 11, "\"version\":2");
  EXPECT_EQ(parse_commit_record(newer, "x").error().code, ErrorCode::unsupported);
  auto backwards = good;
  backwards.replace(backwards.find("\"end\":7"), 7, "\"end\":0");
  EXPECT_EQ(parse_commit_record(backwards, "x").error().code, ErrorCode::corrupt);
}

TEST(Chain, BeginsWithoutAPositionAndMovesByCommits) {
  MemoryStore store;
  auto chain = Chain::open(store, "t", 0, "w1");
  ASSERT_TRUE(chain.ok()) << chain.error();
  EXPECT_FALSE(chain->end().has_value());
  ASSERT_TRUE(commit_two_files(store, *chain, Offset{0}, Offset{10}).ok());
  ASSERT_TRUE(commit_two_files(store, *chain, Offset{10}, Offset{20}).ok());
  EXPECT_TRUE(temporaries(store).empty());
  EXPECT_EQ(store.objects("t/").size(), 4U);

  const auto again = Chain::open(store, "t", 0, "w2");
  ASSERT_TRUE(again.ok()) << again.error();
  EXPECT_EQ(again->end(), Offset{20});
  EXPECT_EQ(again->totals().rows, 4U);
  EXPECT_EQ(again->totals().files, 4U);
}

// Every step of a commit, failed before and after it took effect.
TEST(Chain, ADeathAtAnyStepLeavesTheCommitWholeOrUndone) {
  int deaths = 0;
  for (const bool done : {false, true}) {
    for (std::uint64_t step = 1;; ++step) {
      MemoryStore store;
      auto chain = Chain::open(store, "t", 0, "w1");
      ASSERT_TRUE(commit_two_files(store, *chain, Offset{0}, Offset{10}).ok());
      store.die_at(step, done);
      static_cast<void>(commit_two_files(store, *chain, Offset{10}, Offset{20}).ok());
      if (!store.dead()) break;
      ++deaths;
      store.restart();

      auto after = Chain::open(store, "t", 0, "w2");
      ASSERT_TRUE(after.ok()) << after.error();
      const bool committed = after->end() == Offset{20};
      ASSERT_TRUE(committed || after->end() == Offset{10});
      EXPECT_EQ(store.objects("t/").size(), committed ? 4U : 2U) << "step " << step;
      if (!committed) {
        ASSERT_TRUE(commit_two_files(store, *after, Offset{10}, Offset{20}).ok());
      }
      EXPECT_EQ(store.objects("t/").size(), 4U);
      EXPECT_TRUE(temporaries(store).empty()) << "step " << step;
    }
  }
  EXPECT_GE(deaths, 20);
  std::printf("%d deaths injected\n", deaths);
}

TEST(Chain, OfTwoWritersOneIsFencedAndPublishesNothing) {
  MemoryStore store;
  auto one = Chain::open(store, "t", 0, "w1");
  auto two = Chain::open(store, "t", 0, "w2");
  ASSERT_TRUE(commit_two_files(store, *one, Offset{0}, Offset{10}).ok());
  const auto lost = commit_two_files(store, *two, Offset{0}, Offset{8});
  EXPECT_EQ(lost.error().code, ErrorCode::fenced);
  EXPECT_EQ(store.objects("t/").size(), 2U);
  EXPECT_EQ(read_record(store, "t", 0, Offset{0})->writer, "w1");
}

TEST(Chain, ATemporaryThatMayStillWinStays) {
  MemoryStore store;
  auto one = Chain::open(store, "t", 0, "w1");
  auto two = Chain::open(store, "t", 0, "w2");
  const auto rival = written(store, *two, Offset{0}, 0, "rival");
  ASSERT_TRUE(Chain::open(store, "t", 0, "w3").ok());
  EXPECT_EQ(temporaries(store), std::vector<std::string>{rival.temporary});
  ASSERT_TRUE(commit_two_files(store, *one, Offset{0}, Offset{10}).ok());
  EXPECT_TRUE(temporaries(store).empty());  // it has lost
}

TEST(Chain, AFileRemovedByHandIsCountedAndDoesNotStopTheSink) {
  MemoryStore store;
  auto chain = Chain::open(store, "t", 0, "w1");
  ASSERT_TRUE(commit_two_files(store, *chain, Offset{0}, Offset{10}).ok());
  ASSERT_TRUE(store.remove(file_name("t", "dt=2026-11-24/hour=13", 0, Offset{0}, 1, ".avro")).ok());
  const auto again = Chain::open(store, "t", 0, "w2");
  ASSERT_TRUE(again.ok()) << again.error();
  EXPECT_EQ(again->missing_files(), 1U);
  EXPECT_EQ(again->end(), Offset{10});
}

TEST(Chain, UploadsThatExpireBeforeTheyAreFilesAreTold) {
  for (const bool named : {false, true}) {
    MemoryStore store;
    store.let_temporaries_expire();
    auto chain = Chain::open(store, "t", 0, "w1");
    ASSERT_TRUE(commit_two_files(store, *chain, Offset{0}, Offset{10}).ok());
    if (!named) {
      ASSERT_TRUE(store.remove(named_name("t", 0)).ok());  // as if it had died after the record
    }
    ASSERT_TRUE(store.remove(file_name("t", "dt=2026-11-24/hour=13", 0, Offset{0}, 1, ".avro")).ok());
    const auto again = Chain::open(store, "t", 0, "w2");
    ASSERT_TRUE(again.ok()) << again.error();
    EXPECT_EQ(again->lost().has_value(), !named);
    EXPECT_EQ(again->missing_files(), named ? 1U : 0U);
  }
}

TEST(Chain, AForeignFileInTheWayIsNotOverwritten) {
  MemoryStore store;
  auto chain = Chain::open(store, "t", 0, "w1");
  const auto name = file_name("t", "dt=2026-11-24/hour=13", 0, Offset{0}, 0, ".avro");
  store.plant(name, "somebody's");
  EXPECT_EQ(commit_two_files(store, *chain, Offset{0}, Offset{10}).error().code, ErrorCode::corrupt);
  EXPECT_EQ(store.objects(name).at(name), "somebody's");
}

}  // namespace
}  // namespace sluice::deliver::archive
