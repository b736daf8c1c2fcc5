#include "storage/producer_state.h"

#include <algorithm>

#include "base/crc32c.h"

namespace sluice::storage {
namespace {

constexpr std::int16_t kSnapshotVersion = 1;
constexpr std::size_t kBatchesKept = 5;
constexpr std::size_t kSnapshotEntryBytes = 8 + 2 + 4 + 8 + 4 + 8 + 4 + 8;

std::int32_t sequence_after(std::int32_t sequence, std::int32_t count) {
  // Sequences wrap from 2^31-1 to 0.
  return static_cast<std::int32_t>((static_cast<std::int64_t>(sequence) + count) & 0x7fffffff);
}

std::string producer_text(const record::BatchView& batch) {
  return "producer " + to_string(batch.producer_id()) + " epoch " + to_string(batch.producer_epoch());
}

}  // namespace

ProducerState::Verdict ProducerState::check(const record::BatchView& batch) const {
  if (batch.producer_id() == kNoProducerId) return {};
  const auto found = entries_.find(batch.producer_id());
  const auto first = batch.base_sequence();
  const auto last = sequence_after(first, batch.record_count() - 1);
  if (found == entries_.end()) {
    // A producer may be new here, or forgotten after its time: only a sequence of 0 is known to leave no gap. Kafka lets
    // others pass as well, since nothing here contradicts them.
    return {};
  }
  const auto& entry = found->second;
  if (batch.producer_epoch() < entry.epoch) {
    return {SequenceError::older_epoch, {}, producer_text(batch) + " is older than epoch " + to_string(entry.epoch)};
  }
  if (batch.producer_epoch() > entry.epoch) {
    if (first == 0 || entry.batches.empty()) return {};
    return {SequenceError::out_of_order, {}, producer_text(batch) + " begins with sequence " + std::to_string(first)};
  }
  for (const auto& known : entry.batches) {
    if (known.first_sequence == first && known.last_sequence == last) return {SequenceError::none, known.base_offset(), {}};
  }
  if (entry.batches.empty() || first == sequence_after(entry.batches.back().last_sequence, 1)) return {};
  const auto expected = sequence_after(entry.batches.back().last_sequence, 1);
  if (first < entry.batches.front().first_sequence && last < expected) {
    return {SequenceError::duplicate_too_old, {}, producer_text(batch) + ": sequence " + std::to_string(first) +
                                                      " was written before, too long ago to know its offset"};
  }
  return {SequenceError::out_of_order, {}, producer_text(batch) + ": sequence " + std::to_string(first) + " after " +
                                               std::to_string(entry.batches.back().last_sequence)};
}

bool ProducerState::marker_allowed(ProducerId id, ProducerEpoch epoch) const {
  const auto found = entries_.find(id);
  return found == entries_.end() || epoch >= found->second.epoch;
}

std::optional<ProducerState::Ended> ProducerState::note(const record::BatchView& batch) {
  if (batch.producer_id() == kNoProducerId) return std::nullopt;
  auto& entry = entries_[batch.producer_id()];
  if (batch.producer_epoch() != entry.epoch) {
    entry.epoch = batch.producer_epoch();
    entry.batches.clear();
  }
  entry.last_timestamp_ms = std::max(entry.last_timestamp_ms, batch.max_timestamp_ms());
  if (batch.is_control()) {
    const auto type = record::control_type(batch);
    if (!type.ok()) return std::nullopt;
    const auto first = entry.transaction_first_offset;
    entry.transaction_first_offset = kNoOffset;
    if (first == kNoOffset) return std::nullopt;
    open_.erase(first);
    finished_.push_back({first, batch.base_offset()});
    const auto stable = open_.empty() ? batch.base_offset() + 1 : std::min(open_.begin()->first, batch.base_offset() + 1);
    return Ended{{batch.producer_id(), first, batch.base_offset(), stable}, *type == record::ControlType::abort};
  }
  if (batch.base_sequence() >= 0) {
    entry.batches.push_back({batch.base_sequence(), sequence_after(batch.base_sequence(), batch.last_offset_delta()),
                             batch.last_offset(), batch.last_offset_delta(), batch.max_timestamp_ms()});
    if (entry.batches.size() > kBatchesKept) entry.batches.pop_front();
  }
  if (batch.is_transactional() && entry.transaction_first_offset == kNoOffset) {
    entry.transaction_first_offset = batch.base_offset();
    open_.emplace(batch.base_offset(), batch.producer_id());
  }
  return std::nullopt;
}

std::optional<Offset> ProducerState::first_open() const {
  if (open_.empty()) return std::nullopt;
  return open_.begin()->first;
}

std::optional<Offset> ProducerState::first_unstable(Offset high_watermark) {
  while (!finished_.empty() && finished_.front().marker_offset < high_watermark) finished_.pop_front();
  auto first = first_open();
  for (const auto& transaction : finished_) {
    if (!first || transaction.first_offset < *first) first = transaction.first_offset;
  }
  return first;
}

Bytes ProducerState::snapshot() const {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.i16(kSnapshotVersion);
  writer.u32(0);
  writer.i32(static_cast<std::int32_t>(entries_.size()));
  for (const auto& [id, entry] : entries_) {
    const auto last = entry.batches.empty() ? Batch{-1, -1, kNoOffset, 0, -1} : entry.batches.back();
    writer.i64(id.value);
    writer.i16(entry.epoch.value);
    writer.i32(last.last_sequence);
    writer.i64(last.last_offset.value);
    writer.i32(last.offset_delta);
    writer.i64(entry.last_timestamp_ms);
    writer.i32(entry.coordinator_epoch);
    writer.i64(entry.transaction_first_offset.value);
  }
  writer.patch<std::uint32_t>(2, crc32c(ByteView(bytes).substr(6)));
  return bytes;
}

Result<void> ProducerState::restore(ByteView bytes) {
  ByteReader reader(bytes);
  const auto version = reader.i16();
  const auto crc = reader.u32();
  const auto covered = reader.rest();
  const auto count = reader.i32();
  if (!reader.ok() || version != kSnapshotVersion || crc32c(covered) != crc || count < 0 ||
      reader.remaining() != static_cast<std::size_t>(count) * kSnapshotEntryBytes) {
    return Error{ErrorCode::corrupt, "a producer snapshot is damaged, or of version " + std::to_string(version)};
  }
  clear();
  for (std::int32_t i = 0; i < count; ++i) {
    const ProducerId id{reader.i64()};
    auto& entry = entries_[id];
    entry.epoch = ProducerEpoch{reader.i16()};
    Batch last;
    last.last_sequence = reader.i32();
    last.last_offset = Offset{reader.i64()};
    last.offset_delta = reader.i32();
    last.timestamp_ms = entry.last_timestamp_ms = reader.i64();
    last.first_sequence = (last.last_sequence - last.offset_delta) & 0x7fffffff;
    entry.coordinator_epoch = reader.i32();
    entry.transaction_first_offset = Offset{reader.i64()};
    if (last.last_sequence >= 0) entry.batches.push_back(last);
    if (entry.transaction_first_offset != kNoOffset) open_.emplace(entry.transaction_first_offset, id);
  }
  return {};
}

void ProducerState::clear() {
  entries_.clear();
  open_.clear();
  finished_.clear();
}

void ProducerState::expire(std::int64_t before_ms) {
  std::erase_if(entries_, [&](const auto& item) {
    return item.second.last_timestamp_ms < before_ms && item.second.transaction_first_offset == kNoOffset;
  });
}

}  // namespace sluice::storage
