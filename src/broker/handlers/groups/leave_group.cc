#include "broker/errors.h"
#include "broker/handler.h"
#include "kafka/group_messages.h"
#include "node/groups.h"

namespace sluice::broker {

namespace {

void handle(const CallPtr& call, const kafka::LeaveGroupRequest& request,
            const Reply<kafka::LeaveGroupResponse>& reply) {
  std::vector<node::LeavingMember> leaving;
  const bool single = call->header.version < 3;  // one member, by its id alone
  if (single) leaving.push_back({request.member_id, std::nullopt});
  if (!single) {
    for (const auto& member : request.members) leaving.push_back({member.member_id, member.group_instance_id});
  }
  const auto results = call->node.groups().leave(request.group_id, leaving);
  kafka::LeaveGroupResponse response;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (single) response.error_code = code_of(results[i]);
    if (!single) response.members.push_back({leaving[i].member_id, leaving[i].instance_id, code_of(results[i])});
  }
  reply(response);
}

}  // namespace

extern constinit const Api kLeaveGroup = api<kafka::LeaveGroupRequest, &handle>({0, 5});

}  // namespace sluice::broker
