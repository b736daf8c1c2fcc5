#pragma once
// One thread for the calls on the node that wait for the disk, so that no event loop waits.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace sluice::broker {

class Worker {
 public:
  Worker() : thread_([this] { run(); }) {}
  // Ends after the work that is under way; what has not begun is dropped, and with it its right to answer.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void post(std::function<void()> work);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> work_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sluice::broker
