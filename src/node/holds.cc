// Holds: what retention, compaction and deletion must leave, and how much a holder may make the log keep.

#include <algorithm>

#include "base/trace.h"
#include "node/node.h"
#include "node/node_state.h"

namespace sluice::node {

Result<void> Node::hold(const std::string& name, const TopicPartition& where, std::optional<Offset> offset) {
  SLUICE_TRY(const auto state, find(where));
  state->set_hold(name, offset);
  return {};
}

void Node::PartitionState::set_hold(const std::string& name, std::optional<Offset> offset) {
  const std::lock_guard lock(holds_mutex);
  if (offset) {
    holds[name] = *offset;
  } else {
    holds.erase(name);
  }
  auto least = Offset{INT64_MAX};
  for (const auto& [holder, held] : holds) least = std::min(least, held);
  log->set_hold(least);
}

std::optional<Offset> Node::PartitionState::held_by(const std::string& name) {
  const std::lock_guard lock(holds_mutex);
  const auto found = holds.find(name);
  return found == holds.end() ? std::nullopt : std::optional(found->second);
}

void Node::limit_hold(const std::string& name, std::uint64_t bytes) {
  const std::lock_guard lock(hold_limits_mutex_);
  hold_limits_[name].bytes = bytes;
}

std::uint64_t Node::held_bytes(const std::string& name) const {
  std::uint64_t bytes = 0;
  for (const auto& state : all_partitions()) {
    const auto from = state->held_by(name);
    if (from && *from < state->log->log_end()) bytes += state->log->bytes_from(*from);
  }
  return bytes;
}

std::uint64_t Node::broken_holds(const std::string& name) const {
  const std::lock_guard lock(hold_limits_mutex_);
  const auto found = hold_limits_.find(name);
  return found == hold_limits_.end() ? 0 : found->second.broken;
}

// A holder that is too far behind loses its holds, in all partitions, until it sets them again.
void Node::break_large_holds() {
  const std::lock_guard lock(hold_limits_mutex_);
  for (auto& [name, limit] : hold_limits_) {
    const auto bytes = limit.bytes == 0 ? 0 : held_bytes(name);
    if (bytes <= limit.bytes) continue;
    for (const auto& state : all_partitions()) state->set_hold(name, std::nullopt);
    ++limit.broken;
    trace::error("node", "the log keeps " + std::to_string(bytes) + " bytes for " + name + ", over its hold.bytes of " + std::to_string(limit.bytes) +
                             ": it no longer waits; retention and compaction may remove what " + name + " has not had");
  }
}

}  // namespace sluice::node
