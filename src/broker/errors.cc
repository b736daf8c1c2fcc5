#include "broker/errors.h"

#include "storage/reason.h"

namespace sluice::broker {

using kafka::Code;
using node::Reason;

namespace {

// By what the caller does next, for errors without a reason of their own.
Code by_error_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::retry:
    case ErrorCode::back_off:
      return Code::kafka_storage_error;
    case ErrorCode::fenced:
      return Code::producer_fenced;
    case ErrorCode::rejected:
      return Code::invalid_request;
    case ErrorCode::not_found:
      return Code::unknown_topic_or_partition;
    case ErrorCode::already_exists:
      return Code::topic_already_exists;
    case ErrorCode::corrupt:
      return Code::corrupt_message;
    case ErrorCode::unsupported:
      return Code::unsupported_version;
    case ErrorCode::out_of_space:
      return Code::policy_violation;
    case ErrorCode::cancelled:
      return Code::not_leader_or_follower;
  }
  return Code::unknown_server_error;
}

Code by_group_reason(Reason reason) {
  switch (reason) {
    case Reason::invalid_group_id:
      return Code::invalid_group_id;
    case Reason::unknown_member:
      return Code::unknown_member_id;
    case Reason::member_id_required:
      return Code::member_id_required;
    case Reason::illegal_generation:
      return Code::illegal_generation;
    case Reason::rebalance_in_progress:
      return Code::rebalance_in_progress;
    case Reason::inconsistent_protocol:
      return Code::inconsistent_group_protocol;
    case Reason::fenced_instance:
      return Code::fenced_instance_id;
    case Reason::invalid_session_timeout:
      return Code::invalid_session_timeout;
    case Reason::group_not_empty:
      return Code::non_empty_group;
    case Reason::group_not_found:
      return Code::group_id_not_found;
    case Reason::group_subscribed:
      return Code::group_subscribed_to_topic;
    case Reason::unstable_offset_commit:
      return Code::unstable_offset_commit;
    default:
      return Code::unknown_server_error;
  }
}

Code by_reason(Reason reason) {
  switch (reason) {
    case Reason::unknown_topic:
      return Code::unknown_topic_or_partition;
    case Reason::topic_exists:
      return Code::topic_already_exists;
    case Reason::invalid_topic_name:
      return Code::invalid_topic_exception;
    case Reason::invalid_partitions:
      return Code::invalid_partitions;
    case Reason::invalid_config:
      return Code::invalid_config;
    case Reason::read_only_topic:
      return Code::topic_authorization_failed;
    case Reason::offset_out_of_range:
      return Code::offset_out_of_range;
    case Reason::corrupt_message:
      return Code::corrupt_message;
    case Reason::invalid_record:
      return Code::invalid_record;
    case Reason::message_too_large:
      return Code::message_too_large;
    case Reason::unsupported_format:
      return Code::unsupported_for_message_format;
    case Reason::out_of_order_sequence:
      return Code::out_of_order_sequence_number;
    case Reason::duplicate_sequence:
      return Code::duplicate_sequence_number;
    case Reason::unknown_producer:
      return Code::unknown_producer_id;
    case Reason::invalid_producer_epoch:
      return Code::invalid_producer_epoch;
    case Reason::producer_fenced:
      return Code::producer_fenced;
    case Reason::invalid_producer_id_mapping:
      return Code::invalid_producer_id_mapping;
    case Reason::invalid_txn_state:
      return Code::invalid_txn_state;
    case Reason::invalid_txn_timeout:
      return Code::invalid_transaction_timeout;
    case Reason::concurrent_transactions:
      return Code::concurrent_transactions;
    case Reason::transactional_id_not_found:
      return Code::transactional_id_not_found;
    case Reason::storage_failed:
      return Code::kafka_storage_error;
    // A retriable code would make producers loop for as long as the disk is full.
    case Reason::below_space_floor:
      return Code::policy_violation;
    case Reason::fenced_leader_epoch:
      return Code::fenced_leader_epoch;
    case Reason::unknown_leader_epoch:
      return Code::unknown_leader_epoch;
    default:
      return by_group_reason(reason);
  }
}

Code by_storage_reason(storage::Reason reason) {
  switch (reason) {
    case storage::Reason::offset_out_of_range:
      return Code::offset_out_of_range;
    case storage::Reason::corrupt_batch:
      return Code::corrupt_message;
    case storage::Reason::invalid_record:
      return Code::invalid_record;
    case storage::Reason::invalid_timestamp:
      return Code::invalid_timestamp;
    case storage::Reason::batch_too_large:
      return Code::message_too_large;
    case storage::Reason::unsupported_format:
      return Code::unsupported_for_message_format;
    case storage::Reason::unsupported_compression:
      return Code::unsupported_compression_type;
    case storage::Reason::out_of_order_sequence:
      return Code::out_of_order_sequence_number;
    case storage::Reason::invalid_producer_epoch:
      return Code::invalid_producer_epoch;
    case storage::Reason::coordinator_fenced:
      return Code::transaction_coordinator_fenced;
    case storage::Reason::invalid_txn_state:
      return Code::invalid_txn_state;
    case storage::Reason::partition_offline:
      return Code::kafka_storage_error;
  }
  return Code::unknown_server_error;
}

}  // namespace

Code code_of(const Error& error) {
  if (error.reason >= static_cast<std::uint16_t>(storage::Reason::offset_out_of_range)) {
    return by_storage_reason(static_cast<storage::Reason>(error.reason));
  }
  const auto reason = node::reason_of(error);
  return reason == Reason::none ? by_error_code(error.code) : by_reason(reason);
}

std::string message_of(const Error& error) {
  return error.hint.empty() ? error.message : error.message + "; " + error.hint;
}

Refusal refusal_of(const Error& error) { return {code_of(error), message_of(error)}; }

Code fenced_before(Code code, kafka::Version version, kafka::Version since) {
  return code == Code::producer_fenced && version < since ? Code::invalid_producer_epoch : code;
}

}  // namespace sluice::broker
