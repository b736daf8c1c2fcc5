#include <algorithm>

#include "broker/epochs.h"
#include "broker/errors.h"
#include "broker/handler.h"
#include "kafka/metadata_messages.h"

namespace sluice::broker {

namespace {

using Topic = kafka::MetadataResponse::Topic;
using Wanted = kafka::MetadataRequest::Topic;

Topic described(const node::Node& node, const node::TopicInfo& info) {
  Topic topic;
  topic.name = info.name;
  topic.topic_id = info.id;
  topic.is_internal = info.internal;
  for (std::int32_t i = 0; i < info.partitions; ++i) {
    topic.partitions.push_back({.partition_index = i,
                                .leader_id = node.node_id(),
                                .leader_epoch = epoch_of(node, {info.name, i}),
                                .replica_nodes = {node.node_id()},
                                .isr_nodes = {node.node_id()}});
  }
  return topic;
}

Topic absent(const Wanted& wanted, kafka::Code code) {
  Topic topic;
  topic.name = wanted.name;
  topic.topic_id = wanted.topic_id;
  topic.error_code = code;
  return topic;
}

// With an id only: the topic that has it (v12 and later). With a name: that topic, made if allowed.
Topic find_or_create(node::Node& node, const Wanted& wanted, bool create) {
  if (!wanted.name.has_value()) {
    const auto info = node.topic(wanted.topic_id);
    return info.ok() ? described(node, *info) : absent(wanted, kafka::Code::unknown_topic_id);
  }
  auto info = node.topic(*wanted.name);
  if (!info.ok() && create && node::reason_of(info.error()) == node::Reason::unknown_topic) {
    info = node.create_topic({*wanted.name, -1, {}});
    // Two clients may ask for the same new topic at once.
    if (!info.ok() && info.error().code == ErrorCode::already_exists) info = node.topic(*wanted.name);
  }
  return info.ok() ? described(node, *info) : absent(wanted, code_of(info.error()));
}

void answer(const CallPtr& call, const kafka::MetadataRequest& request, bool create,
            const Reply<kafka::MetadataResponse>& reply) {
  kafka::MetadataResponse response;
  response.brokers = {{.node_id = call->node.node_id(), .host = call->advertised.host, .port = call->advertised.port}};
  response.cluster_id = call->node.cluster_id();
  response.controller_id = call->node.node_id();
  // Version 0 has no null: an empty list means all there.
  const bool all = !request.topics.has_value() || (call->header.version == 0 && request.topics->empty());
  if (all) {
    for (const auto& info : call->node.topics()) response.topics.push_back(described(call->node, info));
  } else {
    for (const auto& wanted : *request.topics) response.topics.push_back(find_or_create(call->node, wanted, create));
  }
  reply(response);
}

void handle(const CallPtr& call, const kafka::MetadataRequest& request, const Reply<kafka::MetadataResponse>& reply) {
  // The flag exists since version 4; before, asking is creating.
  const bool create = call->node.options().auto_create_topics && request.allow_auto_topic_creation;
  const bool missing =
      create && request.topics.has_value() && std::ranges::any_of(*request.topics, [&](const Wanted& wanted) {
        return wanted.name.has_value() && !call->node.topic(*wanted.name).ok();
      });
  if (!missing) return answer(call, request, false, reply);
  call->worker.post([call, request, reply] { answer(call, request, true, reply); });
}

}  // namespace

extern constinit const Api kMetadata = api<kafka::MetadataRequest, &handle>({0, 13});

}  // namespace sluice::broker
