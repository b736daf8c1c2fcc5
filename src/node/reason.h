#pragma once
// What exactly went wrong at the node, finer than ErrorCode: carried in Error::reason, mapped to Kafka's codes by one table
// at the broker's edge.

#include <cstdint>

#include "base/error.h"

namespace sluice::node {

enum class Reason : std::uint16_t {
  none = 0,
  unknown_topic = 1,
  topic_exists,
  invalid_topic_name,
  invalid_partitions,
  invalid_config,
  read_only_topic,
  offset_out_of_range,
  corrupt_message,
  invalid_record,
  message_too_large,
  unsupported_format,
  out_of_order_sequence,
  duplicate_sequence,
  unknown_producer,
  invalid_producer_epoch,   // an older epoch of the producer id
  producer_fenced,          // a newer producer has the transactional id
  invalid_producer_id_mapping,
  invalid_txn_state,
  invalid_txn_timeout,
  concurrent_transactions,
  transactional_id_not_found,
  storage_failed,
  below_space_floor,
  fenced_leader_epoch,
  unknown_leader_epoch,
  // groups
  invalid_group_id,
  unknown_member,
  member_id_required,
  illegal_generation,
  rebalance_in_progress,
  inconsistent_protocol,
  fenced_instance,
  invalid_session_timeout,
  group_not_empty,
  group_not_found,
  group_subscribed,
  unstable_offset_commit,
};

[[nodiscard]] inline Error refused(ErrorCode code, Reason reason, std::string message) {
  return Error{code, std::move(message), {}, {}, static_cast<std::uint16_t>(reason)};
}
[[nodiscard]] inline Reason reason_of(const Error& error) { return static_cast<Reason>(error.reason); }

}  // namespace sluice::node
