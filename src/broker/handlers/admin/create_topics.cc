// There is one node, so a replication factor is taken as a wish and forced to 1: what asks for 3 works here too.

#include <algorithm>
#include <map>

#include "broker/config_source.h"
#include "broker/errors.h"
#include "broker/handler.h"
#include "kafka/admin_messages.h"

namespace sluice::broker {

namespace {

using kafka::Code;
using Wanted = kafka::CreateTopicsRequest::CreatableTopic;
using Created = kafka::CreateTopicsResponse::CreatableTopicResult;

// A manual assignment says how many partitions there are; each must name this node.
Refusal check_assignments(const Wanted& wanted, std::int32_t node_id) {
  if (wanted.assignments.empty()) return {};
  if (wanted.num_partitions != -1) {
    return {Code::invalid_request, "a number of partitions and an assignment exclude each other"};
  }
  std::vector<bool> seen(wanted.assignments.size());
  for (const auto& assignment : wanted.assignments) {
    const auto index = assignment.partition_index;
    if (index < 0 || static_cast<std::size_t>(index) >= seen.size() || seen[static_cast<std::size_t>(index)]) {
      return {Code::invalid_replica_assignment, "partitions are not numbered from 0 without gaps"};
    }
    seen[static_cast<std::size_t>(index)] = true;
    if (assignment.broker_ids != std::vector{node_id}) {
      return {Code::invalid_replica_assignment, "there is one broker, " + std::to_string(node_id)};
    }
  }
  return {};
}

Refusal check(const kafka::CreateTopicsRequest& request, const Wanted& wanted, std::int32_t node_id) {
  if (std::ranges::count(request.topics, wanted.name, &Wanted::name) > 1) {
    return {Code::invalid_request, "the request names this topic twice"};
  }
  if (wanted.assignments.empty() && (wanted.replication_factor == 0 || wanted.replication_factor < -1)) {
    return {Code::invalid_replication_factor, "a replication factor is 1 or more, or -1 for the default"};
  }
  if (wanted.assignments.empty() && (wanted.num_partitions == 0 || wanted.num_partitions < -1)) {
    return {Code::invalid_partitions, "a number of partitions is 1 or more, or -1 for the default"};
  }
  return check_assignments(wanted, node_id);
}

void describe_configs(const node::Node& node, Created& out) {
  const auto entries = node.describe_config(out.name);
  if (!entries.ok()) {
    out.topic_config_error_code = code_of(entries);
    return;
  }
  out.configs.emplace();
  for (const auto& entry : *entries) {
    out.configs->push_back({entry.name, entry.value, false, config_source(entry.is_default), false});
  }
}

void create(const CallPtr& call, const Wanted& wanted, bool validate_only, Created& out) {
  node::NewTopic topic{wanted.name, wanted.num_partitions, {}};
  if (!wanted.assignments.empty()) topic.partitions = static_cast<std::int32_t>(wanted.assignments.size());
  for (const auto& config : wanted.configs) {
    if (config.value.has_value()) topic.config[config.name] = *config.value;
  }
  const auto info = call->node.create_topic(topic, validate_only);
  if (!info.ok()) {
    const auto refusal = refusal_of(info.error());
    out.error_code = refusal.code;
    out.error_message = refusal.message;
    return;
  }
  out.num_partitions = info->partitions;
  out.replication_factor = 1;
  out.topic_id = info->id;
  if (validate_only) {
    out.configs.emplace();
  } else {
    describe_configs(call->node, out);
  }
}

void handle(const CallPtr& call, const kafka::CreateTopicsRequest& request,
            const Reply<kafka::CreateTopicsResponse>& reply) {
  kafka::CreateTopicsResponse response;
  for (const auto& wanted : request.topics) {
    auto& out = response.topics.emplace_back();
    out.name = wanted.name;
    const auto refusal = check(request, wanted, call->node.node_id());
    if (refusal.code == Code::none) {
      create(call, wanted, request.validate_only, out);
    } else {
      out.error_code = refusal.code;
      out.error_message = refusal.message;
    }
  }
  reply(response);
}

}  // namespace

extern constinit const Api kCreateTopics = api<kafka::CreateTopicsRequest, &handle>({2, 7}, Runs::on_worker);

}  // namespace sluice::broker
