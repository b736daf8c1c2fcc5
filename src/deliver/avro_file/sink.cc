#include "deliver/avro_file/sink.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>

#include "base/trace.h"
#include "base/uuid.h"
#include "deliver/avro_file/chain.h"
#include "deliver/avro_file/layout.h"
#include "deliver/avro_file/partition_archiver.h"

namespace sluice::deliver::avro_file {

namespace {

constexpr std::string_view kFormatText = "{\"format\":\"sluice-archive\",\"version\":1}\n";
constexpr std::int64_t kTellEveryMs = 500;
constexpr auto kIdleWait = std::chrono::milliseconds(50);

std::string writer_id() {
  const auto uuid = Uuid::random();
  return hex({reinterpret_cast<const char*>(uuid.bytes.data()), uuid.bytes.size()});
}

// Errors that concern one partition and leave the others alone.
bool is_of_one_partition(ErrorCode code) {
  return code == ErrorCode::rejected || code == ErrorCode::corrupt || code == ErrorCode::unsupported;
}

pipeline::StageItem& item_of(std::map<std::string, pipeline::StageItem>& items, const std::string& topic,
                             const std::string& state) {
  auto& item = items[topic];
  if (item.name.empty()) {
    item.name = topic;
    item.state = state;
  }
  return item;
}

// Makes the file that tells the archive's version, or reads it.
Result<void> check_format(pipeline::Store& store, const std::string& writer) {
  const std::string name(kFormatFile);
  auto text = store.read(name, 0, 4096);
  if (text.ok()) {
    if (*text == kFormatText) return {};
    return Error{.code = ErrorCode::unsupported,
                 .message = store.where() + "/" + name + " is of an archive that this program does not know: " + *text};
  }
  if (text.error().code != ErrorCode::not_found) return std::move(text).error();
  const auto temporary = std::string(kOurFolder) + "/format-" + writer + ".tmp";
  SLUICE_TRY(const auto file, store.create(temporary));
  SLUICE_RETURN_IF_ERROR(file->append(kFormatText));
  SLUICE_RETURN_IF_ERROR(file->finish());
  SLUICE_TRY(const auto published, store.publish(temporary, name));
  return published == pipeline::Published::name_is_taken ? store.remove(temporary) : Result<void>{};
}

}  // namespace

struct Sink::State {
  State(SinkOptions o, pipeline::Log& l, pipeline::SchemaCatalog& c, pipeline::Store& s, const io::Clock& k)
      : options(std::move(o)), context{options, l, c, s, k} {
    snapshot.kind = "sink";
    snapshot.name = options.name;
    snapshot.state = "stopped";
  }

  // What stands in the way of a partition that is not archived at the moment.
  struct Failure {
    std::string what;
    std::string hint;
  };

  SinkOptions options;
  ArchiverContext context;

  // Of run()'s thread.
  std::unique_ptr<BlockCompressor> compressor;  // outlives the partitions
  std::map<TopicPartition, std::unique_ptr<PartitionArchiver>> partitions;
  std::map<TopicPartition, Failure> failures;
  std::int64_t discovered_ms = 0;
  std::int64_t told_ms = 0;
  std::uint64_t rows_before = 0;  // read by archivers that are gone

  mutable std::mutex mutex;
  std::condition_variable_any changed;
  // Guarded by mutex.
  pipeline::StageStatus snapshot;
  bool running = false;
  std::uint64_t rolls_wanted = 0;
  std::uint64_t rolls_served = 0;
  std::map<TopicPartition, Offset> rolled;  // what the last served one gave

  [[nodiscard]] Result<std::vector<TopicPartition>> matching();
  [[nodiscard]] Result<void> hold_all();
  [[nodiscard]] Result<void> discover();
  [[nodiscard]] Result<void> open(const TopicPartition& at);
  [[nodiscard]] Result<bool> step_all();
  [[nodiscard]] Result<void> settle(const TopicPartition& at, Error error);
  [[nodiscard]] Result<void> roll_all();
  [[nodiscard]] Result<void> catch_up(const std::stop_token& stop);
  [[nodiscard]] Result<void> serve_roll(const std::stop_token& stop);
  [[nodiscard]] Result<void> loop(const std::stop_token& stop);
  // Makes the status anew, when the last one is old or was of another state.
  void tell(const std::string& state);
  [[nodiscard]] pipeline::StageStatus make_status(const std::string& state) const;
  void drop(const TopicPartition& at);
};

Sink::Sink(SinkOptions options, pipeline::Log& log, pipeline::SchemaCatalog& catalog, pipeline::Store& store,
           const io::Clock& clock)
    : state_(std::make_unique<State>(std::move(options), log, catalog, store, clock)) {}
Sink::~Sink() = default;

Result<std::vector<TopicPartition>> Sink::State::matching() {
  SLUICE_TRY(const auto topics, context.log.topics());
  std::vector<TopicPartition> out;
  for (const auto& topic : topics) {
    if (!topic_matches(options.topics, topic.name)) continue;
    for (std::int32_t i = 0; i < topic.partitions; ++i) out.emplace_back(topic.name, i);
  }
  return out;
}

Result<void> Sink::State::hold_all() {
  SLUICE_TRY(const auto all, matching());
  for (const auto& [topic, partition] : all) {
    const auto range = context.log.range(topic, partition);
    if (!range.ok()) continue;  // gone since
    auto at = range->start;
    // An archive that cannot be read now is no reason to let go of what it may lack.
    if (const auto end = read_end(context.store, topic, partition); end.ok() && *end) at = std::max(at, **end);
    auto held = context.log.hold(options.name, topic, partition, at);
    if (!held.ok() && held.error().code != ErrorCode::not_found) return held;
  }
  return {};
}

Result<void> Sink::State::open(const TopicPartition& at) {
  auto opened = PartitionArchiver::open(context, at.first, at.second);
  if (!opened.ok()) return settle(at, std::move(opened).error());
  partitions[at] = std::move(*opened);
  failures.erase(at);
  return {};
}

Result<void> Sink::State::discover() {
  SLUICE_TRY(const auto all, matching());
  for (const auto& at : all) {
    if (!partitions.contains(at) && !failures.contains(at)) SLUICE_RETURN_IF_ERROR(open(at));
  }
  discovered_ms = context.clock.steady_ms();
  return {};
}

void Sink::State::drop(const TopicPartition& at) {
  const auto found = partitions.find(at);
  if (found == partitions.end()) return;
  rows_before += found->second->rows_read();
  partitions.erase(found);
}

// Keeps to itself an error that concerns one partition; gives back any other.
Result<void> Sink::State::settle(const TopicPartition& at, Error error) {
  const auto name = at.first + " partition " + std::to_string(at.second);
  if (error.code == ErrorCode::not_found && !context.log.describe(at.first).ok()) {
    trace::info("archive", name + ": the topic is gone");
    if (const auto found = partitions.find(at); found != partitions.end()) {
      SLUICE_RETURN_IF_ERROR(found->second->roll());
    }
    drop(at);
    return {};
  }
  if (!is_of_one_partition(error.code)) return std::move(error).in(name);
  trace::error("archive", name + " is not archived from here on: " + error.text());
  drop(at);
  failures[at] = {error.message, error.hint};
  return {};
}

Result<bool> Sink::State::step_all() {
  bool moved = false;
  for (auto at = partitions.begin(); at != partitions.end();) {
    auto& [where, archiver] = *at++;  // settle() may remove it
    const auto key = where;
    auto stepped = archiver->step(0);
    if (!stepped.ok()) {
      SLUICE_RETURN_IF_ERROR(settle(key, std::move(stepped).error()));
      continue;
    }
    moved = moved || *stepped;
  }
  return moved;
}

Result<void> Sink::State::roll_all() {
  for (auto at = partitions.begin(); at != partitions.end();) {
    auto& [where, archiver] = *at++;
    const auto key = where;
    if (auto rolled_one = archiver->roll(); !rolled_one.ok()) {
      SLUICE_RETURN_IF_ERROR(settle(key, std::move(rolled_one).error()));
    }
  }
  return {};
}

// Reads every partition up to what is committed now.
Result<void> Sink::State::catch_up(const std::stop_token& stop) {
  std::map<TopicPartition, Offset> targets;
  for (const auto& [at, archiver] : partitions) {
    if (const auto range = context.log.range(at.first, at.second); range.ok()) targets[at] = range->last_stable;
  }
  const auto behind = [&] {
    return std::any_of(targets.begin(), targets.end(), [&](const auto& target) {
      const auto found = partitions.find(target.first);
      return found != partitions.end() && found->second->next() < target.second;
    });
  };
  while (behind() && !stop.stop_requested()) SLUICE_RETURN_IF_ERROR(step_all());
  return {};
}

Result<void> Sink::State::serve_roll(const std::stop_token& stop) {
  std::uint64_t wanted = 0;
  {
    const std::lock_guard lock(mutex);
    if (rolls_wanted == rolls_served) return {};
    wanted = rolls_wanted;
  }
  SLUICE_RETURN_IF_ERROR(discover());
  SLUICE_RETURN_IF_ERROR(catch_up(stop));
  SLUICE_RETURN_IF_ERROR(roll_all());
  const std::lock_guard lock(mutex);
  rolled.clear();
  for (const auto& [at, archiver] : partitions) rolled[at] = archiver->end();
  if (!stop.stop_requested()) rolls_served = wanted;
  changed.notify_all();
  return {};
}

Result<void> Sink::State::loop(const std::stop_token& stop) {
  tell("starting");
  SLUICE_TRY(compressor, BlockCompressor::create(options.codec));
  context.compressor = compressor.get();
  SLUICE_RETURN_IF_ERROR(hold_all());
  SLUICE_RETURN_IF_ERROR(check_format(context.store, context.writer));
  SLUICE_RETURN_IF_ERROR(discover());
  while (!stop.stop_requested()) {
    SLUICE_TRY(const bool moved, step_all());
    SLUICE_RETURN_IF_ERROR(serve_roll(stop));
    if (context.clock.steady_ms() - discovered_ms >= options.discover_every.count()) {
      SLUICE_RETURN_IF_ERROR(discover());
    }
    tell("streaming");
    if (moved) continue;
    std::unique_lock lock(mutex);
    changed.wait_for(lock, stop, kIdleWait, [&] { return rolls_wanted != rolls_served; });
  }
  SLUICE_RETURN_IF_ERROR(roll_all());
  tell("stopped");
  return {};
}

void Sink::State::tell(const std::string& state) {
  const auto now = context.clock.steady_ms();
  if (snapshot.state == state && now - told_ms < kTellEveryMs) return;  // only this thread writes it
  told_ms = now;
  auto status = make_status(state);
  const std::lock_guard lock(mutex);
  snapshot = std::move(status);
}

pipeline::StageStatus Sink::State::make_status(const std::string& state) const {
  pipeline::StageStatus status;
  status.kind = "sink";
  status.name = options.name;
  status.state = state;
  status.rows_total = rows_before;
  std::map<std::string, pipeline::StageItem> items;  // by topic; its partitions added up
  Totals totals;
  std::uint64_t missing_files = 0;
  for (const auto& [at, archiver] : partitions) {
    auto& item = item_of(items, at.first, "archiving");
    item.rows += archiver->totals().rows;
    item.offset = std::max<std::int64_t>(item.offset, 0) + archiver->end().value;
    if (const auto range = context.log.range(at.first, at.second); range.ok()) {
      item.end_offset = std::max<std::int64_t>(item.end_offset, 0) + range->last_stable.value;
    }
    if (!archiver->note().empty()) item.note = archiver->note();
    totals.rows += archiver->totals().rows;
    totals.files += archiver->totals().files;
    totals.bytes += archiver->totals().bytes;
    missing_files += archiver->missing_files();
    status.rows_total += archiver->rows_read();
    status.lag_bytes += archiver->pending_bytes();
    status.lag_seconds = std::max(status.lag_seconds, static_cast<double>(archiver->pending_ms()) / 1000);
  }
  for (const auto& [at, failure] : failures) {
    auto& item = item_of(items, at.first, "failed");
    item.state = "failed";
    item.note = failure.what;
    status.error = failure.what;
    status.hint = failure.hint;
  }
  for (auto& [topic, item] : items) status.items.push_back(std::move(item));
  status.files_published = totals.files;
  status.facts = {{"archive", context.store.where()},
                  {"bytes", std::to_string(totals.bytes)},
                  {"codec", options.codec},
                  {"rows", std::to_string(totals.rows)}};
  if (missing_files != 0) status.facts["files missing"] = std::to_string(missing_files);
  return status;
}

pipeline::StageStatus Sink::status() const {
  const std::lock_guard lock(state_->mutex);
  return state_->snapshot;
}

Result<void> Sink::set_holds() { return state_->hold_all(); }

Result<void> Sink::run(std::stop_token stop) {
  auto& state = *state_;
  {
    const std::lock_guard lock(state.mutex);
    state.running = true;
  }
  state.context.writer = writer_id();
  state.failures.clear();
  auto ran = state.loop(stop);
  while (!state.partitions.empty()) state.drop(TopicPartition(state.partitions.begin()->first));
  const std::lock_guard lock(state.mutex);
  state.running = false;
  if (!ran.ok()) {
    state.snapshot.state = "failed";
    state.snapshot.error = ran.error().message;
    state.snapshot.hint = ran.error().hint;
  }
  state.changed.notify_all();
  return ran;
}

Result<std::map<TopicPartition, Offset>> Sink::roll_now(std::chrono::milliseconds wait) {
  auto& state = *state_;
  std::unique_lock lock(state.mutex);
  const auto wanted = ++state.rolls_wanted;
  state.changed.notify_all();
  const auto served = [&] { return state.rolls_served >= wanted; };
  if (!state.changed.wait_for(lock, wait, served)) {
    return Error{.code = ErrorCode::back_off,
                 .message = "sink " + state.options.name + " did not publish within " +
                            std::to_string(wait.count()) + " ms" + (state.running ? "" : ": it is not running")};
  }
  return state.rolled;
}

}  // namespace sluice::deliver::avro_file
