#include "capture/postgres/change_writer.h"

#include <algorithm>
#include <set>
#include <unordered_set>

#include "base/trace.h"

namespace sluice::capture::postgres {
namespace {

constexpr std::size_t kDeadLetterPieceBytes = std::size_t{16} << 20;
constexpr const char* kLargeMessageBytes = "67108864";  // 64 MiB
constexpr const char* kWeekMs = "604800000";

pipeline::TopicConfig topic_config(const Table& table) {
  pipeline::TopicConfig config{{"compression.type", "lz4"}, {"max.message.bytes", kLargeMessageBytes}};
  if (table.keyless()) {
    config["cleanup.policy"] = "delete";
    config["retention.ms"] = "-1";
  } else {
    config["cleanup.policy"] = "compact";
    config["min.compaction.lag.ms"] = kWeekMs;
    config["delete.retention.ms"] = kWeekMs;
  }
  return config;
}

}  // namespace

Result<void> ChangeWriter::open() {
  SLUICE_TRY(producer_, log_.producer(source_));
  open_ = false;
  const pipeline::TopicSpec tables{std::string(pipeline::kTablesTopic), 1, {{"cleanup.policy", "compact"}}, true};
  const pipeline::TopicSpec letters{std::string(pipeline::kDeadLettersTopic), 1,
                                    {{"cleanup.policy", "delete"}, {"retention.ms", "-1"}, {"max.message.bytes", kLargeMessageBytes}}, true};
  SLUICE_RETURN_IF_ERROR(log_.ensure_topic(tables));
  SLUICE_RETURN_IF_ERROR(log_.ensure_topic(letters));
  return {};
}

Result<void> ChangeWriter::begin() {
  if (open_) return {};
  SLUICE_RETURN_IF_ERROR(producer_->begin());
  open_ = true;
  bytes_ = 0;
  return {};
}

Result<void> ChangeWriter::commit(const std::vector<pipeline::PositionUpdate>& positions) {
  SLUICE_RETURN_IF_ERROR(begin());
  open_ = false;
  SLUICE_TRY(const auto ends, producer_->commit(positions));
  static_cast<void>(ends);
  return {};
}

Result<void> ChangeWriter::abort() {
  if (!open_) return {};
  open_ = false;
  return producer_->abort();
}

Result<void> ChangeWriter::ensure_topics(const TrackedTable& table) {
  const auto config = topic_config(table.table);
  SLUICE_TRY(const auto description, log_.ensure_topic({table.topic, 1, config, true}));
  std::map<std::string, std::optional<std::string>> changes;
  for (const auto& [name, value] : config) {
    const auto found = description.config.find(name);
    if (found == description.config.end() || found->second != value) changes[name] = value;
  }
  return changes.empty() ? Result<void>{} : log_.alter_topic(table.topic, changes);
}

Result<void> ChangeWriter::append(TrackedTable& to, std::optional<ByteView> key, std::optional<ByteView> value, char op, TransactionContext* in,
                                  std::int64_t timestamp_ms, std::span<const pipeline::Header> more) {
  SLUICE_RETURN_IF_ERROR(begin());
  std::vector<pipeline::Header> headers;
  const std::string_view op_text(&op, 1);
  std::string lsn, seq, xid;
  headers.push_back({"__op", op_text});
  if (in != nullptr) {
    lsn = std::to_string(in->commit_lsn.value);
    seq = std::to_string(in->seq++);
    xid = std::to_string(in->xid);
    headers.push_back({"__lsn", lsn});
    headers.push_back({"__seq", seq});
    headers.push_back({"__txid", xid});
  }
  headers.insert(headers.end(), more.begin(), more.end());
  const pipeline::NewRecord record{to.topic, 0, timestamp_ms, key, value, headers};
  auto appended = producer_->append(record);
  if (!appended.ok()) {
    if (appended.error().code != ErrorCode::rejected) return appended;
    return dead_letter(to, record, appended.error());
  }
  bytes_ += (key ? key->size() : 0) + (value ? value->size() : 0);
  ++to.rows;
  if (key && value) to.open_keys.emplace_back(*key);
  return {};
}

// A row that the topic cannot take goes whole to the dead letters, in pieces.
Result<void> ChangeWriter::dead_letter(const TrackedTable& from, const pipeline::NewRecord& record, const Error& why) {
  trace::warn("capture", from.topic + ": a row goes to " + std::string(pipeline::kDeadLettersTopic) + ": " + why.message);
  const auto value = record.value.value_or(ByteView{});
  const auto parts = std::max<std::size_t>(1, (value.size() + kDeadLetterPieceBytes - 1) / kDeadLetterPieceBytes);
  for (std::size_t part = 0; part < parts; ++part) {
    const auto number = std::to_string(part + 1);
    const auto total = std::to_string(parts);
    std::vector<pipeline::Header> headers(record.headers.begin(), record.headers.end());
    headers.push_back({"__topic", ByteView(from.topic)});
    headers.push_back({"__error", ByteView(why.message)});
    headers.push_back({"__part", ByteView(number)});
    headers.push_back({"__parts", ByteView(total)});
    const pipeline::NewRecord piece{pipeline::kDeadLettersTopic, 0, record.timestamp_ms, record.key,
                                    value.substr(part * kDeadLetterPieceBytes, kDeadLetterPieceBytes), headers};
    SLUICE_RETURN_IF_ERROR(producer_->append(piece));
    bytes_ += piece.value->size();
  }
  return {};
}

Result<void> ChangeWriter::note_unchanged(TrackedTable& to, std::int64_t now_ms) {
  if (to.has_unchanged) return {};
  to.has_unchanged = true;
  SLUICE_TRY(const auto range, log_.range(to.topic, 0));
  SLUICE_RETURN_IF_ERROR(log_.hold("unchanged", to.topic, 0, range.start));
  return table_state(to, now_ms);
}

Result<void> ChangeWriter::snapshot_row(TrackedTable& to, std::span<const Cell> row, std::int64_t now_ms) {
  key_.clear();
  value_.clear();
  SLUICE_RETURN_IF_ERROR(to.encoder->value(row, value_));
  if (!to.table.keyless()) SLUICE_RETURN_IF_ERROR(to.encoder->key(row, key_));
  std::vector<pipeline::Header> more;
  if (!to.encoder->special().empty()) more.push_back({"__special", ByteView(to.encoder->special())});
  const auto key = to.table.keyless() ? std::nullopt : std::optional<ByteView>(key_);
  SLUICE_RETURN_IF_ERROR(append(to, key, value_, 'r', nullptr, now_ms, more));
  ++to.snapshot_rows;
  return {};
}

Result<void> ChangeWriter::insert(TrackedTable& to, std::span<const Cell> row, TransactionContext& in) {
  key_.clear();
  value_.clear();
  SLUICE_RETURN_IF_ERROR(to.encoder->value(row, value_));
  if (!to.table.keyless()) SLUICE_RETURN_IF_ERROR(to.encoder->key(row, key_));
  std::vector<pipeline::Header> more;
  if (!to.encoder->special().empty()) more.push_back({"__special", ByteView(to.encoder->special())});
  const auto key = to.table.keyless() ? std::nullopt : std::optional<ByteView>(key_);
  return append(to, key, value_, 'c', &in, in.commit_time_us / 1000, more);
}

Result<void> ChangeWriter::update(TrackedTable& to, const Update& change, TransactionContext& in) {
  if (to.table.keyless()) return {};  // only inserts of it are captured
  const auto time_ms = in.commit_time_us / 1000;
  key_.clear();
  value_.clear();
  old_key_.clear();
  SLUICE_RETURN_IF_ERROR(to.encoder->value(change.row, value_));
  const auto special = to.encoder->special();
  const auto unchanged = to.encoder->unchanged();
  // A key column may be toasted, and unchanged: then it is that of the old key.
  Tuple keyed = change.row;
  for (const auto index : to.table.key) {
    if (index < change.old.size() && keyed[index].is == Cell::Is::unchanged) keyed[index] = change.old[index];
  }
  SLUICE_RETURN_IF_ERROR(to.encoder->key(keyed, key_));
  if (!change.old.empty()) SLUICE_RETURN_IF_ERROR(to.encoder->key(change.old, old_key_));
  std::vector<pipeline::Header> more;
  if (!special.empty()) more.push_back({"__special", ByteView(special)});
  if (!unchanged.empty()) {
    more.push_back({"__unchanged", ByteView(unchanged)});
    SLUICE_RETURN_IF_ERROR(begin());
    SLUICE_RETURN_IF_ERROR(note_unchanged(to, time_ms));
  }
  std::string old_key_text;  // headers are ASCII: the framed key in hex
  if (!change.old.empty() && old_key_ != key_) {
    const auto new_key = hex(key_);
    old_key_text = hex(old_key_);
    const pipeline::Header moved[] = {{"__newkey", ByteView(new_key)}};
    SLUICE_RETURN_IF_ERROR(append(to, ByteView(old_key_), std::nullopt, 'd', &in, time_ms, moved));
    more.push_back({"__oldkey", ByteView(old_key_text)});
  }
  return append(to, ByteView(key_), ByteView(value_), 'u', &in, time_ms, more);
}

Result<void> ChangeWriter::remove(TrackedTable& to, std::span<const Cell> old, TransactionContext& in) {
  if (to.table.keyless()) return {};
  key_.clear();
  SLUICE_RETURN_IF_ERROR(to.encoder->key(old, key_));
  return append(to, ByteView(key_), std::nullopt, 'd', &in, in.commit_time_us / 1000);
}

namespace {

// The keys whose newest record in [from, to) of a topic is no tombstone.
Result<std::set<std::string>> live_keys(pipeline::Log& log, const std::string& topic, Offset from, Offset to) {
  std::set<std::string> keys;
  SLUICE_TRY(const auto reader, log.reader(topic, 0, from));
  while (reader->next_offset() < to) {
    SLUICE_TRY(const auto records, reader->poll(0, std::size_t{4} << 20));
    if (records.empty()) break;
    for (const auto& record : records) {
      if (!record.key || record.offset >= to) continue;
      if (record.value) {
        keys.emplace(*record.key);
      } else {
        keys.erase(std::string(*record.key));
      }
    }
  }
  return keys;
}

}  // namespace

Result<void> ChangeWriter::truncate(TrackedTable& to, TransactionContext& in, const std::function<bool(ByteView)>& concerns) {
  if (to.table.keyless()) return {};
  SLUICE_TRY(const auto range, log_.range(to.topic, 0));
  SLUICE_TRY(auto keys, live_keys(log_, to.topic, range.start, range.last_stable));
  keys.insert(to.open_keys.begin(), to.open_keys.end());
  for (const auto& key : keys) {
    if (concerns(key)) SLUICE_RETURN_IF_ERROR(append(to, ByteView(key), std::nullopt, 'd', &in, in.commit_time_us / 1000));
  }
  return table_state(to, in.commit_time_us / 1000);
}

Result<void> ChangeWriter::remove_stale(TrackedTable& to, Offset before, std::int64_t now_ms) {
  if (to.table.keyless()) return {};
  SLUICE_TRY(const auto range, log_.range(to.topic, 0));
  SLUICE_TRY(auto stale, live_keys(log_, to.topic, range.start, before));
  SLUICE_TRY(const auto fresh, live_keys(log_, to.topic, before, range.last_stable));
  for (const auto& key : fresh) stale.erase(key);
  for (const auto& key : stale) SLUICE_RETURN_IF_ERROR(append(to, ByteView(key), std::nullopt, 'd', nullptr, now_ms));
  return {};
}

Result<void> ChangeWriter::park(TrackedTable& to, ByteView message, TransactionContext& in) {
  SLUICE_RETURN_IF_ERROR(begin());
  const auto topic = std::string(pipeline::kParkedTopicPrefix) + to.topic;
  const auto put = [&](ByteView value) -> Result<void> {
    const auto lsn = std::to_string(in.commit_lsn.value);
    const auto xid = std::to_string(in.xid);
    const pipeline::Header headers[] = {{"__lsn", ByteView(lsn)}, {"__txid", ByteView(xid)}};
    bytes_ += value.size();
    return producer_->append({topic, 0, in.commit_time_us / 1000, std::nullopt, value, headers});
  };
  if (!to.relation_parked) {
    const pipeline::TopicSpec parked{topic, 1, {{"cleanup.policy", "delete"}, {"retention.ms", "-1"}, {"max.message.bytes", kLargeMessageBytes}}, true};
    SLUICE_RETURN_IF_ERROR(log_.ensure_topic(parked));
    if (!to.relation.empty()) SLUICE_RETURN_IF_ERROR(put(to.relation));
    to.relation_parked = true;
  }
  return put(message);
}

Result<void> ChangeWriter::table_state(const TrackedTable& table, std::int64_t now_ms) {
  SLUICE_RETURN_IF_ERROR(begin());
  const auto json = table.json(source_);
  return producer_->append({pipeline::kTablesTopic, 0, now_ms, ByteView(table.topic), ByteView(json), {}});
}

}  // namespace sluice::capture::postgres
