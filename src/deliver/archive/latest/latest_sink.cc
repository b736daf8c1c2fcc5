#include "deliver/archive/latest/latest_sink.h"

#include <utility>

#include "deliver/archive/latest/latest_state.h"

namespace sluice::deliver::archive {

LatestSink::LatestSink(LatestOptions options, pipeline::Log& log, pipeline::SchemaCatalog& catalog, pipeline::Store& store,
                       io::FileSystem& local, const io::Clock& clock)
    : state_(std::make_unique<State>(std::move(options), log, catalog, store, local, clock)) {
  state_->status.kind = "sink";
  state_->status.name = state_->options.name;
  state_->status.state = "stopped";
}
LatestSink::~LatestSink() = default;

Result<void> LatestSink::State::serve_roll(const std::stop_token& stop) {
  std::uint64_t wanted = 0;
  {
    const std::lock_guard lock(mutex);
    if (rolls_wanted == rolls_served) return {};
    wanted = rolls_wanted;
  }
  SLUICE_RETURN_IF_ERROR(discover());
  std::map<TopicPartition, Offset> ends;
  for (auto& [name, entry] : entries) {
    if (!entry.topic) continue;
    if (entry.behind_ms != 0) SLUICE_RETURN_IF_ERROR(publish(entry, stop));
    if (stop.stop_requested()) return {};
    const auto& pointer = entry.topic->pointer();
    for (std::size_t i = 0; pointer && i < pointer->offsets.size(); ++i) {
      ends[{name, static_cast<std::int32_t>(i)}] = pointer->offsets[i];
    }
  }
  SLUICE_RETURN_IF_ERROR(discover());
  tell("streaming");
  const std::lock_guard lock(mutex);
  rolled = std::move(ends);
  rolls_served = wanted;
  changed.notify_all();
  return {};
}

Result<void> LatestSink::State::loop(const std::stop_token& stop) {
  SLUICE_RETURN_IF_ERROR(check_format());
  entries.clear();
  while (!stop.stop_requested()) {
    SLUICE_RETURN_IF_ERROR(discover());
    if (is_paused()) {
      tell("paused");
      std::unique_lock lock(mutex);
      changed.wait_for(lock, stop, options.discover_every, [&] { return !paused; });
      continue;
    }
    tell("streaming");
    for (auto& [name, entry] : entries) {
      if (is_due(entry)) SLUICE_RETURN_IF_ERROR(publish(entry, stop));
      if (stop.stop_requested()) break;
      if (auto looked = look_at(name, entry); !looked.ok()) SLUICE_RETURN_IF_ERROR(settle_error(entry, std::move(looked)));
    }
    SLUICE_RETURN_IF_ERROR(serve_roll(stop));
    tell("streaming");
    std::unique_lock lock(mutex);
    changed.wait_for(lock, stop, options.discover_every, [&] { return rolls_wanted != rolls_served; });
  }
  tell("stopped");
  return {};
}

pipeline::StageStatus LatestSink::status() const {
  const std::lock_guard lock(state_->mutex);
  return state_->status;
}

void LatestSink::pause() { state_->set_paused(true); }
void LatestSink::resume() { state_->set_paused(false); }

Result<void> LatestSink::run(std::stop_token stop) {
  auto& state = *state_;
  {
    const std::lock_guard lock(state.mutex);
    state.running = true;
    state.status.state = "starting";
    state.status.error.clear();
    state.status.hint.clear();
  }
  auto ran = state.loop(stop);
  const std::lock_guard lock(state.mutex);
  state.running = false;
  if (!ran.ok()) {
    state.status.state = "failed";
    state.status.error = ran.error().message;
    state.status.hint = ran.error().hint;
  }
  state.changed.notify_all();
  return ran;
}

Result<std::map<TopicPartition, Offset>> LatestSink::roll_now(std::chrono::milliseconds wait) {
  auto& state = *state_;
  std::unique_lock lock(state.mutex);
  if (state.paused) return Error{.code = ErrorCode::rejected, .message = "sink " + state.options.name + " is paused"};
  const auto wanted = ++state.rolls_wanted;
  state.changed.notify_all();
  if (!state.changed.wait_for(lock, wait, [&] { return state.rolls_served >= wanted; })) {
    return Error{.code = ErrorCode::back_off,
                 .message = "sink " + state.options.name + " did not write its tables within " +
                            std::to_string(wait.count()) + " ms" + (state.running ? "" : ": it is not running")};
  }
  return state.rolled;
}

}  // namespace sluice::deliver::archive
