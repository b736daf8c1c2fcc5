#include "capture/postgres/change_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_set>

#include "base/trace.h"
#include "pipeline/dead_letters.h"

namespace sluice::capture::postgres {
namespace {

constexpr const char* kLargeMessageBytes = "67108864";  // 64 MiB
constexpr const char* kWeekMs = "604800000";
constexpr std::size_t kScanBytes = std::size_t{4} << 20;

ByteView decimal(std::uint64_t number, std::span<char, 20> buffer) {
  return {buffer.data(), static_cast<std::size_t>(std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr - buffer.data())};
}

pipeline::TopicConfig topic_config(const TrackedTable& table) {
  pipeline::TopicConfig config{{"compression.type", "lz4"}, {"max.message.bytes", kLargeMessageBytes}};
  if (table.keyless) {
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
  forget_counts();
  const pipeline::TopicSpec tables{std::string(pipeline::kTablesTopic), 1, {{"cleanup.policy", "compact"}}, true};
  SLUICE_RETURN_IF_ERROR(log_.ensure_topic(tables));
  return pipeline::ensure_dead_letters_topic(log_);
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
  for (const auto& end : ends) {
    if (const auto count = counts_.find(end.topic); count != counts_.end()) count->second->commit(end.end);
  }
  forget_counts();
  return {};
}

Result<void> ChangeWriter::abort() {
  if (!open_) return {};
  open_ = false;
  for (const auto& [topic, count] : counts_) count->abort();
  forget_counts();
  return producer_->abort();
}

RowCount::Rows& ChangeWriter::rows_of(const TrackedTable& to) {
  if (last_count_ != to.count.get()) {
    counts_[to.topic] = to.count;
    last_count_ = to.count.get();
  }
  return to.count->appended;
}

void ChangeWriter::forget_counts() {
  counts_.clear();
  last_count_ = nullptr;
}

Result<void> ChangeWriter::ensure_topics(const TrackedTable& table) {
  const auto config = topic_config(table);
  SLUICE_TRY(const auto description, log_.ensure_topic({table.topic, 1, config, true}));
  std::map<std::string, std::optional<std::string>> changes;
  for (const auto& [name, value] : config) {
    const auto found = description.config.find(name);
    if (found == description.config.end() || found->second != value) changes[name] = value;
  }
  return changes.empty() ? Result<void>{} : log_.alter_topic(table.topic, changes);
}

Result<void> ChangeWriter::append(TrackedTable& to, std::optional<ByteView> key, std::optional<ByteView> value, const Origin& origin,
                                  std::span<const pipeline::Header> more) {
  SLUICE_RETURN_IF_ERROR(begin());
  std::array<pipeline::Header, 8> headers;
  std::size_t count = 0;
  headers[count++] = {"__op", ByteView(&origin.op, 1)};
  char lsn[20], seq[20], xid[20];
  if (origin.in != nullptr) {
    headers[count++] = {"__lsn", decimal(origin.in->commit_lsn.value, lsn)};
    headers[count++] = {"__seq", decimal(origin.in->seq++, seq)};
    headers[count++] = {"__txid", decimal(origin.in->xid, xid)};
  }
  for (const auto& header : more) headers[count++] = header;
  const pipeline::NewRecord record{to.topic, 0, origin.timestamp_ms, key, value, std::span(headers).first(count)};
  auto appended = producer_->append(record);
  if (!appended.ok()) {
    if (appended.error().code != ErrorCode::rejected) return appended;
    return dead_letter(to.topic, record, appended.error());
  }
  bytes_ += (key ? key->size() : 0) + (value ? value->size() : 0);
  auto& rows = rows_of(to);
  ++rows.all;
  if (origin.op == 'r') ++rows.of_snapshot;
  // What a snapshot brings is in a transaction of its own, in which no TRUNCATE can be.
  return key && value && origin.in != nullptr ? to.open_keys.add(*key) : Result<void>{};
}

// A record that the topic cannot take goes whole to the dead letters.
Result<void> ChangeWriter::dead_letter(const std::string& topic, const pipeline::NewRecord& record, const Error& why) {
  trace::warn("capture", topic + ": a row goes to " + std::string(pipeline::kDeadLettersTopic) + ": " + why.message);
  auto letter = record;
  letter.topic = topic;
  SLUICE_TRY(const auto bytes, pipeline::append_dead_letter(*producer_, letter, why.message));
  bytes_ += bytes;
  return {};
}

Result<void> ChangeWriter::note_unchanged(TrackedTable& to, std::int64_t now_ms) {
  if (to.has_unchanged) return {};
  to.has_unchanged = true;
  SLUICE_TRY(const auto range, log_.range(to.topic, 0));
  SLUICE_RETURN_IF_ERROR(log_.hold("unchanged", to.topic, 0, range.start));
  return table_state(to, now_ms);
}

// `old_key`: framed, when the row had another key before.
Result<void> ChangeWriter::row(TrackedTable& to, std::span<const Cell> cells, const Origin& origin, ByteView old_key) {
  key_.clear();
  value_.clear();
  auto& encoder = *to.encoder;
  SLUICE_RETURN_IF_ERROR(encoder.value(cells, value_));
  if (!to.keyless) SLUICE_RETURN_IF_ERROR(encoder.key(cells, key_));
  std::array<pipeline::Header, 3> more;
  std::size_t count = 0;
  std::string old_key_text, new_key_text;  // headers are ASCII: framed keys in hex
  if (!encoder.special().empty()) more[count++] = {"__special", ByteView(encoder.special())};
  if (!encoder.unchanged().empty()) {
    more[count++] = {"__unchanged", ByteView(encoder.unchanged())};
    SLUICE_RETURN_IF_ERROR(begin());
    SLUICE_RETURN_IF_ERROR(note_unchanged(to, origin.timestamp_ms));
  }
  if (!old_key.empty() && old_key != key_) {
    new_key_text = hex(key_);
    old_key_text = hex(old_key);
    const pipeline::Header moved[] = {{"__newkey", ByteView(new_key_text)}};
    if (origin.op == 'u') SLUICE_RETURN_IF_ERROR(append(to, old_key, std::nullopt, {'d', origin.in, origin.timestamp_ms}, moved));
    more[count++] = {"__oldkey", ByteView(old_key_text)};
  }
  return append(to, to.keyless ? std::nullopt : std::optional<ByteView>(key_), value_, origin, std::span(more).first(count));
}

Result<void> ChangeWriter::snapshot_row(TrackedTable& to, std::span<const Cell> cells, std::int64_t now_ms) {
  return row(to, cells, {'r', nullptr, now_ms}, {});
}

Result<void> ChangeWriter::insert(TrackedTable& to, std::span<const Cell> cells, TransactionContext& in) {
  return row(to, cells, {'c', &in, in.commit_time_us / 1000}, {});
}

Result<void> ChangeWriter::update(TrackedTable& to, const Update& change, TransactionContext& in) {
  if (to.keyless) return {};  // only inserts of it are captured
  old_key_.clear();
  if (!change.old.empty()) SLUICE_RETURN_IF_ERROR(to.encoder->key(change.old, old_key_));
  return row(to, change.row, {'u', &in, in.commit_time_us / 1000}, old_key_);
}

Result<void> ChangeWriter::move_in(TrackedTable& to, const Update& change, TransactionContext& in) {
  old_key_.clear();
  SLUICE_RETURN_IF_ERROR(to.encoder->key(change.old, old_key_));
  return row(to, change.row, {'c', &in, in.commit_time_us / 1000}, old_key_);
}

Result<void> ChangeWriter::remove(TrackedTable& to, std::span<const Cell> old, TransactionContext& in) {
  if (to.keyless) return {};
  key_.clear();
  SLUICE_RETURN_IF_ERROR(to.encoder->key(old, key_));
  return append(to, ByteView(key_), std::nullopt, {'d', &in, in.commit_time_us / 1000});
}

namespace {

using Visit = std::function<Result<void>(ByteView key, bool live)>;

Result<void> scan_keys(pipeline::Log& log, const std::string& topic, Offset from, Offset to, const std::function<Result<void>()>& pulse, const Visit& visit) {
  SLUICE_TRY(const auto reader, log.reader(topic, 0, from));
  while (reader->next_offset() < to) {
    SLUICE_RETURN_IF_ERROR(pulse());
    SLUICE_TRY(const auto records, reader->poll(0, kScanBytes));
    if (records.empty()) break;
    for (const auto& record : records) {
      if (record.key && record.offset < to) SLUICE_RETURN_IF_ERROR(visit(*record.key, record.value.has_value()));
    }
  }
  return {};
}

// The live keys of a stretch of a topic, a block of bounded size at a time.
class KeyBlock {
 public:
  using Emit = std::function<Result<void>(std::unordered_set<std::string>& keys)>;
  explicit KeyBlock(Emit emit) : emit_(std::move(emit)) {}

  Result<void> note(ByteView key, bool live) {
    if (!live) {
      keys_.erase(std::string(key));
      return {};
    }
    if (keys_.emplace(key).second) bytes_ += key.size() + kSetEntryBytes;
    return bytes_ < kBlockBytes ? Result<void>{} : finish();
  }
  Result<void> finish() {
    bytes_ = 0;
    auto emitted = emit_(keys_);
    keys_.clear();
    return emitted;
  }

 private:
  static constexpr std::size_t kSetEntryBytes = 64;
  static constexpr std::size_t kBlockBytes = std::size_t{64} << 20;
  Emit emit_;
  std::unordered_set<std::string> keys_;
  std::size_t bytes_ = 0;
};

}  // namespace

Result<void> ChangeWriter::truncate(TrackedTable& to, TransactionContext& in, const std::function<bool(ByteView)>& concerns,
                                    const std::function<Result<void>()>& pulse) {
  const auto time_ms = in.commit_time_us / 1000;
  to.truncated = in.commit_lsn;
  if (to.keyless) return table_state(to, time_ms);
  KeyBlock block([&](const std::unordered_set<std::string>& keys) -> Result<void> {
    for (const auto& key : keys) {
      if (concerns(key)) SLUICE_RETURN_IF_ERROR(append(to, ByteView(key), std::nullopt, {'d', &in, time_ms}));
    }
    return pulse();
  });
  SLUICE_TRY(const auto range, log_.range(to.topic, 0));
  SLUICE_RETURN_IF_ERROR(scan_keys(log_, to.topic, range.start, range.last_stable, pulse, [&](ByteView key, bool live) { return block.note(key, live); }));
  SLUICE_RETURN_IF_ERROR(to.open_keys.for_each([&](ByteView key) { return block.note(key, true); }));
  SLUICE_RETURN_IF_ERROR(block.finish());
  return table_state(to, time_ms);
}

Result<void> ChangeWriter::remove_stale(TrackedTable& to, Offset fresh, std::int64_t now_ms, const std::function<Result<void>()>& pulse) {
  if (to.keyless) return {};
  SLUICE_TRY(const auto range, log_.range(to.topic, 0));
  KeyBlock block([&](std::unordered_set<std::string>& keys) -> Result<void> {
    const auto keep = [&](ByteView key, bool) -> Result<void> {
      keys.erase(std::string(key));
      return {};
    };
    SLUICE_RETURN_IF_ERROR(scan_keys(log_, to.topic, std::max(fresh, range.start), range.last_stable, pulse, keep));
    for (const auto& key : keys) SLUICE_RETURN_IF_ERROR(append(to, ByteView(key), std::nullopt, {'d', nullptr, now_ms}));
    return {};
  });
  SLUICE_RETURN_IF_ERROR(scan_keys(log_, to.topic, range.start, fresh, pulse, [&](ByteView key, bool live) { return block.note(key, live); }));
  return block.finish();
}

Result<void> ChangeWriter::park(TrackedTable& to, ByteView relation, ByteView message, TransactionContext& in) {
  SLUICE_RETURN_IF_ERROR(begin());
  const auto topic = parked_topic_name(to.topic);
  const auto put = [&](ByteView value) -> Result<void> {
    char lsn[20], xid[20];
    const pipeline::Header headers[] = {{"__lsn", decimal(in.commit_lsn.value, lsn)}, {"__txid", decimal(in.xid, xid)}};
    const pipeline::NewRecord record{topic, 0, in.commit_time_us / 1000, std::nullopt, value, headers};
    bytes_ += value.size();
    auto appended = producer_->append(record);
    if (appended.ok() || appended.error().code != ErrorCode::rejected) return appended;
    return dead_letter(topic, record, appended.error());
  };
  if (!to.relation_parked) {
    const pipeline::TopicSpec parked{topic, 1, {{"cleanup.policy", "delete"}, {"retention.ms", "-1"}, {"max.message.bytes", kLargeMessageBytes}}, true};
    SLUICE_RETURN_IF_ERROR(log_.ensure_topic(parked));
    if (!relation.empty()) SLUICE_RETURN_IF_ERROR(put(relation));
    to.relation_parked = true;
  }
  return put(message);
}

Result<void> ChangeWriter::table_state(const TrackedTable& table, std::int64_t now_ms) {
  SLUICE_RETURN_IF_ERROR(begin());
  const auto json = table.json(source_);
  table.count->stored = table.count->committed.all;
  return producer_->append({pipeline::kTablesTopic, 0, now_ms, ByteView(table.topic), ByteView(json), {}});
}

}  // namespace sluice::capture::postgres
