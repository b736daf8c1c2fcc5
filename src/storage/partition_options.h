#pragma once
// How one partition is kept. The names are Kafka's topic configurations, the defaults too, except flush_messages.

#include <cstdint>
#include <limits>

namespace sluice::storage {

enum class TimestampType : std::uint8_t { create_time, log_append_time };

struct PartitionOptions {
  std::uint64_t segment_bytes = std::uint64_t{1} << 30;  // at most 2^31-1
  std::int64_t segment_ms = 7LL * 24 * 3600 * 1000;
  std::uint32_t index_interval_bytes = 4096;
  std::uint32_t max_message_bytes = 1048588;  // of one batch, as it comes

  bool cleanup_delete = true;  // cleanup.policy: delete, compact, or both
  bool cleanup_compact = false;
  std::int64_t retention_ms = 7LL * 24 * 3600 * 1000;  // -1: for ever
  std::int64_t retention_bytes = -1;                   // -1: any size
  std::int64_t delete_retention_ms = 24LL * 3600 * 1000;
  std::int64_t min_compaction_lag_ms = 0;
  std::int64_t max_compaction_lag_ms = std::numeric_limits<std::int64_t>::max();
  double min_cleanable_dirty_ratio = 0.5;

  TimestampType timestamp_type = TimestampType::create_time;
  std::int64_t timestamp_before_max_ms = std::numeric_limits<std::int64_t>::max();
  std::int64_t timestamp_after_max_ms = std::numeric_limits<std::int64_t>::max();

  // A record is made durable before it is visible, unless this is above 1: then a sync happens when so many records are
  // unsynced, what is appended is visible at once, and a crash of the machine may take it back.
  std::int64_t flush_messages = 1;

  std::int64_t producer_expiration_ms = 24LL * 3600 * 1000;  // an idle producer's state is forgotten after this

  [[nodiscard]] bool durable() const { return flush_messages <= 1; }
};

}  // namespace sluice::storage
