#pragma once
// What exactly storage refused: carried in Error::reason, with numbers above those that node uses for its own, so that the
// two can never be mistaken. Mapped to Kafka's codes by the one table at the broker's edge.

#include <cstdint>
#include <string>
#include <utility>

#include "base/error.h"

namespace sluice::storage {

enum class Reason : std::uint16_t {
  offset_out_of_range = 1000,  // below the log's start or above its end
  corrupt_batch,               // bytes, length, CRC
  invalid_record,              // well-formed, but not what a producer may send
  invalid_timestamp,           // too far from now for this topic
  batch_too_large,             // over max_message_bytes, or over a segment
  unsupported_format,          // message format 0 or 1
  unsupported_compression,     // a codec that we do not know
  out_of_order_sequence,       // a gap in a producer's sequence numbers
  invalid_producer_epoch,      // an older epoch than this partition has seen
  coordinator_fenced,          // a marker from an older coordinator
  invalid_txn_state,           // a plain batch of a producer whose transaction is open
  partition_offline,           // a sync or a write failed; writes stop until a restart
};

[[nodiscard]] inline Error refused(ErrorCode code, Reason reason, std::string message, std::string hint = {}) {
  return Error{code, std::move(message), {}, std::move(hint), static_cast<std::uint16_t>(reason)};
}
[[nodiscard]] inline bool has_reason(const Error& error, Reason reason) {
  return error.reason == static_cast<std::uint16_t>(reason);
}

}  // namespace sluice::storage
