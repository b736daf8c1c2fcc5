// Appending, fetching, looking up and deleting records.

#include <algorithm>

#include "node/node.h"
#include "node/node_state.h"
#include "storage/reason.h"

namespace sluice::node {
namespace {

constexpr std::int64_t kSpaceCheckEveryMs = 1000;

Reason reason_for(storage::Reason reason) {
  switch (reason) {
    case storage::Reason::offset_out_of_range: return Reason::offset_out_of_range;
    case storage::Reason::corrupt_batch: return Reason::corrupt_message;
    case storage::Reason::invalid_record:
    case storage::Reason::invalid_timestamp: return Reason::invalid_record;
    case storage::Reason::batch_too_large: return Reason::message_too_large;
    case storage::Reason::unsupported_format: return Reason::unsupported_format;
    case storage::Reason::unsupported_compression: return Reason::invalid_record;
    case storage::Reason::out_of_order_sequence: return Reason::out_of_order_sequence;
    case storage::Reason::invalid_producer_epoch:
    case storage::Reason::coordinator_fenced: return Reason::invalid_producer_epoch;
    case storage::Reason::invalid_txn_state: return Reason::invalid_txn_state;
    case storage::Reason::partition_offline: return Reason::storage_failed;
  }
  return Reason::none;
}

}  // namespace

Error translate(Error error) {
  constexpr auto kFirst = static_cast<std::uint16_t>(storage::Reason::offset_out_of_range);
  if (error.reason >= kFirst) error.reason = static_cast<std::uint16_t>(reason_for(static_cast<storage::Reason>(error.reason)));
  return error;
}

// Below the floor writers are refused with a code that clients do not retry for ever.
Result<void> Node::check_space() {
  if (options_.keep_free_bytes == 0) return {};
  const auto now = clock_.steady_ms();
  auto checked = space_checked_ms_.load();
  if (now - checked >= kSpaceCheckEveryMs && space_checked_ms_.compare_exchange_strong(checked, now)) {
    const auto free = files_.free_bytes(options_.data);
    below_floor_ = free.ok() && *free < options_.keep_free_bytes;
  }
  if (!below_floor_) return {};
  auto error = refused(ErrorCode::out_of_space, Reason::below_space_floor,
                       options_.data + ": less than log.keep_free=" + std::to_string(options_.keep_free_bytes) + " bytes are free; nothing is written until there are");
  error.hint = "free space, shorten retention, or lower log.keep_free; reading and deleting go on";
  return error;
}

void Node::append(const TopicPartition& where, std::span<char> batch, Acks acks, Writer writer, AppendDone done) {
  auto found = find(where);
  if (!found.ok()) return done(std::move(found).error());
  const auto state = std::move(found).value();
  if (writer == Writer::client && state->read_only) {
    return done(refused(ErrorCode::rejected, Reason::read_only_topic, "topic '" + where.topic + "' is written by the platform only"));
  }
  if (auto space = check_space(); !space.ok()) return done(std::move(space).error());
  auto appended = state->log->append(batch, writer == Writer::client ? storage::Origin::client : storage::Origin::platform);
  if (!appended.ok()) return done(translate(std::move(appended).error()));
  note_append(state);
  const Appended answer{appended->first_offset, state->log->log_start(), appended->append_time_ms};
  if (acks != Acks::all) return done(answer);
  {
    const std::lock_guard lock(appends_mutex_);
    if (appended->last_offset >= state->shown()) {
      pending_.push_back({state, appended->last_offset, answer, std::move(done)});
      return;
    }
  }
  done(answer);
}

Result<storage::Appended> Node::append_internal(const TopicPartition& where, Bytes batch) {
  SLUICE_TRY(const auto state, find(where));
  auto appended = state->log->append(batch, storage::Origin::platform);
  if (!appended.ok()) return translate(std::move(appended).error());
  note_append(state);
  return appended;
}

Result<storage::Appended> Node::append_marker(const TopicPartition& where, ProducerId producer, ProducerEpoch epoch,
                                              record::ControlType type) {
  SLUICE_TRY(const auto state, find(where));
  auto appended = state->log->append_control(producer, epoch, type, 0);
  if (!appended.ok()) return translate(std::move(appended).error());
  note_append(state);
  return appended;
}

std::vector<FetchedPartition> Node::fetch(std::span<const FetchPartition> partitions, Isolation isolation,
                                          std::size_t total_max_bytes) {
  std::vector<FetchedPartition> fetched(partitions.size());
  std::vector<std::shared_ptr<PartitionState>> states(partitions.size());
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    fetched[i].where = partitions[i].where;
    auto found = find(partitions[i].where);
    if (found.ok()) {
      states[i] = std::move(found).value();
    } else {
      fetched[i].outcome = std::move(found).error();
    }
  }
  {
    const std::lock_guard lock(visibility_mutex_);  // all ends of one instant
    for (std::size_t i = 0; i < partitions.size(); ++i) {
      if (!states[i]) continue;
      fetched[i].high_watermark = states[i]->shown();
      fetched[i].last_stable = states[i]->stable();
    }
  }
  std::size_t left = total_max_bytes;
  bool first = true;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    if (!states[i]) continue;
    auto& out = fetched[i];
    const auto& log = *states[i]->log;
    out.log_start = log.log_start();
    const auto limit = isolation == Isolation::read_committed ? out.last_stable : out.high_watermark;
    const auto offset = partitions[i].offset;
    if (offset < out.log_start || offset > out.high_watermark) {
      out.outcome = refused(ErrorCode::rejected, Reason::offset_out_of_range,
                            log.name() + ": offset " + to_string(offset) + " is outside of " + to_string(out.log_start) + " to " + to_string(out.high_watermark));
      continue;
    }
    if (offset >= limit || (left == 0 && !first)) continue;
    auto read = log.read({offset, limit, std::min(partitions[i].max_bytes, left), first});
    if (!read.ok()) out.outcome = translate(read.error());
    if (!read.ok() || read->slice.length == 0) continue;
    first = false;
    left -= std::min<std::size_t>(left, read->slice.length);
    if (isolation == Isolation::read_committed) out.aborted = log.aborted_transactions(offset, read->next_offset);
    out.more = read->next_offset < limit;
    out.records = std::move(read->slice);
  }
  return fetched;
}

Result<std::vector<Offset>> Node::stable_ends(std::span<const TopicPartition> partitions) {
  std::vector<std::shared_ptr<PartitionState>> states;
  states.reserve(partitions.size());
  for (const auto& where : partitions) {
    SLUICE_TRY(auto state, find(where));
    states.push_back(std::move(state));
  }
  std::vector<Offset> ends;
  ends.reserve(states.size());
  const std::lock_guard lock(visibility_mutex_);
  for (const auto& state : states) ends.push_back(state->stable());
  return ends;
}

Result<TimestampOffset> Node::list_offset(const TopicPartition& where, std::int64_t timestamp_ms, Isolation isolation) {
  SLUICE_TRY(const auto state, find(where));
  const auto end = isolation == Isolation::read_committed ? state->stable() : state->shown();
  switch (timestamp_ms) {
    case -1: return TimestampOffset{-1, end};
    case -2:
    case -4: return TimestampOffset{-1, state->log->log_start()};
    case -5: return TimestampOffset{-1, kNoOffset};  // nothing is tiered
    default: break;
  }
  auto found = timestamp_ms == -3 ? state->log->find_max_timestamp(end) : state->log->find_timestamp(timestamp_ms, end);
  if (!found.ok()) return translate(std::move(found).error());
  if (!*found) return TimestampOffset{};
  return TimestampOffset{(*found)->timestamp_ms, (*found)->offset};
}

Result<Offset> Node::delete_records(const TopicPartition& where, Offset before) {
  SLUICE_TRY(const auto state, find(where));
  auto start = state->log->delete_records(before == Offset{-1} ? state->shown() : before);
  if (!start.ok()) return translate(std::move(start).error());
  return start;
}

}  // namespace sluice::node
