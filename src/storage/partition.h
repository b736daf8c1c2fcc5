#pragma once
// One partition: a folder `<topic>-<n>` of Kafka's files, byte for byte (docs/formats/segment.md), and what is known of its
// producers. Passive: no thread, no timer.
//
// Three offsets tell its state:   log_start <= durable_end <= log_end
//   append() moves log_end; a SyncRound moves durable_end; delete_records() and retention move log_start. What may be read
//   is not decided here: node keeps the high watermark and hands it to read() as the limit.
//
// Thread rule: everything is thread-safe. Changes wait for each other (one lock a partition); reads take an immutable
// list of segments and atomic ends and never wait for an append. compact() reads and rewrites without the lock and
// takes it to swap its result in; a second compact() at the same time does nothing. A FileSlice stays readable when its
// segment has been deleted.
//
// When a write or a sync fails in a way that leaves the disk unknown, the partition goes offline: writes are refused
// with Reason::partition_offline until it is opened again; reads below what was durable go on. Out of space in append()
// is not such a failure: the append is undone and may be repeated.
//
// Reasons (storage/reason.h) refine the error codes that are named below.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/uuid.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "record/batch.h"
#include "storage/aborted_transaction.h"
#include "storage/leader_epochs.h"
#include "storage/partition_options.h"
#include "storage/producer_state.h"
#include "storage/reason.h"

namespace sluice::storage {

class Segment;
using SegmentList = std::vector<std::shared_ptr<Segment>>;  // ascending; the last is the active one; never empty

// What the log directory knows of a partition when it is opened (storage/log_directory.h reads it).
struct OpenState {
  bool clean = false;        // the clean-shutdown marker was there: trust every file
  Offset recovery_point{0};  // everything below was durable, indexes included
  Offset log_start{0};
  Offset cleaned_until{0};   // the cleaner's checkpoint
};

struct RecoveryReport {
  bool needed = false;
  std::uint64_t checked_bytes = 0;  // read, CRC checked, written again and synced
  std::uint64_t cut_bytes = 0;      // removed: a torn tail that was never acknowledged
};

enum class Origin : std::uint8_t {
  client,    // checked as a produce request must be
  platform,  // our own producers and coordinators: no limit of size but the segment's
};

struct Appended {
  Offset first_offset;
  Offset last_offset;
  bool duplicate = false;            // a retry of a batch that is there already; the offsets are the earlier ones
  std::int64_t append_time_ms = -1;  // with log_append_time; else -1
};

struct ReadRequest {
  Offset from;
  Offset limit;                    // exclusive: the high watermark, or the last stable offset
  std::uint64_t max_bytes = 1 << 20;
  bool at_least_one_batch = true;  // though it is larger than max_bytes
};

struct ReadResult {
  io::FileSlice slice;  // whole batches of one segment; length 0: nothing below the limit
  Offset next_offset;   // after the last batch of the slice; the request's `from` when it is empty
};

struct TimestampOffset {
  std::int64_t timestamp_ms = -1;
  Offset offset = kNoOffset;
};

struct RetentionResult {
  std::int32_t segments = 0;
  std::uint64_t bytes = 0;
};

struct CompactionLimits {
  std::size_t map_bytes = std::size_t{64} << 20;  // memory of the key map; a pass ends where it is full
};

struct CompactionResult {
  std::uint64_t bytes_before = 0;  // of the segments rewritten
  std::uint64_t bytes_after = 0;
  std::int64_t records_removed = 0;
  Offset cleaned_until{0};
};

class Partition {
 public:
  // Makes the folder with partition.metadata and an empty segment, durable with its name. `directory` ends in
  // "<topic>-<n>". Errors: already_exists; io errors.
  [[nodiscard]] static Result<std::shared_ptr<Partition>> create(io::FileSystem& files, io::Clock& clock,
                                                                 std::string directory, Uuid topic_id,
                                                                 const PartitionOptions& options);
  // Opens what create() made. Without state.clean, the tail from state.recovery_point on is checked, cut after its last
  // whole batch, written again and synced before this returns; indexes and producers' state are rebuilt for that part.
  // So log_end == durable_end afterwards. Errors: not_found; corrupt, when a batch below the recovery point is damaged
  // (nothing is changed: the caller puts the partition aside); io errors.
  [[nodiscard]] static Result<std::shared_ptr<Partition>> open(io::FileSystem& files, io::Clock& clock,
                                                               std::string directory, const PartitionOptions& options,
                                                               const OpenState& state);
  ~Partition();  // without close(): as after a kill
  Partition(const Partition&) = delete;
  Partition& operator=(const Partition&) = delete;
  // Syncs everything and writes the producers' snapshot. Nothing may be appended afterwards. When all partitions have
  // closed, the caller writes the checkpoints and the clean-shutdown marker.
  [[nodiscard]] Result<void> close();

  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] const std::string& name() const { return name_; }  // "<topic>-<n>"
  [[nodiscard]] Uuid topic_id() const { return topic_id_; }
  [[nodiscard]] const RecoveryReport& recovery() const { return recovery_; }

  [[nodiscard]] Offset log_start() const { return Offset{log_start_.load(std::memory_order_acquire)}; }
  [[nodiscard]] Offset durable_end() const { return Offset{durable_end_.load(std::memory_order_acquire)}; }
  [[nodiscard]] Offset log_end() const { return Offset{log_end_.load(std::memory_order_acquire)}; }
  [[nodiscard]] std::uint64_t size_bytes() const;
  // About how much of it lies at and past `offset`, to an index entry exact.
  [[nodiscard]] std::uint64_t bytes_from(Offset offset) const;
  [[nodiscard]] std::size_t segment_count() const;
  [[nodiscard]] PartitionOptions options() const;
  void set_options(const PartitionOptions& options);
  // Why writes are refused, if they are.
  [[nodiscard]] std::optional<Error> offline() const;

  // --- append
  // Validates the batch where it lies (one batch, magic 2, length, CRC, offset deltas, count, codec, timestamps, no control
  // bit; keys, with a compacted log; the producer's epoch and sequence), assigns its offsets by patching 12 bytes of it,
  // and writes it. With log_append_time it also patches timestamp and CRC. The bytes are the caller's again on return.
  // It is not durable, and must not be shown, before a SyncRound has passed: hand the partition to SyncRound::add().
  // A duplicate may not be durable either: compare its last_offset with durable_end().
  // Errors: rejected, corrupt, fenced, unsupported with a Reason; out_of_space and back_off of the disk.
  [[nodiscard]] Result<Appended> append(std::span<char> batch, Origin origin = Origin::client);
  // Ends the producer's transaction here. Errors: fenced (older epoch, older coordinator); as append().
  [[nodiscard]] Result<Appended> append_control(ProducerId producer_id, ProducerEpoch epoch, record::ControlType type,
                                                std::int32_t coordinator_epoch);
  // Stamped on the batches that follow; an epoch not above the last one is ignored.
  [[nodiscard]] Result<void> set_leader_epoch(LeaderEpoch epoch);
  [[nodiscard]] LeaderEpoch leader_epoch() const;
  // For OffsetForLeaderEpoch: the greatest epoch not above `epoch`, and where it ends. None when all are above it.
  [[nodiscard]] std::optional<EpochEnd> end_of_epoch(LeaderEpoch epoch) const;

  // --- read
  // Errors: rejected with offset_out_of_range when `from` is below log_start() or above log_end().
  [[nodiscard]] Result<ReadResult> read(const ReadRequest& request) const;
  // The same, read into memory: for readers inside the process.
  [[nodiscard]] Result<Bytes> read_bytes(const ReadRequest& request, Offset* next_offset = nullptr) const;
  // Visits whole batches from the one that holds `from` up to `limit`, until `visit` gives false: for replay.
  [[nodiscard]] Result<void> for_each_batch(
      Offset from, Offset limit, const std::function<Result<bool>(const record::BatchView&)>& visit) const;
  // The aborted transactions that a read_committed reader of [from, to) must skip, by first offset.
  [[nodiscard]] std::vector<AbortedTransaction> aborted_transactions(Offset from, Offset to) const;
  // The first record below `limit` whose timestamp is at least `timestamp_ms`; none if there is none.
  [[nodiscard]] Result<std::optional<TimestampOffset>> find_timestamp(std::int64_t timestamp_ms, Offset limit) const;
  // The record below `limit` with the greatest timestamp; none when there is no record.
  [[nodiscard]] Result<std::optional<TimestampOffset>> find_max_timestamp(Offset limit) const;

  // --- producers and transactions
  // The first offset of the oldest open transaction; log_end() without one. As appended, not as durable: what a reader
  // may see is what RoundResult says.
  [[nodiscard]] Offset last_stable_offset() const;
  // At most `high_watermark`: below it every transaction is decided, and its marker lies below `high_watermark`.
  [[nodiscard]] Offset last_stable_offset(Offset high_watermark) const;
  [[nodiscard]] std::vector<ProducerDescription> producers() const;
  void expire_producers(std::int64_t now_ms);

  // --- housekeeping
  // Retention, delete_records and compaction never touch this offset or what follows it. Default: none.
  void set_hold(Offset offset) { hold_.store(offset.value, std::memory_order_release); }
  void clear_hold() { set_hold(Offset{INT64_MAX}); }
  [[nodiscard]] Offset hold() const { return Offset{hold_.load(std::memory_order_acquire)}; }
  // Moves the log's start to `before`, or to the hold if that is lower; a start never goes back. Gives the start. The
  // space is given back by apply_retention(); the start is durable with the next log-start checkpoint.
  // Errors: rejected with offset_out_of_range when `before` is above durable_end().
  [[nodiscard]] Result<Offset> delete_records(Offset before);
  // Begins a new segment when the active one has records and is older than segment_ms (with compaction, than
  // max_compaction_lag_ms). Gives whether it did.
  [[nodiscard]] Result<bool> roll_if_due(std::int64_t now_ms);
  [[nodiscard]] Result<void> roll();
  // Deletes whole segments: below the log's start; by time and size, when the policy is delete. Never past
  // `high_watermark` or the hold.
  [[nodiscard]] Result<RetentionResult> apply_retention(std::int64_t now_ms, Offset high_watermark);
  // Dirty bytes as a share of the cleanable ones, 0 to 1; 0 also when the policy is not compact.
  [[nodiscard]] double dirty_ratio(std::int64_t now_ms) const;
  // The cleaner's checkpoint: below it every key is there once (tombstones apart).
  [[nodiscard]] Offset cleaned_until() const { return Offset{cleaned_until_.load(std::memory_order_acquire)}; }
  // One cleaning pass with Kafka's rules (compaction.cc tells them). A failure leaves the log as it was.
  [[nodiscard]] Result<CompactionResult> compact(std::int64_t now_ms, const CompactionLimits& limits = {});
  // Makes the indexes of everything below durable_end() durable and gives that as the new recovery point, for the
  // checkpoint file. When that fails, the recovery point stays where it is until the partition is opened again: after a
  // failed sync nobody knows what of the indexes is on disk.
  [[nodiscard]] Result<Offset> advance_recovery_point();
  [[nodiscard]] Offset recovery_point() const;

  // --- for SyncRound
  struct Unsynced {
    Offset end;  // what a successful round makes durable
    std::vector<std::shared_ptr<io::File>> files;
    bool folder = false;       // a segment was made: its name must be synced, too
    std::int64_t records = 0;  // appended since the last take
  };
  // What was appended since the last take. Whoever takes it syncs it, and calls mark_synced() or take_offline().
  [[nodiscard]] Unsynced take_unsynced();
  [[nodiscard]] std::int64_t unsynced_records() const;
  void mark_synced(const Unsynced& what);
  void take_offline(Error why);

 private:
  friend class SyncRound;
  friend class Recovery;
  friend class Compaction;

  Partition(io::FileSystem& files, io::Clock& clock, std::string directory, const PartitionOptions& options);

  // With the append lock held:
  [[nodiscard]] Result<void> ready_for_writes() const;
  [[nodiscard]] Result<void> write(std::span<char> bytes, const PartitionOptions& options);
  [[nodiscard]] bool must_roll(const record::BatchView& batch, const PartitionOptions& options) const;
  [[nodiscard]] Result<void> roll_locked();
  [[nodiscard]] Result<void> remove_head(std::size_t count, RetentionResult& result);
  [[nodiscard]] Result<void> sync_indexes(Offset from, Offset end);
  [[nodiscard]] Result<void> write_snapshot(Offset at);
  [[nodiscard]] Result<void> remove_snapshots(const std::function<bool(Offset)>& which);
  void fail_locked(const Error& why);

  [[nodiscard]] std::shared_ptr<const SegmentList> segments() const;
  void publish(SegmentList segments);

  io::FileSystem& files_;
  io::Clock& clock_;
  const std::string directory_;
  const std::string name_;
  Uuid topic_id_;
  RecoveryReport recovery_;

  mutable std::mutex append_mutex_;  // every change; taken before list_mutex_
  ProducerStates producers_;
  LeaderEpochs epochs_;
  std::optional<Error> offline_;
  bool closed_ = false;
  bool compacting_ = false;
  std::vector<std::shared_ptr<io::File>> unsynced_files_;
  bool folder_unsynced_ = false;
  std::int64_t unsynced_records_ = 0;
  Offset recovery_point_{0};
  std::optional<Error> indexes_lost_;

  mutable std::mutex list_mutex_;  // held only to copy or replace these
  std::shared_ptr<const SegmentList> segments_;
  PartitionOptions options_;

  std::atomic<std::int64_t> log_start_{0};
  std::atomic<std::int64_t> durable_end_{0};
  std::atomic<std::int64_t> log_end_{0};
  std::atomic<std::int64_t> hold_{INT64_MAX};
  std::atomic<std::int64_t> cleaned_until_{0};
  std::atomic<bool> in_round_{false};  // SyncRound's: it is in the next round already
};

}  // namespace sluice::storage
