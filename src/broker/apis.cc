#include "broker/apis.h"

#include <array>

namespace sluice::broker {

// Each is defined by the handler's own file.
extern constinit const Api kProduce, kFetch, kListOffsets, kMetadata, kOffsetCommit, kOffsetFetch, kFindCoordinator,
    kJoinGroup, kHeartbeat, kLeaveGroup, kSyncGroup, kDescribeGroups, kListGroups, kApiVersions, kCreateTopics,
    kDeleteTopics, kDeleteRecords, kInitProducerId, kOffsetForLeaderEpoch, kAddPartitionsToTxn, kAddOffsetsToTxn,
    kEndTxn, kTxnOffsetCommit, kDescribeConfigs, kAlterConfigs, kCreatePartitions, kDeleteGroups,
    kIncrementalAlterConfigs, kOffsetDelete, kDescribeCluster, kDescribeProducers,
    kDescribeTransactions, kListTransactions;

namespace {
constexpr std::array kServed = {
    &kProduce,
    &kFetch,
    &kListOffsets,
    &kMetadata,
    &kOffsetCommit,
    &kOffsetFetch,
    &kFindCoordinator,
    &kJoinGroup,
    &kHeartbeat,
    &kLeaveGroup,
    &kSyncGroup,
    &kDescribeGroups,
    &kListGroups,
    &kApiVersions,
    &kCreateTopics,
    &kDeleteTopics,
    &kDeleteRecords,
    &kInitProducerId,
    &kOffsetForLeaderEpoch,
    &kAddPartitionsToTxn,
    &kAddOffsetsToTxn,
    &kEndTxn,
    &kTxnOffsetCommit,
    &kDescribeConfigs,
    &kAlterConfigs,
    &kCreatePartitions,
    &kDeleteGroups,
    &kIncrementalAlterConfigs,
    &kOffsetDelete,
    &kDescribeCluster,
    &kDescribeProducers,
    &kDescribeTransactions,
    &kListTransactions,
};

constexpr std::size_t kKeys = 93;

std::array<const Api*, kKeys> by_key() {
  std::array<const Api*, kKeys> table{};
  for (const auto* api : kServed) table[static_cast<std::size_t>(api->key)] = api;
  return table;
}
}  // namespace

std::span<const Api* const> served_apis() { return kServed; }

const Api* find_api(kafka::ApiKey key) {
  static const auto kTable = by_key();
  const auto index = static_cast<std::size_t>(key);
  return index < kTable.size() ? kTable[index] : nullptr;
}

}  // namespace sluice::broker
