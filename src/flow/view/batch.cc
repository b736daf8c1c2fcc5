// A batch: records to changes of rows, those through the plan, and what comes out into one transaction.

#include "flow/view/run.h"

#include <algorithm>
#include <utility>

#include "flow/plan/scalar.h"
#include "io/clock.h"

namespace sluice::flow {
namespace {

constexpr std::int64_t kFlushEveryMs = 60'000;
constexpr std::size_t kSpillAt = 4;  // times the state's memory

}  // namespace

Result<void> ViewRun::batch() {
  SLUICE_RETURN_IF_ERROR(producer_->begin());
  output_->begin(*producer_);
  const auto before = std::pair(taken_, position_.watermark_us);
  SLUICE_RETURN_IF_ERROR(fill_batch());
  if (before == std::pair(taken_, position_.watermark_us) && begun_) return producer_->abort();  // there were control records only
  SLUICE_RETURN_IF_ERROR(output_->write_rows());
  SLUICE_RETURN_IF_ERROR(write_state());
  SLUICE_RETURN_IF_ERROR(commit());
  begun_ = true;
  SLUICE_RETURN_IF_ERROR(inputs_->hold());
  if (!in_.board.caught_up) show();
  return {};
}

Result<void> ViewRun::fill_batch() {
  execution_arena_.reset();
  if (!begun_) SLUICE_RETURN_IF_ERROR(execution_->begin(execution_arena_, *output_));
  SLUICE_RETURN_IF_ERROR(inputs_->take_batch([&](std::span<const Taken> piece) { return feed(piece); }));
  output_->piece({});
  const auto watermark = inputs_->watermark(position_.watermark_us);
  if (watermark == position_.watermark_us) return {};
  position_.watermark_us = watermark;
  execution_arena_.reset();
  return execution_->advance(watermark, execution_arena_, *output_);
}

Result<void> ViewRun::feed(std::span<const Taken> piece) {
  rows_.reset();
  execution_arena_.reset();
  for (auto& changes : changes_) changes.clear();
  output_->piece(piece);
  for (std::uint32_t i = 0; i < piece.size(); ++i) {
    SLUICE_RETURN_IF_ERROR(decode(piece[i], i));
  }
  taken_ += piece.size();
  for (const auto relation : order_) {
    if (changes_[relation].empty()) continue;
    SLUICE_RETURN_IF_ERROR(execution_->feed(relation, changes_[relation], execution_arena_, *output_));
  }
  if (output_->heavy()) SLUICE_RETURN_IF_ERROR(output_->write_rows());
  return disk_->batch_bytes() > kSpillAt * in_.options.memory_bytes ? spill() : Result<void>{};
}

// A batch that cannot be divided is larger than the memory: a snapshot, say. Its changes so far go to the log's open transaction and to the
// disk, which says that it is in doubt: until the commit it is of no use to anybody, and after an end of the process it is made anew.
Result<void> ViewRun::spill() {
  SLUICE_RETURN_IF_ERROR(write_state());
  if (!in_doubt_) {
    const std::lock_guard lock(in_.board.mutex);
    in_.board.disk = nullptr;
    in_doubt_ = true;
  }
  return disk_->commit(std::string(kInDoubt));
}

Result<void> ViewRun::decode(const Taken& taken, std::uint32_t origin) {
  auto& lane = *taken.lane;
  const auto& relation = in_.plan.relations[lane.relation];
  const auto row = rows_.row(relation.columns.size());
  SLUICE_TRY(const auto decoded, decoders_[lane.relation].decode(*taken.record, lane.where.partition, row, rows_));
  switch (decoded.what) {
    case Decoded::What::nothing: return {};
    case Decoded::What::bad: return output_->failed(origin, decoded.why);
    case Decoded::What::deleted:
      if (lane.captured) SLUICE_RETURN_IF_ERROR(unchanged_[lane.relation].removed(*taken.record));
      break;
    case Decoded::What::row:
      if (lane.captured && relation.is_table()) SLUICE_RETURN_IF_ERROR(unchanged_[lane.relation].complete(*taken.record, row, rows_));
      if (relation.watermark) observe(relation, lane, row);
  }
  changes_[lane.relation].push_back({row, decoded.what == Decoded::What::deleted, origin});
  return {};
}

// A row that the watermark's expression fails for, or is null or infinite for, says nothing of time.
void ViewRun::observe(const Relation& relation, Lane& lane, Row row) {
  const auto watermark = evaluate(*relation.watermark, row, rows_);
  if (watermark.ok() && !watermark->null && watermark->integer != INT64_MAX) lane.watermark_us = std::max(lane.watermark_us, watermark->integer);
}

// The rows of a view that is published are in its own topic.
Result<void> ViewRun::write_state() {
  Result<void> outcome;
  const auto now_ms = io::system_clock().wall_ms();
  disk_->changes([&](ByteView key, std::optional<ByteView> value) {
    if (!outcome.ok() || (published_ && key.starts_with(View::kRowsPrefix))) return;
    outcome = producer_->append({.topic = state_topic_, .partition = 0, .timestamp_ms = now_ms, .key = key, .value = value, .headers = {}});
  });
  return outcome;
}

Result<void> ViewRun::commit() {
  position_.inputs = inputs_->position();
  position_.rows = output_->counts().rows;
  const pipeline::PositionUpdate update{position_key_, position_.json()};
  SLUICE_TRY(const auto ends, producer_->commit({&update, 1}));
  applied_.at_ms = io::system_clock().wall_ms();
  for (const auto& end : ends) {
    if (end.topic == state_topic_) applied_.state = end.end;
    if (end.topic == in_.spec.name && published_) applied_.rows = end.end;
  }
  SLUICE_RETURN_IF_ERROR(disk_->commit(applied_.text()));
  if (std::exchange(in_doubt_, false)) {
    const std::lock_guard lock(in_.board.mutex);
    in_.board.disk = disk_;
  }
  const auto now = io::system_clock().steady_ms();
  if (now - flushed_ms_ < kFlushEveryMs) return {};
  flushed_ms_ = now;
  return disk_->flush();
}

}  // namespace sluice::flow
