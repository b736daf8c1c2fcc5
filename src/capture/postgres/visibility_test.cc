#include "capture/postgres/visibility.h"

#include <gtest/gtest.h>

namespace sluice::capture::postgres {
namespace {

TEST(Snapshots, SeeWhatEndedBefore) {
  const auto snapshot = Snapshot::parse("100:110:105,103");
  ASSERT_TRUE(snapshot.ok());
  EXPECT_TRUE(snapshot->sees(99));
  EXPECT_TRUE(snapshot->sees(100));
  EXPECT_FALSE(snapshot->sees(103));
  EXPECT_TRUE(snapshot->sees(104));
  EXPECT_FALSE(snapshot->sees(105));
  EXPECT_TRUE(snapshot->sees(109));
  EXPECT_FALSE(snapshot->sees(110));
  EXPECT_EQ(snapshot->text(), "100:110:103,105");
  EXPECT_EQ(Snapshot::parse("7:7:")->text(), "7:7:");
}

TEST(Snapshots, OtherTextsAreRefused) {
  for (const auto* text : {"", "1", "1:2", "1:2:x", "1:2:3 4", "a:b:c", "-1:2:"}) EXPECT_FALSE(Snapshot::parse(text).ok()) << text;
}

TEST(Xids, AreWidenedToTheNearest) {
  constexpr std::uint64_t kEpoch = std::uint64_t{1} << 32;
  EXPECT_EQ(widen_xid(1000, 1010), 1000U);
  EXPECT_EQ(widen_xid(1010, 1000), 1010U);
  EXPECT_EQ(widen_xid(0xfffffff0, 3 * kEpoch + 5), 2 * kEpoch + 0xfffffff0) << "just before the wraparound";
  EXPECT_EQ(widen_xid(5, 2 * kEpoch + 0xfffffff0), 3 * kEpoch + 5) << "just after";
  EXPECT_EQ(widen_xid(0xfffffff0, 5), 0xfffffff0U) << "there is nothing before the first";
  EXPECT_EQ(widen_xid(7, 7 * kEpoch + 7), 7 * kEpoch + 7);
  // A walk over several wraparounds, with steps far and near, loses nothing.
  std::uint64_t near = 3;
  for (std::uint64_t xid = 3; xid < 9 * kEpoch; xid += 700'000'001) {
    near = widen_xid(static_cast<std::uint32_t>(xid), near);
    ASSERT_EQ(near, xid);
  }
}

}  // namespace
}  // namespace sluice::capture::postgres
