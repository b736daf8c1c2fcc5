#include "broker/errors.h"
#include "broker/handler.h"
#include "kafka/group_messages.h"
#include "node/groups.h"

namespace sluice::broker {

namespace {

void handle(const CallPtr& call, const kafka::DeleteGroupsRequest& request,
            const Reply<kafka::DeleteGroupsResponse>& reply) {
  kafka::DeleteGroupsResponse response;
  for (const auto& group : request.groups_names) {
    response.results.push_back({group, code_of(call->node.groups().remove(group))});
  }
  const auto durable = call->node.wait_durable();
  for (auto& result : response.results) {
    if (result.error_code == kafka::Code::none) result.error_code = code_of(durable);
  }
  reply(response);
}

}  // namespace

extern constinit const Api kDeleteGroups = api<kafka::DeleteGroupsRequest, &handle>({0, 2}, Runs::on_worker);

}  // namespace sluice::broker
