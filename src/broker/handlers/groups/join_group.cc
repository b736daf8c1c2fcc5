#include "broker/errors.h"
#include "broker/handler.h"
#include "kafka/group_messages.h"
#include "node/groups.h"

namespace sluice::broker {

namespace {

kafka::JoinGroupResponse refused(const Error& error, const kafka::JoinGroupRequest& request, kafka::Version version) {
  kafka::JoinGroupResponse response;
  response.error_code = code_of(error);
  // The node names the id to come back with in the detail.
  response.member_id = response.error_code == kafka::Code::member_id_required ? error.detail : request.member_id;
  if (version < 7) response.protocol_name = "";
  return response;
}

kafka::JoinGroupResponse joined(const node::Joined& joined) {
  kafka::JoinGroupResponse response;
  response.generation_id = joined.generation;
  response.protocol_type = joined.protocol_type;
  response.protocol_name = joined.protocol;
  response.leader = joined.leader;
  response.member_id = joined.member_id;
  for (const auto& member : joined.members) {
    response.members.push_back({member.member_id, member.instance_id, member.metadata});
  }
  return response;
}

void handle(const CallPtr& call, const kafka::JoinGroupRequest& request, const Reply<kafka::JoinGroupResponse>& reply) {
  node::JoinGroup join;
  join.group = request.group_id;
  join.member_id = request.member_id;
  join.instance_id = request.group_instance_id;
  join.client_id = call->client_id();
  join.client_host = "/" + call->client_host;  // as Kafka writes it
  join.protocol_type = request.protocol_type;
  for (const auto& protocol : request.protocols) join.protocols.push_back({protocol.name, protocol.metadata});
  join.session_timeout_ms = request.session_timeout_ms;
  // Version 0 has no rebalance time-out of its own.
  join.rebalance_timeout_ms = call->header.version == 0 ? request.session_timeout_ms : request.rebalance_timeout_ms;
  join.require_known_member_id = call->header.version >= 4;
  call->node.groups().join(join, [call, request, reply](const Result<node::Joined>& result) {
    reply(result.ok() ? joined(*result) : refused(result.error(), request, call->header.version));
  });
}

}  // namespace

extern constinit const Api kJoinGroup = api<kafka::JoinGroupRequest, &handle>({0, 9});

}  // namespace sluice::broker
