#pragma once
// A few threads for work that mostly waits for another machine: parts of an upload, files of a roll; or one for half of much work.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <queue>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/result.h"

namespace sluice::io {

// Thread-safe. Its threads are started when there is something for them to do. Work may itself begin work and wait for
// it: who waits does what nobody has taken up, so no number of threads is too small, not even none.
class Workers {
 public:
  explicit Workers(std::size_t threads) : wanted_(threads) {}
  ~Workers();  // precondition: all tasks are gone
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Work that was begun. Of one thread; must not outlive the workers.
  class Task {
   public:
    Task(Task&&) = default;
    Task& operator=(Task&&) = delete;
    ~Task();  // takes back what nobody has taken up, waits for the rest
    // Gives what the work gave. Called once.
    [[nodiscard]] Result<void> wait();

   private:
    friend class Workers;
    struct State;
    explicit Task(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
  };

  [[nodiscard]] Task begin(std::function<Result<void>()> work);
  // Calls `work` with 0 to count - 1, many at a time, in this thread too. Gives the first error, by number; after any
  // error no more is taken up.
  [[nodiscard]] Result<void> each(std::size_t count, const std::function<Result<void>(std::size_t)>& work);

 private:
  void serve(const std::stop_token& stop);

  const std::size_t wanted_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::queue<std::shared_ptr<Task::State>> waiting_;  // guarded by mutex_, as threads_
  std::vector<std::jthread> threads_;                 // the first members to go
};

}  // namespace sluice::io
