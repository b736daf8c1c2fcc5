#pragma once
// What a partition knows of its producers: sequences, to find duplicates and gaps; open transactions, to know up to
// where a reader of committed records may go. Saved in Kafka's .snapshot files (docs/formats/producer_snapshot.md).

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "record/batch.h"

namespace sluice::storage {

// A transaction that was aborted: readers skip the producer's records from first_offset to last_offset.
struct AbortedTransaction {
  ProducerId producer_id;
  Offset first_offset;
  Offset last_offset;         // of its marker
  Offset last_stable_offset;  // when it was aborted
};

// Why a sequence is refused; the caller maps it.
enum class SequenceError : std::uint8_t { none, out_of_order, older_epoch, unknown_producer, duplicate_too_old };

class ProducerState {
 public:
  struct Batch {
    std::int32_t first_sequence = -1;
    std::int32_t last_sequence = -1;
    Offset last_offset;
    std::int32_t offset_delta = 0;
    std::int64_t timestamp_ms = -1;
    [[nodiscard]] Offset base_offset() const { return last_offset - offset_delta; }
  };
  struct Entry {
    ProducerEpoch epoch = kNoProducerEpoch;
    std::deque<Batch> batches;  // at most 5, oldest first
    std::int32_t coordinator_epoch = -1;
    std::int64_t last_timestamp_ms = -1;
    Offset transaction_first_offset = kNoOffset;  // of the open transaction
  };
  struct Verdict {
    SequenceError error = SequenceError::none;
    std::optional<Offset> duplicate_of;  // the base offset under which the same batch was appended before
    std::string message;
  };

  // May the batch be appended? Batches without a producer id always may.
  [[nodiscard]] Verdict check(const record::BatchView& batch) const;
  // Is the epoch of a marker current?
  [[nodiscard]] bool marker_allowed(ProducerId id, ProducerEpoch epoch) const;
  // Notes a batch that was appended at its offset. For a marker that ends a transaction gives it, aborted or not.
  struct Ended {
    AbortedTransaction transaction;
    bool aborted = false;
  };
  std::optional<Ended> note(const record::BatchView& batch);

  // The first offset of any open transaction; none when there is none.
  [[nodiscard]] std::optional<Offset> first_open() const;
  // The first offset of any transaction that is open, or whose marker is not below `high_watermark` yet.
  [[nodiscard]] std::optional<Offset> first_unstable(Offset high_watermark);

  [[nodiscard]] Bytes snapshot() const;
  [[nodiscard]] Result<void> restore(ByteView bytes);
  void clear();
  // Forgets producers without an open transaction that were silent since `before_ms`.
  void expire(std::int64_t before_ms);
  [[nodiscard]] const std::map<ProducerId, Entry>& entries() const { return entries_; }

 private:
  struct Finished {
    Offset first_offset;
    Offset marker_offset;
  };
  std::map<ProducerId, Entry> entries_;
  std::map<Offset, ProducerId> open_;    // by first offset
  std::deque<Finished> finished_;        // not yet below the high watermark, in order of their markers
};

}  // namespace sluice::storage
