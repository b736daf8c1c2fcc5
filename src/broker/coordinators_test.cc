// Groups and transactions over the wire, on a real node.

#include "broker/coordinators_testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::broker {
namespace {

using ::testing::SizeIs;

TEST_F(CoordinatorsTest, AreFoundHereInEveryVersion) {
  for (kafka::Version version = 0; version <= 6; ++version) {
    for (std::int8_t type = 0; type <= (version == 0 ? 0 : 1); ++type) {
      const auto response = client_.call(kafka::FindCoordinatorRequest{"g", type, {"g", "h"}}, version);
      if (version < 4) {
        EXPECT_EQ(response.error_code, Code::none);
        EXPECT_EQ(response.port, running_.port());
      } else {
        ASSERT_THAT(response.coordinators, SizeIs(2));
        EXPECT_EQ(response.coordinators[1].key, "h");
        EXPECT_EQ(response.coordinators[1].port, running_.port());
      }
    }
  }
  EXPECT_EQ(client_.call(kafka::FindCoordinatorRequest{"", 2, {"g:x:0"}}, 6).coordinators.at(0).error_code,
            Code::invalid_request);
}

TEST_F(CoordinatorsTest, AMemberJoinsInEveryVersionAndIsToldItsIdFirstFromVersion4) {
  for (kafka::Version version = 0; version <= 9; ++version) {
    auto joined = client_.call(join_of(""), version);
    if (version >= 4) {
      EXPECT_EQ(joined.error_code, Code::member_id_required) << version;
      EXPECT_FALSE(joined.member_id.empty());
      joined = client_.call(join_of(joined.member_id), version);
    }
    EXPECT_EQ(joined.error_code, Code::none) << version;
    EXPECT_EQ(joined.protocol_name, "range");
    EXPECT_EQ(joined.leader, joined.member_id);
    ASSERT_THAT(joined.members, SizeIs(1));
    EXPECT_EQ(joined.members[0].metadata, "metadata");
    kafka::LeaveGroupRequest leave;
    leave.group_id = "g";
    leave.member_id = joined.member_id;
    leave.members.push_back({joined.member_id, std::nullopt, std::nullopt});
    const kafka::Version leave_version = version < 3 ? 0 : 5;
    const auto left = client_.call(leave, leave_version);
    EXPECT_EQ(left.error_code, Code::none);
    if (leave_version == 5) {
      EXPECT_EQ(left.members.at(0).error_code, Code::none);
    }
  }
}

TEST_F(CoordinatorsTest, ASecondMemberMakesTheFirstRejoinAndBothAreAnsweredTogether) {
  const auto first = join_alone();
  RawClient other{running_.port()};
  auto second = other.call(join_of(""), 9);
  ASSERT_EQ(second.error_code, Code::member_id_required);
  const auto waiting = other.send(join_of(second.member_id), 9);
  // The first learns of it by its heartbeat, and comes back.
  kafka::HeartbeatRequest beat{"g", generation_, first, std::nullopt};
  Code told = Code::none;
  for (int i = 0; i < 500 && told == Code::none; ++i) told = client_.call(beat, 4).error_code;
  EXPECT_EQ(told, Code::rebalance_in_progress);
  const auto rejoined = client_.call(join_of(first), 9);
  second = other.receive<kafka::JoinGroupResponse>(9, waiting);
  EXPECT_EQ(rejoined.error_code, Code::none);
  EXPECT_EQ(second.error_code, Code::none);
  EXPECT_EQ(rejoined.generation_id, second.generation_id);
  EXPECT_EQ(rejoined.members.size() + second.members.size(), 2u);  // to the leader alone
}

TEST_F(CoordinatorsTest, OffsetsAreKeptPerGroupAndFencedByGeneration) {
  EXPECT_EQ(committed("g").committed_offset, -1);
  const auto member = join_alone();
  for (kafka::Version version = 2; version <= 9; ++version) {
    const auto response = client_.call(commit_of(member, generation_, 40 + version), version);
    EXPECT_EQ(response.topics.at(0).partitions.at(0).error_code, Code::none) << version;
    EXPECT_EQ(response.topics.at(0).partitions.at(1).error_code, Code::unknown_topic_or_partition);
    EXPECT_EQ(committed("g").committed_offset, 40 + version);
    EXPECT_EQ(committed("g").metadata, "note");
  }
  const auto code = [&](const kafka::OffsetCommitRequest& request) {
    return client_.call(request, 9).topics.at(0).partitions.at(0).error_code;
  };
  EXPECT_EQ(code(commit_of(member, generation_ - 1, 1)), Code::illegal_generation);
  EXPECT_EQ(code(commit_of("nobody", generation_, 1)), Code::unknown_member_id);
  auto large = commit_of(member, generation_, 1);
  large.topics[0].partitions[0].committed_metadata = std::string(4097, 'm');
  EXPECT_EQ(code(large), Code::offset_metadata_too_large);
  EXPECT_EQ(committed("other").committed_offset, -1);
}

TEST_F(CoordinatorsTest, OffsetsAreFetchedInEveryVersion) {
  const auto member = join_alone();
  (void)client_.call(commit_of(member, generation_, 5), 9);
  for (kafka::Version version = 1; version <= 9; ++version) {
    kafka::OffsetFetchRequest request;
    request.group_id = "g";
    request.topics.emplace().push_back({"t", {0, 1}});
    auto& group = request.groups.emplace_back();
    group.group_id = "g";
    group.topics.emplace().push_back({"t", {}, {0, 1}});
    const auto response = client_.call(request, version);
    if (version < 8) {
      EXPECT_EQ(response.topics.at(0).partitions.at(0).committed_offset, 5) << version;
      EXPECT_EQ(response.topics.at(0).partitions.at(1).committed_offset, -1);
    } else {
      EXPECT_EQ(response.groups.at(0).topics.at(0).partitions.at(0).committed_offset, 5) << version;
      EXPECT_EQ(response.groups.at(0).topics.at(0).partitions.at(1).metadata, "");
    }
  }
  kafka::OffsetFetchRequest all;
  all.group_id = "g";
  EXPECT_EQ(client_.call(all, 7).topics.at(0).partitions.at(0).committed_offset, 5);
}

TEST_F(CoordinatorsTest, GroupsAreListedDescribedAndDeletedWhenEmpty) {
  const auto member = join_alone();
  EXPECT_EQ(client_.call(kafka::ListGroupsRequest{}, 5).groups.at(0).group_id, "g");
  EXPECT_THAT(client_.call(kafka::ListGroupsRequest{{"Empty"}, {}}, 5).groups, SizeIs(0));
  EXPECT_THAT(client_.call(kafka::ListGroupsRequest{{"stable"}, {"Classic"}}, 5).groups, SizeIs(1));
  for (kafka::Version version = 0; version <= 6; ++version) {
    const auto described = client_.call(kafka::DescribeGroupsRequest{{"g", "none"}, false}, version).groups;
    EXPECT_EQ(described.at(0).group_state, "Stable");
    EXPECT_EQ(described.at(0).members.at(0).member_id, member);
    EXPECT_EQ(described.at(0).members.at(0).client_id, "raw");
    EXPECT_EQ(described.at(0).members.at(0).client_host, "/127.0.0.1");
    EXPECT_EQ(described.at(1).group_state, "Dead");
    EXPECT_EQ(described.at(1).error_code, version < 6 ? Code::none : Code::group_id_not_found);
  }
  EXPECT_EQ(client_.call(kafka::DeleteGroupsRequest{{"g"}}, 2).results.at(0).error_code, Code::non_empty_group);
  kafka::LeaveGroupRequest leave;
  leave.group_id = "g";
  leave.members.push_back({member, std::nullopt, std::nullopt});
  (void)client_.call(leave, 5);
  EXPECT_EQ(client_.call(kafka::DeleteGroupsRequest{{"g", "none"}}, 2).results.at(0).error_code, Code::none);
}

TEST_F(CoordinatorsTest, AnIdempotentProducersRetryIsAppendedOnce) {
  kafka::InitProducerIdRequest request;
  const auto producer = client_.call(request, 5);
  ASSERT_EQ(producer.error_code, Code::none);
  EXPECT_EQ(produce("", producer, "a", 0), Code::none);
  EXPECT_EQ(produce("", producer, "a", 0), Code::none);
  EXPECT_EQ(produce("", producer, "c", 2), Code::out_of_order_sequence_number);
  EXPECT_EQ(running_.node().list_offset({"t", 0}, -1, node::Isolation::read_uncommitted)->offset, Offset{1});
}

TEST_F(CoordinatorsTest, ATransactionIsSeenWhenItCommitsAndSkippedWhenItAborts) {
  const auto producer = init("x");
  ASSERT_EQ(producer.error_code, Code::none);
  EXPECT_EQ(add_partition("x", producer, 0), Code::none);
  EXPECT_EQ(produce("x", producer, "kept", 0), Code::none);
  EXPECT_EQ(fetch_committed().last_stable_offset, 0);
  EXPECT_EQ(end("x", producer, true), Code::none);
  EXPECT_EQ(fetch_committed().last_stable_offset, 2);  // the record and its marker
  EXPECT_THAT(*fetch_committed().aborted_transactions, SizeIs(0));
  EXPECT_EQ(add_partition("x", producer, 0), Code::none);
  EXPECT_EQ(produce("x", producer, "dropped", 1), Code::none);
  EXPECT_EQ(end("x", producer, false), Code::none);
  const auto after = fetch_committed();
  EXPECT_EQ(after.last_stable_offset, 4);
  ASSERT_THAT(*after.aborted_transactions, SizeIs(1));
  EXPECT_EQ(after.aborted_transactions->at(0).producer_id, producer.producer_id);
  EXPECT_EQ(after.aborted_transactions->at(0).first_offset, 2);
}

TEST_F(CoordinatorsTest, ANewerProducerFencesTheOlderOneAndOldClientsHearItInTheirWords) {
  const auto older = init("x");
  const auto newer = init("x");
  EXPECT_EQ(newer.producer_id, older.producer_id);
  EXPECT_GT(newer.producer_epoch, older.producer_epoch);
  EXPECT_EQ(add_partition("x", older, 0), Code::producer_fenced);
  EXPECT_EQ(end("x", older, true, 2), Code::producer_fenced);
  EXPECT_EQ(end("x", older, true, 1), Code::invalid_producer_epoch);
  EXPECT_EQ(add_partition("x", newer, 0), Code::none);
  EXPECT_EQ(add_partition("x", newer, 9), Code::unknown_topic_or_partition);
}

TEST_F(CoordinatorsTest, ManyTransactionsInOneRequestAreAddedOrAskedFor) {
  const auto producer = init("x");
  kafka::AddPartitionsToTxnRequest request;
  request.transactions = {{"x", producer.producer_id, producer.producer_epoch, true, {{"t", {0}}}}};
  const auto code = [&] {
    return client_.call(request, 5)
        .results_by_transaction.at(0)
        .topic_results.at(0)
        .results_by_partition.at(0)
        .partition_error_code;
  };
  EXPECT_NE(code(), Code::none);  // not in it yet
  request.transactions[0].verify_only = false;
  EXPECT_EQ(code(), Code::none);
  request.transactions[0].verify_only = true;
  EXPECT_EQ(code(), Code::none);
  EXPECT_EQ(end("x", producer, false, 5), Code::none);
}

TEST_F(CoordinatorsTest, FromVersion12AWriteAddsItsPartitionToTheTransaction) {
  const auto producer = init("x");
  EXPECT_NE(produce("x", producer, "a", 0, 11), Code::none);
  EXPECT_EQ(produce("x", producer, "a", 0, 12), Code::none);
  EXPECT_EQ(end("x", producer, true), Code::none);
  EXPECT_EQ(fetch_committed().last_stable_offset, 2);
}

TEST_F(CoordinatorsTest, OffsetsOfATransactionCountWhenItCommits) {
  const auto producer = init("x");
  const auto commit = [&](std::int64_t offset) {
    EXPECT_EQ(client_.call(kafka::AddOffsetsToTxnRequest{"x", producer.producer_id, producer.producer_epoch, "g"}, 3)
                  .error_code,
              Code::none);
    EXPECT_EQ(commit_in_transaction(producer, offset, 4), Code::none);
  };
  commit(5);
  EXPECT_EQ(committed("g").committed_offset, -1);
  EXPECT_EQ(committed("g", true).error_code, Code::unstable_offset_commit);
  EXPECT_EQ(end("x", producer, true), Code::none);
  EXPECT_EQ(committed("g", true).committed_offset, 5);
  commit(9);
  EXPECT_EQ(end("x", producer, false), Code::none);
  EXPECT_EQ(committed("g", true).committed_offset, 5);
}

}  // namespace
}  // namespace sluice::broker
