// SEEDS=N runs N seeds instead of the usual ones, SEED=N only that one.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "base/trace.h"
#include "world.h"

namespace sluice::sim {
namespace {

constexpr std::uint64_t kSeeds = 3000;
constexpr std::uint64_t kCanarySeeds = 50;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void print(const Tally& tally, std::uint64_t seeds) {
  const auto& disk = tally.disk;
  const auto n = [](std::uint64_t v) { return static_cast<unsigned long long>(v); };
  std::printf("%llu seeds. Faults: %llu crashes (%llu pages lost, %llu torn, %llu names lost), %llu kills, %llu syncs failed of %llu,\n"
              "%llu writes failed, %llu times full; %llu restarts, %llu after a clean stop, %llu recoveries failed and repeated.\n"
              "%llu batches sent, %llu again, %llu acknowledged, %llu refused; %llu transactions committed, %llu aborted; %llu records compared.\n",
              n(seeds), n(disk.crashes), n(disk.lost_pages), n(disk.torn_pages), n(disk.lost_names), n(disk.kills), n(disk.failed_syncs), n(disk.syncs),
              n(disk.failed_writes), n(disk.full_writes), n(tally.reopened), n(tally.clean_stops), n(tally.failed_opens),
              n(tally.appended), n(tally.retried), n(tally.acknowledged), n(tally.refused), n(tally.committed), n(tally.aborted), n(tally.compared));
}

class Simulation : public testing::Test {
 protected:
  // What the node says about faults that are meant says nothing here; a single seed is looked at closely.
  void SetUp() override { trace::set_level(std::getenv("SEED") == nullptr ? trace::Level::none : trace::Level::info); }
};

TEST_F(Simulation, KeepsEveryPromiseWhateverTheDiskDoes) {
  const auto one = std::getenv("SEED") != nullptr;
  const auto first = from_environment("SEED", 1);
  const auto last = one ? first : first + from_environment("SEEDS", kSeeds) - 1;
  Tally total;
  int failures = 0;
  for (auto seed = first; seed <= last && failures < 10; ++seed) {
    World world(seed, {});
    world.run();
    total += world.tally();
    if (world.problems().empty()) continue;
    ++failures;
    std::string text;
    for (std::size_t i = 0; i < std::min<std::size_t>(world.problems().size(), 5); ++i) text += "\n  " + world.problems()[i];
    ADD_FAILURE() << "SEED=" << seed << " (of " << last << ")" << text;
  }
  print(total, last - first + 1);
  if (one) return;
  EXPECT_GT(total.disk.crashes * total.disk.kills * total.disk.failed_syncs * total.disk.failed_writes * total.disk.full_writes, 0U);
  EXPECT_GT(total.committed * total.aborted * total.retried * total.clean_stops * total.failed_opens, 0U);
}

// A test of the test: when rounds do not sync, it must find what is lost.
TEST_F(Simulation, FindsTheLossWhenRoundsDoNotSync) {
  std::uint64_t found = 0;
  for (std::uint64_t seed = 1; seed <= kCanarySeeds; ++seed) {
    World world(seed, {.sync_disabled = true});
    world.run();
    if (!world.problems().empty()) ++found;
  }
  EXPECT_GT(found, kCanarySeeds / 2);
}

TEST_F(Simulation, TheSameSeedIsTheSameLife) {
  const auto life = [](std::uint64_t seed) {
    World world(seed, {});
    world.run();
    const auto tally = world.tally();
    return std::vector<std::uint64_t>{tally.disk.syncs, tally.disk.lost_pages, tally.compared, tally.acknowledged, tally.refused};
  };
  EXPECT_EQ(life(42), life(42));
}

}  // namespace
}  // namespace sluice::sim
