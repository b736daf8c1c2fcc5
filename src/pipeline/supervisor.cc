#include "pipeline/supervisor.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>
#include <stop_token>
#include <thread>

#include "base/trace.h"

namespace sluice::pipeline {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

bool needs_a_person(ErrorCode code) {
  return code == ErrorCode::fenced || code == ErrorCode::rejected || code == ErrorCode::corrupt ||
         code == ErrorCode::unsupported;
}

// Half to all of `wait`, so that stages that failed together do not come back together.
milliseconds with_jitter(milliseconds wait) {
  static thread_local std::minstd_rand random(std::random_device{}());
  return wait / 2 + milliseconds(std::uniform_int_distribution<std::int64_t>(0, wait.count() / 2)(random));
}

}  // namespace

struct Supervisor::Worker {
  Stage* stage = nullptr;
  std::string name;
  std::jthread thread;

  mutable std::mutex mutex;
  std::condition_variable_any ended_or_stopped;
  // Guarded by mutex.
  enum class State { running, waiting, failed, ended } state = State::running;
  Error error;  // the last one, while state is waiting or failed
  bool ended = false;

  void set(State to, Error why = {}) {
    const std::lock_guard lock(mutex);
    state = to;
    error = std::move(why);
    ended = to == State::failed || to == State::ended;
    if (ended) ended_or_stopped.notify_all();
  }
  [[nodiscard]] bool wait_for_end(Clock::time_point until) {
    std::unique_lock lock(mutex);
    return ended_or_stopped.wait_until(lock, until, [&] { return ended; });
  }
  // False: stop was requested meanwhile.
  bool wait(const std::stop_token& stop, milliseconds time) {
    std::unique_lock lock(mutex);
    ended_or_stopped.wait_for(lock, stop, time, [] { return false; });
    return !stop.stop_requested();
  }
};

Supervisor::Supervisor(SupervisorOptions options) : options_(options) {}

Supervisor::~Supervisor() {
  for (const auto& worker : workers_) worker->thread.request_stop();
  for (const auto& worker : workers_) {
    if (worker->thread.joinable()) worker->thread.join();
  }
}

void Supervisor::start(Stage& stage, std::string name) {
  const std::lock_guard lock(mutex_);
  auto& worker = *workers_.emplace_back(std::make_shared<Worker>());
  worker.stage = &stage;
  worker.name = std::move(name);
  worker.thread = std::jthread([this, &worker](std::stop_token stop) { work(worker, stop); });
}

bool Supervisor::end(const Stage& stage, milliseconds deadline) {
  const auto all = workers();
  const auto found = std::ranges::find(all, &stage, [](const auto& worker) { return worker->stage; });
  if (found == all.end()) return true;
  (*found)->thread.request_stop();
  if (!(*found)->wait_for_end(Clock::now() + deadline)) return false;
  (*found)->thread.join();
  const std::lock_guard lock(mutex_);
  std::erase(workers_, *found);
  return true;
}

std::vector<std::shared_ptr<Supervisor::Worker>> Supervisor::workers() const {
  const std::lock_guard lock(mutex_);
  return workers_;
}

void Supervisor::work(Worker& worker, const std::stop_token& stop) {
  auto wait = milliseconds(0);  // before the next try; 0 after a run that was long enough to count as healthy
  while (!stop.stop_requested()) {
    worker.set(Worker::State::running);
    const auto began = Clock::now();
    auto ran = worker.stage->run(stop);
    if (ran.ok() || stop.stop_requested()) {
      if (!ran.ok()) trace::warn("supervisor", worker.name + ": stopped with: " + ran.error().text());
      break;
    }
    if (needs_a_person(ran.error().code)) {
      trace::error("supervisor", worker.name + ": ended: " + ran.error().text());
      return worker.set(Worker::State::failed, std::move(ran).error());
    }
    if (Clock::now() - began > options_.longest_wait) wait = milliseconds(0);
    const bool at_once = ran.error().code == ErrorCode::retry && wait.count() == 0;
    wait = wait.count() == 0 ? options_.first_wait : std::min(wait * 2, options_.longest_wait);
    const auto now = at_once ? milliseconds(0) : with_jitter(wait);
    trace::warn("supervisor", worker.name + ": " + ran.error().text() + "; again in " + std::to_string(now.count()) +
                                  " ms");
    worker.set(Worker::State::waiting, std::move(ran).error());
    if (!worker.wait(stop, now)) break;
  }
  worker.set(Worker::State::ended);
}

std::vector<std::string> Supervisor::stop(milliseconds deadline) {
  const auto all = workers();
  for (const auto& worker : all) worker->thread.request_stop();
  const auto until = Clock::now() + deadline;
  std::vector<std::string> left;
  for (const auto& worker : all) {
    if (!worker->wait_for_end(until)) left.push_back(worker->name);
  }
  return left;
}

std::vector<StageStatus> Supervisor::status() const {
  // Under the lock all the while: the stages live as long as they are here.
  const std::lock_guard all(mutex_);
  std::vector<StageStatus> out;
  for (const auto& worker : workers_) {
    auto status = worker->stage->status();
    const std::lock_guard lock(worker->mutex);
    if (worker->state == Worker::State::waiting || worker->state == Worker::State::failed) {
      status.state = worker->state == Worker::State::failed ? "failed" : "waiting";
      status.error = worker->error.message;
      if (!worker->error.detail.empty()) status.error += " (" + worker->error.detail + ")";
      status.hint = worker->error.hint;
    } else if (worker->state == Worker::State::ended) {
      status.state = "stopped";
    }
    out.push_back(std::move(status));
  }
  return out;
}

bool Supervisor::any_failed() const {
  return std::ranges::any_of(workers(), [](const auto& worker) {
    const std::lock_guard lock(worker->mutex);
    return worker->state == Worker::State::failed;
  });
}

}  // namespace sluice::pipeline
