#include "broker/errors.h"
#include "broker/handler.h"
#include "kafka/offset_messages.h"
#include "node/groups.h"

namespace sluice::broker {

namespace {

using Request = kafka::OffsetFetchRequest;
using Response = kafka::OffsetFetchResponse;
using Found = std::map<node::TopicPartition, node::CommittedOffset>;

template <typename Partition>
void fill(Partition& out, std::int32_t index, const node::CommittedOffset* found, kafka::Code code) {
  out.partition_index = index;
  out.committed_offset = found == nullptr ? -1 : found->offset.value;
  out.committed_leader_epoch = found == nullptr ? -1 : found->leader_epoch;
  out.metadata = found == nullptr ? "" : found->metadata;
  out.error_code = code;
}

// Everything that the group has, in the response's form.
template <typename Topic>
std::vector<Topic> all_of(const Found& found) {
  std::vector<Topic> topics;
  for (const auto& [where, offset] : found) {
    if (topics.empty() || topics.back().name != where.topic) topics.emplace_back().name = where.topic;
    fill(topics.back().partitions.emplace_back(), where.partition, &offset, kafka::Code::none);
  }
  return topics;
}

template <typename Topic, typename WantedTopics>
std::vector<Topic> those_of(const WantedTopics& wanted, const Found& found, kafka::Code code) {
  std::vector<Topic> topics;
  for (const auto& topic : wanted) {
    auto& out = topics.emplace_back();
    out.name = topic.name;
    for (const auto index : topic.partition_indexes) {
      const auto at = found.find({topic.name, index});
      fill(out.partitions.emplace_back(), index, at == found.end() ? nullptr : &at->second, code);
    }
  }
  return topics;
}

// The topics that `wanted` names (or all), and the group's code.
template <typename Topic, typename WantedTopics>
std::vector<Topic> fetch(const CallPtr& call, const std::string& group, const std::optional<WantedTopics>& wanted,
                         bool require_stable, kafka::Code& code) {
  std::optional<std::vector<node::TopicPartition>> partitions;
  if (wanted.has_value()) {
    partitions.emplace();
    for (const auto& topic : *wanted) {
      for (const auto index : topic.partition_indexes) partitions->push_back({topic.name, index});
    }
  }
  const auto found = call->node.groups().committed(group, partitions, require_stable);
  code = code_of(found);
  if (code == kafka::Code::group_id_not_found) code = kafka::Code::none;  // a group that never committed
  const Found none;
  if (!wanted.has_value()) return all_of<Topic>(found.ok() ? *found : none);
  // Pending transactional offsets are told by partition; older clients know no group's code at all.
  const auto topics = those_of<Topic>(*wanted, found.ok() ? *found : none, code);
  if (code == kafka::Code::unstable_offset_commit) code = kafka::Code::none;
  return topics;
}

void handle(const CallPtr& call, const Request& request, const Reply<Response>& reply) {
  Response response;
  if (call->header.version < 8) {
    response.topics =
        fetch<Response::Topic>(call, request.group_id, request.topics, request.require_stable, response.error_code);
    return reply(response);
  }
  for (const auto& group : request.groups) {
    auto& out = response.groups.emplace_back();
    out.group_id = group.group_id;
    out.topics =
        fetch<Response::Group::Topics>(call, group.group_id, group.topics, request.require_stable, out.error_code);
  }
  reply(response);
}

}  // namespace

extern constinit const Api kOffsetFetch = api<kafka::OffsetFetchRequest, &handle>({1, 9});

}  // namespace sluice::broker
