#include "broker/errors.h"
#include "broker/handler.h"
#include "kafka/group_messages.h"
#include "node/groups.h"

namespace sluice::broker {

namespace {

void handle(const CallPtr& call, const kafka::HeartbeatRequest& request, const Reply<kafka::HeartbeatResponse>& reply) {
  const auto beat = call->node.groups().heartbeat(
      {request.group_id, request.member_id, request.group_instance_id, request.generation_id});
  reply({.error_code = code_of(beat)});
}

}  // namespace

extern constinit const Api kHeartbeat = api<kafka::HeartbeatRequest, &handle>({0, 4});

}  // namespace sluice::broker
