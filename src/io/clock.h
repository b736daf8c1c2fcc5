#pragma once
// Time, as a seam: the real clock, or one that a test moves.

#include <atomic>
#include <cstdint>

namespace sluice::io {

class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time, milliseconds since 1970-01-01 UTC. May jump.
  [[nodiscard]] virtual std::int64_t wall_ms() const = 0;
  // Never goes back; its zero means nothing.
  [[nodiscard]] virtual std::int64_t steady_ms() const = 0;
};

// The machine's clock. Thread-safe, lives for ever.
[[nodiscard]] Clock& system_clock();

// Moved by a test, from any thread.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] std::int64_t wall_ms() const override { return wall_ms_.load(); }
  [[nodiscard]] std::int64_t steady_ms() const override { return steady_ms_.load(); }
  void advance(std::int64_t ms) {
    wall_ms_ += ms;
    steady_ms_ += ms;
  }
  void set_wall_ms(std::int64_t ms) { wall_ms_ = ms; }

 private:
  std::atomic<std::int64_t> wall_ms_{1'700'000'000'000};
  std::atomic<std::int64_t> steady_ms_{0};
};

}  // namespace sluice::io
