// Configurations of topics, and of the broker as far as clients ask for them.

#include <algorithm>

#include "broker/config_source.h"
#include "broker/errors.h"
#include "broker/handler.h"
#include "kafka/admin_messages.h"

namespace sluice::broker {

namespace {

using kafka::Code;
using Described = kafka::DescribeConfigsResponse::Result;
using Entry = Described::ResourceResult;
using Wanted = kafka::DescribeConfigsRequest::Resource;

bool asked_for(const Wanted& wanted, const std::string& name) {
  return !wanted.configuration_keys.has_value() || std::ranges::count(*wanted.configuration_keys, name) > 0;
}

void describe_topic(const CallPtr& call, const kafka::DescribeConfigsRequest& request, const Wanted& wanted,
                    Described& out) {
  const auto entries = call->node.describe_config(wanted.resource_name);
  if (!entries.ok()) {
    out.error_code = code_of(entries);
    out.error_message = message_of(entries.error());
    return;
  }
  for (const auto& config : *entries) {
    if (!asked_for(wanted, config.name)) continue;
    Entry entry;
    entry.name = config.name;
    entry.value = config.value;
    entry.config_source = config_source(config.is_default);
    entry.config_type = config_type(config.type);
    if (request.include_documentation) entry.documentation = config.doc;
    if (request.include_synonyms && !config.is_default) {
      entry.synonyms.push_back({config.name, config.value, kDynamicTopicConfig});
    }
    out.configs.push_back(std::move(entry));
  }
}

// What tools look at. Settings are the program's configuration, not the protocol's: all are read-only here.
void describe_broker(const CallPtr& call, const Wanted& wanted, Described& out) {
  if (!wanted.resource_name.empty() && wanted.resource_name != std::to_string(call->node.node_id())) {
    out.error_code = Code::invalid_request;
    out.error_message = "there is one broker, " + std::to_string(call->node.node_id());
    return;
  }
  const auto& options = call->node.options();
  const auto add = [&](const char* name, std::string value, const char* type) {
    if (!asked_for(wanted, name)) return;
    Entry entry;
    entry.name = name;
    entry.value = std::move(value);
    entry.read_only = true;
    entry.config_source = kStaticBrokerConfig;
    entry.config_type = config_type(type);
    out.configs.push_back(std::move(entry));
  };
  add("auto.create.topics.enable", options.auto_create_topics ? "true" : "false", "boolean");
  add("broker.id", std::to_string(call->node.node_id()), "int");
  add("default.replication.factor", "1", "int");
  add("delete.topic.enable", "true", "boolean");
  add("fetch.max.bytes", std::to_string(call->options.fetch_max_bytes), "int");
  add("log.dirs", options.data, "string");
  add("min.insync.replicas", "1", "int");
  add("num.partitions", std::to_string(options.default_partitions), "int");
}

void handle(const CallPtr& call, const kafka::DescribeConfigsRequest& request,
            const Reply<kafka::DescribeConfigsResponse>& reply) {
  kafka::DescribeConfigsResponse response;
  for (const auto& wanted : request.resources) {
    auto& out = response.results.emplace_back();
    out.resource_type = wanted.resource_type;
    out.resource_name = wanted.resource_name;
    if (wanted.resource_type == kTopicResource) {
      describe_topic(call, request, wanted, out);
    } else if (wanted.resource_type == kBrokerResource) {
      describe_broker(call, wanted, out);
    } else {
      out.error_code = Code::invalid_request;
      out.error_message = "configurations of resource type " + std::to_string(wanted.resource_type) + " are not served";
    }
  }
  reply(response);
}

}  // namespace

extern constinit const Api kDescribeConfigs = api<kafka::DescribeConfigsRequest, &handle>({1, 4});

}  // namespace sluice::broker
