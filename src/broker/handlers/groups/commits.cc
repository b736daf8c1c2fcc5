#include "broker/handlers/groups/commits.h"

namespace sluice::broker {

kafka::Code check_commit(node::Node& node, const node::TopicPartition& where, std::size_t metadata_bytes) {
  if (metadata_bytes > kMaxOffsetMetadataBytes) return kafka::Code::offset_metadata_too_large;
  const auto topic = node.topic(where.topic);
  if (!topic.ok()) return code_of(topic);
  const bool there = where.partition >= 0 && where.partition < topic->partitions;
  return there ? kafka::Code::none : kafka::Code::unknown_topic_or_partition;
}

}  // namespace sluice::broker
