#pragma once
// What the large requests of all connections together may hold. Private to io. Thread-safe.

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace sluice::io {

class RequestMemory {
 public:
  explicit RequestMemory(std::size_t limit) : limit_(limit) {}

  // One that is larger than the limit alone is let in when nothing else is. False: `wake` is called, once, when memory came
  // back; then it is time to try again. An empty one is not.
  [[nodiscard]] bool take(std::size_t size, std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    if (used_ != 0 && used_ + size > limit_) {
      if (wake) waiters_.push_back(std::move(wake));
      return false;
    }
    used_ += size;
    return true;
  }
  void give_back(std::size_t size) {
    std::deque<std::function<void()>> waiters;
    {
      const std::lock_guard lock(mutex_);
      used_ -= size;
      waiters.swap(waiters_);
    }
    for (const auto& wake : waiters) wake();
  }

 private:
  std::mutex mutex_;
  std::size_t limit_;
  std::size_t used_ = 0;
  std::deque<std::function<void()>> waiters_;
};

// Memory that was taken, given back at the end.
class Reservation {
 public:
  Reservation() = default;
  Reservation(std::shared_ptr<RequestMemory> memory, std::size_t size) : memory_(std::move(memory)), size_(size) {}
  Reservation(Reservation&&) noexcept = default;
  Reservation& operator=(Reservation&& other) noexcept {
    release();
    memory_ = std::move(other.memory_);
    size_ = other.size_;
    return *this;
  }
  ~Reservation() { release(); }
  void release() {
    if (memory_) std::exchange(memory_, nullptr)->give_back(size_);
  }

 private:
  std::shared_ptr<RequestMemory> memory_;
  std::size_t size_ = 0;
};

}  // namespace sluice::io
