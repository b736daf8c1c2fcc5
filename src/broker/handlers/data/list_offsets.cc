#include "broker/epochs.h"
#include "broker/errors.h"
#include "broker/handler.h"
#include "kafka/position_messages.h"

namespace sluice::broker {

namespace {

using Partition = kafka::ListOffsetsResponse::TopicResponse::PartitionResponse;

// Special "timestamps" of tiered storage, which we do not have: what is local is everything.
constexpr std::int64_t kEarliest = -2;
constexpr std::int64_t kEarliestLocal = -4;
constexpr std::int64_t kLatestTiered = -5;
constexpr std::int64_t kEarliestPendingUpload = -6;

Partition find(const CallPtr& call, const std::string& topic, const kafka::ListOffsetsRequest::Topic::Partition& wanted,
               node::Isolation isolation) {
  Partition out{.partition_index = wanted.partition_index};
  out.error_code = check_epoch(call->node, {topic, wanted.partition_index}, wanted.current_leader_epoch);
  if (out.error_code != kafka::Code::none) return out;
  if (wanted.timestamp == kLatestTiered || wanted.timestamp == kEarliestPendingUpload) return out;
  const auto timestamp = wanted.timestamp == kEarliestLocal ? kEarliest : wanted.timestamp;
  const auto found = call->node.list_offset({topic, wanted.partition_index}, timestamp, isolation);
  out.error_code = code_of(found);
  if (!found.ok()) return out;
  out.timestamp = found->timestamp_ms;
  out.offset = found->offset.value;
  if (found->offset != kNoOffset) out.leader_epoch = epoch_of(call->node, {topic, wanted.partition_index});
  return out;
}

void handle(const CallPtr& call, const kafka::ListOffsetsRequest& request,
            const Reply<kafka::ListOffsetsResponse>& reply) {
  const auto isolation =
      request.isolation_level == 1 ? node::Isolation::read_committed : node::Isolation::read_uncommitted;
  kafka::ListOffsetsResponse response;
  for (const auto& topic : request.topics) {
    auto& out = response.topics.emplace_back();
    out.name = topic.name;
    for (const auto& partition : topic.partitions) {
      out.partitions.push_back(find(call, topic.name, partition, isolation));
    }
  }
  reply(response);
}

}  // namespace

extern constinit const Api kListOffsets = api<kafka::ListOffsetsRequest, &handle>({1, 11});

}  // namespace sluice::broker
