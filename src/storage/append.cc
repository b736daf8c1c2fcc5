// Appending.
//
//   1. What a batch must be by itself is checked before the lock is taken, for that is where the time goes (CRC).
//   2. Under the lock: the producer's sequence; the offsets, patched into the batch; a new segment if this one is full;
//      one write; and only then the state that says that the batch is there.
//   3. A write that fails is undone by cutting the file back to its end. When that fails too, or when the failure is not
//      a full disk, the partition goes offline: a later sync would make something durable that nobody knows.

#include <algorithm>

#include "storage/batch_validation.h"
#include "storage/partition.h"
#include "storage/segment.h"

namespace sluice::storage {
namespace {

constexpr std::uint64_t kMaxRelative = INT32_MAX;  // offsets and positions in an index are 31 bits

}  // namespace

Result<void> Partition::ready_for_writes() const {
  if (offline_) return *offline_;
  if (closed_) return refused(ErrorCode::cancelled, Reason::partition_offline, name_ + ": is closed");
  return {};
}

Result<Appended> Partition::append(std::span<char> bytes, Origin origin) {
  const auto options = this->options();
  const auto now_ms = clock_.wall_ms();
  const ByteView view(bytes.data(), bytes.size());
  auto checked = validate_batch(view, options, origin == Origin::platform, now_ms);
  if (!checked.ok()) return std::move(checked).error().in(name_);
  const auto& batch = *checked;

  const std::lock_guard lock(append_mutex_);
  SLUICE_RETURN_IF_ERROR(ready_for_writes());
  auto duplicate = producers_.check(batch);
  if (!duplicate.ok()) return std::move(duplicate).error().in(name_);
  if (*duplicate) {
    const auto append_time_ms = options.timestamp_type == TimestampType::log_append_time ? (*duplicate)->timestamp_ms : -1;
    return Appended{(*duplicate)->first_offset, (*duplicate)->last_offset, true, append_time_ms};
  }
  Appended appended{log_end(), log_end() + batch.last_offset_delta(), false, -1};
  if (options.timestamp_type == TimestampType::log_append_time) {
    record::set_append_time(bytes, now_ms);
    appended.append_time_ms = now_ms;
  }
  SLUICE_RETURN_IF_ERROR(write(bytes, options));
  return appended;
}

Result<Appended> Partition::append_control(ProducerId producer_id, ProducerEpoch epoch, record::ControlType type,
                                           std::int32_t coordinator_epoch) {
  const auto options = this->options();
  const auto now_ms = clock_.wall_ms();
  auto bytes = record::control_batch(producer_id, epoch, type, now_ms, coordinator_epoch);
  const std::lock_guard lock(append_mutex_);
  SLUICE_RETURN_IF_ERROR(ready_for_writes());
  auto allowed = producers_.check_marker(producer_id, epoch, coordinator_epoch);
  if (!allowed.ok()) return std::move(allowed).error().in(name_);
  const auto at = log_end();
  SLUICE_RETURN_IF_ERROR(write(bytes, options));
  return Appended{at, at, false, -1};
}

bool Partition::must_roll(const record::BatchView& batch, const PartitionOptions& options) const {
  const auto& active = *segments()->back();
  if (active.size() == 0) return batch.last_offset() - active.base_offset() > static_cast<std::int64_t>(kMaxRelative);
  const auto most = std::min<std::uint64_t>(options.segment_bytes, kMaxRelative);
  if (active.size() + batch.bytes().size() > most) return true;
  if (batch.last_offset() - active.base_offset() > static_cast<std::int64_t>(kMaxRelative)) return true;
  const auto first_ms = active.first_timestamp_ms();
  return first_ms >= 0 && batch.max_timestamp_ms() - first_ms > options.segment_ms;
}

Result<void> Partition::write(std::span<char> bytes, const PartitionOptions& options) {
  record::assign_offset(bytes.data(), log_end(), epochs_.current());
  SLUICE_TRY(const auto batch, record::BatchView::parse({bytes.data(), bytes.size()}));
  if (must_roll(batch, options)) SLUICE_RETURN_IF_ERROR(roll_locked());
  const auto active = segments()->back();
  auto written = active->append(batch, options.index_interval_bytes);
  if (!written.ok()) {
    const auto undone = active->undo();
    if (!undone.ok() || written.error().code != ErrorCode::out_of_space) fail_locked(written.error());
    return std::move(written).error().in(name_);
  }
  if (const auto aborted = producers_.note(batch)) active->note_aborted(*aborted);
  if (std::find(unsynced_files_.begin(), unsynced_files_.end(), active->log()) == unsynced_files_.end()) {
    unsynced_files_.push_back(active->log());
  }
  unsynced_records_ += batch.record_count();
  log_end_.store(batch.next_offset().value, std::memory_order_release);
  return {};
}

Result<void> Partition::roll() {
  const std::lock_guard lock(append_mutex_);
  SLUICE_RETURN_IF_ERROR(ready_for_writes());
  return segments()->back()->size() == 0 ? Result<void>{} : roll_locked();
}

Result<void> Partition::roll_locked() {
  auto list = *segments();
  if (list.back()->base_offset() == log_end()) return {};
  SLUICE_RETURN_IF_ERROR(list.back()->seal());
  SLUICE_RETURN_IF_ERROR(write_snapshot(log_end()));
  // Synced before the next segment exists: so a crash can tear only the last one (recovery.cc).
  if (const auto synced = list.back()->log()->sync(); !synced.ok()) {
    fail_locked(synced.error());
    return synced;
  }
  auto segment = Segment::create(files_, directory_, log_end());
  if (!segment.ok()) {
    // Its name may be there. If the old segment grew past it, recovery would take them for one after the other.
    fail_locked(segment.error());
    return std::move(segment).error().in(name_);
  }
  list.push_back(std::move(*segment));
  folder_unsynced_ = true;
  publish(std::move(list));
  return {};
}

Result<bool> Partition::roll_if_due(std::int64_t now_ms) {
  const auto options = this->options();
  const std::lock_guard lock(append_mutex_);
  SLUICE_RETURN_IF_ERROR(ready_for_writes());
  const auto& active = *segments()->back();
  if (active.size() == 0) return false;
  auto most_ms = options.segment_ms;
  if (options.cleanup_compact) most_ms = std::min(most_ms, options.max_compaction_lag_ms);
  if (now_ms - active.first_timestamp_ms() <= most_ms) return false;
  SLUICE_RETURN_IF_ERROR(roll_locked());
  return true;
}

}  // namespace sluice::storage
