#include <algorithm>

#include "broker/config_source.h"
#include "broker/errors.h"
#include "broker/handler.h"
#include "kafka/admin_messages.h"

namespace sluice::broker {

namespace {

using Resource = kafka::IncrementalAlterConfigsRequest::AlterConfigsResource;
using Changes = std::map<std::string, std::optional<std::string>>;

enum class Operation : std::int8_t { set = 0, unset = 1, append = 2, subtract = 3 };

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < list.size();) {
    const auto end = std::min(list.find(',', at), list.size());
    parts.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

// The elements of both, or of `list` without those of `by`.
std::string combine(const std::string& list, const std::string& by, Operation operation) {
  auto parts = split(list);
  for (const auto& one : split(by)) {
    if (operation == Operation::subtract) std::erase(parts, one);
    if (operation == Operation::append && std::ranges::count(parts, one) == 0) parts.push_back(one);
  }
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "" : ",") + part;
  return out;
}

Result<Changes> changes_of(const CallPtr& call, const Resource& resource) {
  SLUICE_TRY(const auto present, call->node.describe_config(resource.resource_name));
  Changes changes;
  for (const auto& config : resource.configs) {
    const auto operation = static_cast<Operation>(config.config_operation);
    if (changes.contains(config.name)) return Error{ErrorCode::rejected, config.name + " is named twice"};
    if (operation == Operation::unset) {
      changes[config.name] = std::nullopt;
    } else if (!config.value.has_value()) {
      return Error{ErrorCode::rejected, config.name + " has no value"};
    } else if (operation == Operation::set) {
      changes[config.name] = config.value;
    } else if (operation == Operation::append || operation == Operation::subtract) {
      const auto entry = std::ranges::find(present, config.name, &node::ConfigEntry::name);
      if (entry == present.end() || entry->type != "list") {
        return node::refused(ErrorCode::rejected, node::Reason::invalid_config, config.name + " is no list");
      }
      changes[config.name] = combine(entry->value, *config.value, operation);
    } else {
      return Error{ErrorCode::rejected,
                   "configuration operation " + std::to_string(config.config_operation) + " is unknown"};
    }
  }
  return changes;
}

Result<void> alter(const CallPtr& call, const Resource& resource, bool validate_only) {
  if (resource.resource_type != kTopicResource) {
    return Error{ErrorCode::rejected,
                 "only configurations of topics can be altered",
                 {},
                 "change the broker's own in its configuration file"};
  }
  SLUICE_TRY(const auto changes, changes_of(call, resource));
  return call->node.alter_config(resource.resource_name, changes, validate_only);
}

void handle(const CallPtr& call, const kafka::IncrementalAlterConfigsRequest& request,
            const Reply<kafka::IncrementalAlterConfigsResponse>& reply) {
  kafka::IncrementalAlterConfigsResponse response;
  for (const auto& resource : request.resources) {
    const auto altered = alter(call, resource, request.validate_only);
    auto& out = response.responses.emplace_back();
    out.resource_type = resource.resource_type;
    out.resource_name = resource.resource_name;
    out.error_code = code_of(altered);
    if (!altered.ok()) out.error_message = message_of(altered.error());
  }
  reply(response);
}

}  // namespace

extern constinit const Api kIncrementalAlterConfigs =
    api<kafka::IncrementalAlterConfigsRequest, &handle>({0, 1}, Runs::on_worker);

}  // namespace sluice::broker
