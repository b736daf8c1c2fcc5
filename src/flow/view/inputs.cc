#include "flow/view/inputs.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <set>

#include "base/trace.h"

namespace sluice::flow {
namespace {

constexpr std::size_t kPieceRecords = 4096;        // fed at once: they stay in the processor's cache
constexpr std::size_t kStreamRun = 512;            // records of one stream's partition, before others are looked at
constexpr std::int64_t kStreamSlackMs = 1000;      // how much later than the next partition's its records may be within a run
constexpr std::size_t kPatience = 8;               // batches, in which a transaction of another table's topic should end
constexpr std::size_t kPollBytes = std::size_t{1} << 20;
constexpr std::size_t kPollBytesMin = std::size_t{64} << 10;

std::optional<std::uint64_t> lsn_of(const pipeline::ReadRecord& record) {
  const auto text = record.header("__lsn");
  if (!text) return std::nullopt;
  std::uint64_t lsn = 0;
  std::from_chars(text->data(), text->data() + text->size(), lsn);
  return lsn;
}

// "snapshot" of {"state": "snapshot"}.
std::string state_of(const std::string& text) {
  boost::system::error_code error;
  const auto parsed = boost::json::parse(text, error);
  const auto* state = !error && parsed.is_object() ? parsed.get_object().if_contains("state") : nullptr;
  return state != nullptr && state->is_string() ? std::string(state->get_string()) : std::string();
}

Result<std::map<std::string, std::string>> captured_tables(pipeline::Log& log) {
  auto tables = pipeline::read_table(log, std::string(pipeline::kTablesTopic));
  if (!tables.ok() && tables.error().code == ErrorCode::not_found) return std::map<std::string, std::string>{};
  return tables;
}

}  // namespace

Result<std::map<std::string, std::string>> missing_inputs(pipeline::Log& log, const Plan& plan, const Position& position) {
  SLUICE_TRY(const auto tables, captured_tables(log));
  std::map<std::string, std::string> missing;
  for (const auto& relation : plan.relations) {
    const auto described = log.describe(relation.topic);
    if (!described.ok() && described.error().code != ErrorCode::not_found) return described.error();
    const auto table = tables.find(relation.topic);
    const bool begun = std::ranges::find(position.inputs, relation.name, &InputPosition::relation) != position.inputs.end();
    if (!described.ok()) {
      missing[relation.topic] = "waiting for topic " + relation.topic;
    } else if (!begun && table != tables.end() && state_of(table->second) == "snapshot") {
      missing[relation.topic] = "waiting for the snapshot of " + relation.topic;
    }
  }
  return missing;
}

// --- lanes

Result<std::unique_ptr<Inputs>> Inputs::open(const Plan& plan, pipeline::Log& log, const Position& position, InputOptions options) {
  std::unique_ptr<Inputs> inputs(new Inputs(plan, log, std::move(options)));
  SLUICE_TRY(const auto tables, captured_tables(log));
  for (const auto& [topic, state] : tables) inputs->captured_.insert(topic);
  for (const auto& input : position.inputs) inputs->known_[{input.relation, input.partition}] = input;
  SLUICE_RETURN_IF_ERROR(inputs->discover());
  return inputs;
}

Result<void> Inputs::discover() {
  const auto before = lanes_.size();
  for (std::size_t i = 0; i < plan_.relations.size(); ++i) {
    SLUICE_TRY(const auto topic, log_.describe(plan_.relations[i].topic));
    const auto there = std::ranges::count(lanes_, i, &Lane::relation);
    for (auto partition = static_cast<std::int32_t>(there); partition < topic.partitions; ++partition) SLUICE_RETURN_IF_ERROR(add_lane(i, partition));
  }
  if (lanes_.size() != before) make_groups();
  return {};
}

Result<void> Inputs::add_lane(std::size_t relation, std::int32_t partition) {
  const auto& of = plan_.relations[relation];
  auto lane = std::make_unique<Lane>(Lane{.relation = relation, .where = {of.topic, partition}, .captured = captured_.contains(of.topic)});
  if (const auto known = known_.find({of.name, partition}); known != known_.end()) {
    lane->next = known->second.next;
    lane->watermark_us = known->second.watermark_us;
  } else {
    SLUICE_TRY(const auto range, log_.range(of.topic, partition));
    lane->next = range.start;
    if (range.start > Offset{0} && !of.is_table()) {
      trace::warn("flow", options_.hold + " begins at offset " + std::to_string(range.start.value) + " of " + of.topic + ", partition " +
                              std::to_string(partition) + ": what was before has expired");
    }
  }
  lane->cut = lane->expected = lane->next;
  SLUICE_TRY(lane->reader, log_.reader(of.topic, partition, lane->next));
  SLUICE_RETURN_IF_ERROR(log_.hold(options_.hold, of.topic, partition, lane->next));
  partitions_.push_back(lane->where);
  ends_.push_back(lane->next);
  held_.push_back(lane->next);
  lanes_.push_back(std::move(lane));
  return {};
}

void Inputs::make_groups() {
  std::map<std::string, Group> sources;
  tables_.clear();
  streams_.clear();
  for (const auto& lane : lanes_) {
    const auto& topic = lane->where.topic;
    if (lane->captured) {
      auto& group = sources[topic.substr(0, topic.find('.'))];
      group.captured = true;
      group.lanes.push_back(lane.get());
    } else if (plan_.relations[lane->relation].is_table()) {
      tables_.push_back({.captured = false, .lanes = {lane.get()}, .lsn = {}});
    } else {
      streams_.push_back(lane.get());
    }
  }
  for (auto& [name, group] : sources) tables_.push_back(std::move(group));
  poll_bytes_ = std::clamp(options_.batch_bytes / lanes_.size(), kPollBytesMin, kPollBytes);
}

Result<void> Inputs::advance_cut(std::int64_t wait_ms) {
  SLUICE_TRY(auto ends, log_.stable_ends(partitions_, ends_, wait_ms));
  ends_ = std::move(ends);
  for (std::size_t i = 0; i < lanes_.size(); ++i) lanes_[i]->cut = std::max(lanes_[i]->cut, ends_[i]);
  return {};
}

bool Inputs::at_cut() const {
  return std::ranges::all_of(lanes_, [](const auto& lane) { return lane->at_cut(); });
}

// --- batches

bool Inputs::full(std::size_t times) const {
  return batch_records_ >= times * options_.batch_records || batch_bytes_ >= times * options_.batch_bytes;
}

Result<void> Inputs::feed_piece() {
  if (piece_.empty()) return {};
  SLUICE_RETURN_IF_ERROR((*feed_)(piece_));
  for (const auto& taken : piece_) taken.lane->in_piece = false;
  piece_.clear();
  return {};
}

// The lane's buffer is used up.
Result<void> Inputs::refill(Lane& lane) {
  if (lane.in_piece) SLUICE_RETURN_IF_ERROR(feed_piece());
  lane.buffer = {};
  lane.at = 0;
  if (lane.reader->next_offset() < lane.cut) {
    auto read = lane.reader->poll(0, poll_bytes_);
    if (!read.ok()) return std::move(read).error().in(lane.where.topic);
    lane.buffer = *read;
  }
  if (!lane.buffer.empty()) return {};
  lane.next = lane.cut;  // only control records are left, or what compaction has removed
  if (lane.reader->next_offset() < lane.cut) lane.reader->seek(lane.cut);
  return {};
}

// Whether there is a record to take below the cut. Sets lane.lsn.
Result<bool> Inputs::has_head(Lane& lane, bool captured) {
  while (true) {
    if (lane.at_cut()) return false;
    if (lane.at == lane.buffer.size()) {
      SLUICE_RETURN_IF_ERROR(refill(lane));
      continue;
    }
    const auto& record = lane.head();
    if (record.offset >= lane.cut) {
      lane.next = lane.cut;
      return false;
    }
    if (lane.head_known) return true;
    lane.head_known = true;
    if (captured) {
      lane.lsn = std::max(lane.lsn, lsn_of(record).value_or(0));
    } else if (record.offset != lane.expected) {
      ++lane.lsn;
    }
    return true;
  }
}

Result<void> Inputs::take(Lane& lane) {
  const auto& record = lane.head();
  piece_.push_back({&lane, &record});
  ++lane.at;
  lane.in_piece = true;
  lane.head_known = false;
  lane.next = lane.expected = record.offset + 1;
  ++batch_records_;
  batch_bytes_ += (record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0) + sizeof record;
  return piece_.size() < kPieceRecords ? Result<void>{} : feed_piece();
}

// The lanes' records in the order of their LSNs, each LSN whole.
Result<void> Inputs::take_group(Group& group) {
  while (true) {
    Lane* first = nullptr;
    auto second = UINT64_MAX;
    for (auto* lane : group.lanes) {
      SLUICE_TRY(const bool there, has_head(*lane, group.captured));
      if (!there) continue;
      if (first == nullptr || lane->lsn < first->lsn) {
        if (first != nullptr) second = std::min(second, first->lsn);
        first = lane;
      } else {
        second = std::min(second, lane->lsn);
      }
    }
    if (first == nullptr) return {};
    // All of `first` up to the next lane's LSN, that one not included unless it is its own; then look again.
    const auto to = std::max(first->lsn, second == 0 ? 0 : second - 1);
    while (true) {
      const bool boundary = !group.lsn || first->lsn > *group.lsn;
      if (full() && (boundary || (!group.captured && full(kPatience)))) return {};
      group.lsn = std::max(group.lsn.value_or(0), first->lsn);
      SLUICE_RETURN_IF_ERROR(take(*first));
      SLUICE_TRY(const bool more, has_head(*first, group.captured));
      if (!more || first->lsn > to) break;
    }
  }
}

Result<void> Inputs::take_streams() {
  while (!full()) {
    Lane* first = nullptr;
    auto second = INT64_MAX - kStreamSlackMs;
    for (auto* lane : streams_) {
      SLUICE_TRY(const bool there, has_head(*lane, false));
      if (!there) continue;
      auto time = lane->head().timestamp_ms;
      if (first != nullptr && time >= first->head().timestamp_ms) {
        second = std::min(second, time);
        continue;
      }
      if (first != nullptr) second = std::min(second, first->head().timestamp_ms);
      first = lane;
    }
    if (first == nullptr) return {};
    for (std::size_t i = 0; i < kStreamRun; ++i) {
      SLUICE_RETURN_IF_ERROR(take(*first));
      SLUICE_TRY(const bool more, has_head(*first, false));
      if (!more || full() || first->head().timestamp_ms > second + kStreamSlackMs) break;
    }
  }
  return {};
}

Result<void> Inputs::take_batch(const Feed& feed) {
  feed_ = &feed;
  piece_.clear();
  batch_records_ = batch_bytes_ = 0;
  for (auto& group : tables_) SLUICE_RETURN_IF_ERROR(take_group(group));
  SLUICE_RETURN_IF_ERROR(feed_piece());
  const bool tables_at_cut = std::ranges::all_of(tables_, [](const auto& group) { return std::ranges::all_of(group.lanes, &Lane::at_cut); });
  if (tables_at_cut) SLUICE_RETURN_IF_ERROR(take_streams());
  return feed_piece();
}

// --- what is told

std::int64_t Inputs::watermark(std::int64_t before) const {
  std::int64_t newest = kNoTime;
  for (const auto& lane : lanes_) {
    if (plan_.relations[lane->relation].watermark) newest = std::max(newest, lane->watermark_us);
  }
  if (newest == kNoTime) return before;
  auto least = newest;
  for (const auto& lane : lanes_) {
    const auto& relation = plan_.relations[lane->relation];
    if (!relation.watermark) continue;
    const bool read = lane->watermark_us != kNoTime;
    const bool idle = lane->at_cut() && (!read || newest - lane->watermark_us > relation.idle_us);
    if (!idle) least = std::min(least, lane->watermark_us);
  }
  return std::max(before, least);
}

std::vector<InputPosition> Inputs::position() const {
  std::vector<InputPosition> all;
  all.reserve(lanes_.size());
  for (const auto& lane : lanes_) all.push_back({plan_.relations[lane->relation].name, lane->where.partition, lane->next, lane->watermark_us});
  return all;
}

Result<void> Inputs::hold() {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    const auto& lane = *lanes_[i];
    if (lane.next == held_[i]) continue;
    held_[i] = lane.next;
    auto least = lane.next;
    for (const auto& other : lanes_) {  // two relations may be of one topic
      if (other->where.partition == lane.where.partition && other->where.topic == lane.where.topic) least = std::min(least, other->next);
    }
    SLUICE_RETURN_IF_ERROR(log_.hold(options_.hold, lane.where.topic, lane.where.partition, least));
  }
  return {};
}

void Inputs::release() {
  for (const auto& lane : lanes_) {
    if (lane->at != lane->buffer.size()) continue;
    lane->buffer = {};
    lane->at = 0;
    lane->reader->release();
  }
}

std::vector<pipeline::StageItem> Inputs::items() const {
  std::map<std::string, pipeline::StageItem> topics;
  for (const auto& lane : lanes_) {
    auto& item = topics[lane->where.topic];
    item.name = lane->where.topic;
    item.state = lane->at_cut() ? "streaming" : "history";
    item.offset = std::max<std::int64_t>(item.offset, 0) + lane->next.value;
    item.end_offset = std::max<std::int64_t>(item.end_offset, 0) + lane->cut.value;
  }
  std::vector<pipeline::StageItem> items;
  for (auto& [name, item] : topics) items.push_back(std::move(item));
  return items;
}

}  // namespace sluice::flow
