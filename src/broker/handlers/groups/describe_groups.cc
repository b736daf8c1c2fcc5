#include "broker/errors.h"
#include "broker/handler.h"
#include "kafka/group_messages.h"
#include "node/groups.h"

namespace sluice::broker {

namespace {

using Described = kafka::DescribeGroupsResponse::DescribedGroup;

Described describe(const CallPtr& call, const std::string& group) {
  Described out;
  out.group_id = group;
  const auto info = call->node.groups().describe(group);
  if (!info.ok()) {
    out.error_code = code_of(info);
    out.group_state = "Dead";
    // Before version 6 an unknown group is a dead one, without an error.
    if (out.error_code == kafka::Code::group_id_not_found) {
      if (call->header.version < 6) out.error_code = kafka::Code::none;
      out.error_message = message_of(info.error());
    }
    return out;
  }
  out.group_state = info->state;
  out.protocol_type = info->protocol_type;
  out.protocol_data = info->protocol;
  for (const auto& member : info->members) {
    out.members.push_back({member.member_id, member.instance_id, member.client_id, member.client_host, member.metadata,
                           member.assignment});
  }
  return out;
}

void handle(const CallPtr& call, const kafka::DescribeGroupsRequest& request,
            const Reply<kafka::DescribeGroupsResponse>& reply) {
  kafka::DescribeGroupsResponse response;
  for (const auto& group : request.groups) response.groups.push_back(describe(call, group));
  reply(response);
}

}  // namespace

extern constinit const Api kDescribeGroups = api<kafka::DescribeGroupsRequest, &handle>({0, 6});

}  // namespace sluice::broker
