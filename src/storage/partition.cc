#include "storage/partition.h"

#include <algorithm>

#include "storage/log_directory.h"
#include "storage/segment.h"

namespace sluice::storage {
namespace {

std::string last_component(const std::string& path) { return path.substr(path.rfind('/') + 1); }
std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

}  // namespace

Partition::Partition(io::FileSystem& files, io::Clock& clock, std::string directory, const PartitionOptions& options)
    : files_(files), clock_(clock), directory_(std::move(directory)), name_(last_component(directory_)), options_(options) {}

Partition::~Partition() = default;

Result<std::shared_ptr<Partition>> Partition::create(io::FileSystem& files, io::Clock& clock, std::string directory,
                                                     Uuid topic_id, const PartitionOptions& options) {
  SLUICE_TRY(const bool there, files.exists(directory + "/partition.metadata"));
  if (there) return Error{ErrorCode::already_exists, directory + ": there is a partition already"};
  std::shared_ptr<Partition> partition(new Partition(files, clock, std::move(directory), options));
  partition->topic_id_ = topic_id;
  SLUICE_RETURN_IF_ERROR(files.create_directories(partition->directory_));
  SLUICE_TRY(auto segment, Segment::create(files, partition->directory_, Offset{0}));
  partition->epochs_.begin(LeaderEpoch{0}, Offset{0});
  SLUICE_RETURN_IF_ERROR(
      files.replace_file(partition->directory_ + "/leader-epoch-checkpoint", partition->epochs_.text()));
  // Last: what has this file is whole.
  SLUICE_RETURN_IF_ERROR(write_topic_id(files, partition->directory_, topic_id));
  SLUICE_RETURN_IF_ERROR(files.sync_directory(parent_of(partition->directory_)));
  partition->publish({std::move(segment)});
  return partition;
}

std::shared_ptr<const SegmentList> Partition::segments() const {
  const std::lock_guard lock(list_mutex_);
  return segments_;
}

void Partition::publish(SegmentList segments) {
  auto made = std::make_shared<const SegmentList>(std::move(segments));
  const std::lock_guard lock(list_mutex_);
  segments_ = std::move(made);
}

PartitionOptions Partition::options() const {
  const std::lock_guard lock(list_mutex_);
  return options_;
}

void Partition::set_options(const PartitionOptions& options) {
  const std::lock_guard lock(list_mutex_);
  options_ = options;
}

std::uint64_t Partition::size_bytes() const {
  std::uint64_t size = 0;
  for (const auto& segment : *segments()) size += segment->size();
  return size;
}

std::uint64_t Partition::bytes_from(Offset offset) const {
  std::uint64_t bytes = 0;
  const auto list = segments();
  for (auto segment = list->rbegin(); segment != list->rend(); ++segment) {
    bytes += (*segment)->size();
    if ((*segment)->base_offset() > offset) continue;
    const auto before = (*segment)->entry_before(offset);
    return before.ok() && *before ? bytes - (*before)->position : bytes;
  }
  return bytes;
}

std::size_t Partition::segment_count() const { return segments()->size(); }

std::optional<Error> Partition::offline() const {
  const std::lock_guard lock(append_mutex_);
  return offline_;
}

void Partition::take_offline(Error why) {
  const std::lock_guard lock(append_mutex_);
  fail_locked(why);
}

void Partition::fail_locked(const Error& why) {
  if (!offline_) {
    offline_ = refused(ErrorCode::back_off, Reason::partition_offline, name_ + ": takes no writes since " + why.message,
                       "mend the disk, then restart: the log is checked and goes on");
  }
}

LeaderEpoch Partition::leader_epoch() const {
  const std::lock_guard lock(append_mutex_);
  return epochs_.current();
}

Result<void> Partition::set_leader_epoch(LeaderEpoch epoch) {
  const std::lock_guard lock(append_mutex_);
  auto next = epochs_;
  if (!next.begin(epoch, log_end())) return {};
  SLUICE_RETURN_IF_ERROR(files_.replace_file(directory_ + "/leader-epoch-checkpoint", next.text()));
  epochs_ = std::move(next);
  return {};
}

std::optional<EpochEnd> Partition::end_of_epoch(LeaderEpoch epoch) const {
  const std::lock_guard lock(append_mutex_);
  return epochs_.end_of(epoch, log_end());
}

Offset Partition::last_stable_offset() const {
  const std::lock_guard lock(append_mutex_);
  return producers_.first_open_offset().value_or(log_end());
}

Offset Partition::last_stable_offset(Offset high_watermark) const {
  const std::lock_guard lock(append_mutex_);
  return std::min(high_watermark, producers_.first_undecided_offset(high_watermark).value_or(high_watermark));
}

std::vector<ProducerDescription> Partition::producers() const {
  const std::lock_guard lock(append_mutex_);
  return producers_.describe();
}

void Partition::expire_producers(std::int64_t now_ms) {
  const auto expiration_ms = options().producer_expiration_ms;
  const std::lock_guard lock(append_mutex_);
  producers_.expire(now_ms - expiration_ms);
}

Partition::Unsynced Partition::take_unsynced() {
  const std::lock_guard lock(append_mutex_);
  return {log_end(), std::exchange(unsynced_files_, {}), std::exchange(folder_unsynced_, false),
          std::exchange(unsynced_records_, 0)};
}

std::int64_t Partition::unsynced_records() const {
  const std::lock_guard lock(append_mutex_);
  return unsynced_records_;
}

void Partition::mark_synced(const Unsynced& what) {
  const std::lock_guard lock(append_mutex_);
  if (offline_) return;  // a write failed meanwhile: nobody knows what is on disk
  if (what.end > durable_end()) durable_end_.store(what.end.value, std::memory_order_release);
  producers_.forget_decided(durable_end());
}

Offset Partition::recovery_point() const {
  const std::lock_guard lock(append_mutex_);
  return recovery_point_;
}

Result<Offset> Partition::advance_recovery_point() {
  // The end first: what is appended while the indexes are synced lies above it.
  const auto end = durable_end();
  const auto from = recovery_point();
  if (end == from) return end;
  if (const auto synced = sync_indexes(from, end); !synced.ok()) {
    const std::lock_guard lock(append_mutex_);
    if (!indexes_lost_) indexes_lost_ = synced.error();
  }
  const std::lock_guard lock(append_mutex_);
  if (indexes_lost_) return *indexes_lost_;
  recovery_point_ = std::max(recovery_point_, end);
  return recovery_point_;
}

// What recovery will trust when [from, end) lies below its recovery point.
Result<void> Partition::sync_indexes(Offset from, Offset end) {
  const auto list = segments();
  for (std::size_t i = 0; i < list->size(); ++i) {
    const bool before = i + 1 < list->size() && (*list)[i + 1]->base_offset() <= from;
    if (!before && (*list)[i]->base_offset() < end) SLUICE_RETURN_IF_ERROR((*list)[i]->sync_indexes());
  }
  // It replays from the newest snapshot at or below the recovery point: older ones are of no use.
  SLUICE_TRY(const auto names, files_.list(directory_));
  Offset newest{-1};
  for (const auto& entry : names) {
    const auto offset = segment_offset(entry.name, ".snapshot");
    if (offset && *offset <= end) newest = std::max(newest, *offset);
  }
  if (newest >= Offset{0}) {
    SLUICE_TRY(const auto file, files_.open(directory_ + "/" + segment_name(newest, ".snapshot"), io::OpenMode::read_write));
    SLUICE_RETURN_IF_ERROR(file->sync());
  }
  SLUICE_RETURN_IF_ERROR(files_.sync_directory(directory_));
  return remove_snapshots([&](Offset offset) { return offset < newest; });
}

Result<void> Partition::write_snapshot(Offset at) {
  // Not synced: its CRC tells whether it is whole, and without it recovery replays from an older one.
  SLUICE_TRY(const auto file, files_.open(directory_ + "/" + segment_name(at, ".snapshot"), io::OpenMode::create));
  const auto bytes = producers_.snapshot();
  SLUICE_RETURN_IF_ERROR(file->write_at(0, bytes));
  return file->truncate(bytes.size());
}

Result<void> Partition::remove_snapshots(const std::function<bool(Offset)>& which) {
  SLUICE_TRY(const auto names, files_.list(directory_));
  for (const auto& entry : names) {
    const auto offset = segment_offset(entry.name, ".snapshot");
    if (offset && which(*offset)) SLUICE_RETURN_IF_ERROR(files_.remove(directory_ + "/" + entry.name));
  }
  return {};
}

Result<void> Partition::close() {
  const std::lock_guard lock(append_mutex_);
  if (offline_) return *offline_;
  closed_ = true;
  for (const auto& file : unsynced_files_) SLUICE_RETURN_IF_ERROR(file->sync());
  unsynced_files_.clear();
  const auto list = segments();
  for (std::size_t i = 0; i < list->size(); ++i) {
    const bool before = i + 1 < list->size() && (*list)[i + 1]->base_offset() <= recovery_point_;
    if (before) continue;
    if (i + 1 == list->size()) SLUICE_RETURN_IF_ERROR((*list)[i]->seal());
    SLUICE_RETURN_IF_ERROR((*list)[i]->sync_indexes());
  }
  const auto end = log_end();
  SLUICE_RETURN_IF_ERROR(remove_snapshots([](Offset) { return true; }));
  SLUICE_RETURN_IF_ERROR(files_.replace_file(directory_ + "/" + segment_name(end, ".snapshot"), producers_.snapshot()));
  SLUICE_RETURN_IF_ERROR(files_.sync_directory(directory_));
  durable_end_.store(end.value, std::memory_order_release);
  recovery_point_ = end;
  return {};
}

}  // namespace sluice::storage
