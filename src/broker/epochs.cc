#include "broker/epochs.h"

#include "storage/partition.h"

namespace sluice::broker {

std::int32_t epoch_of(const node::Node& node, const node::TopicPartition& where) {
  const auto partition = node.partition(where);
  return partition.ok() ? (*partition)->leader_epoch().value : -1;
}

kafka::Code check_epoch(const node::Node& node, const node::TopicPartition& where, std::int32_t named) {
  if (named < 0) return kafka::Code::none;
  const auto current = epoch_of(node, where);
  if (current < 0 || named == current) return kafka::Code::none;
  return named > current ? kafka::Code::unknown_leader_epoch : kafka::Code::fenced_leader_epoch;
}

}  // namespace sluice::broker
