#include "broker/errors.h"
#include "broker/handler.h"
#include "kafka/admin_messages.h"

namespace sluice::broker {

namespace {

using kafka::Code;
using Deleted = kafka::DeleteTopicsResponse::DeletableTopicResult;
using Wanted = kafka::DeleteTopicsRequest::DeleteTopicState;

Deleted refused(const Wanted& wanted, Code code, const std::string& message) {
  return {wanted.name, wanted.topic_id, code, message};
}

Deleted remove(node::Node& node, const Wanted& wanted) {
  if (wanted.name.has_value() && !wanted.topic_id.is_zero()) {
    return refused(wanted, Code::invalid_request, "a topic is named by its name or by its id, not by both");
  }
  const auto info = wanted.name.has_value() ? node.topic(*wanted.name) : node.topic(wanted.topic_id);
  if (!info.ok()) {
    return refused(wanted, wanted.name.has_value() ? code_of(info) : Code::unknown_topic_id, message_of(info.error()));
  }
  const auto removed = node.delete_topic(info->name);
  if (!removed.ok()) return refused(wanted, code_of(removed), message_of(removed.error()));
  return {info->name, info->id, Code::none, std::nullopt};
}

void handle(const CallPtr& call, const kafka::DeleteTopicsRequest& request,
            const Reply<kafka::DeleteTopicsResponse>& reply) {
  kafka::DeleteTopicsResponse response;
  // Names alone before version 6.
  for (const auto& name : request.topic_names) response.responses.push_back(remove(call->node, {.name = name}));
  for (const auto& topic : request.topics) response.responses.push_back(remove(call->node, topic));
  reply(response);
}

}  // namespace

extern constinit const Api kDeleteTopics = api<kafka::DeleteTopicsRequest, &handle>({1, 6}, Runs::on_worker);

}  // namespace sluice::broker
