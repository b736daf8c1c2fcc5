#include "server/sink_pauses.h"

#include <gtest/gtest.h>

#include "pipeline/memory_log_testing.h"

namespace sluice::server {
namespace {

TEST(SinkPauses, AreRecordsOfTheirOwnUntilTheyEnd) {
  pipeline::MemoryLog log;
  EXPECT_FALSE(*is_paused(log, "lake"));
  ASSERT_TRUE(remember_pause(log, "lake", true).ok());
  ASSERT_TRUE(remember_pause(log, "a \"name\"", true).ok());
  EXPECT_TRUE(*is_paused(log, "lake"));
  EXPECT_TRUE(*is_paused(log, "a \"name\""));
  EXPECT_EQ(*pipeline::read_position(log, R"({"owner":"sink:lake"})"), R"({"version":1,"paused":true})");
  const auto commits = log.commits();
  ASSERT_TRUE(remember_pause(log, "lake", true).ok());
  EXPECT_EQ(log.commits(), commits);  // it is known
  ASSERT_TRUE(remember_pause(log, "lake", false).ok());
  EXPECT_FALSE(*is_paused(log, "lake"));
  EXPECT_TRUE(*is_paused(log, "a \"name\""));
}

}  // namespace
}  // namespace sluice::server
