// What members, and those who look at a group, can rely on: static members, fencing, time-outs, offsets deleted.

#include <thread>

#include "broker/coordinators_testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::broker {
namespace {

using ::testing::SizeIs;

class GroupsTest : public CoordinatorsTest {
 protected:
  // Metadata as consumers send them: version, topics, and bytes that differ from life to life.
  static Bytes subscription(const std::string& topic, const std::string& rest) {
    Bytes bytes;
    ByteWriter out{bytes};
    out.i16(3);
    out.i32(1);
    out.i16(static_cast<std::int16_t>(topic.size()));
    bytes += topic;
    return bytes + rest;
  }
  kafka::JoinGroupRequest join_as(const std::string& member, const std::string& instance, const Bytes& metadata) {
    auto request = join_of(member);
    if (!instance.empty()) request.group_instance_id = instance;
    request.protocols[0].metadata = metadata;
    return request;
  }
  Code heartbeat(const std::string& member, std::int32_t generation, const std::optional<std::string>& instance = {}) {
    return client_.call(kafka::HeartbeatRequest{"g", generation, member, instance}, 4).error_code;
  }
  // As the leader, giving everything to itself.
  Code sync(const kafka::JoinGroupResponse& joined) {
    kafka::SyncGroupRequest request;
    request.group_id = "g";
    request.generation_id = joined.generation_id;
    request.member_id = joined.member_id;
    request.protocol_type = "consumer";
    request.protocol_name = "range";
    request.assignments.push_back({joined.member_id, "all of it"});
    return client_.call(request, 5).error_code;
  }
  Code delete_offset(std::int32_t partition) {
    const auto response = client_.call(kafka::OffsetDeleteRequest{"g", {{"t", {{partition}}}}}, 0);
    return response.error_code != Code::none ? response.error_code : response.topics.at(0).partitions.at(0).error_code;
  }
};

TEST_F(GroupsTest, AStaticMemberThatComesBackKeepsItsPlaceThoughItsMetadataTellOfAnotherLife) {
  const auto first = client_.call(join_as("", "one", subscription("t", "generation 7")), 9);
  ASSERT_EQ(first.error_code, Code::none);  // static members need not be told their id first
  ASSERT_EQ(sync(first), Code::none);
  const auto again = client_.call(join_as("", "one", subscription("t", "no generation yet")), 9);
  EXPECT_EQ(again.error_code, Code::none);
  EXPECT_EQ(again.generation_id, first.generation_id);
  EXPECT_NE(again.member_id, first.member_id);
  kafka::SyncGroupRequest sync;
  sync.group_id = "g";
  sync.generation_id = again.generation_id;
  sync.member_id = again.member_id;
  EXPECT_EQ(client_.call(sync, 5).assignment, "all of it");
  // The earlier process is told that another has its place.
  EXPECT_EQ(heartbeat(first.member_id, first.generation_id, "one"), Code::fenced_instance_id);
  EXPECT_EQ(heartbeat(again.member_id, again.generation_id, "one"), Code::none);
  // With other topics there is something to share out anew.
  const auto changed = client_.call(join_as("", "one", subscription("other", "")), 9);
  EXPECT_EQ(changed.error_code, Code::none);
  EXPECT_EQ(changed.generation_id, first.generation_id + 1);
}

TEST_F(GroupsTest, AMemberThatSendsNoHeartbeatIsRemovedAndItsPartitionsAreFree) {
  auto request = join_of("");
  request.session_timeout_ms = 1000;
  const auto silent = client_.call(request, 3);
  ASSERT_EQ(sync(silent), Code::none);
  Code code = Code::none;
  // Others may only look: a heartbeat of its own would keep it alive.
  for (int i = 0; i < 200 && client_.call(kafka::DescribeGroupsRequest{{"g"}, false}, 5).groups.at(0).group_state == "Stable"; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  code = heartbeat(silent.member_id, silent.generation_id);
  EXPECT_EQ(code, Code::unknown_member_id);
  EXPECT_EQ(client_.call(commit_of(silent.member_id, silent.generation_id, 1), 9).topics.at(0).partitions.at(0).error_code,
            Code::unknown_member_id);
}

TEST_F(GroupsTest, MembersOfAnEarlierGenerationAreFenced) {
  const auto member = join_alone();
  EXPECT_EQ(heartbeat(member, generation_ + 1), Code::illegal_generation);
  EXPECT_EQ(heartbeat("nobody", generation_), Code::unknown_member_id);
  EXPECT_EQ(heartbeat(member, generation_), Code::none);
  kafka::JoinGroupResponse other;
  other.generation_id = generation_ - 1;
  other.member_id = member;
  EXPECT_EQ(sync(other), Code::illegal_generation);
  // Whoever is no member may commit to an empty group only.
  EXPECT_EQ(client_.call(commit_of("", -1, 1), 9).topics.at(0).partitions.at(0).error_code, Code::unknown_member_id);
}

TEST_F(GroupsTest, AMemberThatSpeaksAnotherProtocolIsRefused) {
  (void)join_alone();
  RawClient other{running_.port()};
  auto request = join_of("");
  request.protocols[0].name = "other";
  EXPECT_EQ(other.call(request, 3).error_code, Code::inconsistent_group_protocol);
  request = join_of("");
  request.protocol_type = "connect";
  EXPECT_EQ(other.call(request, 3).error_code, Code::inconsistent_group_protocol);
  request = join_of("");
  request.session_timeout_ms = 1;
  EXPECT_EQ(other.call(request, 3).error_code, Code::invalid_session_timeout);
  request = join_of("");
  request.group_id = "";
  EXPECT_EQ(other.call(request, 3).error_code, Code::invalid_group_id);
}

TEST_F(GroupsTest, ALeaderThatNeverSendsTheAssignmentIsRemovedWhenItsTimeIsOver) {
  auto request = join_of("");
  request.rebalance_timeout_ms = 200;
  const auto leader = client_.call(request, 3);
  ASSERT_EQ(leader.error_code, Code::none);
  Code code = Code::none;  // it lives, but does not do its part
  for (int i = 0; i < 200 && code == Code::none; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    code = heartbeat(leader.member_id, leader.generation_id);
  }
  EXPECT_EQ(code, Code::unknown_member_id);
}

TEST_F(GroupsTest, OffsetsAreDeletedUnlessAMemberReadsTheTopic) {
  EXPECT_EQ(delete_offset(0), Code::group_id_not_found);
  auto joined = client_.call(join_as("", "", subscription("t", "")), 3);
  ASSERT_EQ(sync(joined), Code::none);
  (void)client_.call(commit_of(joined.member_id, joined.generation_id, 5), 9);
  EXPECT_EQ(delete_offset(0), Code::group_subscribed_to_topic);
  EXPECT_EQ(committed("g").committed_offset, 5);
  kafka::LeaveGroupRequest leave;
  leave.group_id = "g";
  leave.member_id = joined.member_id;
  ASSERT_EQ(client_.call(leave, 0).error_code, Code::none);
  EXPECT_EQ(delete_offset(0), Code::none);
  EXPECT_EQ(committed("g").committed_offset, -1);
}

}  // namespace
}  // namespace sluice::broker
