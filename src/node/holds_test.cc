#include <gtest/gtest.h>

#include "io/simulated_disk.h"
#include "node/node.h"
#include "storage/partition_testing.h"

namespace sluice::node {
namespace {

// A node with topic "t", whose records are past their retention at once, one segment each.
class Holds : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = Node::open(disk_, clock_, {.data = "/data"});
    ASSERT_TRUE(opened.ok()) << opened.error();
    node_ = *std::move(opened);
    const auto made = node_->create_topic({"t", 1, {{"retention.ms", "0"}, {"segment.bytes", "1024"}}});
    ASSERT_TRUE(made.ok()) << made.error();
  }

  void append(int batches) {
    for (int i = 0; i < batches; ++i) {
      const std::string value(900, 'x');
      node_->append({"t", 0}, storage::test_batch({{"k", value}}, clock_.wall_ms()), Acks::leader, Writer::client,
                    [](const Result<Appended>& appended) { ASSERT_TRUE(appended.ok()) << appended.error(); });
    }
    ASSERT_TRUE(node_->wait_durable().ok());
  }

  Offset start_after_cleaning() {
    clock_.advance(60'000);
    node_->run_housekeeping(clock_.wall_ms());
    return node_->list_offset({"t", 0}, -2, Isolation::read_committed).value().offset;
  }

  io::SimulatedDisk disk_{1};
  io::ManualClock clock_;
  std::unique_ptr<Node> node_;
};

TEST_F(Holds, KeepWhatIsPastItsRetention) {
  append(10);
  ASSERT_TRUE(node_->hold("sink", {"t", 0}, Offset{4}).ok());
  EXPECT_EQ(start_after_cleaning(), Offset{4});
}

TEST_F(Holds, BreakWhenTheHolderIsFurtherBehindThanItsLimit) {
  append(10);
  node_->limit_hold("sink", 8'000);
  node_->limit_hold("another", 1);  // has no hold here
  ASSERT_TRUE(node_->hold("sink", {"t", 0}, Offset{4}).ok());
  EXPECT_EQ(start_after_cleaning(), Offset{4});  // about 6,000 bytes
  EXPECT_EQ(node_->broken_holds("sink"), 0U);
  append(4);
  EXPECT_EQ(start_after_cleaning(), Offset{14});
  EXPECT_EQ(node_->broken_holds("sink"), 1U);
  ASSERT_TRUE(node_->hold("sink", {"t", 0}, Offset{14}).ok());  // it has seen the gap, and goes on
  append(3);
  EXPECT_EQ(start_after_cleaning(), Offset{14});
}

TEST_F(Holds, OfOthersStayWhenOneBreaks) {
  append(10);
  node_->limit_hold("sink", 1);
  ASSERT_TRUE(node_->hold("sink", {"t", 0}, Offset{2}).ok());
  ASSERT_TRUE(node_->hold("unchanged", {"t", 0}, Offset{7}).ok());
  EXPECT_EQ(start_after_cleaning(), Offset{7});
}

}  // namespace
}  // namespace sluice::node
