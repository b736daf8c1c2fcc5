#include "broker/errors.h"
#include "broker/handler.h"
#include "kafka/group_messages.h"
#include "node/groups.h"

namespace sluice::broker {

namespace {

void handle(const CallPtr& call, const kafka::SyncGroupRequest& request, const Reply<kafka::SyncGroupResponse>& reply) {
  node::SyncGroup sync;
  sync.group = request.group_id;
  sync.generation = request.generation_id;
  sync.member_id = request.member_id;
  sync.instance_id = request.group_instance_id;
  sync.protocol_type = request.protocol_type;
  sync.protocol = request.protocol_name;
  for (const auto& assignment : request.assignments) sync.assignments[assignment.member_id] = assignment.assignment;
  call->node.groups().sync(sync, [reply](const Result<node::Synced>& result) {
    kafka::SyncGroupResponse response;
    response.error_code = code_of(result);
    if (result.ok()) {
      response.protocol_type = result->protocol_type;
      response.protocol_name = result->protocol;
      response.assignment = result->assignment;
    }
    reply(response);
  });
}

}  // namespace

extern constinit const Api kSyncGroup = api<kafka::SyncGroupRequest, &handle>({0, 5});

}  // namespace sluice::broker
