#include "deliver/archive/sink.h"

#include <algorithm>

#include "deliver/archive/sink_state.h"

namespace sluice::deliver::archive {

namespace {

constexpr std::int64_t kTellEveryMs = 500;
constexpr auto kIdleWait = std::chrono::milliseconds(100);

Error is_paused(const std::string& name) {
  return {.code = ErrorCode::rejected,
          .message = "sink " + name + " is paused",
          .hint = "sluice sink resume " + name};
}

}  // namespace

Sink::Sink(SinkOptions options, pipeline::Log& log, pipeline::SchemaCatalog& catalog, pipeline::Store& store,
           io::FileSystem& local, const io::Clock& clock)
    : state_(new State{std::move(options), log, catalog, store, local, clock}) {
  state_->status.kind = "sink";
  state_->status.name = state_->options.name;
  state_->status.state = "stopped";
  state_->status.facts = {{"archive", store.where()}, {"format", state_->options.format->text()}};
}
Sink::~Sink() = default;

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
  rolled.clear();
  for (const auto& [at, end] : run.ends()) rolled[at] = end.offset;
  rolls_served = wanted;
  changed.notify_all();
  return {};
}

Result<void> Sink::State::loop(ArchiveRun& run, const std::stop_token& stop) {
  SLUICE_RETURN_IF_ERROR(run.discover());
  auto discovered_ms = clock.steady_ms();
  while (!stop.stop_requested() && !is_paused_now()) {
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
    changed.wait_for(lock, stop, kIdleWait, [&] { return rolls_wanted != rolls_served || paused; });
  }
  SLUICE_RETURN_IF_ERROR(run.roll());
  tell(run, "stopped");
  return {};
}

Result<void> Sink::State::archive(const std::stop_token& stop) {
  SLUICE_RETURN_IF_ERROR(ends.hold_all());
  ArchiverContext context{options, log, catalog, store, local, clock};
  context.goes_back = [this](const TopicPartition& at) { ends.went_back(at, std::nullopt); };
  SLUICE_TRY(const auto run, ArchiveRun::begin(std::move(context)));
  auto ended = loop(*run, stop);
  ends.saw(run->ends());
  const auto last = run->status();
  earlier_rows += last.rows_total;
  earlier_dead_letters += last.dead_letters;
  return ended;
}

Result<bool> Sink::State::wait_for_work(const std::stop_token& stop) {
  std::unique_lock lock(mutex);
  while ((paused || rewinding) && !stop.stop_requested()) {
    archiving = false;
    changed.notify_all();
    lock.unlock();
    SLUICE_RETURN_IF_ERROR(ends.hold_new());
    tell_paused();
    lock.lock();
    changed.wait_for(lock, stop, std::max(options.discover_every, kIdleWait), [&] { return !paused && !rewinding; });
  }
  archiving = !stop.stop_requested();
  return archiving;
}

bool Sink::State::is_paused_now() const {
  const std::lock_guard lock(mutex);
  return paused;
}

void Sink::State::tell(const ArchiveRun& run, const std::string& state) {
  const auto now = clock.steady_ms();
  if (status.state == state && now - told_ms < kTellEveryMs) return;  // only this thread writes it
  told_ms = now;
  auto told = run.status();
  told.kind = "sink";
  told.name = options.name;
  told.state = state;
  told.rows_total += earlier_rows;
  told.dead_letters += earlier_dead_letters;
  const std::lock_guard lock(mutex);
  status = std::move(told);
}

void Sink::State::tell_paused() {
  pipeline::StageStatus told;
  told.kind = "sink";
  told.name = options.name;
  told.state = "paused";
  told.rows_total = earlier_rows;
  told.dead_letters = earlier_dead_letters;
  const bool behind = ends.describe(told);
  const std::lock_guard lock(mutex);
  // About: the oldest record that waits is at most so old, or was read before the pause and not published.
  if (behind) told.lag_seconds = static_cast<double>(clock.steady_ms() - paused_since_ms) / 1000;
  status = std::move(told);
}

void Sink::State::begin() {
  const std::lock_guard lock(mutex);
  running = true;
  status.state = "starting";  // the last run's error stays until this one has begun to work
}

void Sink::State::end(const Result<void>& ran) {
  const std::lock_guard lock(mutex);
  running = archiving = false;
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

Result<void> Sink::set_holds() { return state_->ends.hold_all(); }

Result<void> Sink::run(std::stop_token stop) {
  auto& state = *state_;
  state.begin();
  const auto ran = [&]() -> Result<void> {
    while (true) {
      SLUICE_TRY(const bool work, state.wait_for_work(stop));
      if (!work) return {};
      SLUICE_RETURN_IF_ERROR(state.archive(stop));
      if (stop.stop_requested()) return {};
    }
  }();
  state.end(ran);
  return ran;
}

void Sink::pause() {
  auto& state = *state_;
  const std::lock_guard lock(state.mutex);
  if (!state.paused) state.paused_since_ms = state.clock.steady_ms();
  state.paused = true;
  state.changed.notify_all();
}

void Sink::resume() {
  const std::lock_guard lock(state_->mutex);
  state_->paused = false;
  state_->changed.notify_all();
}

Result<std::map<TopicPartition, Offset>> Sink::roll_now(std::chrono::milliseconds wait) {
  auto& state = *state_;
  std::unique_lock lock(state.mutex);
  const auto wanted = ++state.rolls_wanted;
  state.changed.notify_all();
  const auto settled = [&] { return state.rolls_served >= wanted || (state.paused && !state.archiving); };
  const bool in_time = state.changed.wait_for(lock, wait, settled);
  if (state.rolls_served >= wanted) return state.rolled;
  if (in_time) return is_paused(state.options.name);
  return Error{.code = ErrorCode::back_off,
               .message = "sink " + state.options.name + " did not publish within " + std::to_string(wait.count()) +
                          " ms" + (state.running ? "" : ": it is not running")};
}

}  // namespace sluice::deliver::archive
