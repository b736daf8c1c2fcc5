#include "io/clock.h"

#include <chrono>

namespace sluice::io {
namespace {

class SystemClock final : public Clock {
 public:
  [[nodiscard]] std::int64_t wall_ms() const override { return since_epoch<std::chrono::system_clock>(); }
  [[nodiscard]] std::int64_t steady_ms() const override { return since_epoch<std::chrono::steady_clock>(); }

 private:
  template <typename C>
  static std::int64_t since_epoch() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(C::now().time_since_epoch()).count();
  }
};

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

}  // namespace sluice::io
