#pragma once
// What a partition knows of those who write to it: per producer id the epoch, the last five batches (so that a retry is
// recognised and answered with its earlier offset) and the open transaction; over all of them the last stable offset.
//
// Not thread-safe: the partition's append lock guards it. Sequence numbers count records and wrap from 2^31-1 to 0.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "record/batch.h"
#include "storage/aborted_transaction.h"

namespace sluice::storage {

struct ProducerDescription {
  ProducerId id;
  ProducerEpoch epoch;
  std::int32_t last_sequence = -1;
  std::int64_t last_timestamp_ms = -1;
  std::int32_t coordinator_epoch = -1;
  Offset transaction_start = kNoOffset;  // of the open transaction
};

class ProducerStates {
 public:
  struct Duplicate {
    Offset first_offset;
    Offset last_offset;
    std::int64_t timestamp_ms = -1;
  };

  // Whether this data batch may be appended now. Gives the earlier batch when it is a retry of one of the last five.
  // Errors (with a Reason): fenced, an older epoch; rejected, a gap in the sequence, or a plain batch while the
  // producer's transaction is open. Changes nothing.
  [[nodiscard]] Result<std::optional<Duplicate>> check(const record::BatchView& batch) const;
  // Whether this marker may be appended. Errors: fenced.
  [[nodiscard]] Result<void> check_marker(ProducerId id, ProducerEpoch epoch, std::int32_t coordinator_epoch) const;

  // Takes note of a batch, data or marker, that was appended at its offsets. No checks: recovery replays with it, too.
  // Gives the entry for the aborted index when the batch is a marker that aborts a transaction with data here.
  std::optional<AbortedTransaction> note(const record::BatchView& batch);

  // First offset of the oldest open transaction; none without one.
  [[nodiscard]] std::optional<Offset> first_open_offset() const;
  // The same, when only what lies below `end` counts: a transaction whose marker lies at or past it is open.
  [[nodiscard]] std::optional<Offset> first_undecided_offset(Offset end) const;
  // Everything below is durable: forgets which markers there were.
  void forget_decided(Offset durable_end);

  // Forgets producers without an open transaction whose last batch is older than `before_ms`.
  void expire(std::int64_t before_ms);
  void clear();
  [[nodiscard]] std::vector<ProducerDescription> describe() const;

  // The cleaner's question: the last data offset of a live producer; kNoOffset when its last entry is a marker.
  struct LastEntry {
    Offset last_data_offset = kNoOffset;
    ProducerEpoch epoch = kNoProducerEpoch;
  };
  [[nodiscard]] std::unordered_map<ProducerId, LastEntry> last_entries() const;

  // Kafka's snapshot file, version 1 (docs/formats/producer_snapshot.md). Only the last batch of a producer is in it.
  [[nodiscard]] Bytes snapshot() const;
  // Replaces the state. Errors: corrupt (short, CRC), unsupported (a newer version).
  [[nodiscard]] Result<void> load(ByteView snapshot);

 private:
  struct BatchMeta {
    std::int32_t first_sequence;
    std::int32_t last_sequence;
    Offset last_offset;
    std::int32_t offset_delta;
    std::int64_t timestamp_ms;
  };
  struct Entry {
    ProducerEpoch epoch = kNoProducerEpoch;
    std::deque<BatchMeta> batches;  // at most five, oldest first
    std::int32_t coordinator_epoch = -1;
    std::int64_t last_timestamp_ms = -1;
    Offset transaction_start = kNoOffset;
  };
  struct Decided {
    Offset first_offset;
    Offset marker_offset;
  };
  std::optional<AbortedTransaction> note_marker(const record::BatchView& batch, Entry& entry);

  std::unordered_map<ProducerId, Entry> producers_;
  std::map<Offset, ProducerId> open_;  // by first offset
  std::deque<Decided> decided_;        // whose markers may not be durable yet, by marker offset
};

}  // namespace sluice::storage
