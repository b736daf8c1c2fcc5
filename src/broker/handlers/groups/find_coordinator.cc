#include "broker/errors.h"
#include "broker/handler.h"
#include "kafka/group_messages.h"

namespace sluice::broker {

namespace {

using kafka::Code;

// 0: groups, 1: transactions. Share groups (2) are not served.
Refusal check(const kafka::FindCoordinatorRequest& request, const std::string& key) {
  if (request.key_type != 0 && request.key_type != 1) {
    return {Code::invalid_request, "coordinator type " + std::to_string(request.key_type) + " is not served"};
  }
  if (key.empty() && request.key_type == 1) return {Code::invalid_request, "the transactional id is empty"};
  return {};
}

// Kafka's coordinators have no place to be when they are refused.
constexpr std::int32_t kNoNode = -1;

void handle(const CallPtr& call, const kafka::FindCoordinatorRequest& request,
            const Reply<kafka::FindCoordinatorResponse>& reply) {
  kafka::FindCoordinatorResponse response;
  const auto& here = call->advertised;
  if (call->header.version < 4) {
    const auto refusal = check(request, request.key);
    const bool fine = refusal.code == Code::none;
    response.error_code = refusal.code;
    if (!fine) response.error_message = refusal.message;
    response.node_id = fine ? call->node.node_id() : kNoNode;
    response.host = fine ? here.host : "";
    response.port = fine ? here.port : -1;
    return reply(response);
  }
  for (const auto& key : request.coordinator_keys) {
    const auto refusal = check(request, key);
    auto& out = response.coordinators.emplace_back();
    out.key = key;
    out.error_code = refusal.code;
    const bool fine = refusal.code == Code::none;
    if (!fine) out.error_message = refusal.message;
    out.node_id = fine ? call->node.node_id() : kNoNode;
    out.host = fine ? here.host : "";
    out.port = fine ? here.port : -1;
  }
  reply(response);
}

}  // namespace

extern constinit const Api kFindCoordinator = api<kafka::FindCoordinatorRequest, &handle>({0, 6});

}  // namespace sluice::broker
