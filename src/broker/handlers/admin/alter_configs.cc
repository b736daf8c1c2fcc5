// The old way: what the request names is the topic's whole configuration; everything else that was set is unset.

#include "broker/config_source.h"
#include "broker/errors.h"
#include "broker/handler.h"
#include "kafka/admin_messages.h"

namespace sluice::broker {

namespace {

using Changes = std::map<std::string, std::optional<std::string>>;

Result<void> replace(const CallPtr& call, const kafka::AlterConfigsRequest::Resource& resource, bool validate_only) {
  if (resource.resource_type != kTopicResource) {
    return Error{ErrorCode::rejected,
                 "only configurations of topics can be altered",
                 {},
                 "change the broker's own in its configuration file"};
  }
  SLUICE_TRY(const auto info, call->node.topic(resource.resource_name));
  Changes changes;
  for (const auto& [name, value] : info.config) changes[name] = std::nullopt;
  for (const auto& config : resource.configs) changes[config.name] = config.value;
  return call->node.alter_config(resource.resource_name, changes, validate_only);
}

void handle(const CallPtr& call, const kafka::AlterConfigsRequest& request,
            const Reply<kafka::AlterConfigsResponse>& reply) {
  kafka::AlterConfigsResponse response;
  for (const auto& resource : request.resources) {
    const auto replaced = replace(call, resource, request.validate_only);
    auto& out = response.responses.emplace_back();
    out.resource_type = resource.resource_type;
    out.resource_name = resource.resource_name;
    out.error_code = code_of(replaced);
    if (!replaced.ok()) out.error_message = message_of(replaced.error());
  }
  reply(response);
}

}  // namespace

extern constinit const Api kAlterConfigs = api<kafka::AlterConfigsRequest, &handle>({0, 2}, Runs::on_worker);

}  // namespace sluice::broker
