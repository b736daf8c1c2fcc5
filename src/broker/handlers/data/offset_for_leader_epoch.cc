#include <algorithm>

#include "broker/epochs.h"
#include "broker/errors.h"
#include "broker/handler.h"
#include "kafka/position_messages.h"
#include "storage/partition.h"

namespace sluice::broker {

namespace {

using Wanted = kafka::OffsetForLeaderEpochRequest::OffsetForLeaderTopic::OffsetForLeaderPartition;
using Found = kafka::OffsetForLeaderEpochResponse::OffsetForLeaderTopicResult::EpochEndOffset;

constexpr std::int64_t kLatest = -1;

// Where the epoch ends, no further than what is visible. An unknown epoch is -1 and -1, without an error.
void find(const CallPtr& call, const node::TopicPartition& where, const Wanted& wanted, Found& out) {
  out.error_code = check_epoch(call->node, where, wanted.current_leader_epoch);
  if (out.error_code != kafka::Code::none) return;
  const auto visible = call->node.list_offset(where, kLatest, node::Isolation::read_uncommitted);
  const auto partition = call->node.partition(where);
  out.error_code = visible.ok() ? code_of(partition) : code_of(visible);
  if (out.error_code != kafka::Code::none) return;
  if (wanted.leader_epoch > (*partition)->leader_epoch().value) return;
  const auto end = (*partition)->end_of_epoch(LeaderEpoch{wanted.leader_epoch});
  if (!end.has_value()) return;
  out.leader_epoch = end->epoch.value;
  out.end_offset = std::min(end->end, visible->offset).value;
}

void handle(const CallPtr& call, const kafka::OffsetForLeaderEpochRequest& request,
            const Reply<kafka::OffsetForLeaderEpochResponse>& reply) {
  kafka::OffsetForLeaderEpochResponse response;
  for (const auto& topic : request.topics) {
    auto& out = response.topics.emplace_back();
    out.topic = topic.topic;
    for (const auto& wanted : topic.partitions) {
      out.partitions.push_back({.partition = wanted.partition});
      find(call, {topic.topic, wanted.partition}, wanted, out.partitions.back());
    }
  }
  reply(response);
}

}  // namespace

extern constinit const Api kOffsetForLeaderEpoch = api<kafka::OffsetForLeaderEpochRequest, &handle>({2, 4});

}  // namespace sluice::broker
