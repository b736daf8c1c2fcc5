// What may be forgotten, and when: deleted records, retention by time and by size, holds.

#include <algorithm>

#include "storage/partition.h"
#include "storage/segment.h"

namespace sluice::storage {
namespace {

// How many segments at the head have had their time, or are over the size; the active one never.
std::size_t expired_segments(const SegmentList& list, const PartitionOptions& options, std::int64_t now_ms) {
  if (!options.cleanup_delete) return 0;
  std::uint64_t size = 0;
  for (const auto& segment : list) size += segment->size();
  std::size_t count = 0;
  while (count + 1 < list.size()) {
    const auto& segment = *list[count];
    const bool old = options.retention_ms >= 0 && now_ms - segment.max_timestamp_ms() > options.retention_ms;
    const auto most = static_cast<std::uint64_t>(std::max<std::int64_t>(options.retention_bytes, 0));
    const bool over = options.retention_bytes >= 0 && size - segment.size() >= most;
    if (!old && !over) break;
    size -= segment.size();
    ++count;
  }
  return count;
}

}  // namespace

Result<Offset> Partition::delete_records(Offset before) {
  const std::lock_guard lock(append_mutex_);
  if (before < Offset{0} || before > durable_end()) {
    return refused(ErrorCode::rejected, Reason::offset_out_of_range,
                   name_ + ": cannot delete records before " + to_string(before) + "; what is durable ends at " + to_string(durable_end()));
  }
  const auto start = std::min(before, hold());
  if (start > log_start()) log_start_.store(start.value, std::memory_order_release);
  return log_start();
}

Result<RetentionResult> Partition::apply_retention(std::int64_t now_ms, Offset high_watermark) {
  const auto options = this->options();
  const std::lock_guard lock(append_mutex_);
  RetentionResult result;
  if (compacting_) return result;  // it reads these segments; the next call will do
  SLUICE_RETURN_IF_ERROR(ready_for_writes());
  // An active segment that is over its time goes, too: it is closed first.
  const auto& active = *segments()->back();
  const bool stale = options.cleanup_delete && options.retention_ms >= 0 && active.size() > 0 &&
                     now_ms - active.max_timestamp_ms() > options.retention_ms;
  const bool deleted = active.size() > 0 && log_start() == log_end();
  if (stale || deleted) SLUICE_RETURN_IF_ERROR(roll_locked());
  const auto list = segments();
  auto count = expired_segments(*list, options, now_ms);
  while (count + 1 < list->size() && (*list)[count + 1]->base_offset() <= log_start()) ++count;
  const auto limit = std::min({high_watermark, hold(), durable_end()});
  while (count > 0 && (*list)[count]->base_offset() > limit) --count;
  if (count > 0) SLUICE_RETURN_IF_ERROR(remove_head(count, result));
  return result;
}

Result<void> Partition::remove_head(std::size_t count, RetentionResult& result) {
  auto list = *segments();
  const SegmentList gone(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(count));
  list.erase(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(count));
  const auto start = list.front()->base_offset();
  if (start > log_start()) log_start_.store(start.value, std::memory_order_release);
  publish(std::move(list));
  // Oldest first, so that a crash between leaves no hole.
  for (const auto& segment : gone) {
    result.bytes += segment->size();
    ++result.segments;
    std::erase(unsynced_files_, segment->log());
    SLUICE_RETURN_IF_ERROR(segment->remove());
  }
  auto epochs = epochs_;
  if (epochs.cut(log_start(), log_end())) {
    SLUICE_RETURN_IF_ERROR(files_.replace_file(directory_ + "/leader-epoch-checkpoint", epochs.text()));
    epochs_ = std::move(epochs);
  }
  return files_.sync_directory(directory_);
}

}  // namespace sluice::storage
