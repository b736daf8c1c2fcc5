#include "kafka/records.h"

#include "gtest/gtest.h"
#include "kafka/coordinator_records.h"
#include "kafka/metadata_records.h"

namespace sluice::kafka {
namespace {

TEST(MetadataRecords, AreFramedByFrameVersionTypeAndVersion) {
  TopicRecord topic;
  topic.name = "a";
  topic.topic_id.bytes[15] = 9;
  const auto value = metadata_value(topic, 0);
  ASSERT_TRUE(value.ok());
  // Frame 1, type 2, version 0; compact string "a"; the id; no tagged fields.
  EXPECT_EQ(hex(*value),
            "010200"
            "0261"
            "00000000000000000000000000000009"
            "00");

  auto frame = parse_metadata_frame(*value);
  ASSERT_TRUE(frame.ok());
  EXPECT_EQ(frame->type, TopicRecord::kType);
  const auto read = decode<TopicRecord>(frame->body, frame->version);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, topic);
}

TEST(MetadataRecords, OfALaterFrameAreUnsupportedAndCutOnesCorrupt) {
  EXPECT_EQ(parse_metadata_frame(std::string_view("\x02\x02\x00", 3)).error().code, ErrorCode::unsupported);
  EXPECT_EQ(parse_metadata_frame(std::string_view("\x01\x02", 2)).error().code, ErrorCode::corrupt);
}

TEST(CoordinatorRecords, HaveTheirTypeInTheKeyAndTheirVersionInTheValue) {
  const auto key = coordinator_key(OffsetCommitKey{"g", "t", 3});
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(hex(*key),
            "0001"
            "000167"
            "000174"
            "00000003");
  OffsetCommitValue offset;
  offset.offset = 5;
  offset.commit_timestamp = 7;
  const auto value = coordinator_value(offset, 3);
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(hex(*value),
            "0003"
            "0000000000000005"
            "ffffffff"
            "0000"
            "0000000000000007");
  EXPECT_EQ(*parse_coordinator_value<OffsetCommitValue>(*value), offset);
  EXPECT_EQ(parse_coordinator_value<OffsetCommitValue>(std::string_view("\x00\x09", 2)).error().code,
            ErrorCode::unsupported);
  EXPECT_EQ(parse_coordinator_frame("x").error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace sluice::kafka
