#include "broker/errors.h"
#include "broker/handler.h"
#include "kafka/offset_messages.h"
#include "node/groups.h"

namespace sluice::broker {

namespace {

void handle(const CallPtr& call, const kafka::OffsetDeleteRequest& request,
            const Reply<kafka::OffsetDeleteResponse>& reply) {
  kafka::OffsetDeleteResponse response;
  std::vector<node::TopicPartition> partitions;
  for (const auto& topic : request.topics) {
    for (const auto& partition : topic.partitions) partitions.push_back({topic.name, partition.partition_index});
  }
  const auto deleted = call->node.groups().delete_offsets(request.group_id, partitions);
  const auto durable = deleted.ok() ? call->node.wait_durable() : Result<void>{};
  if (!deleted.ok() || !durable.ok()) {
    response.error_code = deleted.ok() ? code_of(durable) : code_of(deleted);
    return reply(response);
  }
  for (const auto& topic : request.topics) {
    auto& out = response.topics.emplace_back();
    out.name = topic.name;
    for (const auto& partition : topic.partitions) {
      out.partitions.push_back({partition.partition_index, code_of(deleted->at({topic.name, partition.partition_index}))});
    }
  }
  reply(response);
}

}  // namespace

extern constinit const Api kOffsetDelete = api<kafka::OffsetDeleteRequest, &handle>({0, 0}, Runs::on_worker);

}  // namespace sluice::broker
