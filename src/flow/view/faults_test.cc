// A view is killed at every kind of call that it makes to the log, again and again, with and without its folder: the final topic is that of a run
// without. And the same over a log on disk that is killed with it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "flow/view/view.h"
#include "flow/view/view_testing.h"
#include "node/embedded_log.h"
#include "pipeline/memory_log_testing.h"

namespace sluice::flow {
namespace {

// From some call on nothing works: the process is gone. A commit may be the last thing that did.
class Mortal {
 public:
  explicit Mortal(std::uint64_t calls) : left_(calls) {}
  [[nodiscard]] bool dies() { return dead_ = dead_ || left_-- == 0; }
  [[nodiscard]] bool dead() const { return dead_; }

 private:
  std::uint64_t left_;
  bool dead_ = false;
};

const Error kGone{ErrorCode::back_off, "injected: the process is gone"};

class MortalProducer final : public pipeline::Producer {
 public:
  MortalProducer(std::unique_ptr<pipeline::Producer> inner, Mortal& life) : inner_(std::move(inner)), life_(life) {}
  Result<void> begin() override { return life_.dies() ? kGone : inner_->begin(); }
  Result<void> append(const pipeline::NewRecord& record) override { return life_.dies() ? kGone : inner_->append(record); }
  Result<std::vector<pipeline::AppendedTo>> commit(std::span<const pipeline::PositionUpdate> positions) override {
    if (life_.dies()) return kGone;
    auto ends = inner_->commit(positions);
    if (life_.dies()) return kGone;
    return ends;
  }
  Result<void> abort() override { return life_.dies() ? kGone : inner_->abort(); }

 private:
  std::unique_ptr<pipeline::Producer> inner_;
  Mortal& life_;
};

class MortalReader final : public pipeline::Reader {
 public:
  MortalReader(std::unique_ptr<pipeline::Reader> inner, Mortal& life) : inner_(std::move(inner)), life_(life) {}
  Result<std::span<const pipeline::ReadRecord>> poll(std::int64_t wait_ms, std::size_t max_bytes) override {
    if (life_.dies()) return kGone;
    return inner_->poll(wait_ms, max_bytes);
  }
  Offset next_offset() const override { return inner_->next_offset(); }
  void seek(Offset offset) override { inner_->seek(offset); }
  void release() override { inner_->release(); }
  void interrupt() override { inner_->interrupt(); }

 private:
  std::unique_ptr<pipeline::Reader> inner_;
  Mortal& life_;
};

class MortalLog final : public pipeline::Log {
 public:
  MortalLog(pipeline::Log& inner, std::uint64_t calls) : inner_(inner), life_(calls) {}
  [[nodiscard]] bool dead() const { return life_.dead(); }

  Result<std::vector<pipeline::TopicDescription>> topics() override { return or_gone([&] { return inner_.topics(); }); }
  Result<pipeline::TopicDescription> describe(const std::string& topic) override { return or_gone([&] { return inner_.describe(topic); }); }
  Result<pipeline::TopicDescription> ensure_topic(const pipeline::TopicSpec& spec) override { return or_gone([&] { return inner_.ensure_topic(spec); }); }
  Result<void> alter_topic(const std::string& topic, const std::map<std::string, std::optional<std::string>>& config) override {
    return or_gone([&] { return inner_.alter_topic(topic, config); });
  }
  Result<pipeline::PartitionRange> range(const std::string& topic, std::int32_t partition) override {
    return or_gone([&] { return inner_.range(topic, partition); });
  }
  Result<std::vector<Offset>> stable_ends(std::span<const pipeline::LogPartition> all, std::span<const Offset> seen, std::int64_t wait_ms) override {
    return or_gone([&] { return inner_.stable_ends(all, seen, wait_ms); });
  }
  Result<Offset> offset_at(const std::string& topic, std::int32_t partition, std::int64_t timestamp_ms) override {
    return or_gone([&] { return inner_.offset_at(topic, partition, timestamp_ms); });
  }
  std::vector<Result<Offset>> append(std::span<const pipeline::NewRecord> records) override { return inner_.append(records); }
  Result<std::unique_ptr<pipeline::Producer>> producer(const std::string& owner) override {
    if (life_.dies()) return kGone;
    SLUICE_TRY(auto made, inner_.producer(owner));
    return std::unique_ptr<pipeline::Producer>(std::make_unique<MortalProducer>(std::move(made), life_));
  }
  Result<std::unique_ptr<pipeline::Reader>> reader(const std::string& topic, std::int32_t partition, Offset from) override {
    if (life_.dies()) return kGone;
    SLUICE_TRY(auto made, inner_.reader(topic, partition, from));
    return std::unique_ptr<pipeline::Reader>(std::make_unique<MortalReader>(std::move(made), life_));
  }
  Result<void> hold(const std::string& name, const std::string& topic, std::int32_t partition, std::optional<Offset> offset) override {
    return or_gone([&] { return inner_.hold(name, topic, partition, offset); });
  }

 private:
  template <typename Call>
  auto or_gone(const Call& call) -> decltype(call()) {
    if (life_.dies()) return kGone;
    return call();
  }

  pipeline::Log& inner_;
  Mortal life_;
};

constexpr const char* kStream =
    "CREATE TABLE clicks (id int8, customer_id int8) WITH (topic = 'clicks');"
    "CREATE MATERIALIZED VIEW v AS SELECT id, customer_id FROM clicks WHERE id % 3 <> 0";
constexpr const char* kJoined =
    "CREATE TABLE clicks (id int8, customer_id int8) WITH (topic = 'clicks');"
    "CREATE MATERIALIZED VIEW v AS SELECT country, count(*) AS n FROM clicks JOIN shop.public.customers AS c ON c.id = customer_id GROUP BY country";

// What happens, in steps; a view runs in between.
class Story {
 public:
  explicit Story(Topics& topics) : topics_(topics) {
    topics_.make("clicks", "id int8, customer_id int8", "", false, 2);
    topics_.make("shop.public.customers", "id int8, country text", "id", true);
  }
  void step() {
    ++steps_;
    topics_.begin();
    for (int id = 0; id < 5; ++id) topics_.put("shop.public.customers", {std::to_string(id), "c" + std::to_string((id + steps_) % 3)}, steps_ * 100);
    topics_.commit();
    topics_.begin();
    for (int i = 0; i < 20; ++i, ++clicks_) topics_.put("clicks", {std::to_string(clicks_), std::to_string(clicks_ % 7)}, 0, clicks_ % 2);
    topics_.commit();
  }

 private:
  Topics& topics_;
  std::uint64_t steps_ = 0;
  int clicks_ = 0;
};

constexpr int kSteps = 3;

std::unique_ptr<View> view_of(const char* sql, Topics& topics, pipeline::Log& log, pipeline::SchemaCatalog& catalog, const Folder& folder) {
  return View::make({.name = "v"}, topics.bind(sql), log, catalog, {.folder = folder.path(), .batch_records = 15});
}

std::vector<std::string> without_faults(const char* sql) {
  pipeline::MemoryLog log;
  pipeline::MemoryCatalog catalog;
  Topics topics(log, catalog);
  Folder folder;
  Story story(topics);
  for (int i = 0; i < kSteps; ++i) story.step();
  EXPECT_TRUE(run_until_done(*view_of(sql, topics, log, catalog, folder)).ok());
  return topics.image("v");
}

// Gives the kills.
int killed(const char* sql, std::mt19937& random, const std::vector<std::string>& expected) {
  pipeline::MemoryLog log;
  pipeline::MemoryCatalog catalog;
  Topics topics(log, catalog);
  Folder folder;
  Story story(topics);
  int kills = 0;
  for (int i = 0; i < kSteps; ++i) {
    story.step();
    while (true) {
      MortalLog mortal(log, random() % 250);
      const auto outcome = run_until_done(*view_of(sql, topics, mortal, catalog, folder));
      if (!mortal.dead()) break;
      EXPECT_EQ(outcome.error().code, ErrorCode::back_off) << outcome.error();
      ++kills;
      if (random() % 3 == 0) folder.clear();
    }
  }
  EXPECT_TRUE(run_until_done(*view_of(sql, topics, log, catalog, folder)).ok());
  EXPECT_EQ(topics.image("v"), expected);
  return kills;
}

class ViewFaults : public ::testing::TestWithParam<const char*> {};

TEST_P(ViewFaults, KillsAnywhereLeaveTheTopicOfARunWithout) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto expected = without_faults(GetParam());
  ASSERT_FALSE(expected.empty());
  int kills = 0;
  while (kills < 25 && !HasFailure()) kills += killed(GetParam(), random, expected);
  RecordProperty("kills", kills);
}

INSTANTIATE_TEST_SUITE_P(Of, ViewFaults, ::testing::Values(kStream, kJoined));

// A snapshot is one batch, and this one is larger than the memory for it.
TEST(ViewSpill, ABatchLargerThanTheMemoryIsInDoubtUntilItIsCommitted) {
  constexpr const char* kAll = "CREATE MATERIALIZED VIEW v AS SELECT id, country FROM shop.public.customers WHERE id <> 7";
  pipeline::MemoryLog log;
  pipeline::MemoryCatalog catalog;
  Topics topics(log, catalog);
  Folder folder;
  topics.make("shop.public.customers", "id int8, country text", "id", true);
  topics.begin();
  for (int id = 0; id < 20'000; ++id) topics.put("shop.public.customers", {std::to_string(id), std::string(100, 'x')});
  topics.commit();
  const ViewOptions options{.folder = folder.path(), .memory_bytes = std::size_t{64} << 10, .batch_records = 15};
  for (const std::uint64_t calls : {10'000, 25'000, 35'000}) {  // the state's records are written while the rows come, then those of the view
    MortalLog mortal(log, calls);
    EXPECT_FALSE(run_until_done(*View::make({.name = "v"}, topics.bind(kAll), mortal, catalog, options)).ok());
    EXPECT_TRUE(mortal.dead());
    EXPECT_EQ(topics.count("v"), 0U);
  }
  EXPECT_TRUE(run_until_done(*View::make({.name = "v"}, topics.bind(kAll), log, catalog, options)).ok());
  EXPECT_EQ(topics.count("v"), 19'999U);
  EXPECT_EQ(log.holds("shop.public.customers").begin()->second, Offset{20'001});
}

// The whole of it on disk: node and view die together.
TEST(ViewOnDisk, IsTheSameAfterKillsOfTheNode) {
  const auto expected = without_faults(kJoined);
  pipeline::MemoryCatalog catalog;
  Folder data, folder;
  std::unique_ptr<node::Node> node;
  const auto open = [&] {
    node.reset();  // without close(): as after a kill
    node::NodeOptions options;
    options.data = data.path();
    node = *node::Node::open(io::real_file_system(), io::system_clock(), options);
  };
  open();
  node::EmbeddedLog first(*node);
  auto topics = std::make_unique<Topics>(first, catalog);
  auto story = std::make_unique<Story>(*topics);
  for (int i = 0; i < kSteps; ++i) {
    story->step();
    MortalLog mortal(first, 35 + 20 * static_cast<std::uint64_t>(i));
    const auto outcome = run_until_done(*view_of(kJoined, *topics, mortal, catalog, folder));
    EXPECT_TRUE(mortal.dead() && !outcome.ok());
  }
  open();
  node::EmbeddedLog again(*node);
  Topics topics_again(again, catalog);
  EXPECT_TRUE(run_until_done(*view_of(kJoined, topics_again, again, catalog, folder)).ok());
  EXPECT_EQ(topics_again.image("v"), expected);
}

}  // namespace
}  // namespace sluice::flow
