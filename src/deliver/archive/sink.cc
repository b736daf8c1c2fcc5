#include "deliver/archive/sink.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "deliver/archive/archive_run.h"
#include "deliver/archive/chain.h"

namespace sluice::deliver::archive {

namespace {

constexpr std::int64_t kTellEveryMs = 500;
constexpr auto kIdleWait = std::chrono::milliseconds(100);

}  // namespace

struct Sink::State {
  SinkOptions options;
  pipeline::Log& log;
  pipeline::SchemaCatalog& catalog;
  pipeline::Store& store;
  io::FileSystem& local;
  const io::Clock& clock;
  std::int64_t told_ms = 0;  // of run()'s thread
  std::map<TopicPartition, Offset> reached = {};  // how far this process has seen the archive; of run()'s thread, too

  mutable std::mutex mutex = {};
  std::condition_variable_any changed = {};
  // Guarded by mutex.
  pipeline::StageStatus status = {};
  bool running = false;
  std::uint64_t rolls_wanted = 0;
  std::uint64_t rolls_served = 0;
  std::map<TopicPartition, Offset> rolled = {};  // what the last served one gave

  [[nodiscard]] Result<void> hold_all();
  [[nodiscard]] Result<void> loop(ArchiveRun& run, const std::stop_token& stop);
  [[nodiscard]] Result<void> serve_roll(ArchiveRun& run, const std::stop_token& stop);
  // Makes the status anew, when the last one is old or was of another state.
  void tell(const ArchiveRun& run, const std::string& state);
  void begin();
  void end(const Result<void>& ran);
};

Sink::Sink(SinkOptions options, pipeline::Log& log, pipeline::SchemaCatalog& catalog, pipeline::Store& store,
           io::FileSystem& local, const io::Clock& clock)
    : state_(new State{std::move(options), log, catalog, store, local, clock}) {
  state_->status.kind = "sink";
  state_->status.name = state_->options.name;
  state_->status.state = "stopped";
}
Sink::~Sink() = default;

Result<void> Sink::State::hold_all() {
  SLUICE_TRY(const auto all, matching_partitions(log, options.topics));
  for (const auto& [topic, partition] : all) {
    const auto range = log.range(topic, partition);
    if (!range.ok()) continue;  // gone since
    auto at = range->start;
    // An archive that cannot be read now is no reason to let go of what it may lack.
    const auto archived = read_end(store, topic, partition);
    if (const auto known = reached.find({topic, partition}); archived.ok() && known != reached.end() && archived->value_or(Offset{0}) < known->second) {
      return archive_is_gone(store.where(), topic, partition, known->second);  // the hold stays where it was
    }
    if (archived.ok() && *archived) {
      at = std::max(at, **archived);
      reached[{topic, partition}] = **archived;
    }
    auto held = log.hold(options.name, topic, partition, at);
    if (!held.ok() && held.error().code != ErrorCode::not_found) return held;
  }
  return {};
}

Result<void> Sink::State::serve_roll(ArchiveRun& run, const std::stop_token& stop) {
  std::uint64_t wanted = 0;
  {
    const std::lock_guard lock(mutex);
    if (rolls_wanted == rolls_served) return {};
    wanted = rolls_wanted;
  }
  SLUICE_RETURN_IF_ERROR(run.discover());
  SLUICE_RETURN_IF_ERROR(run.catch_up(stop));
  SLUICE_RETURN_IF_ERROR(run.roll());
  if (stop.stop_requested()) return {};
  const std::lock_guard lock(mutex);
  rolled = run.ends();
  rolls_served = wanted;
  changed.notify_all();
  return {};
}

Result<void> Sink::State::loop(ArchiveRun& run, const std::stop_token& stop) {
  SLUICE_RETURN_IF_ERROR(run.discover());
  auto discovered_ms = clock.steady_ms();
  while (!stop.stop_requested()) {
    SLUICE_TRY(const bool moved, run.step());
    SLUICE_RETURN_IF_ERROR(serve_roll(run, stop));
    if (clock.steady_ms() - discovered_ms >= options.discover_every.count()) {
      SLUICE_RETURN_IF_ERROR(run.discover());
      SLUICE_RETURN_IF_ERROR(run.complete_folders());
      discovered_ms = clock.steady_ms();
    }
    tell(run, "streaming");
    if (moved) continue;
    std::unique_lock lock(mutex);
    changed.wait_for(lock, stop, kIdleWait, [&] { return rolls_wanted != rolls_served; });
  }
  SLUICE_RETURN_IF_ERROR(run.roll());
  tell(run, "stopped");
  return {};
}

void Sink::State::tell(const ArchiveRun& run, const std::string& state) {
  const auto now = clock.steady_ms();
  if (status.state == state && now - told_ms < kTellEveryMs) return;  // only this thread writes it
  told_ms = now;
  auto told = run.status();
  told.kind = "sink";
  told.name = options.name;
  told.state = state;
  const std::lock_guard lock(mutex);
  status = std::move(told);
}

void Sink::State::begin() {
  const std::lock_guard lock(mutex);
  running = true;
  status.state = "starting";
  status.error.clear();
  status.hint.clear();
}

void Sink::State::end(const Result<void>& ran) {
  const std::lock_guard lock(mutex);
  running = false;
  if (!ran.ok()) {
    status.state = "failed";
    status.error = ran.error().message;
    status.hint = ran.error().hint;
  }
  changed.notify_all();
}

pipeline::StageStatus Sink::status() const {
  const std::lock_guard lock(state_->mutex);
  return state_->status;
}

Result<void> Sink::set_holds() { return state_->hold_all(); }

Result<void> Sink::run(std::stop_token stop) {
  auto& state = *state_;
  state.begin();
  auto ran = state.hold_all()
                 .and_then([&] { return ArchiveRun::begin({state.options, state.log, state.catalog, state.store, state.local, state.clock}); })
                 .and_then([&](std::unique_ptr<ArchiveRun> run) {
                   auto ended = state.loop(*run, stop);
                   for (const auto& [where, end] : run->ends()) state.reached[where] = end;
                   return ended;
                 });
  state.end(ran);
  return ran;
}

Result<std::map<TopicPartition, Offset>> Sink::roll_now(std::chrono::milliseconds wait) {
  auto& state = *state_;
  std::unique_lock lock(state.mutex);
  const auto wanted = ++state.rolls_wanted;
  state.changed.notify_all();
  if (!state.changed.wait_for(lock, wait, [&] { return state.rolls_served >= wanted; })) {
    return Error{.code = ErrorCode::back_off,
                 .message = "sink " + state.options.name + " did not publish within " + std::to_string(wait.count()) +
                            " ms" + (state.running ? "" : ": it is not running")};
  }
  return state.rolled;
}

}  // namespace sluice::deliver::archive
