#include "storage/sync_round.h"

#include "base/trace.h"

namespace sluice::storage {

struct SyncRound::Member {
  std::shared_ptr<Partition> partition;
  Partition::Unsynced work;
  bool skipped = false;  // flush_messages lets it wait
  Result<void> outcome;
};

void SyncRound::add(const std::shared_ptr<Partition>& partition) {
  // Under the lock: who finds the flag set must find the partition in the list, or its round begun.
  const std::lock_guard lock(mutex_);
  if (!partition->in_round_.exchange(true, std::memory_order_acq_rel)) added_.push_back(partition);
}

bool SyncRound::pending() const {
  const std::lock_guard lock(mutex_);
  return !added_.empty();
}

std::vector<SyncRound::Member> SyncRound::take() {
  std::vector<std::shared_ptr<Partition>> partitions;
  {
    const std::lock_guard lock(mutex_);
    partitions.swap(added_);
  }
  std::vector<Member> members;
  members.reserve(partitions.size());
  for (auto& partition : partitions) {
    // The flag falls before the end is taken: an append after that is in the next round, too.
    partition->in_round_.store(false, std::memory_order_release);
    const auto options = partition->options();
    Member member{partition, {}, false, {}};
    if (!options.durable() && partition->unsynced_records() < options.flush_messages) {
      member.skipped = true;
    } else {
      member.work = partition->take_unsynced();
    }
    members.push_back(std::move(member));
  }
  return members;
}

void SyncRound::sync(std::vector<Member>& members, RoundResult& result) {
  std::size_t count = 0;
  for (const auto& member : members) count += member.work.files.size() + (member.work.folder ? 1 : 0);
  if (pretend_ || count == 0) return;
  result.files_synced = count;
  if (count > kFilesOneByOne || lost_) {
    result.whole_file_system = true;
    const auto synced = lost_ ? Result<void>(*lost_) : files_.sync_all(directory_);
    if (!synced.ok()) lost_ = synced.error();
    result.all_lost = !synced.ok();
    for (auto& member : members) {
      if (!member.skipped) member.outcome = synced;
      for (const auto& file : member.work.files) {
        if (member.outcome.ok()) member.outcome = file->check_written();
      }
    }
    return;
  }
  for (auto& member : members) {
    for (const auto& file : member.work.files) {
      if (member.outcome.ok()) member.outcome = file->sync();
    }
    if (member.outcome.ok() && member.work.folder) member.outcome = files_.sync_directory(member.partition->directory());
  }
}

RoundResult SyncRound::run_once() {
  RoundResult result;
  auto members = take();
  sync(members, result);
  for (auto& member : members) {
    auto& partition = *member.partition;
    RoundResult::Entry entry{member.partition, {}, {}, {}};
    if (!member.outcome.ok()) {
      if (!partition.offline()) trace::error("storage", partition.name() + ": offline for writes: " + member.outcome.error().text());
      partition.take_offline(member.outcome.error());
      entry.failure = std::move(member.outcome).error();
    } else if (!member.skipped) {
      partition.mark_synced(member.work);
      entry.failure = partition.offline();  // a write failed meanwhile: nothing more becomes durable there
    }
    const bool as_appended = !entry.failure && !partition.options().durable();
    entry.high_watermark = as_appended ? partition.log_end() : partition.durable_end();
    entry.last_stable = partition.last_stable_offset(entry.high_watermark);
    result.partitions.push_back(std::move(entry));
  }
  return result;
}

}  // namespace sluice::storage
