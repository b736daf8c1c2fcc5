#pragma once
// Every message of the module, for tests and fuzzers that go through all of them.

#include <cstddef>
#include <tuple>
#include <type_traits>

#include "kafka/admin_messages.h"
#include "kafka/coordinator_records.h"
#include "kafka/data_messages.h"
#include "kafka/group_messages.h"
#include "kafka/message.h"
#include "kafka/metadata_messages.h"
#include "kafka/metadata_records.h"
#include "kafka/offset_messages.h"
#include "kafka/position_messages.h"
#include "kafka/transaction_listings.h"
#include "kafka/transaction_messages.h"

namespace sluice::kafka {

using AllRequests =
    std::tuple<ProduceRequest, FetchRequest, ListOffsetsRequest, MetadataRequest, OffsetCommitRequest,
               OffsetFetchRequest, FindCoordinatorRequest, JoinGroupRequest, HeartbeatRequest, LeaveGroupRequest,
               SyncGroupRequest, DescribeGroupsRequest, ListGroupsRequest, ApiVersionsRequest, CreateTopicsRequest,
               DeleteTopicsRequest, DeleteRecordsRequest, InitProducerIdRequest, OffsetForLeaderEpochRequest,
               AddPartitionsToTxnRequest, AddOffsetsToTxnRequest, EndTxnRequest, TxnOffsetCommitRequest,
               DescribeConfigsRequest, AlterConfigsRequest, CreatePartitionsRequest, DeleteGroupsRequest,
               IncrementalAlterConfigsRequest, OffsetDeleteRequest, DescribeClusterRequest,
               DescribeProducersRequest, DescribeTransactionsRequest, ListTransactionsRequest>;

using AllRecords =
    std::tuple<RegisterBrokerRecord, UnfenceBrokerRecord, TopicRecord, PartitionRecord, ConfigRecord,
               PartitionChangeRecord, RemoveTopicRecord, FeatureLevelRecord, ProducerIdsRecord, ClientQuotaRecord,
               UserScramCredentialRecord, RemoveUserScramCredentialRecord, AccessControlEntryRecord,
               RemoveAccessControlEntryRecord, NoOpRecord, OffsetCommitKey, OffsetCommitValue, GroupMetadataKey,
               GroupMetadataValue, TransactionLogKey, TransactionLogValue>;

namespace testing_detail {
template <typename Tuple, typename F, std::size_t... I>
void for_each_type(F& f, std::index_sequence<I...>) {
  (f.template operator()<std::tuple_element_t<I, Tuple>>(), ...);
}
}  // namespace testing_detail

// f.operator()<M>() for each M of the tuple.
template <typename Tuple, typename F>
void for_each_type(F f) {
  testing_detail::for_each_type<Tuple>(f, std::make_index_sequence<std::tuple_size_v<Tuple>>{});
}

// Requests, their responses, and records.
template <typename F>
void for_each_message(F f) {
  for_each_type<AllRequests>(f);
  for_each_type<AllRequests>([&]<typename M>() { f.template operator()<typename M::Response>(); });
  for_each_type<AllRecords>(f);
}

}  // namespace sluice::kafka
