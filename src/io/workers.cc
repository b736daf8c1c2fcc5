#include "io/workers.h"

#include <atomic>
#include <optional>
#include <utility>

namespace sluice::io {

struct Workers::Task::State {
  std::function<Result<void>()> work;
  std::atomic<bool> taken = false;  // by the one who runs it, or takes it back
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Result<void>> result;  // guarded by mutex

  [[nodiscard]] bool take() { return !taken.exchange(true); }
  void run() {
    auto done = std::exchange(work, {})();
    const std::lock_guard lock(mutex);
    result = std::move(done);
    changed.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return result.has_value(); });
  }
};

Workers::Task::~Task() {
  if (state_ && !state_->take()) state_->wait();
}

Result<void> Workers::Task::wait() {
  if (state_->take()) state_->run();
  state_->wait();
  return *std::exchange(state_, nullptr)->result;
}

Workers::~Workers() {
  for (auto& thread : threads_) thread.request_stop();
}

Workers::Task Workers::begin(std::function<Result<void>()> work) {
  auto state = std::make_shared<Task::State>();
  state->work = std::move(work);
  const std::lock_guard lock(mutex_);
  waiting_.push(state);
  if (threads_.size() < wanted_) threads_.emplace_back([this](const std::stop_token& stop) { serve(stop); });
  changed_.notify_one();
  return Task(std::move(state));
}

void Workers::serve(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [&] { return !waiting_.empty(); })) {
    const auto next = std::move(waiting_.front());
    waiting_.pop();
    lock.unlock();
    if (next->take()) next->run();
    lock.lock();
  }
}

Result<void> Workers::each(std::size_t count, const std::function<Result<void>(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::size_t failed_at = count;  // guarded by mutex, as error
  std::optional<Error> error;
  const auto take_up = [&]() -> Result<void> {
    for (auto i = next++; i < count; i = next++) {
      auto done = work(i);
      if (done.ok()) continue;
      next = count;
      const std::lock_guard lock(mutex);
      if (i < std::exchange(failed_at, std::min(i, failed_at))) error = std::move(done).error();
    }
    return {};
  };
  {
    std::vector<Task> helpers;
    for (std::size_t i = 1; i < count && i <= wanted_; ++i) helpers.push_back(begin(take_up));
    static_cast<void>(take_up());
  }
  return error ? Result<void>(*std::move(error)) : Result<void>{};
}

}  // namespace sluice::io
