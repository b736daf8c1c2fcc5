// A node used from many threads at once, as server/ does: for the thread sanitizer, and for what only order can break.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "io/simulated_disk.h"
#include "node/embedded_log.h"
#include "node/groups.h"
#include "node/node.h"
#include "node/transactions.h"
#include "record/batch.h"
#include "storage/partition_testing.h"

namespace sluice::node {
namespace {

constexpr int kTransactions = 60;
constexpr int kPartitions = 3;

class NodeThreads : public testing::Test {
 protected:
  NodeThreads() {
    node_ = *Node::open(disk_, clock_, {.data = "data"});
    EXPECT_TRUE(node_->create_topic({"t", kPartitions, {{"segment.bytes", "4096"}, {"retention.ms", "-1"}}}).ok());
    EXPECT_TRUE(node_->create_topic({"c", 1, {{"segment.bytes", "2048"}, {"cleanup.policy", "compact"}, {"min.cleanable.dirty.ratio", "0.01"}}}).ok());
  }
  void rounds() {
    while (!over_) {
      node_->wait_for_appends(1);
      static_cast<void>(node_->run_sync_round());
    }
  }
  void housekeeping() {
    // Below the time-out of transactions, in all.
    for (int i = 0; !over_; ++i) {
      node_->run_housekeeping(clock_.wall_ms() + std::min(i, 50) * 16'000);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  // One record to each partition, or none at all.
  void transactions(const std::string& owner) {
    EmbeddedLog log(*node_);
    auto producer = log.producer(owner);
    ASSERT_TRUE(producer.ok()) << producer.error();
    for (int i = 0; i < kTransactions; ++i) {
      ASSERT_TRUE((*producer)->begin().ok());
      const auto value = owner + std::to_string(i);
      for (int p = 0; p < kPartitions; ++p) {
        pipeline::NewRecord record;
        record.topic = "t";
        record.partition = p;
        record.timestamp_ms = 1;
        record.value = value;
        ASSERT_TRUE((*producer)->append(record).ok());
      }
      const pipeline::PositionUpdate position{owner, value};
      const auto outcome = i % 4 == 3 ? (*producer)->abort() : Result<void>{};
      ASSERT_TRUE(outcome.ok()) << outcome.error();
      if (i % 4 == 3) continue;
      const auto committed = (*producer)->commit({&position, 1});
      ASSERT_TRUE(committed.ok()) << committed.error();
    }
  }
  void plain(const std::string& key) {
    std::atomic<int> answered{0};
    for (int i = 0; i < 200; ++i) {
      node_->append({"c", 0}, storage::test_batch({{key, std::to_string(i)}}), Acks::all, Writer::client, [&](const Result<Appended>& appended) {
        EXPECT_TRUE(appended.ok());
        ++answered;
      });
    }
    while (answered < 200) std::this_thread::yield();
  }
  void commits() {
    for (int i = 0; i < 100; ++i) {
      std::atomic<bool> done{false};
      node_->groups().commit({"g", "", std::nullopt, -1}, {{{"t", 0}, {Offset{i}, -1, "", 0}}}, std::nullopt, [&](const Result<void>& outcome) {
        EXPECT_TRUE(outcome.ok());
        done = true;
      });
      while (!done) std::this_thread::yield();
      EXPECT_GE(node_->groups().committed("g", std::nullopt, false)->begin()->second.offset, Offset{i});
    }
  }
  void churn() {
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(node_->create_topic({"gone", 2, {}}).ok());
      std::atomic<bool> answered{false};
      node_->append({"gone", 0}, storage::test_batch({{"k", "v"}}), Acks::all, Writer::client, [&](const Result<Appended>&) { answered = true; });
      ASSERT_TRUE(node_->delete_topic("gone").ok());
      while (!answered) static_cast<void>(node_->run_sync_round());
    }
  }
  // Ends of one fetch: every transaction that shows in one partition shows in all. Ends only move forward.
  void reads() {
    std::vector<Offset> last(kPartitions, Offset{0});
    while (!over_) {
      std::vector<FetchPartition> wanted;
      for (int p = 0; p < kPartitions; ++p) wanted.push_back({{"t", p}, Offset{0}, 65536});
      const auto fetched = node_->fetch(wanted, Isolation::read_committed, 1 << 20);
      for (std::size_t p = 0; p < fetched.size(); ++p) {
        ASSERT_TRUE(fetched[p].outcome.ok());
        ASSERT_GE(fetched[p].last_stable, last[p]);
        ASSERT_LE(fetched[p].last_stable, fetched[p].high_watermark);
        last[p] = fetched[p].last_stable;
      }
    }
  }

  io::SimulatedDisk disk_{1};
  io::ManualClock clock_;
  std::unique_ptr<Node> node_;
  std::atomic<bool> over_{false};
};

TEST_F(NodeThreads, EverythingAtOnce) {
  std::vector<std::thread> owners, users;
  owners.emplace_back([this] { rounds(); });
  owners.emplace_back([this] { housekeeping(); });
  owners.emplace_back([this] { reads(); });
  users.emplace_back([this] { transactions("a"); });
  users.emplace_back([this] { transactions("b"); });
  users.emplace_back([this] { plain("x"); });
  users.emplace_back([this] { commits(); });
  users.emplace_back([this] { churn(); });
  for (auto& user : users) user.join();
  over_ = true;
  for (auto& owner : owners) owner.join();

  EmbeddedLog log(*node_);
  for (int p = 0; p < kPartitions; ++p) {
    auto reader = log.reader("t", p, Offset{0});
    ASSERT_TRUE(reader.ok());
    std::size_t count = 0;
    for (auto page = (*reader)->poll(0, 1 << 20); page.ok() && !page->empty(); page = (*reader)->poll(0, 1 << 20)) count += page->size();
    EXPECT_EQ(count, 2U * kTransactions * 3 / 4) << "partition " << p;
  }
  ASSERT_TRUE(node_->close().ok());
}

}  // namespace
}  // namespace sluice::node
