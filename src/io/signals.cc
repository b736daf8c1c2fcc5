#include "io/signals.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace sluice::io {
namespace {

std::atomic<int> write_end{-1};
struct sigaction old_term, old_int, old_hangup, old_pipe;

extern "C" void on_stop_signal(int number) {
  const int saved = errno;
  const auto byte = static_cast<unsigned char>(number);
  if (const int fd = write_end.load(); fd >= 0) (void)!::write(fd, &byte, 1);
  errno = saved;
}

}  // namespace

StopSignals::StopSignals(bool hangup) : hangup_(hangup) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0) {
    read_end_ = ends[0];
    write_end = ends[1];
  }
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGTERM, &action, &old_term);
  ::sigaction(SIGINT, &action, &old_int);
  if (hangup_) ::sigaction(SIGHUP, &action, &old_hangup);
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &action, &old_pipe);
}

StopSignals::~StopSignals() {
  ::sigaction(SIGTERM, &old_term, nullptr);
  ::sigaction(SIGINT, &old_int, nullptr);
  if (hangup_) ::sigaction(SIGHUP, &old_hangup, nullptr);
  ::sigaction(SIGPIPE, &old_pipe, nullptr);
  if (const int fd = write_end.exchange(-1); fd >= 0) ::close(fd);
  if (read_end_ >= 0) ::close(read_end_);
}

std::optional<int> StopSignals::wait(std::int64_t timeout_ms) {
  pollfd waiting{read_end_, POLLIN, 0};
  const auto limit = static_cast<int>(timeout_ms > 1'000'000'000 ? 1'000'000'000 : timeout_ms);
  unsigned char byte = 0;
  do {
    // An interrupted poll may have been interrupted by what we wait for: the pipe tells.
    if (::poll(&waiting, 1, limit) != 0 && ::read(read_end_, &byte, 1) == 1) return byte;
  } while (timeout_ms < 0);
  return std::nullopt;
}

}  // namespace sluice::io
