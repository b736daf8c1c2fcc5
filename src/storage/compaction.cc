// Compaction, by Kafka's rules.
//
//   1. Cleanable is what lies below the active segment, the last stable offset, the hold, and is older than
//      min.compaction.lag.ms. Of its dirty part (from the cleaner's checkpoint on) a map is made: key -> last offset. Where
//      the map is full the pass ends, also inside a segment.
//   2. Every segment up to there is copied, batch by batch, without the records that the map supersedes. Records of aborted
//      transactions go at once. The last batch of each producer stays, even empty: its sequence goes on; or its last
//      marker, when that is all that tells its epoch.
//   3. Tombstones that nothing supersedes, and markers whose transaction has no record left, get a delete horizon with the first
//      pass (now + delete.retention.ms) and go with the first pass after it: a reader that began before has seen them.
//   4. Offsets of records and batches never change. A copy is synced as .cleaned, renamed to .swap, and takes the place of
//      the original; recovery finishes or drops what a crash left.
// A segment in which nothing is superseded is left as it is.

#include <algorithm>
#include <unordered_map>

#include "storage/partition.h"
#include "storage/segment.h"

namespace sluice::storage {
namespace {

constexpr std::size_t kMapEntryBytes = 64;  // beside the key itself

}  // namespace

class Compaction {
 public:
  Compaction(Partition& partition, std::int64_t now_ms, const CompactionLimits& limits)
      : partition_(partition), now_ms_(now_ms), limits_(limits), options_(partition.options()) {}

  Result<CompactionResult> run() {
    const auto count = cleanable(*partition_.segments(), options_, now_ms_, partition_);
    if (count == 0) return result_;
    SLUICE_TRY(const auto end, build_map(count));
    if (end <= partition_.cleaned_until()) return result_;
    note_producers();
    for (const auto& segment : SegmentList(*partition_.segments())) {
      if (segment->base_offset() >= end) break;
      SLUICE_RETURN_IF_ERROR(clean(segment));
    }
    partition_.cleaned_until_.store(end.value, std::memory_order_release);
    result_.cleaned_until = end;
    return result_;
  }

  // How many segments at the head may be cleaned.
  static std::size_t cleanable(const SegmentList& list, const PartitionOptions& options, std::int64_t now_ms, const Partition& partition) {
    const auto limit = std::min(partition.last_stable_offset(partition.durable_end()), partition.hold());
    std::size_t count = 0;
    while (count + 1 < list.size() && list[count + 1]->base_offset() <= limit &&
           now_ms - list[count]->max_timestamp_ms() >= options.min_compaction_lag_ms) {
      ++count;
    }
    return count;
  }

 private:
  [[nodiscard]] bool is_aborted(const record::BatchView& batch) const {
    return batch.is_transactional() && !batch.is_control() && std::any_of(aborted_.begin(), aborted_.end(), [&](const auto& transaction) {
             return transaction.producer_id == batch.producer_id() && transaction.first_offset <= batch.base_offset() && batch.base_offset() <= transaction.last_offset;
           });
  }

  // The newest offset of each key of the dirty part. Gives how far it came: the map's memory is bounded, by one batch more.
  Result<Offset> build_map(std::size_t count) {
    const auto list = partition_.segments();
    const auto from = partition_.cleaned_until();
    auto end = from;
    aborted_ = partition_.aborted_transactions(Offset{0}, (*list)[count]->base_offset());
    for (std::size_t i = 0; i < count; ++i) {
      const auto next = (*list)[i + 1]->base_offset();
      if (next <= from) continue;
      SLUICE_TRY(const auto first, (*list)[i]->find(from));
      if (first) {
        SLUICE_RETURN_IF_ERROR((*list)[i]->for_each_batch(first->position, [&](const record::BatchView& batch, std::uint64_t) -> Result<bool> {
          if (map_bytes_ > limits_.map_bytes) return false;
          SLUICE_RETURN_IF_ERROR(note_keys(batch));
          end = batch.next_offset();
          return true;
        }));
      }
      if (map_bytes_ > limits_.map_bytes) break;
      end = next;
    }
    return end;
  }

  Result<void> note_keys(const record::BatchView& batch) {
    if (batch.is_control() || is_aborted(batch)) return {};
    return batch.for_each([&](const record::Record& record) {
      if (!record.key) return true;
      const auto [slot, added] = newest_.try_emplace(std::string(*record.key), Offset{0});
      slot->second = batch.base_offset() + record.offset_delta;
      if (added) map_bytes_ += record.key->size() + kMapEntryBytes;
      return true;
    });
  }

  void note_producers() {
    const std::lock_guard lock(partition_.append_mutex_);
    producers_ = partition_.producers_.last_entries();
  }

  [[nodiscard]] bool is_last_of_producer(const record::BatchView& batch) const {
    const auto found = producers_.find(batch.producer_id());
    if (batch.producer_id() == kNoProducerId || found == producers_.end()) return false;
    const auto& last = found->second;
    if (last.last_data_offset != kNoOffset) return last.last_data_offset == batch.last_offset();
    return batch.is_control() && batch.producer_epoch() == last.epoch;
  }

  // Nothing is written while nothing changes; then the batches before are copied as they are.
  Result<void> clean(const std::shared_ptr<Segment>& old) {
    std::shared_ptr<Segment> fresh;
    SLUICE_RETURN_IF_ERROR(old->for_each_batch(0, [&](const record::BatchView& batch, std::uint64_t position) -> Result<bool> {
      SLUICE_TRY(const auto kept, filter(batch));
      if (!fresh && kept && *kept == batch.bytes()) return true;
      if (!fresh) {
        SLUICE_TRY(fresh, Segment::create(partition_.files_, partition_.directory_, old->base_offset(), ".cleaned"));
        SLUICE_RETURN_IF_ERROR(copy(*old, position, *fresh));
      }
      if (kept) SLUICE_RETURN_IF_ERROR(append(*fresh, *kept));
      return true;
    }));
    if (!fresh) return {};
    result_.bytes_before += old->size();
    result_.bytes_after += fresh->size();
    return replace(old, fresh);
  }

  Result<void> append(Segment& to, ByteView bytes) {
    SLUICE_TRY(const auto batch, record::BatchView::parse(bytes));
    return to.append(batch, options_.index_interval_bytes);
  }

  Result<void> copy(const Segment& from, std::uint64_t end, Segment& to) {
    if (end == 0) return {};
    return from.for_each_batch(0, [&](const record::BatchView& batch, std::uint64_t position) -> Result<bool> {
      if (position >= end) return false;
      SLUICE_RETURN_IF_ERROR(append(to, batch.bytes()));
      return true;
    });
  }

  // What stays of a batch; none when nothing of it does.
  Result<std::optional<Bytes>> filter(const record::BatchView& batch) {
    if (batch.is_control()) return filter_marker(batch);
    const bool aborted = is_aborted(batch);
    const auto horizon = record::delete_horizon_ms(batch);
    std::vector<record::Record> kept;
    bool tombstones = false;
    Bytes inflated;
    SLUICE_RETURN_IF_ERROR(batch.for_each_into(inflated, [&](const record::Record& record) {
      const auto newest = record.key ? newest_.find(std::string(*record.key)) : newest_.end();
      const bool superseded = newest != newest_.end() && newest->second > batch.base_offset() + record.offset_delta;
      const bool expired = !record.value && horizon && *horizon <= now_ms_;
      if (aborted || !record.key || superseded || expired) {
        ++result_.records_removed;
        return true;
      }
      tombstones = tombstones || !record.value;
      kept.push_back(record);
      return true;
    }));
    if (kept.empty() && !is_last_of_producer(batch)) return std::optional<Bytes>{};
    if (batch.is_transactional()) open_data_[batch.producer_id()] = true;
    const bool whole = kept.size() == static_cast<std::size_t>(batch.record_count());
    const bool mark = tombstones && !horizon;
    if (whole && !mark) return std::optional<Bytes>(Bytes(batch.bytes()));
    return std::optional<Bytes>(record::rewrite_batch(batch, kept, mark ? std::optional(now_ms_ + options_.delete_retention_ms) : std::nullopt));
  }

  Result<std::optional<Bytes>> filter_marker(const record::BatchView& batch) {
    const bool has_data = std::exchange(open_data_[batch.producer_id()], false);
    const auto horizon = record::delete_horizon_ms(batch);
    if (has_data || is_last_of_producer(batch)) return std::optional<Bytes>(Bytes(batch.bytes()));
    if (horizon && *horizon <= now_ms_) {
      ++result_.records_removed;
      return std::optional<Bytes>{};
    }
    if (horizon) return std::optional<Bytes>(Bytes(batch.bytes()));
    std::vector<record::Record> kept;
    Bytes inflated;
    SLUICE_RETURN_IF_ERROR(batch.for_each_into(inflated, [&](const record::Record& record) {
      kept.push_back(record);
      return true;
    }));
    return std::optional<Bytes>(record::rewrite_batch(batch, kept, now_ms_ + options_.delete_retention_ms));
  }

  Result<void> replace(const std::shared_ptr<Segment>& old, const std::shared_ptr<Segment>& fresh) {
    auto& p = partition_;
    for (const auto& transaction : old->aborted()) fresh->note_aborted(transaction);
    SLUICE_RETURN_IF_ERROR(fresh->seal());
    SLUICE_RETURN_IF_ERROR(fresh->log()->sync());
    SLUICE_RETURN_IF_ERROR(fresh->sync_indexes());
    SLUICE_RETURN_IF_ERROR(fresh->rename(".swap"));
    SLUICE_RETURN_IF_ERROR(p.files_.sync_directory(p.directory_));
    const std::lock_guard lock(p.append_mutex_);
    auto list = *p.segments();
    const auto place = std::find(list.begin(), list.end(), old);
    SLUICE_CHECK(place != list.end());
    *place = fresh;
    SLUICE_RETURN_IF_ERROR(old->remove());
    SLUICE_RETURN_IF_ERROR(fresh->rename(""));
    p.publish(std::move(list));
    return p.files_.sync_directory(p.directory_);
  }

  Partition& partition_;
  std::int64_t now_ms_;
  const CompactionLimits& limits_;
  PartitionOptions options_;
  CompactionResult result_;
  std::unordered_map<std::string, Offset> newest_;
  std::size_t map_bytes_ = 0;
  std::vector<AbortedTransaction> aborted_;
  std::unordered_map<ProducerId, ProducerStates::LastEntry> producers_;
  std::unordered_map<ProducerId, bool> open_data_;  // records kept since the producer's last marker
};

double Partition::dirty_ratio(std::int64_t now_ms) const {
  const auto options = this->options();
  if (!options.cleanup_compact) return 0;
  const auto list = segments();
  const auto count = Compaction::cleanable(*list, options, now_ms, *this);
  std::uint64_t clean = 0;
  std::uint64_t dirty = 0;
  for (std::size_t i = 0; i < count; ++i) {
    ((*list)[i + 1]->base_offset() <= cleaned_until() ? clean : dirty) += (*list)[i]->size();
  }
  return clean + dirty == 0 ? 0 : static_cast<double>(dirty) / static_cast<double>(clean + dirty);
}

Result<CompactionResult> Partition::compact(std::int64_t now_ms, const CompactionLimits& limits) {
  {
    const std::lock_guard lock(append_mutex_);
    if (compacting_ || !options_.cleanup_compact || offline_) return CompactionResult{};
    compacting_ = true;
  }
  auto done = Compaction(*this, now_ms, limits).run();
  const std::lock_guard lock(append_mutex_);
  compacting_ = false;
  return done;
}

}  // namespace sluice::storage
