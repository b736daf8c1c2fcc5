#pragma once
// Leader epochs: clients name the one they know, to learn that a log was cut or that another node leads. With one node
// both never happen, but the numbers must agree with those in the batches.

#include "kafka/api.h"
#include "node/node.h"

namespace sluice::broker {

// -1 for a partition that is not there.
[[nodiscard]] std::int32_t epoch_of(const node::Node& node, const node::TopicPartition& where);

// What a client that names an epoch (-1: none) is told. None for a partition that is not there.
[[nodiscard]] kafka::Code check_epoch(const node::Node& node, const node::TopicPartition& where, std::int32_t named);

}  // namespace sluice::broker
