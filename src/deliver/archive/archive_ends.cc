#include "deliver/archive/archive_ends.h"

#include <algorithm>

#include "deliver/archive/archive_run.h"
#include "deliver/archive/chain/chain.h"

namespace sluice::deliver::archive {

Result<void> ArchiveEnds::hold_all() {
  SLUICE_TRY(const auto all, matching_partitions(log_, options_.topics));
  io::Workers workers(store_.calls_at_once() - 1);
  return workers.each(all.size(), [&](std::size_t i) { return hold(all[i]); });
}

Result<void> ArchiveEnds::hold_new() {
  SLUICE_TRY(const auto all, matching_partitions(log_, options_.topics));
  for (const auto& at : all) {
    {
      const std::lock_guard lock(mutex_);
      if (ends_.contains(at)) continue;
    }
    SLUICE_RETURN_IF_ERROR(hold(at));
  }
  return {};
}

Result<void> ArchiveEnds::hold(const TopicPartition& where) {
  const auto& [topic, partition] = where;
  const auto range = log_.range(topic, partition);
  if (!range.ok()) return {};  // gone since
  auto from = range->start;
  // An archive that cannot be read now is no reason to let go of what it may lack.
  const auto newest = read_newest(store_, topic, partition);
  const auto archived = newest.ok() && *newest ? (*newest)->end : Offset{0};
  if (const auto known = at(where); known && newest.ok() && archived < known->offset) {
    return archive_is_gone(store_.where(), topic, partition, known->offset);
  }
  {
    const std::lock_guard lock(mutex_);
    auto& end = ends_[where];
    if (newest.ok() && *newest) end = ArchiveEnd{archived, (*newest)->totals};
  }
  const bool may_be_lost = archived > Offset{0} && store_.temporaries_expire();
  from = std::max(from, may_be_lost ? (*newest)->first : archived);
  auto held = log_.hold(options_.name, topic, partition, from);
  return held.ok() || held.error().code == ErrorCode::not_found ? Result<void>{} : held;
}

void ArchiveEnds::saw(const std::map<TopicPartition, ArchiveEnd>& ends) {
  const std::lock_guard lock(mutex_);
  for (const auto& [at, end] : ends) ends_[at] = end;
}

void ArchiveEnds::went_back(const TopicPartition& at, std::optional<ArchiveEnd> to) {
  const std::lock_guard lock(mutex_);
  ends_[at] = to;
}

std::optional<ArchiveEnd> ArchiveEnds::at(const TopicPartition& at) const {
  const std::lock_guard lock(mutex_);
  const auto found = ends_.find(at);
  return found == ends_.end() ? std::nullopt : found->second;
}

bool ArchiveEnds::describe(pipeline::StageStatus& status) const {
  const std::lock_guard lock(mutex_);
  bool behind = false;
  for (const auto& [at, end] : ends_) {
    const auto range = log_.range(at.first, at.second);
    if (!range.ok()) continue;
    if (status.items.empty() || status.items.back().name != at.first) {
      status.items.push_back({.name = at.first, .state = "paused", .note = "", .offset = 0, .end_offset = 0});
    }
    auto& item = status.items.back();
    const auto known = end.value_or(ArchiveEnd{});
    item.rows += known.totals.rows;
    item.offset += known.offset.value;
    item.end_offset += range->last_stable.value;
    behind = behind || std::max(known.offset, range->start) < range->last_stable;
    status.files_published += known.totals.files;
    status.bytes_published += known.totals.bytes;
  }
  status.facts["archive"] = store_.where();
  status.facts["format"] = options_.format->text();
  return behind;
}

}  // namespace sluice::deliver::archive
