#include "flow/view/output.h"

#include <algorithm>
#include <array>

#include "flow/view/view.h"
#include "pipeline/dead_letters.h"

namespace sluice::flow {
namespace {

constexpr std::size_t kHeavyBytes = std::size_t{64} << 20;
constexpr std::size_t kPrefixBytes = View::kRowsPrefix.size();

void frame(SchemaId id, Bytes& out) {
  out += '\0';
  char raw[4];
  store_be<std::int32_t>(raw, id.value);
  out.append(raw, sizeof raw);
}

std::uint64_t count_of(std::optional<ByteView> value) { return value && value->size() == 8 ? load_be<std::uint64_t>(value->data()) : 0; }

// Where a record comes from, as headers.
struct Origin {
  std::string partition;
  std::string offset;
  std::array<pipeline::Header, 3> headers;

  Origin(const std::string& view, const Taken& taken)
      : partition(std::to_string(taken.lane->where.partition)), offset(to_string(taken.record->offset)),
        headers{{{"__view", ByteView(view)}, {"__partition", ByteView(partition)}, {"__offset", ByteView(offset)}}} {}
};

}  // namespace

Output::Output(Setting setting, pipeline::Log& log, State& state, OutputCounts counts)
    : setting_(std::move(setting)), log_(log), state_(state), counts_(counts), key_row_(setting_.schema.key_columns.size()) {}

void Output::begin(pipeline::Producer& producer) {
  producer_ = &producer;
  records_ = {};
  newest_ms_ = 0;
}

void Output::piece(std::span<const Taken> records) {
  records_ = records;
  failed_.assign(records.size(), false);
  late_.assign(records.size(), false);
  for (const auto& taken : records) newest_ms_ = std::max(newest_ms_, taken.record->timestamp_ms);
}

std::int64_t Output::timestamp_of(std::uint32_t origin) {
  return origin < records_.size() ? records_[origin].record->timestamp_ms : newest_ms_;
}

// --- rows

Result<void> Output::encode(Row row) {
  const auto& schema = setting_.schema;
  key_.assign(View::kRowsPrefix);
  value_.clear();
  frame(schema.value, value_);
  SLUICE_RETURN_IF_ERROR(schema.value_writer->write(row, value_));
  if (!schema.keyed) return {};
  frame(schema.key, key_);
  for (std::size_t i = 0; i < key_row_.size(); ++i) key_row_[i] = row[schema.key_columns[i]];
  return schema.key_writer->write(key_row_, key_);
}

Result<void> Output::row(const Delta& delta) {
  if (auto encoded = encode(delta.row); !encoded.ok()) {  // Avro cannot hold it
    return delta.weight > 0 ? failed(delta.origin, encoded.error()) : Result<void>{};
  }
  const auto timestamp_ms = timestamp_of(delta.origin);
  if (!setting_.schema.keyed || setting_.append_only) return add(delta.weight, timestamp_ms);
  return note(delta.weight, timestamp_ms);
}

// A row that nothing will take back.
Result<void> Output::add(std::int64_t weight, std::int64_t timestamp_ms) {
  if (weight < 0) return Error{ErrorCode::corrupt, "view " + setting_.view + ": a row is taken back that is never to be", "", "please report this with the view's definition"};
  if (setting_.schema.keyed) {
    state_.put(key_, value_);
    ++counts_.rows;
    return append(ByteView(key_).substr(kPrefixBytes), value_, timestamp_ms);
  }
  counts_.rows += static_cast<std::uint64_t>(weight);
  if (!setting_.published) {  // kept until the view is
    key_ += value_;
    SLUICE_TRY(const auto before, state_.find(key_));
    char raw[8];
    store_be<std::uint64_t>(raw, count_of(before) + static_cast<std::uint64_t>(weight));
    state_.put(key_, {raw, sizeof raw});
    return {};
  }
  for (; weight > 0; --weight) SLUICE_RETURN_IF_ERROR(append(std::nullopt, value_, timestamp_ms));
  return {};
}

Result<void> Output::note(std::int64_t weight, std::int64_t timestamp_ms) {
  auto found = by_key_.find(key_);
  if (found == by_key_.end()) {
    changes_.push_back({.key = arena_.copy(key_)});
    found = by_key_.emplace(changes_.back().key, static_cast<std::uint32_t>(changes_.size() - 1)).first;
  }
  auto& change = changes_[found->second];
  change.timestamp_ms = std::max(change.timestamp_ms, timestamp_ms);
  for (auto at = change.versions; at != 0; at = versions_[at - 1].next) {
    if (versions_[at - 1].value != value_) continue;
    versions_[at - 1].weight += weight;
    return {};
  }
  versions_.push_back({arena_.copy(value_), weight, change.versions});
  change.versions = static_cast<std::uint32_t>(versions_.size());
  return {};
}

// What the state has is one more version of the key.
Result<void> Output::settle(const Change& change) {
  SLUICE_TRY(const auto before, state_.find(change.key));
  std::int64_t count = before ? 1 : 0;
  const Version* newest = nullptr;
  bool stays = before.has_value();
  for (auto at = change.versions; at != 0; at = versions_[at - 1].next) {
    auto& version = versions_[at - 1];
    count += version.weight;
    const bool same = before && *before == version.value;
    if (same) stays = version.weight >= 0;
    if (!same && version.weight > 0 && newest == nullptr) newest = &version;
  }
  const auto key = change.key.substr(kPrefixBytes);
  if (count == 0) {
    if (!before) return {};
    state_.erase(change.key);
    --counts_.rows;
    return append(key, std::nullopt, change.timestamp_ms);
  }
  if (count != 1 || (newest == nullptr && !stays)) {
    return Error{ErrorCode::corrupt, "view " + setting_.view + ": " + std::to_string(count) + " rows would have the same key", "", "please report this with the view's definition"};
  }
  if (newest == nullptr) return {};
  state_.put(change.key, newest->value);
  if (!before) ++counts_.rows;
  return append(key, newest->value, change.timestamp_ms);
}

Result<void> Output::write_rows() {
  for (const auto& change : changes_) SLUICE_RETURN_IF_ERROR(settle(change));
  by_key_.clear();
  changes_.clear();
  versions_.clear();
  arena_.reset();
  return {};
}

bool Output::heavy() const { return arena_.used() > kHeavyBytes; }

Result<void> Output::append(std::optional<ByteView> key, std::optional<ByteView> value, std::int64_t timestamp_ms) {
  if (!setting_.published) return {};
  ++counts_.given;
  return producer_->append({.topic = setting_.view, .partition = 0, .timestamp_ms = timestamp_ms, .key = key, .value = value, .headers = {}});
}

// --- what is in no result

// A record may be late for several windows.
Result<void> Output::late(std::uint32_t origin) {
  if (origin < records_.size()) {
    if (late_[origin]) return {};
    late_[origin] = true;
  }
  ++counts_.late;
  if (!setting_.published || origin >= records_.size()) return {};
  const auto topic = setting_.view + ".late";
  if (!has_late_topic_) {
    SLUICE_RETURN_IF_ERROR(log_.ensure_topic({topic, 1, {{"max.message.bytes", "67108864"}}, true}));
    has_late_topic_ = true;
  }
  const auto& [lane, record] = records_[origin];
  const Origin from(setting_.view, records_[origin]);
  auto headers = record->headers;
  headers.insert(headers.end(), from.headers.begin(), from.headers.end());
  headers.push_back({"__topic", ByteView(lane->where.topic)});
  headers.push_back({"__why", ByteView("its window had closed")});
  return producer_->append({topic, 0, record->timestamp_ms, record->key, record->value, headers});
}

Result<void> Output::failed(std::uint32_t origin, const Error& why) {
  if (origin >= records_.size()) {
    ++counts_.failed;
    return {};
  }
  if (failed_[origin]) return {};
  failed_[origin] = true;
  ++counts_.failed;
  return setting_.published ? dead_letter(records_[origin], why) : Result<void>{};
}

Result<void> Output::dead_letter(const Taken& taken, const Error& why) {
  if (!has_dead_letters_) {
    SLUICE_RETURN_IF_ERROR(pipeline::ensure_dead_letters_topic(log_));
    has_dead_letters_ = true;
  }
  const auto& record = *taken.record;
  const Origin from(setting_.view, taken);
  const pipeline::NewRecord letter{taken.lane->where.topic, 0, record.timestamp_ms, record.key, record.value, record.headers};
  SLUICE_RETURN_IF_ERROR(pipeline::append_dead_letter(*producer_, letter, why.message, from.headers));
  return {};
}

}  // namespace sluice::flow
