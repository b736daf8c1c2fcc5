#pragma once
// A segment: a run of a partition's batches in one .log file, with its indexes. Kafka's files, byte for byte
// (docs/formats/segment.md).
//
// Thread rule: one appender (the partition's append lock); readers beside it: they see what lies below size(), which moves
// after the bytes are written. A segment that a reader holds stays readable after its files were removed.

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "io/file_system.h"
#include "record/batch.h"
#include "storage/aborted_transaction.h"
#include "storage/sparse_index.h"

namespace sluice::storage {

// "00000000000000000042" + suffix.
[[nodiscard]] std::string segment_name(Offset base_offset, std::string_view suffix);
// The offset in such a name with this suffix; none if it is no such name.
[[nodiscard]] std::optional<Offset> segment_offset(std::string_view name, std::string_view suffix);

// Where a batch lies, and a copy of its header.
struct BatchAt {
  std::array<char, record::kBatchHeaderBytes> header_bytes;
  std::uint64_t position = 0;
  std::uint64_t total_bytes = 0;
  // Its accessors are valid, its bytes() are the header alone. Borrows from this.
  [[nodiscard]] record::BatchView header() const {
    return record::BatchView::parse({header_bytes.data(), header_bytes.size()}).value();
  }
  [[nodiscard]] std::uint64_t end() const { return position + total_bytes; }
};

class Segment {
 public:
  // Suffixes of a segment's four files, the log first. A cleaner's new segment has ".cleaned" behind them.
  static constexpr std::string_view kSuffixes[] = {".log", ".index", ".timeindex", ".txnindex"};

  // Makes an empty segment in `folder`; leftovers of that name are emptied.
  [[nodiscard]] static Result<std::shared_ptr<Segment>> create(io::FileSystem& files, const std::string& folder,
                                                               Offset base_offset, std::string_view extra_suffix = {});
  // Opens the log. Its indexes are not there before load_indexes() or reset_indexes().
  [[nodiscard]] static Result<std::shared_ptr<Segment>> open(io::FileSystem& files, const std::string& folder,
                                                             Offset base_offset);
  // Errors: corrupt, when they cannot belong to the log; reset_indexes() and note() make them again.
  [[nodiscard]] Result<void> load_indexes();
  [[nodiscard]] Result<void> reset_indexes();
  // Drops index entries at or past `position`, `offset` (what recovery looks at again). Indexes are loaded.
  [[nodiscard]] Result<void> cut_indexes(std::uint64_t position, Offset offset);

  [[nodiscard]] Offset base_offset() const { return base_offset_; }
  [[nodiscard]] std::uint64_t size() const { return size_.load(std::memory_order_acquire); }
  // -1 when there is no batch.
  [[nodiscard]] std::int64_t max_timestamp_ms() const { return max_timestamp_ms_.load(std::memory_order_acquire); }
  [[nodiscard]] std::int64_t first_timestamp_ms() const { return first_timestamp_ms_.load(std::memory_order_acquire); }
  [[nodiscard]] const std::shared_ptr<io::File>& log() const { return log_; }
  [[nodiscard]] std::string path(std::string_view suffix) const;

  // Writes the batch (with its offsets assigned) at the end. On failure the segment is as it was, unless the result of
  // undo() says otherwise.
  [[nodiscard]] Result<void> append(const record::BatchView& batch, std::uint32_t index_interval_bytes);
  // Cuts off what a failed append may have left behind the end.
  [[nodiscard]] Result<void> undo() { return log_->truncate(size()); }
  // Enters a batch that lies at `position` into the indexes.
  void note(const record::BatchView& header, std::uint64_t position, std::uint64_t total_bytes,
            std::uint32_t index_interval_bytes);
  void note_aborted(const AbortedTransaction& transaction);
  // The same, unless it is there already: recovery's replay.
  void note_aborted_once(const AbortedTransaction& transaction);
  // Moves the end; recovery's: what lies behind is cut off the file.
  [[nodiscard]] Result<void> truncate(std::uint64_t size);

  // The first batch whose last offset is at or past `offset`; none if there is none.
  [[nodiscard]] Result<std::optional<BatchAt>> find(Offset offset) const;
  // The end of the longest run of whole batches that begins at `first`, ends before `limit` (exclusive), and is at most
  // `max_bytes` long. A length of 0 when `first` does not fit.
  struct Run {
    std::uint64_t length = 0;
    Offset next_offset;
  };
  [[nodiscard]] Result<Run> run_from(const BatchAt& first, Offset limit, std::uint64_t max_bytes) const;
  // The first batch position to look at for a record of at least this timestamp.
  [[nodiscard]] Result<std::uint64_t> position_for_timestamp(std::int64_t timestamp_ms) const;
  // A position at or before the batch that holds `offset`.
  [[nodiscard]] Result<std::optional<OffsetEntry>> entry_before(Offset offset) const;

  // Visits batch headers from `position` to the end, until `visit` gives false. Errors: corrupt.
  [[nodiscard]] Result<void> for_each_header(std::uint64_t position,
                                             const std::function<bool(const BatchAt&)>& visit) const;
  // Visits whole batches, reading ahead in large pieces; views live during the call. Errors: corrupt (a length or header that
  // cannot be; CRCs are the visitor's affair).
  [[nodiscard]] Result<void> for_each_batch(
      std::uint64_t position,
      const std::function<Result<bool>(const record::BatchView&, std::uint64_t position)>& visit) const;

  [[nodiscard]] std::vector<AbortedTransaction> aborted() const;

  // Writes what indexes have in memory; with a last time entry, as Kafka does for a segment that is full.
  [[nodiscard]] Result<void> seal();
  [[nodiscard]] Result<void> sync_indexes();
  // Removes or renames all its files. Names are durable with the folder's sync.
  [[nodiscard]] Result<void> remove();
  [[nodiscard]] Result<void> rename(std::string_view extra_suffix);

 private:
  Segment(io::FileSystem& files, std::string folder, Offset base_offset, std::string_view extra_suffix)
      : files_(files), folder_(std::move(folder)), base_offset_(base_offset), extra_suffix_(extra_suffix) {}
  [[nodiscard]] Result<void> load_timestamps();
  [[nodiscard]] Result<void> load_aborted();
  [[nodiscard]] Result<void> write_aborted();

  io::FileSystem& files_;
  const std::string folder_;
  const Offset base_offset_;
  std::string extra_suffix_;
  std::shared_ptr<io::File> log_;
  std::atomic<std::uint64_t> size_{0};
  std::atomic<std::int64_t> max_timestamp_ms_{-1};
  std::atomic<std::int64_t> first_timestamp_ms_{-1};
  Offset max_timestamp_offset_ = kNoOffset;  // the appender's
  std::uint64_t bytes_since_entry_ = 0;      // the appender's

  SparseIndex<OffsetEntry> offsets_;
  SparseIndex<TimeEntry> times_;
  mutable std::shared_mutex aborted_mutex_;
  std::vector<AbortedTransaction> aborted_;
  bool aborted_unwritten_ = false;
};

}  // namespace sluice::storage
