// Reading. No lock of the partition is taken: the list of segments is immutable, their ends are atomic, and the log's end
// is loaded first, so that everything below it is in the list and below the ends that are loaded after it.

#include <algorithm>

#include "storage/partition.h"
#include "storage/segment.h"

namespace sluice::storage {
namespace {

// The index of the segment that holds `offset`, or the first one when it lies below all of them.
std::size_t segment_of(const SegmentList& list, Offset offset) {
  const auto after = std::partition_point(list.begin(), list.end(), [&](const auto& s) { return s->base_offset() <= offset; });
  return after == list.begin() ? 0 : static_cast<std::size_t>(after - list.begin()) - 1;
}

}  // namespace

Result<ReadResult> Partition::read(const ReadRequest& request) const {
  const auto end = log_end();
  const auto list = segments();
  if (request.from < log_start() || request.from > end) {
    return refused(ErrorCode::rejected, Reason::offset_out_of_range,
                   name_ + ": offset " + to_string(request.from) + " is outside " + to_string(log_start()) + " to " + to_string(end));
  }
  const auto limit = std::min(request.limit, end);
  const ReadResult nothing{{}, request.from};
  if (request.from >= limit) return nothing;
  for (auto i = segment_of(*list, request.from); i < list->size(); ++i) {
    const auto& segment = *(*list)[i];
    SLUICE_TRY(const auto first, segment.find(request.from));
    if (!first) continue;  // compaction left nothing of the rest of this segment
    SLUICE_TRY(auto run, segment.run_from(*first, limit, request.max_bytes));
    if (run.length == 0 && request.at_least_one_batch && first->header().last_offset() < limit) {
      run = {first->total_bytes, first->header().next_offset()};
    }
    if (run.length == 0) return nothing;
    return ReadResult{{segment.log(), first->position, run.length}, run.next_offset};
  }
  return nothing;
}

Result<Bytes> Partition::read_bytes(const ReadRequest& request, Offset* next_offset) const {
  SLUICE_TRY(const auto found, read(request));
  if (next_offset != nullptr) *next_offset = found.next_offset;
  if (found.slice.length == 0) return Bytes{};
  return found.slice.file->read_exactly(found.slice.offset, static_cast<std::size_t>(found.slice.length));
}

Result<void> Partition::for_each_batch(Offset from, Offset limit,
                                       const std::function<Result<bool>(const record::BatchView&)>& visit) const {
  const auto end = std::min(limit, log_end());
  const auto list = segments();
  bool go_on = true;
  for (auto i = segment_of(*list, from); i < list->size() && go_on && (*list)[i]->base_offset() < end; ++i) {
    const auto& segment = *(*list)[i];
    SLUICE_TRY(const auto first, segment.find(from));
    if (!first) continue;
    SLUICE_RETURN_IF_ERROR(
        segment.for_each_batch(first->position, [&](const record::BatchView& batch, std::uint64_t) -> Result<bool> {
          go_on = batch.last_offset() < end;
          if (!go_on) return false;
          SLUICE_TRY(go_on, visit(batch));
          return go_on;
        }));
  }
  return {};
}

std::vector<AbortedTransaction> Partition::aborted_transactions(Offset from, Offset to) const {
  std::vector<AbortedTransaction> all;
  const auto list = segments();
  // A transaction that ends at or past `from` has its entry in the segment of its marker: that of `from`, or a later one.
  for (auto i = segment_of(*list, from); i < list->size(); ++i) {
    for (const auto& entry : (*list)[i]->aborted()) {
      if (entry.last_offset >= from && entry.first_offset < to) all.push_back(entry);
      if (entry.last_stable_offset >= to) {
        // Whatever is aborted after this entry begins at or past `to`.
        i = list->size() - 1;
        break;
      }
    }
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first_offset < b.first_offset; });
  return all;
}

Result<std::optional<TimestampOffset>> Partition::find_timestamp(std::int64_t timestamp_ms, Offset limit) const {
  const auto end = std::min(limit, log_end());
  const auto start = log_start();
  const auto list = segments();
  std::optional<TimestampOffset> found;
  for (auto i = segment_of(*list, start); i < list->size() && !found && (*list)[i]->base_offset() < end; ++i) {
    const auto& segment = *(*list)[i];
    if (segment.max_timestamp_ms() < timestamp_ms) continue;
    SLUICE_TRY(const auto position, segment.position_for_timestamp(timestamp_ms));
    const auto look = [&](const record::BatchView& batch, std::uint64_t) -> Result<bool> {
      if (batch.base_offset() >= end) return false;
      if (batch.max_timestamp_ms() < timestamp_ms || batch.last_offset() < start) return true;
      if (batch.log_append_time() && batch.record_count() > 0) {
        found = TimestampOffset{batch.max_timestamp_ms(), std::max(start, batch.base_offset())};
        return false;
      }
      auto read = batch.for_each([&](const record::Record& record) {
        const TimestampOffset at{batch.base_timestamp_ms() + record.timestamp_delta_ms,
                                 batch.base_offset() + record.offset_delta};
        if (at.timestamp_ms >= timestamp_ms && at.offset >= start && at.offset < end) found = at;
        return !found.has_value();
      });
      if (!read.ok()) return std::move(read).error();
      return !found.has_value();
    };
    SLUICE_RETURN_IF_ERROR(segment.for_each_batch(position, look));
  }
  return found;
}

Result<std::optional<TimestampOffset>> Partition::find_max_timestamp(Offset limit) const {
  const auto list = segments();
  std::int64_t newest = -1;
  for (const auto& segment : *list) newest = std::max(newest, segment->max_timestamp_ms());
  if (newest < 0) return std::optional<TimestampOffset>{};
  SLUICE_TRY(auto found, find_timestamp(newest, limit));
  if (found || limit >= log_end()) return found;
  // The newest record lies past the limit, or was deleted: look at every header below.
  newest = -1;
  for (const auto& segment : *list) {
    SLUICE_RETURN_IF_ERROR(segment->for_each_header(0, [&](const BatchAt& batch) {
      if (batch.header().last_offset() >= limit) return false;
      if (batch.header().last_offset() >= log_start() && batch.header().record_count() > 0) {
        newest = std::max(newest, batch.header().max_timestamp_ms());
      }
      return true;
    }));
  }
  return newest < 0 ? std::optional<TimestampOffset>{} : find_timestamp(newest, limit);
}

}  // namespace sluice::storage
