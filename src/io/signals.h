#pragma once
// SIGTERM and SIGINT, and SIGHUP if wanted, as something to wait for. SIGPIPE is ignored: a broken pipe is an error of the write.
//
// Handlers and a pipe, not a blocked mask: programs that we start would inherit the mask and ignore our request to end.

#include <cstdint>
#include <optional>

namespace sluice::io {

// Takes the signals for the process while it lives. One at a time; construct it before threads that must not be
// interrupted begin.
class StopSignals {
 public:
  // `hangup`: takes SIGHUP as well, for whoever means "read the configuration again" by it.
  explicit StopSignals(bool hangup = false);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Waits at most `timeout_ms` (-1: for ever) for the next signal and gives its number. Each signal is given once, so a
  // second one (an impatient Ctrl-C) can be told from the first. From one thread at a time.
  [[nodiscard]] std::optional<int> wait(std::int64_t timeout_ms);
  // Becomes readable when a signal has come; for poll(2) beside other descriptors.
  [[nodiscard]] int descriptor() const { return read_end_; }

 private:
  int read_end_ = -1;
  bool hangup_ = false;
};

}  // namespace sluice::io
