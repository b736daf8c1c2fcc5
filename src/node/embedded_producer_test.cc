#include <gtest/gtest.h>

#include "io/simulated_disk.h"
#include "node/embedded_log.h"
#include "node/node.h"

namespace sluice::node {
namespace {

TEST(EmbeddedProducer, EndsATransactionWithoutRecordsEitherWay) {
  io::SimulatedDisk disk(1);
  io::ManualClock clock;
  const auto node = Node::open(disk, clock, {.data = "/data"});
  ASSERT_TRUE(node.ok()) << node.error();
  EmbeddedLog log(**node);
  auto producer = log.producer("owner");
  ASSERT_TRUE(producer.ok()) << producer.error();
  ASSERT_TRUE((*producer)->begin().ok());
  const std::vector<pipeline::PositionUpdate> position{{"p", "1"}};
  ASSERT_TRUE((*producer)->commit(position).ok());
  ASSERT_TRUE((*producer)->begin().ok());
  const auto aborted = (*producer)->abort();  // after a commit, and with no record
  EXPECT_TRUE(aborted.ok()) << aborted.error();
  ASSERT_TRUE((*producer)->begin().ok());
  const auto committed = (*producer)->commit({});
  EXPECT_TRUE(committed.ok()) << committed.error();
}

}  // namespace
}  // namespace sluice::node
