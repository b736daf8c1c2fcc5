#pragma once
// A sparse index of a segment: sorted entries of fixed size in a file, the newest of them still in memory. Kafka's .index
// and .timeindex, byte for byte. Not checksummed: after a crash what lies past the recovery point is made again.
//
// Lookups search the file by reads (it is in the page cache or not needed): memory stays small however large the log.
// Thread rule: one writer, guarded against readers by the lock inside.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "io/file_system.h"

namespace sluice::storage {

// One entry of .index: the batch at `position` ends with offset base + relative_offset.
struct OffsetEntry {
  static constexpr std::size_t kBytes = 8;
  std::uint32_t relative_offset = 0;
  std::uint32_t position = 0;

  static OffsetEntry decode(ByteReader& in) { return {in.u32(), in.u32()}; }
  void encode(ByteWriter& out) const {
    out.u32(relative_offset);
    out.u32(position);
  }
  // Entries rise strictly.
  [[nodiscard]] bool before(const OffsetEntry& next) const {
    return relative_offset < next.relative_offset && position < next.position;
  }
};

// One entry of .timeindex: nothing up to here is newer than timestamp_ms, which the batch that ends with base +
// relative_offset has.
struct TimeEntry {
  static constexpr std::size_t kBytes = 12;
  std::int64_t timestamp_ms = 0;
  std::uint32_t relative_offset = 0;

  static TimeEntry decode(ByteReader& in) { return {in.i64(), in.u32()}; }
  void encode(ByteWriter& out) const {
    out.i64(timestamp_ms);
    out.u32(relative_offset);
  }
  [[nodiscard]] bool before(const TimeEntry& next) const {
    return timestamp_ms < next.timestamp_ms && relative_offset <= next.relative_offset;
  }
};

template <typename Entry>
class SparseIndex {
 public:
  // Opens the file, making it when it is missing, and takes what is in it. Errors: corrupt, when its size or last entries
  // cannot be right.
  [[nodiscard]] Result<void> open(io::FileSystem& files, const std::string& path) {
    const std::unique_lock lock(mutex_);
    SLUICE_TRY(file_, files.open(path, io::OpenMode::create));
    SLUICE_TRY(const auto size, file_->size());
    in_file_ = 0;
    pending_.clear();
    last_.reset();
    if (size % Entry::kBytes != 0) return Error{ErrorCode::corrupt, path + ": " + std::to_string(size) + " bytes are no whole entries"};
    in_file_ = size / Entry::kBytes;
    if (in_file_ == 0) return {};
    SLUICE_TRY(last_, load(in_file_ - 1));
    if (in_file_ == 1) return {};
    SLUICE_TRY(const auto previous, load(in_file_ - 2));
    if (!previous.before(*last_)) return Error{ErrorCode::corrupt, path + ": its entries do not rise"};
    return {};
  }

  // Adds an entry behind the last one. Flushes now and then; what could not be flushed stays in memory.
  void add(const Entry& entry) {
    const std::unique_lock lock(mutex_);
    pending_.push_back(entry);
    last_ = entry;
    if (pending_.size() >= kPendingMax) (void)flush_locked();
  }

  [[nodiscard]] Result<void> flush() {
    const std::unique_lock lock(mutex_);
    return flush_locked();
  }
  [[nodiscard]] Result<void> sync() {
    SLUICE_RETURN_IF_ERROR(flush());
    return file_->sync();
  }

  [[nodiscard]] std::optional<Entry> last() const {
    const std::shared_lock lock(mutex_);
    return last_;
  }
  [[nodiscard]] std::uint64_t count() const {
    const std::shared_lock lock(mutex_);
    return in_file_ + pending_.size();
  }

  // The last entry for which `holds` is true; `holds` is true for a prefix of the entries. None when it is true for none.
  template <typename Predicate>
  [[nodiscard]] Result<std::optional<Entry>> last_where(Predicate holds) const {
    const std::shared_lock lock(mutex_);
    if (last_ && holds(*last_)) return last_;
    if (!pending_.empty() && holds(pending_.front())) {
      const auto after = std::partition_point(pending_.begin(), pending_.end(), holds);
      return std::optional<Entry>(*std::prev(after));
    }
    std::optional<Entry> found;
    std::uint64_t low = 0;  // entries before `low` hold, from `high` on they do not
    std::uint64_t high = in_file_;
    while (low < high) {
      const auto middle = low + (high - low) / 2;
      SLUICE_TRY(const auto entry, load(middle));
      if (holds(entry)) {
        found = entry;
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return found;
  }

  // Keeps the entries for which `holds` is true, a prefix.
  template <typename Predicate>
  [[nodiscard]] Result<void> keep_while(Predicate holds) {
    SLUICE_RETURN_IF_ERROR(flush());
    const std::unique_lock lock(mutex_);
    while (in_file_ > 0) {
      SLUICE_TRY(const auto entry, load(in_file_ - 1));
      if (holds(entry)) break;
      --in_file_;
    }
    last_.reset();
    if (in_file_ > 0) {
      SLUICE_TRY(last_, load(in_file_ - 1));
    }
    return file_->truncate(in_file_ * Entry::kBytes);
  }

 private:
  static constexpr std::size_t kPendingMax = 2048;

  [[nodiscard]] Result<Entry> load(std::uint64_t index) const {
    char bytes[Entry::kBytes];
    SLUICE_TRY(const auto got, file_->read_at(index * Entry::kBytes, bytes));
    if (got != Entry::kBytes) return Error{ErrorCode::corrupt, file_->path() + ": ends before its last entry"};
    ByteReader reader({bytes, sizeof bytes});
    return Entry::decode(reader);
  }
  [[nodiscard]] Result<void> flush_locked() {
    if (pending_.empty()) return {};
    Bytes bytes;
    ByteWriter writer(bytes);
    for (const auto& entry : pending_) entry.encode(writer);
    SLUICE_RETURN_IF_ERROR(file_->write_at(in_file_ * Entry::kBytes, bytes));
    in_file_ += pending_.size();
    pending_.clear();
    return {};
  }

  mutable std::shared_mutex mutex_;
  std::shared_ptr<io::File> file_;
  std::uint64_t in_file_ = 0;  // entries
  std::vector<Entry> pending_;
  std::optional<Entry> last_;
};

}  // namespace sluice::storage
