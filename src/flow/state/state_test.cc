#include "flow/state/state.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <thread>

namespace sluice::flow {
namespace {

class Folder {
 public:
  Folder() {
    std::string name = "/tmp/sluice-state-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

using Model = std::map<Bytes, Bytes>;

std::unique_ptr<DiskState> open(const std::string& folder, std::size_t memory_bytes = std::size_t{8} << 20) {
  auto opened = DiskState::open(folder, memory_bytes);
  EXPECT_TRUE(opened.ok()) << opened.error();
  return opened.ok() ? std::move(opened).value() : nullptr;
}

template <typename Readable>
Model contents(Readable& state, ByteView prefix = {}, ByteView from = {}) {
  Model all;
  const auto done = state.scan(prefix, from, [&](ByteView key, ByteView value) {
    EXPECT_TRUE(all.empty() || all.rbegin()->first < key);
    all.emplace(key, value);
    return true;
  });
  EXPECT_TRUE(done.ok());
  return all;
}

Model within(const Model& model, const Bytes& prefix, const Bytes& from) {
  Model all;
  for (auto at = model.lower_bound(std::max(prefix, from)); at != model.end() && at->first.starts_with(prefix); ++at) all.insert(*at);
  return all;
}

Bytes random_key(std::mt19937_64& random) {
  Bytes key(1 + random() % 3, ' ');
  for (char& byte : key) byte = "\x00\x01" "ab\xff"[random() % 5];
  return key;
}

// One random step, in the state and in the model of it.
void step(State& state, Model& model, std::mt19937_64& random) {
  const Bytes key = random_key(random);
  switch (random() % 6) {
    case 0:
    case 1: {
      const Bytes value(random() % 40, static_cast<char>(random()));
      state.put(key, value);
      model[key] = value;
      break;
    }
    case 2:
      state.erase(key);
      model.erase(key);
      break;
    case 3: {
      const Bytes from = random() % 2 == 0 ? Bytes{} : random_key(random);
      const Bytes prefix = random() % 2 == 0 ? Bytes{} : key.substr(0, 1);
      ASSERT_EQ(contents(state, prefix, from), within(model, prefix, from));
      break;
    }
    default: {
      const auto got = state.get(key);
      ASSERT_TRUE(got.ok());
      const auto is = model.find(key);
      ASSERT_EQ(*got, is == model.end() ? std::nullopt : std::optional(is->second));
    }
  }
}

TEST(State, MemoryIsAnOrderedMap) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const auto state = memory_state();
  Model model;
  for (int n = 0; n < 20'000; ++n) ASSERT_NO_FATAL_FAILURE(step(*state, model, random));
}

TEST(State, DiskIsAnOrderedMapThroughCommitsRollbacksFlushesAndReopening) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const Folder folder;
  auto state = open(folder.path(), std::size_t{16} << 10);
  Model model;
  Model committed;
  std::string applied;
  for (int n = 0; n < 30'000; ++n) {
    ASSERT_NO_FATAL_FAILURE(step(*state, model, random));
    const auto what = random() % 1000;
    if (what < 30) {
      applied = std::to_string(n);
      ASSERT_TRUE(state->commit(applied).ok());
      committed = model;
    } else if (what < 40) {
      state->rollback();
      model = committed;
      ASSERT_EQ(state->batch_bytes(), 0U);
    } else if (what < 45) {
      ASSERT_TRUE(state->flush().ok());
    } else if (what < 47) {
      state.reset();
      state = open(folder.path(), std::size_t{16} << 10);
      model = committed;
    } else if (what < 57) {
      ASSERT_EQ(contents(*state->snapshot()), committed);
    }
    ASSERT_EQ(state->applied(), applied);
  }
  ASSERT_TRUE(state->flush().ok());
  EXPECT_GT(state->disk_bytes(), 0U);
}

TEST(State, ChangesAreTheLastOfEachKeyInOrder) {
  const Folder folder;
  const auto state = open(folder.path());
  state->put("b", "1");
  state->put("a", "2");
  state->put("b", "3");
  state->erase("c");
  std::vector<std::pair<Bytes, std::optional<Bytes>>> seen;
  state->changes([&](ByteView key, std::optional<ByteView> value) { seen.emplace_back(key, value); });
  const std::vector<std::pair<Bytes, std::optional<Bytes>>> expected = {{"a", "2"}, {"b", "3"}, {"c", std::nullopt}};
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(state->batch_bytes(), 5U);
}

TEST(State, WhatIsLoadedIsThereAfterTheCommitAndGoesWithARollback) {
  const Folder folder;
  const auto state = open(folder.path());
  state->put("known", "1");
  ASSERT_TRUE(state->commit("one").ok());
  state->load("known", "2");
  state->load("a", "1");
  state->load("a", "2");
  state->load("b", "1");
  state->load("b", std::nullopt);
  EXPECT_GT(state->batch_bytes(), 0U);
  ASSERT_TRUE(state->commit("two").ok());
  EXPECT_EQ(contents(*state->snapshot()), (Model{{"a", "2"}, {"known", "2"}}));
  EXPECT_EQ(*state->get("known"), "2");
  state->load("a", std::nullopt);
  state->rollback();
  ASSERT_TRUE(state->commit("three").ok());
  EXPECT_EQ(*state->get("a"), "2");
}

TEST(State, AScanEndsWhereItsPrefixEnds) {
  const Folder folder;
  const auto state = open(folder.path());
  for (const char* const key : {"a", "b", "b\xff", "b\xff\xff", "c", "\xff", "\xff\xff"}) state->put(key, "");
  ASSERT_TRUE(state->commit("one").ok());
  const auto count = [&](ByteView prefix) {
    int seen = 0;
    EXPECT_TRUE(state->scan(prefix, {}, [&](ByteView, ByteView) { return ++seen, true; }).ok());
    int there = 0;
    EXPECT_TRUE(state->snapshot()->scan(prefix, {}, [&](ByteView, ByteView) { return ++there, true; }).ok());
    EXPECT_EQ(seen, there);
    return seen;
  };
  EXPECT_EQ(count("b"), 3);
  EXPECT_EQ(count("b\xff"), 2);
  EXPECT_EQ(count("\xff"), 2);
  EXPECT_EQ(count({}), 7);
}

TEST(State, SnapshotStaysAsItWasAndOutlivesTheState) {
  const Folder folder;
  auto state = open(folder.path());
  state->put("a", "1");
  ASSERT_TRUE(state->commit("one").ok());
  const std::shared_ptr<const Snapshot> before = state->snapshot();
  state->put("a", "2");
  ASSERT_TRUE(state->commit("two").ok());
  EXPECT_EQ(*before->get("a"), "1");
  EXPECT_EQ(*state->snapshot()->get("a"), "2");
  state.reset();
  std::jthread reader([&] { EXPECT_EQ(contents(*before), (Model{{"a", "1"}})); });
}

TEST(State, SecondOwnerIsRefusedAndDamageIsTold) {
  const Folder folder;
  {
    const auto state = open(folder.path());
    state->put("a", "1");
    ASSERT_TRUE(state->commit("one").ok());
    const auto second = DiskState::open(folder.path(), 1 << 20);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, ErrorCode::rejected);
  }
  for (const auto& file : std::filesystem::directory_iterator(folder.path())) {
    if (file.path().filename().string().starts_with("MANIFEST")) std::filesystem::resize_file(file.path(), 20);
  }
  const auto damaged = DiskState::open(folder.path(), 1 << 20);
  ASSERT_FALSE(damaged.ok());
  EXPECT_EQ(damaged.error().code, ErrorCode::corrupt) << damaged.error();
}

// What batch n does: so that contents tell which batch was the last.
void apply(Model& model, int n) {
  for (int k = 0; k < 50; ++k) {
    const Bytes key = std::to_string((n * 7919 + k * 31) % 2000);
    if ((n + k) % 5 == 0) {
      model.erase(key);
    } else {
      model[key] = std::to_string(n) + Bytes(200, 'x');
    }
  }
}

// Goes on from what is there until it is killed.
void write_until_killed(const std::string& folder, std::uint64_t seed) {
  std::jthread killer([seed] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + seed % 400));
    kill(getpid(), SIGKILL);
  });
  const auto state = open(folder, std::size_t{1} << 20);
  for (int n = state->applied().empty() ? 0 : std::stoi(state->applied()) + 1;; ++n) {
    Model before;
    apply(before, n);
    for (int k = 0; k < 50; ++k) {
      const Bytes key = std::to_string((n * 7919 + k * 31) % 2000);
      const auto now = before.find(key);
      if (now == before.end()) {
        state->erase(key);
      } else {
        state->put(key, now->second);
      }
    }
    if (!state->commit(std::to_string(n)).ok()) _exit(1);
    if (n % 97 == 0 && !state->flush().ok()) _exit(1);
  }
}

TEST(StateDeathTest, KillLeavesWholeBatchesUpToTheOneItNames) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const char* const of_parent = getenv("SLUICE_STATE_TEST");
  const Folder folder;
  const std::string path = of_parent != nullptr ? of_parent : folder.path();
  setenv("SLUICE_STATE_TEST", path.c_str(), 1);
  int last = -1;
  Model model;
  for (std::uint64_t kills = 0; kills < 8; ++kills) {
    EXPECT_EXIT(write_until_killed(path, kills * 57 + 13), testing::KilledBySignal(SIGKILL), "");
    const auto state = open(path);
    ASSERT_TRUE(state);
    const int applied = state->applied().empty() ? -1 : std::stoi(state->applied());
    ASSERT_GE(applied, last);
    for (; last < applied; ++last) apply(model, last + 1);
    ASSERT_EQ(contents(*state), model) << "after batch " << applied;
  }
  unsetenv("SLUICE_STATE_TEST");
  EXPECT_GT(last, 100);
}

}  // namespace
}  // namespace sluice::flow
