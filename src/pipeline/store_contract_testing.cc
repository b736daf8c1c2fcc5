#include "pipeline/store_contract_testing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

namespace sluice::pipeline {

namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Strings = std::vector<std::string>;

const std::string kTemporaries = "_tmp";

std::string new_temporary() {
  static std::atomic<int> count = 0;
  return kTemporaries + "/w1-" + std::to_string(++count);
}

// A finished temporary's id.
std::string write(Store& store, const std::string& name, const Strings& pieces) {
  auto writer = store.create(new_temporary(), name);
  EXPECT_TRUE(writer.ok()) << writer.error();
  if (!writer.ok()) return "";
  for (const auto& piece : pieces) {
    const auto appended = (*writer)->append(piece);
    EXPECT_TRUE(appended.ok()) << appended.error();
  }
  const auto id = (*writer)->finish();
  EXPECT_TRUE(id.ok()) << id.error();
  return id.ok() ? *id : "";
}

// A place may ask for patience, when two want one name at a time.
template <typename Call>
Result<Published> patiently(Call call) {
  for (int i = 0; i < 100; ++i) {
    auto outcome = call();
    if (outcome.ok() || outcome.error().code != ErrorCode::back_off) return outcome;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return call();
}

void expect_published(Store& store, const std::string& id, const std::string& name, Published wanted) {
  const auto outcome = patiently([&] { return store.publish(id, name); });
  ASSERT_TRUE(outcome.ok()) << name << ": " << outcome.error();
  EXPECT_EQ(*outcome, wanted) << name;
}

void expect_put(Store& store, const std::string& name, ByteView bytes, Published wanted) {
  const auto outcome = patiently([&] { return store.put(new_temporary(), name, bytes); });
  ASSERT_TRUE(outcome.ok()) << name << ": " << outcome.error();
  EXPECT_EQ(*outcome, wanted) << name;
}

std::string content(Store& store, const std::string& name) {
  const auto size = store.size(name);
  if (!size.ok()) return size.error().text();
  auto bytes = store.read(name, 0, *size);
  return bytes.ok() ? *std::move(bytes) : bytes.error().text();
}

template <typename T>
ErrorCode code_of(const Result<T>& result) {
  EXPECT_FALSE(result.ok());
  return result.ok() ? ErrorCode::corrupt : result.error().code;
}

// Names under a folder, those of folders with '/' at their end; the folder of temporaries left out.
Strings listed(Store& store, const std::string& folder) {
  const auto entries = store.list(folder);
  EXPECT_TRUE(entries.ok()) << entries.error();
  Strings out;
  if (!entries.ok()) return out;
  for (const auto& entry : *entries) {
    if (entry.name != kTemporaries) out.push_back(entry.name + (entry.is_folder ? "/" : ""));
  }
  return out;
}

std::vector<Leftover> leftovers_of(Store& store, const std::string& names) {
  auto found = store.leftovers(kTemporaries, names);
  EXPECT_TRUE(found.ok()) << found.error();
  return found.ok() ? *std::move(found) : std::vector<Leftover>{};
}

// Bytes that tell where they are.
std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>((i * 131 + (i >> 8) * 17 + (i >> 16)) & 0xff);
  return out;
}

void what_is_published_can_be_read(StoreUnderTest& under) {
  auto& store = under.store();
  const auto id = write(store, "t/one.avro", {"ab", "", "cde"});
  EXPECT_EQ(code_of(store.read("t/one.avro", 0, 10)), ErrorCode::not_found);
  EXPECT_EQ(code_of(store.size("t/one.avro")), ErrorCode::not_found);
  EXPECT_EQ(store.temporary_size(id).value_or(0U), 5U);
  expect_published(store, id, "t/one.avro", Published::now);
  EXPECT_EQ(content(store, "t/one.avro"), "abcde");
  EXPECT_EQ(code_of(store.temporary_size(id)), ErrorCode::not_found);
  EXPECT_FALSE(store.where().empty());
}

void an_empty_object_is_an_object(StoreUnderTest& under) {
  auto& store = under.store();
  const auto id = write(store, "t/none", {});
  EXPECT_EQ(store.temporary_size(id).value_or(1U), 0U);
  expect_published(store, id, "t/none", Published::now);
  expect_put(store, "t/nothing", "", Published::now);
  for (const std::string name : {"t/none", "t/nothing"}) {
    EXPECT_EQ(store.size(name).value_or(1U), 0U);
    EXPECT_EQ(content(store, name), "");
  }
}

void a_publish_may_be_repeated_by_anybody(StoreUnderTest& under) {
  auto& store = under.store();
  const auto other = under.another();
  const auto id = write(store, "t/one", {"bytes"});
  EXPECT_EQ(other->temporary_size(id).value_or(0U), 5U);
  expect_published(*other, id, "t/one", Published::now);
  expect_published(*other, id, "t/one", Published::before);
  expect_published(store, id, "t/one", Published::before);
  EXPECT_EQ(content(store, "t/one"), "bytes");
}

void nothing_is_ever_overwritten(StoreUnderTest& under) {
  auto& store = under.store();
  const auto first = write(store, "t/one", {"first"});
  const auto second = write(store, "t/one", {"the second"});
  expect_published(store, first, "t/one", Published::now);
  for (int i = 0; i < 2; ++i) expect_published(store, second, "t/one", Published::name_is_taken);
  EXPECT_EQ(store.temporary_size(second).value_or(0U), 10U);  // it stays
  expect_put(store, "t/one", "third", Published::name_is_taken);
  EXPECT_EQ(content(store, "t/one"), "first");
  expect_put(store, "t/two", "put", Published::now);
  expect_put(store, "t/two", "again", Published::name_is_taken);
  const auto late = write(store, "t/two", {"late"});
  expect_published(store, late, "t/two", Published::name_is_taken);
  EXPECT_EQ(content(store, "t/two"), "put");
  for (const auto& id : {second, late}) EXPECT_TRUE(store.discard(id).ok());
  EXPECT_THAT(leftovers_of(store, "t"), IsEmpty());
}

void what_is_discarded_is_not_found(StoreUnderTest& under) {
  auto& store = under.store();
  const auto id = write(store, "t/one", {"bytes"});
  for (int i = 0; i < 2; ++i) {
    const auto discarded = store.discard(id);
    ASSERT_TRUE(discarded.ok()) << discarded.error();
  }
  EXPECT_EQ(code_of(store.publish(id, "t/one")), ErrorCode::not_found);
  EXPECT_EQ(code_of(store.temporary_size(id)), ErrorCode::not_found);
  const auto gone = write(store, "t/two", {"bytes"});
  expect_published(store, gone, "t/two", Published::now);
  ASSERT_TRUE(store.discard(gone).ok());  // of a name that is published it takes nothing away
  EXPECT_EQ(content(store, "t/two"), "bytes");
  ASSERT_TRUE(store.remove("t/two").ok());
  EXPECT_EQ(code_of(store.publish(gone, "t/two")), ErrorCode::not_found);
}

void a_dropped_writer_leaves_nothing(StoreUnderTest& under) {
  auto& store = under.store();
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, std::size_t{9} << 20}) {
    auto writer = store.create(new_temporary(), "t/one");
    ASSERT_TRUE(writer.ok()) << writer.error();
    ASSERT_TRUE((*writer)->append(std::string(size, 'x')).ok());
  }
  EXPECT_THAT(leftovers_of(store, "t"), IsEmpty());
  EXPECT_THAT(listed(store, "t"), IsEmpty());
}

void leftovers_are_found_and_discarded(StoreUnderTest& under) {
  auto& store = under.store();
  const auto other = under.another();
  const auto a = write(store, "t/a", {"a"});
  const auto b = write(store, "t/sub/b", {"bb"});
  const auto done = write(store, "t/done", {"done"});
  expect_published(store, done, "t/done", Published::now);
  const auto found = leftovers_of(*other, "t/");
  ASSERT_EQ(found.size(), 2U);
  for (const auto& one : found) {
    EXPECT_FALSE(one.name.empty());
    EXPECT_EQ(one.name.find('/'), std::string::npos) << one.name;
    EXPECT_TRUE(other->temporary_size(one.id).ok());
  }
  const auto none = other->leftovers("_none", "u/");
  ASSERT_TRUE(none.ok()) << none.error();
  EXPECT_THAT(*none, IsEmpty());
  for (const auto& one : found) ASSERT_TRUE(other->discard(one.id).ok());
  EXPECT_THAT(leftovers_of(store, "t/"), IsEmpty());
  EXPECT_EQ(code_of(store.publish(a, "t/a")), ErrorCode::not_found);
  EXPECT_EQ(code_of(store.publish(b, "t/sub/b")), ErrorCode::not_found);
}

void replace_takes_the_place_whole(StoreUnderTest& under) {
  auto& store = under.store();
  const auto replace = [&](const std::string& bytes) {
    const auto replaced = store.replace(new_temporary(), "t/latest", bytes);
    ASSERT_TRUE(replaced.ok()) << replaced.error();
  };
  replace("made");
  EXPECT_EQ(content(store, "t/latest"), "made");
  std::atomic<bool> stop = false;
  std::thread reader([&] {
    const auto other = under.another();
    while (!stop) {
      const auto bytes = other->read("t/latest", 0, 1 << 20);
      if (!bytes.ok()) {
        EXPECT_EQ(bytes.error().code, ErrorCode::back_off) << bytes.error();
        continue;
      }
      EXPECT_TRUE(*bytes == "made" || *bytes == std::string(100'000, 'a') || *bytes == std::string(200'000, 'b'));
    }
  });
  for (int i = 0; i < 10; ++i) replace(i % 2 == 0 ? std::string(100'000, 'a') : std::string(200'000, 'b'));
  stop = true;
  reader.join();
  EXPECT_EQ(content(store, "t/latest"), std::string(200'000, 'b'));
  EXPECT_THAT(listed(store, "t"), UnorderedElementsAre("latest"));
  EXPECT_THAT(leftovers_of(store, "t"), IsEmpty());
}

void ranges_end_where_the_object_ends(StoreUnderTest& under) {
  auto& store = under.store();
  expect_put(store, "t/o", "0123456789", Published::now);
  const auto range = [&](std::uint64_t offset, std::size_t size) {
    const auto bytes = store.read("t/o", offset, size);
    EXPECT_TRUE(bytes.ok()) << bytes.error();
    return bytes.ok() ? *bytes : "";
  };
  EXPECT_EQ(range(0, 10), "0123456789");
  EXPECT_EQ(range(0, 1), "0");
  EXPECT_EQ(range(3, 4), "3456");
  EXPECT_EQ(range(8, 100), "89");
  EXPECT_EQ(range(10, 5), "");
  EXPECT_EQ(range(1000, 5), "");
  EXPECT_EQ(range(2, 0), "");
  EXPECT_EQ(code_of(store.read("t/none", 0, 0)), ErrorCode::not_found);
  EXPECT_EQ(code_of(store.read("t/none", 5, 5)), ErrorCode::not_found);
  EXPECT_EQ(code_of(store.read("none/at/all", 0, 5)), ErrorCode::not_found);
}

void folders_list_what_lies_in_them(StoreUnderTest& under) {
  auto& store = under.store();
  EXPECT_THAT(listed(store, ""), IsEmpty());
  EXPECT_THAT(listed(store, "none/at/all"), IsEmpty());
  for (const auto* name : {"top", "t/a", "t/b", "t/x/1", "t/x/2", "t/x/deep/3", "t2/c", "t.d/e"}) {
    expect_put(store, name, name, Published::now);
  }
  EXPECT_THAT(listed(store, ""), UnorderedElementsAre("top", "t/", "t2/", "t.d/"));
  EXPECT_THAT(listed(store, "t"), UnorderedElementsAre("a", "b", "x/"));
  EXPECT_THAT(listed(store, "t/x"), UnorderedElementsAre("1", "2", "deep/"));
  Strings many;
  for (int i = 0; i < 40; ++i) many.push_back("file-" + std::to_string(i));
  for (const auto& name : many) expect_put(store, "many/" + name, "", Published::now);
  EXPECT_THAT(listed(store, "many"), ::testing::UnorderedElementsAreArray(many));
}

void a_removed_object_is_gone(StoreUnderTest& under) {
  auto& store = under.store();
  expect_put(store, "t/a", "a", Published::now);
  expect_put(store, "t/b", "b", Published::now);
  for (int i = 0; i < 2; ++i) {
    const auto removed = store.remove("t/a");
    ASSERT_TRUE(removed.ok()) << removed.error();
  }
  ASSERT_TRUE(store.remove("none/at/all").ok());
  EXPECT_EQ(code_of(store.size("t/a")), ErrorCode::not_found);
  EXPECT_THAT(listed(store, "t"), UnorderedElementsAre("b"));
  expect_put(store, "t/a", "new", Published::now);
  EXPECT_EQ(content(store, "t/a"), "new");
}

void names_are_kept_to_the_letter(StoreUnderTest& under) {
  auto& store = under.store();
  const Strings names = {"dt=2024-01-01",
                         "a b",
                         "a+b",
                         "100%",
                         "a%20b",
                         "a%2Fb",
                         "b&c<d>",
                         "gr\xc3\xb6\xc3\x9f"
                         "e",
                         "\xe6\x97\xa5\xe6\x9c\xac",
                         "q?r#s",
                         "(1),'2'",
                         "x;y@z$!",
                         "~-_.",
                         "tilde~*"};
  for (const auto& name : names) {
    expect_put(store, "put/" + name, name, Published::now);
    const auto in_folder = name + "/hour=00/" + name;
    expect_published(store, write(store, in_folder, {name}), in_folder, Published::now);
    EXPECT_EQ(content(store, "put/" + name), name);
    EXPECT_EQ(content(store, in_folder), name);
    EXPECT_THAT(listed(store, name), UnorderedElementsAre("hour=00/"));
    EXPECT_THAT(listed(store, name + "/hour=00"), UnorderedElementsAre(name));
    const auto id = write(store, name + "/left", {"x"});
    const auto left = leftovers_of(store, name + "/");
    ASSERT_EQ(left.size(), 1U) << name;
    ASSERT_TRUE(store.discard(left[0].id).ok());
    EXPECT_EQ(code_of(store.temporary_size(id)), ErrorCode::not_found) << name;
  }
  EXPECT_THAT(listed(store, "put"), ::testing::UnorderedElementsAreArray(names));
  for (const auto& name : names) ASSERT_TRUE(store.remove("put/" + name).ok());
  EXPECT_THAT(listed(store, "put"), IsEmpty());
}

void what_cannot_be_a_name_is_rejected(StoreUnderTest& under) {
  auto& store = under.store();
  for (const std::string name : {"", "/", "/a", "a//b", ".a", "a/.b", "a/../b", "a/"}) {
    EXPECT_EQ(code_of(store.put(new_temporary(), name, "x")), ErrorCode::rejected) << name;
    EXPECT_EQ(code_of(store.read(name, 0, 1)), ErrorCode::rejected) << name;
    const auto made = store.create(new_temporary(), name);
    if (!made.ok()) {  // a place that needs the name at publish only tells it there
      EXPECT_EQ(made.error().code, ErrorCode::rejected) << name;
      continue;
    }
    const auto id = (*made)->finish();
    ASSERT_TRUE(id.ok()) << id.error();
    EXPECT_EQ(code_of(store.publish(*id, name)), ErrorCode::rejected) << name;
    EXPECT_TRUE(store.discard(*id).ok());
  }
}

void large_objects_come_back_whole(StoreUnderTest& under) {
  auto& store = under.store();
  const auto bytes = pattern((std::size_t{20} << 20) + 12345);
  Strings pieces;
  for (std::size_t at = 0, size = 1; at < bytes.size(); at += size, size = (size * 7 + 1) % 3'000'001) {
    pieces.push_back(bytes.substr(at, size));
  }
  const auto id = write(store, "t/large", pieces);
  EXPECT_EQ(store.temporary_size(id).value_or(0U), bytes.size());
  expect_published(store, id, "t/large", Published::now);
  EXPECT_EQ(store.size("t/large").value_or(0U), bytes.size());
  for (const std::size_t offset : {std::size_t{0}, std::size_t{8'388'600}, bytes.size() - 100}) {
    EXPECT_EQ(*store.read("t/large", offset, 1000), bytes.substr(offset, 1000));
  }
  EXPECT_TRUE(content(store, "t/large") == bytes);
}

void one_of_two_writers_gets_the_name(StoreUnderTest& under) {
  auto& store = under.store();
  const auto other = under.another();
  for (int round = 0; round < 10; ++round) {
    const auto name = "t/" + std::to_string(round);
    const auto put_name = "put/" + std::to_string(round);
    std::atomic<int> winner = -1, published = 0, put = 0;
    const auto race = [&](Store& mine, int who) {
      const auto id = write(mine, name, {"of ", std::to_string(who)});
      const auto outcome = patiently([&] { return mine.publish(id, name); });
      ASSERT_TRUE(outcome.ok()) << outcome.error();
      if (*outcome == Published::now && ++published == 1) winner = who;
      const auto small = patiently([&] { return mine.put(new_temporary(), put_name, std::to_string(who)); });
      ASSERT_TRUE(small.ok()) << small.error();
      if (*small == Published::now) ++put;
      EXPECT_TRUE(mine.discard(id).ok());
    };
    std::thread one([&] { race(store, 1); });
    std::thread two([&] { race(*other, 2); });
    one.join();
    two.join();
    EXPECT_EQ(published, 1);
    EXPECT_EQ(put, 1);
    EXPECT_EQ(content(store, name), "of " + std::to_string(winner));
  }
  EXPECT_THAT(leftovers_of(store, "t"), IsEmpty());
}

class ContractTest : public ::testing::Test {
 public:
  ContractTest(MakeStoreUnderTest make, void (*promise)(StoreUnderTest&)) : make_(std::move(make)), promise_(promise) {}
  void TestBody() override {
    const auto under = make_();
    if (under == nullptr) GTEST_SKIP() << "its server is not there";
    promise_(*under);
  }

 private:
  MakeStoreUnderTest make_;
  void (*promise_)(StoreUnderTest&);
};

struct Promise {
  const char* name;
  void (*check)(StoreUnderTest&);
};

constexpr Promise kPromises[] = {
    {"WhatIsPublishedCanBeRead", &what_is_published_can_be_read},
    {"AnEmptyObjectIsAnObject", &an_empty_object_is_an_object},
    {"APublishMayBeRepeatedByAnybody", &a_publish_may_be_repeated_by_anybody},
    {"NothingIsEverOverwritten", &nothing_is_ever_overwritten},
    {"WhatIsDiscardedIsNotFound", &what_is_discarded_is_not_found},
    {"ADroppedWriterLeavesNothing", &a_dropped_writer_leaves_nothing},
    {"LeftoversAreFoundAndDiscarded", &leftovers_are_found_and_discarded},
    {"ReplaceTakesThePlaceWhole", &replace_takes_the_place_whole},
    {"RangesEndWhereTheObjectEnds", &ranges_end_where_the_object_ends},
    {"FoldersListWhatLiesInThem", &folders_list_what_lies_in_them},
    {"ARemovedObjectIsGone", &a_removed_object_is_gone},
    {"NamesAreKeptToTheLetter", &names_are_kept_to_the_letter},
    {"WhatCannotBeANameIsRejected", &what_cannot_be_a_name_is_rejected},
    {"LargeObjectsComeBackWhole", &large_objects_come_back_whole},
    {"OneOfTwoWritersGetsTheName", &one_of_two_writers_gets_the_name},
};

}  // namespace

bool register_store_contract(const std::string& name, const MakeStoreUnderTest& make) {
  for (const auto& promise : kPromises) {
    ::testing::RegisterTest(
        (name + "KeepsTheContract").c_str(), promise.name, nullptr, nullptr, __FILE__, __LINE__,
        [make, check = promise.check]() -> ::testing::Test* { return new ContractTest(make, check); });
  }
  return true;
}

}  // namespace sluice::pipeline
