#include "storage/producer_state.h"

#include <algorithm>

#include "base/crc32c.h"
#include "storage/reason.h"

namespace sluice::storage {
namespace {

constexpr std::int16_t kSnapshotVersion = 1;
constexpr std::size_t kBatchesKept = 5;
constexpr std::size_t kSnapshotHeaderBytes = 2 + 4;
constexpr std::size_t kSnapshotEntryBytes = 8 + 2 + 4 + 8 + 4 + 8 + 4 + 8;

// Sequences wrap from 2^31-1 to 0.
std::int32_t sequence_after(std::int32_t sequence, std::int32_t count) {
  return static_cast<std::int32_t>((std::int64_t{sequence} + count) & 0x7fffffff);
}
std::int32_t sequence_before(std::int32_t sequence, std::int32_t count) {
  return static_cast<std::int32_t>((std::int64_t{sequence} - count) & 0x7fffffff);
}

std::string producer_text(ProducerId id, ProducerEpoch epoch) {
  return "producer " + to_string(id) + " of epoch " + to_string(epoch);
}

Error older_epoch(ProducerId id, ProducerEpoch epoch, ProducerEpoch known) {
  return refused(ErrorCode::fenced, Reason::invalid_producer_epoch,
                 producer_text(id, epoch) + " is older than the epoch " + to_string(known) + " that wrote here");
}

// What a marker's value says; -1 when it does not.
std::int32_t coordinator_epoch_of(const record::BatchView& marker) {
  std::int32_t epoch = -1;
  const auto read = marker.for_each([&](const record::Record& record) {
    ByteReader reader(record.value.value_or(ByteView{}));
    (void)reader.i16();  // version
    const auto value = reader.i32();
    if (reader.ok()) epoch = value;
    return false;
  });
  return read.ok() ? epoch : -1;
}

}  // namespace

Result<std::optional<ProducerStates::Duplicate>> ProducerStates::check(const record::BatchView& batch) const {
  const auto id = batch.producer_id();
  if (id == kNoProducerId) return std::optional<Duplicate>{};
  const auto found = producers_.find(id);
  // A producer that we do not know, or no longer: nothing contradicts any sequence, as in Kafka.
  if (found == producers_.end()) return std::optional<Duplicate>{};
  const auto& entry = found->second;
  const auto epoch = batch.producer_epoch();
  if (epoch < entry.epoch) return older_epoch(id, epoch, entry.epoch);
  const auto first = batch.base_sequence();
  if (first < 0) return std::optional<Duplicate>{};
  const auto last = sequence_after(first, batch.last_offset_delta());
  if (epoch == entry.epoch) {
    for (const auto& known : entry.batches) {
      if (known.first_sequence == first && known.last_sequence == last) {
        return std::optional(Duplicate{known.last_offset - known.offset_delta, known.last_offset, known.timestamp_ms});
      }
    }
  }
  const bool continues = epoch == entry.epoch && !entry.batches.empty();
  const auto expected = continues ? sequence_after(entry.batches.back().last_sequence, 1) : 0;
  if (first != expected) {
    return refused(ErrorCode::rejected, Reason::out_of_order_sequence,
                   producer_text(id, epoch) + " sends sequence " + std::to_string(first) + " where " +
                       std::to_string(expected) + " is next");
  }
  if (entry.transaction_start != kNoOffset && !batch.is_transactional()) {
    return refused(ErrorCode::rejected, Reason::invalid_txn_state,
                   producer_text(id, epoch) + " sends a plain batch while its transaction is open");
  }
  return std::optional<Duplicate>{};
}

Result<void> ProducerStates::check_marker(ProducerId id, ProducerEpoch epoch, std::int32_t coordinator_epoch) const {
  const auto found = producers_.find(id);
  if (found == producers_.end()) return {};
  if (epoch < found->second.epoch) return older_epoch(id, epoch, found->second.epoch);
  if (coordinator_epoch < found->second.coordinator_epoch) {
    return refused(ErrorCode::fenced, Reason::coordinator_fenced,
                   "a marker of " + producer_text(id, epoch) + " from coordinator epoch " +
                       std::to_string(coordinator_epoch) + ", older than " +
                       std::to_string(found->second.coordinator_epoch));
  }
  return {};
}

std::optional<AbortedTransaction> ProducerStates::note(const record::BatchView& batch) {
  if (batch.producer_id() == kNoProducerId) return std::nullopt;
  auto& entry = producers_[batch.producer_id()];
  if (batch.producer_epoch() != entry.epoch) {
    entry.epoch = batch.producer_epoch();
    entry.batches.clear();
  }
  entry.last_timestamp_ms = batch.max_timestamp_ms();
  if (batch.is_control()) return note_marker(batch, entry);
  if (batch.base_sequence() >= 0) {
    const auto delta = batch.last_offset_delta();
    entry.batches.push_back({batch.base_sequence(), sequence_after(batch.base_sequence(), delta), batch.last_offset(),
                             delta, batch.max_timestamp_ms()});
    if (entry.batches.size() > kBatchesKept) entry.batches.pop_front();
  }
  if (batch.is_transactional() && entry.transaction_start == kNoOffset) {
    entry.transaction_start = batch.base_offset();
    open_.emplace(batch.base_offset(), batch.producer_id());
  }
  return std::nullopt;
}

std::optional<AbortedTransaction> ProducerStates::note_marker(const record::BatchView& batch, Entry& entry) {
  if (batch.record_count() == 0) return std::nullopt;  // emptied by the cleaner: kept for the epoch alone
  const auto type = record::control_type(batch);
  if (!type.ok()) return std::nullopt;
  entry.coordinator_epoch = std::max(entry.coordinator_epoch, coordinator_epoch_of(batch));
  const auto first = std::exchange(entry.transaction_start, kNoOffset);
  if (first == kNoOffset) return std::nullopt;
  open_.erase(first);
  const auto marker = batch.base_offset();
  decided_.push_back({first, marker});
  if (*type != record::ControlType::abort) return std::nullopt;
  const auto stable = first_open_offset().value_or(marker + 1);
  return AbortedTransaction{batch.producer_id(), first, marker, stable};
}

std::optional<Offset> ProducerStates::first_open_offset() const {
  if (open_.empty()) return std::nullopt;
  return open_.begin()->first;
}

std::optional<Offset> ProducerStates::first_undecided_offset(Offset end) const {
  auto first = first_open_offset();
  for (auto it = decided_.rbegin(); it != decided_.rend() && it->marker_offset >= end; ++it) {
    if (!first || it->first_offset < *first) first = it->first_offset;
  }
  return first;
}

void ProducerStates::forget_decided(Offset durable_end) {
  while (!decided_.empty() && decided_.front().marker_offset < durable_end) decided_.pop_front();
}

void ProducerStates::expire(std::int64_t before_ms) {
  std::erase_if(producers_, [&](const auto& item) {
    return item.second.last_timestamp_ms < before_ms && item.second.transaction_start == kNoOffset;
  });
}

void ProducerStates::clear() {
  producers_.clear();
  open_.clear();
  decided_.clear();
}

std::vector<ProducerDescription> ProducerStates::describe() const {
  std::vector<ProducerDescription> all;
  all.reserve(producers_.size());
  for (const auto& [id, entry] : producers_) {
    all.push_back({id, entry.epoch, entry.batches.empty() ? -1 : entry.batches.back().last_sequence,
                   entry.last_timestamp_ms, entry.coordinator_epoch, entry.transaction_start});
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return all;
}

std::unordered_map<ProducerId, ProducerStates::LastEntry> ProducerStates::last_entries() const {
  std::unordered_map<ProducerId, LastEntry> entries;
  for (const auto& [id, entry] : producers_) {
    entries[id] = {entry.batches.empty() ? kNoOffset : entry.batches.back().last_offset, entry.epoch};
  }
  return entries;
}

Bytes ProducerStates::snapshot() const {
  std::vector<ProducerId> ids;
  for (const auto& [id, entry] : producers_) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.i16(kSnapshotVersion);
  writer.u32(0);
  writer.i32(static_cast<std::int32_t>(ids.size()));
  for (const auto id : ids) {
    const auto& entry = producers_.at(id);
    const auto last = entry.batches.empty() ? BatchMeta{-1, -1, kNoOffset, 0, -1} : entry.batches.back();
    writer.i64(id.value);
    writer.i16(entry.epoch.value);
    writer.i32(last.last_sequence);
    writer.i64(last.last_offset.value);
    writer.i32(last.offset_delta);
    writer.i64(entry.last_timestamp_ms);
    writer.i32(entry.coordinator_epoch);
    writer.i64(entry.transaction_start.value);
  }
  writer.patch<std::uint32_t>(2, crc32c(ByteView(bytes).substr(kSnapshotHeaderBytes)));
  return bytes;
}

Result<void> ProducerStates::load(ByteView snapshot) {
  ByteReader reader(snapshot);
  const auto version = reader.i16();
  const auto crc = reader.u32();
  const auto covered = reader.rest();
  const auto count = reader.i32();
  if (reader.ok() && version > kSnapshotVersion) {
    return Error{ErrorCode::unsupported, "a producer snapshot of version " + std::to_string(version)};
  }
  if (!reader.ok() || version != kSnapshotVersion || crc32c(covered) != crc || count < 0 ||
      reader.remaining() != static_cast<std::size_t>(count) * kSnapshotEntryBytes) {
    return Error{ErrorCode::corrupt, "a producer snapshot is damaged"};
  }
  clear();
  for (std::int32_t i = 0; i < count; ++i) {
    const ProducerId id{reader.i64()};
    auto& entry = producers_[id];
    entry.epoch = ProducerEpoch{reader.i16()};
    BatchMeta last{};
    last.last_sequence = reader.i32();
    last.last_offset = Offset{reader.i64()};
    last.offset_delta = reader.i32();
    last.timestamp_ms = entry.last_timestamp_ms = reader.i64();
    last.first_sequence = sequence_before(last.last_sequence, last.offset_delta);
    entry.coordinator_epoch = reader.i32();
    entry.transaction_start = Offset{reader.i64()};
    if (last.last_sequence >= 0) entry.batches.push_back(last);
    if (entry.transaction_start != kNoOffset) open_.emplace(entry.transaction_start, id);
  }
  return {};
}

}  // namespace sluice::storage
