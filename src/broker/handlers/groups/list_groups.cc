#include <algorithm>
#include <cctype>

#include "broker/handler.h"
#include "kafka/group_messages.h"
#include "node/groups.h"

namespace sluice::broker {

namespace {

// In any case, as Kafka compares states and types.
bool matches(const std::vector<std::string>& filter, std::string_view value) {
  return filter.empty() || std::ranges::any_of(filter, [&](const std::string& one) {
           return std::ranges::equal(one, value, [](char a, char b) {
             return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
           });
         });
}

void handle(const CallPtr& call, const kafka::ListGroupsRequest& request,
            const Reply<kafka::ListGroupsResponse>& reply) {
  constexpr std::string_view kType = "classic";
  kafka::ListGroupsResponse response;
  for (const auto& group : call->node.groups().list()) {
    if (!matches(request.states_filter, group.state) || !matches(request.types_filter, kType)) continue;
    response.groups.push_back({group.group, group.protocol_type, group.state, std::string(kType)});
  }
  reply(response);
}

}  // namespace

extern constinit const Api kListGroups = api<kafka::ListGroupsRequest, &handle>({0, 5});

}  // namespace sluice::broker
