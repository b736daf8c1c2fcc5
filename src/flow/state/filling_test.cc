// Fillings: what they sort comes out as a map has it, and an end at any moment leaves all of it or nothing.

#include <gtest/gtest.h>
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <random>
#include <sstream>
#include <thread>

#include "flow/state/sorter.h"
#include "flow/state/state.h"

namespace sluice::flow {
namespace {

class Folder {
 public:
  Folder() {
    std::string name = "/tmp/sluice-filling-XXXXXX";
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
const auto kGoOn = [](double) { return true; };

std::unique_ptr<DiskState> open(const Folder& folder, std::size_t memory_bytes = std::size_t{64} << 10) {
  auto opened = DiskState::open(folder.path(), memory_bytes);
  EXPECT_TRUE(opened.ok()) << opened.error();
  return opened.ok() ? std::move(opened).value() : nullptr;
}

Model contents(State& state) {
  Model all;
  EXPECT_TRUE(state.scan({}, {}, [&](ByteView key, ByteView value) { return all.emplace(key, value), true; }).ok());
  return all;
}

// Keys of few bytes and of many, that begin alike and end in zeros, some as prefixes of others.
Bytes random_key(std::mt19937_64& random) {
  Bytes key = random() % 8 == 0 ? "u" : "s\x01of one operator";
  for (auto left = random() % 22; left > 0; --left) key += "\0\x01\x7f\x80\xff"[random() % 5];
  return key;
}

Bytes random_value(std::mt19937_64& random) {
  const auto size = random() % 500 == 0 ? 100'000 : random() % 60;
  return Bytes(size, static_cast<char>(random()));
}

// Some are changed again and again. Far more than fits: over 64 runs, the first merge of which gives runs again.
void change(Filling& filling, Model& model, std::mt19937_64& random, int changes) {
  for (int n = 0; n < changes; ++n) {
    const auto key = random() % 3 == 0 ? "s" + std::to_string(random() % 50) : random_key(random);
    if (random() % 4 == 0) {
      ASSERT_TRUE(filling.add(key, std::nullopt).ok());
      model.erase(key);
    } else {
      const auto value = random_value(random);
      ASSERT_TRUE(filling.add(key, value).ok());
      model[key] = value;
    }
  }
}

TEST(Filling, GivesTheLastOfEachKeyWhateverTheirNumber) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (const int changes : {0, 1, 50, 100'000}) {
    const Folder folder;
    Model model;
    auto state = open(folder);
    {
      auto filling = state->fill();
      ASSERT_TRUE(filling.ok()) << filling.error();
      ASSERT_NO_FATAL_FAILURE(change(**filling, model, random, changes));
      double last = 0;
      const auto done = (*filling)->finish("there", [&](double part) {
        EXPECT_GE(part, last);
        EXPECT_LE(part, 1);
        last = part;
        return true;
      });
      ASSERT_TRUE(done.ok()) << done.error();
    }
    EXPECT_EQ(state->applied(), "there");
    EXPECT_EQ(contents(*state), model);
    state->put("s1", "later");
    model["s1"] = "later";
    ASSERT_TRUE(state->commit("further").ok());
    ASSERT_TRUE(state->flush().ok());
    state.reset();
    state = open(folder);
    EXPECT_EQ(state->applied(), "further");
    EXPECT_EQ(contents(*state), model);
    EXPECT_FALSE(std::filesystem::exists(folder.path() + "/filling"));
  }
}

TEST(Filling, ThatWasStoppedLeavesNothingAndCanBeBegunAgain) {
  std::mt19937_64 random(1);
  const Folder folder;
  Model model;
  const auto state = open(folder);
  {
    auto filling = state->fill();
    ASSERT_NO_FATAL_FAILURE(change(**filling, model, random, 20'000));
    int told = 0;
    EXPECT_EQ((*filling)->finish("there", [&](double) { return ++told < 5; }).error().code, ErrorCode::cancelled);
  }
  EXPECT_EQ(state->applied(), "");
  EXPECT_EQ(contents(*state), Model{});
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/filling"));
  auto again = state->fill();
  ASSERT_TRUE((*again)->add("a", "1").ok());
  ASSERT_TRUE((*again)->finish("there", kGoOn).ok());
  EXPECT_EQ(contents(*state), (Model{{"a", "1"}}));
}

TEST(Sorter, HoldsNoMoreThanItMay) {
  constexpr std::size_t kMemoryBytes = std::size_t{4} << 20;
  const auto held = [] { return mallinfo2().uordblks + mallinfo2().hblkhd; };
  const Folder folder;
  io::Workers workers(1);
  const auto before = held();
  std::size_t most = 0;
  std::uint64_t given = 0;
  Sorter sorter(folder.path(), kMemoryBytes, workers);
  std::mt19937_64 random(1);
  for (int n = 0; n < 1'500'000; ++n) {
    const auto key = std::to_string(random());
    ASSERT_TRUE(sorter.add({key, key}).ok());
    if (n % 1000 == 0) most = std::max(most, held() - before);
  }
  const auto count = [&](ByteView frames) -> Result<void> {
    for (ByteReader in(frames); !in.at_end(); ++given) static_cast<void>(take_frame(in));
    most = std::max(most, held() - before);
    return {};
  };
  ASSERT_TRUE(sorter.merge(count, kGoOn).ok());
  EXPECT_EQ(given, 1'500'000U);
  EXPECT_LT(most, kMemoryBytes * 2);  // a part of the buffers is only reserved
}

constexpr int kKilledKeys = 30'000;
Bytes value_of(int n) { return Bytes(100, static_cast<char>('a' + n % 20)); }

// SLUICE_FILLING_TEST tells the process that dies where, and after how many milliseconds.
void fill_until_killed() {
  std::istringstream told(getenv("SLUICE_FILLING_TEST"));
  std::string path;
  int after_ms = 0;
  told >> path >> after_ms;
  const std::jthread killer([after_ms] {
    std::this_thread::sleep_for(std::chrono::milliseconds(after_ms));
    kill(getpid(), SIGKILL);
  });
  const auto state = DiskState::open(path, std::size_t{256} << 10);
  const auto filling = (*state)->fill();
  for (int n = 0; n < kKilledKeys; ++n) {
    if (!(*filling)->add(std::to_string(n), value_of(n)).ok()) _exit(1);
  }
  if (!(*filling)->finish("all", kGoOn).ok()) _exit(1);
  pause();
}

// A test of death runs again from its beginning, in the process that is to die.
TEST(FillingDeathTest, AKillAtAnyMomentLeavesAllOrNothing) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const bool dying = getenv("SLUICE_FILLING_TEST") != nullptr;
  Model all;
  for (int n = 0; n < kKilledKeys; ++n) all[std::to_string(n)] = value_of(n);
  int whole = 0;
  int nothing = 0;
  int after_ms = 1;
  for (int kills = 0; kills < 30; ++kills) {
    std::optional<Folder> folder;  // who dies would leave it
    if (!dying) setenv("SLUICE_FILLING_TEST", (folder.emplace().path() + " " + std::to_string(after_ms)).c_str(), 1);
    EXPECT_EXIT(fill_until_killed(), testing::KilledBySignal(SIGKILL), "");
    if (dying) continue;
    const auto state = open(*folder);
    ASSERT_TRUE(state);
    EXPECT_FALSE(std::filesystem::exists(folder->path() + "/filling"));
    const bool there = !state->applied().empty();
    EXPECT_EQ(contents(*state), there ? all : Model{}) << "killed after " << after_ms << " ms";
    ++(there ? whole : nothing);
    after_ms = there ? after_ms * 4 / 5 : after_ms * 6 / 5 + 2;  // comes to where it ends, and stays there
  }
  unsetenv("SLUICE_FILLING_TEST");
  EXPECT_GT(whole, 2);
  EXPECT_GT(nothing, 2);
  RecordProperty("whole", whole);
  RecordProperty("nothing", nothing);
}

}  // namespace
}  // namespace sluice::flow
