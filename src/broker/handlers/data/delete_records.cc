#include "broker/errors.h"
#include "broker/handler.h"
#include "kafka/position_messages.h"

namespace sluice::broker {

namespace {

void handle(const CallPtr& call, const kafka::DeleteRecordsRequest& request,
            const Reply<kafka::DeleteRecordsResponse>& reply) {
  kafka::DeleteRecordsResponse response;
  for (const auto& topic : request.topics) {
    auto& out = response.topics.emplace_back();
    out.name = topic.name;
    for (const auto& partition : topic.partitions) {
      const auto start = call->node.delete_records({topic.name, partition.partition_index}, Offset{partition.offset});
      out.partitions.push_back({.partition_index = partition.partition_index,
                                .low_watermark = start.value_or(kNoOffset).value,
                                .error_code = code_of(start)});
    }
  }
  reply(response);
}

}  // namespace

extern constinit const Api kDeleteRecords = api<kafka::DeleteRecordsRequest, &handle>({0, 2}, Runs::on_worker);

}  // namespace sluice::broker
