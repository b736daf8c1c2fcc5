#include "broker/errors.h"
#include "broker/handler.h"
#include "kafka/admin_messages.h"

namespace sluice::broker {

namespace {

using Topic = kafka::CreatePartitionsRequest::Topic;

Refusal check_assignments(const node::Node& node, const Topic& topic) {
  if (!topic.assignments.has_value()) return {};
  for (const auto& assignment : *topic.assignments) {
    if (assignment.broker_ids != std::vector{node.node_id()}) {
      return {kafka::Code::invalid_replica_assignment, "there is one broker, " + std::to_string(node.node_id())};
    }
  }
  return {};
}

void handle(const CallPtr& call, const kafka::CreatePartitionsRequest& request,
            const Reply<kafka::CreatePartitionsResponse>& reply) {
  kafka::CreatePartitionsResponse response;
  for (const auto& topic : request.topics) {
    auto refusal = check_assignments(call->node, topic);
    if (refusal.code == kafka::Code::none) {
      const auto added = call->node.add_partitions(topic.name, topic.count, request.validate_only);
      if (!added.ok()) refusal = refusal_of(added.error());
    }
    auto& out = response.results.emplace_back();
    out.name = topic.name;
    out.error_code = refusal.code;
    if (refusal.code != kafka::Code::none) out.error_message = refusal.message;
  }
  reply(response);
}

}  // namespace

extern constinit const Api kCreatePartitions = api<kafka::CreatePartitionsRequest, &handle>({0, 3}, Runs::on_worker);

}  // namespace sluice::broker
