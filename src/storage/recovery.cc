// Opening a partition.
//
//   1. After a clean stop, and below the recovery point after any, files are trusted: they were synced, indexes too. An index
//      that cannot belong to its log is made again.
//   2. A segment is synced before the next one is made. So after a crash only the last segment can end in a torn tail. It
//      is read from the recovery point on and kept as long as batches are whole, their CRC fits and offsets rise;
//      what follows was never acknowledged and never visible, and is cut off. Segments between are checked, too, for
//      their indexes were not synced; damage in them is damage of what was promised, and refused as such.
//   3. What is kept of the last segment past the recovery point is written again, same bytes, and synced before anybody
//      can read it: after a failed sync the kernel may hold pages that it calls clean and never wrote.
//   4. The producers' state is the newest snapshot at or below the first offset that was looked at again, and the batches after
//      it; on the way, aborted transactions enter the index again.
//   5. A damaged batch below the recovery point is refused as corrupt before anything has been changed.

#include "storage/recovery.h"

#include <algorithm>

#include "storage/log_directory.h"

namespace sluice::storage {
namespace {

constexpr std::string_view kCleaned = ".cleaned";
constexpr std::string_view kSwap = ".swap";
constexpr std::uint64_t kPieceBytes = std::uint64_t{4} << 20;

Error durable_damage(const Segment& segment, std::uint64_t position, Offset below) {
  return {ErrorCode::corrupt,
          segment.log()->path() + " at byte " + std::to_string(position) + ": a batch that was durable (below offset " +
              to_string(below) + ") is damaged or gone",
          "", "restore the partition's folder from a backup, or move it away to go on without its records"};
}

Result<std::vector<Offset>> offsets_in(io::FileSystem& files, const std::string& folder, std::string_view suffix) {
  SLUICE_TRY(const auto names, files.list(folder));
  std::vector<Offset> offsets;
  for (const auto& entry : names) {
    if (const auto offset = segment_offset(entry.name, suffix)) offsets.push_back(*offset);
  }
  std::sort(offsets.begin(), offsets.end());
  return offsets;
}

bool is_damage(const Error& error) { return error.code == ErrorCode::corrupt || error.code == ErrorCode::unsupported; }

}  // namespace

Result<std::shared_ptr<Partition>> Partition::open(io::FileSystem& files, io::Clock& clock, std::string directory,
                                                   const PartitionOptions& options, const OpenState& state) {
  std::shared_ptr<Partition> partition(new Partition(files, clock, std::move(directory), options));
  SLUICE_RETURN_IF_ERROR(Recovery(*partition, state).run());
  return partition;
}

Result<void> Recovery::run() {
  auto& p = partition_;
  SLUICE_RETURN_IF_ERROR(read_metadata());
  SLUICE_RETURN_IF_ERROR(finish_swaps());
  p.recovery_.needed = !state_.clean;
  SLUICE_RETURN_IF_ERROR(open_segments());
  if (state_.log_start > end_) SLUICE_RETURN_IF_ERROR(start_over());
  p.log_start_ = std::max(state_.log_start, p.segments()->front()->base_offset()).value;
  p.log_end_ = end_.value;
  SLUICE_RETURN_IF_ERROR(load_producers());
  if (p.epochs_.cut(p.log_start(), end_) && !state_.clean) {
    SLUICE_RETURN_IF_ERROR(p.files_.replace_file(p.directory_ + "/leader-epoch-checkpoint", p.epochs_.text()));
  }
  SLUICE_RETURN_IF_ERROR(p.files_.sync_directory(p.directory_));
  p.durable_end_ = end_.value;
  p.recovery_point_ = state_.clean ? end_ : std::min(state_.recovery_point, end_);
  p.cleaned_until_ = std::min(state_.cleaned_until, end_).value;
  return {};
}

Result<void> Recovery::read_metadata() {
  auto& p = partition_;
  SLUICE_TRY(p.topic_id_, read_topic_id(p.files_, p.directory_));
  SLUICE_TRY(const bool has_epochs, p.files_.exists(p.directory_ + "/leader-epoch-checkpoint"));
  if (!has_epochs) return {};
  SLUICE_TRY(const auto epochs, p.files_.read_file(p.directory_ + "/leader-epoch-checkpoint"));
  auto parsed = LeaderEpochs::parse(epochs);
  if (!parsed.ok()) return std::move(parsed).error().in(p.name_);
  p.epochs_ = std::move(*parsed);
  return {};
}

// A cleaning pass that was cut short: new files that were not whole are dropped; those that were take their place.
Result<void> Recovery::finish_swaps() {
  auto& p = partition_;
  const auto remove_where = [&](auto which) -> Result<void> {
    SLUICE_TRY(const auto names, p.files_.list(p.directory_));
    for (const auto& entry : names) {
      if (which(entry.name)) SLUICE_RETURN_IF_ERROR(p.files_.remove(p.directory_ + "/" + entry.name));
    }
    return {};
  };
  SLUICE_RETURN_IF_ERROR(remove_where([](const std::string& name) { return name.ends_with(kCleaned) || name.ends_with(".tmp"); }));
  SLUICE_TRY(const auto swaps, offsets_in(p.files_, p.directory_, ".log.swap"));
  for (const auto base : swaps) SLUICE_RETURN_IF_ERROR(finish_swap(base));
  SLUICE_RETURN_IF_ERROR(remove_where([](const std::string& name) { return name.ends_with(kSwap) && !name.ends_with(".log.swap"); }));
  SLUICE_RETURN_IF_ERROR(remove_orphans());
  return swaps.empty() ? Result<void>{} : p.files_.sync_directory(p.directory_);
}

// All four files of a swap were durable before the first file of the original was removed, and those were all removed
// before the first file of the swap got its name. So a file of a swap that has its name already is the new one.
Result<void> Recovery::finish_swap(Offset base) {
  auto& p = partition_;
  const auto path = [&](std::string_view suffix) { return p.directory_ + "/" + segment_name(base, suffix); };
  for (auto suffix = std::rbegin(Segment::kSuffixes); suffix != std::rend(Segment::kSuffixes); ++suffix) {
    const auto swap = path(*suffix) + std::string(kSwap);
    SLUICE_TRY(const bool there, p.files_.exists(swap));
    if (there) SLUICE_RETURN_IF_ERROR(p.files_.rename(swap, path(*suffix)));
  }
  return {};
}

// Indexes whose log is gone: a segment was being removed.
Result<void> Recovery::remove_orphans() {
  auto& p = partition_;
  SLUICE_TRY(const auto names, p.files_.list(p.directory_));
  for (const auto& entry : names) {
    for (const auto suffix : {".index", ".timeindex", ".txnindex"}) {
      const auto base = segment_offset(entry.name, suffix);
      if (!base) continue;
      SLUICE_TRY(const bool has_log, p.files_.exists(p.directory_ + "/" + segment_name(*base, ".log")));
      if (!has_log) SLUICE_RETURN_IF_ERROR(p.files_.remove(p.directory_ + "/" + entry.name));
    }
  }
  return {};
}

Result<void> Recovery::open_segments() {
  auto& p = partition_;
  SLUICE_TRY(const auto bases, offsets_in(p.files_, p.directory_, ".log"));
  if (bases.empty()) {
    if (state_.recovery_point > state_.log_start) {
      return Error{ErrorCode::corrupt, p.directory_ + ": its segments are gone, though records up to offset " +
                                           to_string(state_.recovery_point) + " were durable"};
    }
    end_ = state_.log_start;
    return start_over();
  }
  SegmentList list;
  for (const auto base : bases) {
    SLUICE_TRY(auto segment, Segment::open(p.files_, p.directory_, base));
    list.push_back(std::move(segment));
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    const bool last = i + 1 == list.size();
    const bool trusted = state_.clean || (!last && list[i + 1]->base_offset() <= state_.recovery_point);
    end_ = std::max(end_, list[i]->base_offset());
    SLUICE_RETURN_IF_ERROR(open_segment(*list[i], last, trusted));
  }
  if (end_ < state_.recovery_point) return durable_damage(*list.back(), list.back()->size(), state_.recovery_point);
  p.publish(std::move(list));
  return {};
}

Result<void> Recovery::open_segment(Segment& segment, bool last, bool trusted) {
  return trusted ? load_trusted(segment, last) : check_tail(segment, last);
}

Result<void> Recovery::load_trusted(Segment& segment, bool last) {
  const auto interval = partition_.options_.index_interval_bytes;
  std::uint64_t from = 0;
  auto loaded = segment.load_indexes();
  if (loaded.ok() && !last) return {};
  if (loaded.ok()) {
    SLUICE_TRY(const auto entry, segment.entry_before(Offset{INT64_MAX}));
    if (entry) from = entry->position;
  } else {
    if (!is_damage(loaded.error())) return loaded;
    SLUICE_RETURN_IF_ERROR(segment.reset_indexes());
    note_rebuilt(segment.base_offset());
  }
  // The last segment's end; and, where indexes are made again, their entries.
  return segment.for_each_header(from, [&](const BatchAt& batch) {
    if (!loaded.ok()) segment.note(batch.header(), batch.position, batch.total_bytes, interval);
    end_ = batch.header().next_offset();
    return true;
  });
}

// Where the recovery point lies, if the index can be believed; else the beginning.
Recovery::Start Recovery::checking_start(Segment& segment) const {
  const Start beginning{0, segment.base_offset()};
  if (state_.recovery_point <= segment.base_offset() || !segment.load_indexes().ok()) return beginning;
  const auto entry = segment.entry_before(state_.recovery_point - 1);
  if (!entry.ok() || !*entry) return beginning;
  Start start = beginning;
  const auto looked = segment.for_each_batch((*entry)->position, [&](const record::BatchView& batch, std::uint64_t at) -> Result<bool> {
    if (batch.last_offset() == segment.base_offset() + (*entry)->relative_offset && batch.crc_ok()) start = {at, batch.base_offset()};
    return false;
  });
  return looked.ok() ? start : beginning;
}

// Every batch below the recovery point must be there.
Result<void> Recovery::check_durable_part(const Segment& segment, const Start& start) const {
  auto next = start.expected;
  auto position = start.position;
  const auto looked = segment.for_each_batch(start.position, [&](const record::BatchView& batch, std::uint64_t at) -> Result<bool> {
    if (next >= state_.recovery_point || batch.base_offset() < next || !batch.crc_ok()) return false;
    next = batch.next_offset();
    position = at + batch.bytes().size();
    return true;
  });
  if (!looked.ok() && !is_damage(looked.error())) return looked;
  if (next < state_.recovery_point && position < segment.size()) return durable_damage(segment, position, state_.recovery_point);
  return {};
}

Result<void> Recovery::check_tail(Segment& segment, bool last) {
  const auto interval = partition_.options_.index_interval_bytes;
  const auto start = checking_start(segment);
  SLUICE_RETURN_IF_ERROR(check_durable_part(segment, start));
  if (last && std::max(end_, start.expected) < state_.recovery_point && segment.size() == 0) {
    return durable_damage(segment, 0, state_.recovery_point);
  }
  if (start.position == 0) {
    SLUICE_RETURN_IF_ERROR(segment.reset_indexes());
  } else {
    SLUICE_RETURN_IF_ERROR(segment.cut_indexes(start.position, start.expected));
  }
  note_rebuilt(start.expected);
  auto next = start.expected;
  auto valid = start.position;
  auto rewrite_from = segment.size();
  const auto looked = segment.for_each_batch(start.position, [&](const record::BatchView& batch, std::uint64_t at) -> Result<bool> {
    const bool fits = batch.base_offset() >= next && batch.last_offset() - segment.base_offset() <= INT32_MAX;
    if (!fits || !batch.crc_ok()) return false;
    segment.note(batch, at, batch.bytes().size(), interval);
    next = batch.next_offset();
    valid = at + batch.bytes().size();
    if (next > state_.recovery_point) rewrite_from = std::min(rewrite_from, at);
    return true;
  });
  if (!looked.ok() && !is_damage(looked.error())) return looked;
  end_ = next;
  partition_.recovery_.checked_bytes += valid - start.position;
  if (!last) {
    if (valid < segment.size()) return durable_damage(segment, valid, next + 1);
    return segment.seal();
  }
  partition_.recovery_.cut_bytes += segment.size() - valid;
  SLUICE_RETURN_IF_ERROR(segment.truncate(valid));
  return rewrite(segment, std::min(rewrite_from, valid));
}

Result<void> Recovery::rewrite(Segment& segment, std::uint64_t from) {
  for (auto at = from; at < segment.size();) {
    const auto size = static_cast<std::size_t>(std::min(kPieceBytes, segment.size() - at));
    SLUICE_TRY(const auto bytes, segment.log()->read_exactly(at, size));
    SLUICE_RETURN_IF_ERROR(segment.log()->write_at(at, bytes));
    at += size;
  }
  return segment.log()->sync();
}

// Everything lies below the log's start: one empty segment there.
Result<void> Recovery::start_over() {
  auto& p = partition_;
  end_ = state_.log_start;
  SLUICE_TRY(const auto bases, offsets_in(p.files_, p.directory_, ".log"));
  SLUICE_TRY(auto fresh, Segment::create(p.files_, p.directory_, end_));
  for (const auto base : bases) {
    if (base == end_) continue;
    SLUICE_TRY(const auto old, Segment::open(p.files_, p.directory_, base));
    SLUICE_RETURN_IF_ERROR(old->remove());
  }
  p.publish({std::move(fresh)});
  return p.remove_snapshots([](Offset) { return true; });
}

Result<void> Recovery::load_producers() {
  auto& p = partition_;
  SLUICE_RETURN_IF_ERROR(p.remove_snapshots([&](Offset offset) { return offset > end_; }));
  SLUICE_TRY(auto snapshots, offsets_in(p.files_, p.directory_, ".snapshot"));
  auto from = p.segments()->front()->base_offset();
  for (auto it = snapshots.rbegin(); it != snapshots.rend(); ++it) {
    if (*it > rebuilt_from_) continue;
    SLUICE_TRY(const auto bytes, p.files_.read_file(p.directory_ + "/" + segment_name(*it, ".snapshot")));
    const auto loaded = p.producers_.load(bytes);
    if (loaded.ok()) {
      from = *it;
      break;
    }
    p.producers_.clear();  // an older one, or the log itself, tells the same
  }
  SLUICE_RETURN_IF_ERROR(replay(from));
  p.producers_.forget_decided(end_);
  return {};
}

Result<void> Recovery::replay(Offset from) {
  auto& p = partition_;
  for (const auto& segment : *p.segments()) {
    SLUICE_TRY(const auto first, segment->find(from));
    if (!first) continue;
    Result<void> damage;
    SLUICE_RETURN_IF_ERROR(segment->for_each_header(first->position, [&](const BatchAt& batch) {
      auto view = batch.header();
      if (view.producer_id() == kNoProducerId) return true;
      Bytes whole;
      if (view.is_control()) {  // its record says what it is
        auto read = segment->log()->read_exactly(batch.position, static_cast<std::size_t>(batch.total_bytes));
        auto parsed = read.ok() ? record::BatchView::parse(whole = std::move(*read)) : Result<record::BatchView>(read.error());
        if (!parsed.ok()) damage = parsed.error();
        if (!parsed.ok()) return false;
        view = *parsed;
      }
      const auto aborted = p.producers_.note(view);
      if (aborted && aborted->last_offset >= rebuilt_from_) segment->note_aborted_once(*aborted);
      return true;
    }));
    SLUICE_RETURN_IF_ERROR(damage);
  }
  return {};
}

}  // namespace sluice::storage
