#include "deliver/archive/latest/latest_state.h"

#include <algorithm>

#include "base/trace.h"
#include "base/uuid.h"
#include "deliver/archive/chain/cut_puts.h"
#include "deliver/archive/chain/layout.h"

namespace sluice::deliver::archive {

namespace {

constexpr std::int64_t kLongestSettleMs = 60'000;

bool is_of_one_topic(ErrorCode code) {
  return code == ErrorCode::rejected || code == ErrorCode::corrupt || code == ErrorCode::unsupported ||
         code == ErrorCode::not_found;
}

// What a reader must know of a topic that does not keep the newest record of each key.
std::string retention_note(const pipeline::TopicDescription& topic) {
  const auto policy = topic.config.find("cleanup.policy");
  const bool compacts = policy != topic.config.end() && policy->second.find("compact") != std::string::npos;
  const auto retention = topic.config.find("retention.ms");
  if (compacts || (retention != topic.config.end() && retention->second == "-1")) return "";
  return "the topic is not compacted: rows that retention removes leave the table";
}

}  // namespace

// A place is of one mode: a reader of a folder's files must know what they are.
Result<void> LatestSink::State::check_format() const {
  const std::string name(kFormatFile);
  const auto id = Uuid::random();
  const auto temporary =
      std::string(kOurFolder) + "/format-" + hex({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()}) + ".tmp";
  SLUICE_RETURN_IF_ERROR(remove_cut_puts(context.store, std::string(kOurFolder), "format-"));
  auto text = context.store.read(name, 0, 4096);
  if (!text.ok() && text.error().code == ErrorCode::not_found) {
    SLUICE_RETURN_IF_ERROR(context.store.put(temporary, name, kLatestFormatText));
    text = context.store.read(name, 0, 4096);
  }
  if (!text.ok()) return std::move(text).error();
  if (*text == kLatestFormatText) return {};
  return Error{.code = ErrorCode::rejected,
               .message = context.store.where() + " holds something else than latest states: " + *text,
               .hint = "a place has one mode: take another folder for 'mode: latest'"};
}

Result<void> LatestSink::State::settle_error(Entry& entry, Result<void> outcome) const {
  if (outcome.ok()) {
    entry.failure.clear();
    entry.hint.clear();
    return {};
  }
  if (!is_of_one_topic(outcome.error().code)) return outcome;
  if (entry.failure != outcome.error().message) trace::error("archive", options.name + ": " + outcome.error().text());
  entry.failure = outcome.error().message;
  entry.hint = outcome.error().hint;
  entry.due_ms = context.clock.steady_ms() + std::min<std::int64_t>(options.every.count(), kLongestSettleMs);
  return {};
}

Result<void> LatestSink::State::open(const std::string& name, Entry& entry) {
  SLUICE_TRY(entry.topic, LatestTopic::open(context, name));
  const auto now = context.clock.steady_ms();
  entry.due_ms = now;
  if (const auto& pointer = entry.topic->pointer()) {
    const auto age = std::clamp<std::int64_t>(context.clock.wall_ms() - pointer->time_ms, 0, options.every.count());
    entry.due_ms = now + options.every.count() - age;
  }
  return {};
}

Result<void> LatestSink::State::look_at(const std::string& name, Entry& entry) {
  const auto now = context.clock.steady_ms();
  if (!entry.topic && now < entry.due_ms) return {};
  if (!entry.topic) SLUICE_RETURN_IF_ERROR(open(name, entry));
  SLUICE_TRY(auto ends, entry.topic->ends());
  if (ends != entry.ends) entry.moved_ms = now;
  const auto& pointer = entry.topic->pointer();
  const bool behind = !pointer || pointer->offsets != ends;
  if (!behind) entry.behind_ms = 0;
  else if (entry.behind_ms == 0) entry.behind_ms = now;
  entry.ends = std::move(ends);
  return {};
}

Result<void> LatestSink::State::discover() {
  SLUICE_TRY(const auto topics, context.log.topics());
  std::map<std::string, Entry> found;
  for (const auto& topic : topics) {
    if (rule_of(options.topics, topic.name) == nullptr) continue;
    auto& entry = found[topic.name];
    if (const auto known = entries.find(topic.name); known != entries.end()) entry = std::move(known->second);
    if (entry.seen_ms == 0) entry.seen_ms = context.clock.steady_ms() + 1;
    entry.note = retention_note(topic);
  }
  entries = std::move(found);
  for (auto& [name, entry] : entries) {
    auto looked = look_at(name, entry);
    if (looked.ok() && entry.failure.empty()) continue;
    if (looked.ok() && context.clock.steady_ms() < entry.due_ms) continue;  // a failure stands until the next try
    SLUICE_RETURN_IF_ERROR(settle_error(entry, std::move(looked)));
  }
  return {};
}

bool LatestSink::State::is_due(const Entry& entry) const {
  const auto now = context.clock.steady_ms();
  if (!entry.topic || entry.behind_ms == 0 || now < entry.due_ms) return false;
  if (entry.topic->pointer()) return true;
  const auto longest = std::min<std::int64_t>(options.every.count(), kLongestSettleMs);
  return now - entry.moved_ms >= options.settle.count() || now + 1 - entry.seen_ms >= longest;
}

Result<void> LatestSink::State::publish(Entry& entry, const std::stop_token& stop) {
  const auto before = entry.topic->pointer();
  auto published = entry.topic->publish(stop);
  if (!published.ok() && published.error().code == ErrorCode::cancelled) return {};
  if (published.ok()) {
    entry.due_ms = context.clock.steady_ms() + options.every.count();
    if (entry.topic->pointer() != before) ++versions;
  }
  return settle_error(entry, std::move(published));
}

void LatestSink::State::add_items(pipeline::StageStatus& told) const {
  const auto now = context.clock.steady_ms();
  for (const auto& [name, entry] : entries) {
    pipeline::StageItem item{.name = name, .state = entry.failure.empty() ? "archiving" : "failed", .note = entry.note};
    item.end_offset = sum_of(entry.ends).value;
    if (entry.topic && entry.topic->pointer()) {
      const auto& pointer = *entry.topic->pointer();
      item.rows = pointer.rows;
      item.offset = sum_of(pointer.offsets).value;
      told.files_published += pointer.files.size();
      if (pointer.unreadable > 0) item.note = std::to_string(pointer.unreadable) + " records cannot be rows. " + item.note;
    }
    if (!entry.failure.empty()) {
      item.note = entry.failure;
      told.error = name + ": " + entry.failure;
      told.hint = entry.hint;
    }
    if (entry.behind_ms != 0) told.lag_seconds = std::max(told.lag_seconds, static_cast<double>(now - entry.behind_ms) / 1000);
    told.items.push_back(std::move(item));
  }
}

void LatestSink::State::set_paused(bool to) {
  const std::lock_guard lock(mutex);
  paused = to;
  changed.notify_all();
}

bool LatestSink::State::is_paused() const {
  const std::lock_guard lock(mutex);
  return paused;
}

void LatestSink::State::tell(const std::string& state) {
  pipeline::StageStatus told;
  told.kind = "sink";
  told.name = options.name;
  told.state = state;
  told.facts = {{"mode", "latest"},
                {"place", context.store.where()},
                {"format", options.format->text()},
                {"versions", std::to_string(versions) + " since the start"}};
  add_items(told);
  const std::lock_guard lock(mutex);
  status = std::move(told);
}

}  // namespace sluice::deliver::archive
