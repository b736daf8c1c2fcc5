#pragma once
// A segment: a run of a partition's batches in one .log file, with its indexes. Kafka's files, byte for byte
// (docs/formats/segment.md). Indexes live in memory and are written when the segment is sealed; after a crash
// they are made again from the .log.
//
// Thread rule: one appender; readers beside it. A segment that readers hold stays readable after it was removed.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "io/file_system.h"
#include "record/batch.h"
#include "storage/producer_state.h"

namespace sluice::storage {

// "00000000000000000042" + suffix.
[[nodiscard]] std::string segment_name(Offset base_offset, std::string_view suffix);
// The offset in such a name with this suffix; none if it is no such name.
[[nodiscard]] std::optional<Offset> segment_offset(std::string_view name, std::string_view suffix);

struct OffsetIndexEntry {
  std::uint32_t relative_offset;
  std::uint32_t position;
};
struct TimeIndexEntry {
  std::int64_t timestamp_ms;
  std::uint32_t relative_offset;
};

class Segment {
 public:
  // Opens `folder`/<base>.log, making it when `create`; its indexes are empty until load_indexes() or rebuilding by note().
  [[nodiscard]] static Result<std::shared_ptr<Segment>> open(io::FileSystem& files, const std::string& folder,
                                                             Offset base_offset, bool create);

  [[nodiscard]] Offset base_offset() const { return base_offset_; }
  [[nodiscard]] std::uint64_t size() const { return size_.load(std::memory_order_acquire); }
  [[nodiscard]] std::int64_t max_timestamp_ms() const { return max_timestamp_ms_.load(std::memory_order_relaxed); }
  [[nodiscard]] Offset max_timestamp_offset() const { return max_timestamp_offset_; }
  [[nodiscard]] std::int64_t first_timestamp_ms() const { return first_timestamp_ms_; }
  [[nodiscard]] const std::shared_ptr<io::File>& log() const { return log_; }
  [[nodiscard]] std::string path(std::string_view suffix) const { return folder_ + "/" + segment_name(base_offset_, suffix); }

  // Writes `batch` (with its offset assigned) at the end. On failure the segment is as it was: what was written past
  // the end is written over by the next append, or cut by recovery.
  [[nodiscard]] Result<void> append(const record::BatchView& batch, std::uint32_t index_interval_bytes);
  // Enters a batch that lies at `position` into the indexes, and moves the end past it.
  void note(const record::BatchView& batch, std::uint64_t position, std::uint32_t index_interval_bytes);
  void note_aborted(const AbortedTransaction& transaction);

  // A position at or before the batch that holds `offset`.
  [[nodiscard]] std::uint64_t position_before(Offset offset) const;
  // The position of the first batch whose last offset is at or past `offset`; size() if there is none.
  [[nodiscard]] Result<std::uint64_t> position_of(Offset offset) const;
  // Visits batch headers from `position` to the end of the segment, until `visit` gives false. The view holds the 61 bytes
  // of the header only, and total bytes; errors: corrupt.
  struct BatchAt {
    record::BatchView header;   // accessors only; bytes() is the header
    std::uint64_t position;
    std::uint64_t total_bytes;
  };
  [[nodiscard]] Result<void> for_each_header(std::uint64_t position, const std::function<bool(const BatchAt&)>& visit) const;
  // Reads one whole batch. Errors: corrupt.
  [[nodiscard]] Result<Bytes> read_batch(std::uint64_t position, std::uint64_t total_bytes) const;
  // Visits whole batches from `position` on, reading ahead in large pieces; views live during the call.
  [[nodiscard]] Result<void> for_each_batch(std::uint64_t position,
                                            const std::function<Result<bool>(const record::BatchView&, std::uint64_t)>& visit) const;

  [[nodiscard]] std::vector<AbortedTransaction> aborted() const;

  // Cuts the file and the indexes back to `size` bytes / offsets below `end`.
  [[nodiscard]] Result<void> truncate(std::uint64_t size, Offset end);
  // Writes the indexes beside the log (not synced: they are rebuilt after a crash).
  [[nodiscard]] Result<void> write_indexes() const;
  // Reads them. Errors: corrupt or not_found: rebuild.
  [[nodiscard]] Result<void> load_indexes();
  void clear_indexes();
  // Removes all its files' names.
  [[nodiscard]] Result<void> remove() const;

 private:
  Segment(io::FileSystem& files, std::string folder, Offset base_offset)
      : files_(files), folder_(std::move(folder)), base_offset_(base_offset) {}

  io::FileSystem& files_;
  std::string folder_;
  Offset base_offset_;
  std::shared_ptr<io::File> log_;
  std::atomic<std::uint64_t> size_{0};
  std::atomic<std::int64_t> max_timestamp_ms_{-1};
  Offset max_timestamp_offset_ = kNoOffset;
  std::int64_t first_timestamp_ms_ = -1;

  mutable std::shared_mutex indexes_mutex_;
  std::vector<OffsetIndexEntry> offsets_;
  std::vector<TimeIndexEntry> times_;
  std::vector<AbortedTransaction> aborted_;
  std::uint64_t bytes_since_entry_ = 0;
};

}  // namespace sluice::storage
