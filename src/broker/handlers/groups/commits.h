#pragma once
// What OffsetCommit and TxnOffsetCommit share: their lists of topics have the same form.

#include <map>
#include <memory>
#include <optional>

#include "broker/errors.h"
#include "broker/handler.h"
#include "node/groups.h"

namespace sluice::broker {

inline constexpr std::size_t kMaxOffsetMetadataBytes = 4096;  // Kafka's offset.metadata.max.bytes

[[nodiscard]] kafka::Code check_commit(node::Node& node, const node::TopicPartition& where, std::size_t metadata_bytes);

// Commits what may be committed of `topics`, and answers with a code for each partition when that is durable.
template <typename Response, typename Topics>
void commit_offsets(const CallPtr& call, const Topics& topics, const node::Committer& who,
                    std::optional<node::ProducerIdentity> producer, const Reply<Response>& reply) {
  const auto response = std::make_shared<Response>();
  std::map<node::TopicPartition, node::CommittedOffset> offsets;
  for (const auto& topic : topics) {
    auto& out = response->topics.emplace_back();
    out.name = topic.name;
    for (const auto& partition : topic.partitions) {
      const node::TopicPartition where{topic.name, partition.partition_index};
      auto metadata = partition.committed_metadata.value_or("");
      const auto code = check_commit(call->node, where, metadata.size());
      out.partitions.push_back({.partition_index = partition.partition_index, .error_code = code});
      if (code != kafka::Code::none) continue;
      offsets[where] = {Offset{partition.committed_offset}, partition.committed_leader_epoch, std::move(metadata),
                        call->node.clock().wall_ms()};
    }
  }
  call->node.groups().commit(who, offsets, producer, [response, reply](const Result<void>& result) {
    for (auto& topic : response->topics) {
      for (auto& partition : topic.partitions) {
        if (partition.error_code == kafka::Code::none) partition.error_code = code_of(result);
      }
    }
    reply(*response);
  });
}

}  // namespace sluice::broker
