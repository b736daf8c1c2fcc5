#pragma once
// Runs stages, each on a thread of its own, and runs them again when what stopped them may pass.
//
// An error of code retry is tried again at once, the first time. After that, and for every other error that may pass
// (back_off, out_of_space, not_found, …), the wait doubles from 0.2 s to 10 s, with jitter, and begins anew when a run
// lasted longer than the longest wait. fenced, rejected, corrupt and unsupported end the stage: its status says
// "failed", why, and what to do.

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "pipeline/stage.h"

namespace sluice::pipeline {

struct SupervisorOptions {
  std::chrono::milliseconds first_wait{200};
  std::chrono::milliseconds longest_wait{10'000};
};

class Supervisor {
 public:
  explicit Supervisor(SupervisorOptions options = {});
  // Waits for every stage, however long that takes: call stop() before.
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // All calls are safe from any thread, at any time; those that start and stop the same stage come one after the other.

  // Starts `stage`, which must outlive this object, or its end(). `name` is for traces: "source shop".
  void start(Stage& stage, std::string name);
  // Asks one stage to drain and end, and waits up to `deadline`. True: it has ended, and is here no more. False: it is
  // still running; it ends when it can, and the call may be repeated. True for one that is not here.
  [[nodiscard]] bool end(const Stage& stage, std::chrono::milliseconds deadline);
  // Asks every stage to drain and end, and waits up to `deadline`. Gives the names of those that are still running;
  // they may be waited for again, or left to the end of the process.
  [[nodiscard]] std::vector<std::string> stop(std::chrono::milliseconds deadline);
  // The stages' own status, with what only the supervisor knows: the error that ended or delays a stage, "waiting" and
  // "failed". In the order of start().
  [[nodiscard]] std::vector<StageStatus> status() const;
  // Whether a stage was ended by an error that needs a person.
  [[nodiscard]] bool any_failed() const;

 private:
  struct Worker;
  void work(Worker& worker, const std::stop_token& stop);
  [[nodiscard]] std::vector<std::shared_ptr<Worker>> workers() const;

  SupervisorOptions options_;
  mutable std::mutex mutex_;  // before a worker's
  std::vector<std::shared_ptr<Worker>> workers_;  // guarded by mutex_
};

}  // namespace sluice::pipeline
