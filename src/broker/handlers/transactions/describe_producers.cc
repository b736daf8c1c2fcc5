// Who writes to a partition, and since where a transaction is open: how people find the one that holds readers back.

#include "broker/errors.h"
#include "broker/handler.h"
#include "kafka/transaction_listings.h"
#include "storage/partition.h"

namespace sluice::broker {

namespace {

using Response = kafka::DescribeProducersResponse;
using Partition = Response::TopicResponse::PartitionResponse;

Partition describe(const node::Node& node, const node::TopicPartition& where) {
  Partition out;
  out.partition_index = where.partition;
  const auto partition = node.partition(where);
  if (!partition.ok()) {
    out.error_code = code_of(partition);
    out.error_message = message_of(partition.error());
    return out;
  }
  for (const auto& producer : (*partition)->producers()) {
    out.active_producers.push_back({producer.id.value, producer.epoch.value, producer.last_sequence,
                                    producer.last_timestamp_ms, producer.coordinator_epoch,
                                    producer.transaction_start.value});
  }
  return out;
}

void handle(const CallPtr& call, const kafka::DescribeProducersRequest& request, const Reply<Response>& reply) {
  Response response;
  for (const auto& topic : request.topics) {
    auto& out = response.topics.emplace_back();
    out.name = topic.name;
    for (const auto index : topic.partition_indexes) out.partitions.push_back(describe(call->node, {topic.name, index}));
  }
  reply(response);
}

}  // namespace

extern constinit const Api kDescribeProducers = api<kafka::DescribeProducersRequest, &handle>({0, 0});

}  // namespace sluice::broker
