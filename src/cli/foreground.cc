#include "cli/foreground.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <iostream>
#include <thread>

#include "cli/progress.h"
#include "cli/report.h"
#include "io/clock.h"

namespace sluice::cli {
namespace {

constexpr std::int64_t kLookEveryMs = 200;
constexpr std::chrono::seconds kDrainLimit{10};

bool in_snapshot(const server::ServerStatus& status) {
  return std::ranges::any_of(status.stages, [](const pipeline::StageStatus& stage) {
    return stage.kind == "source" && stage.state != "streaming" && stage.state != "failed" && stage.state != "stopped";
  });
}

// The exit status of interface.md: 2 usage or configuration, 3 not reachable, 4 refused.
int serving_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::rejected:
    case ErrorCode::unsupported:
    case ErrorCode::not_found:
    case ErrorCode::already_exists: return 2;
    case ErrorCode::retry:
    case ErrorCode::back_off: return 3;
    default: return 4;
  }
}

}  // namespace

std::optional<int> run_in_foreground(const server::Server& server, io::StopSignals& signals,
                                     const ForegroundOptions& options) {
  const auto& clock = io::system_clock();
  const auto begin = clock.steady_ms();
  Progress progress(std::cerr, isatty(STDERR_FILENO) != 0);
  bool live = false;
  std::optional<int> signal;
  while (true) {
    signal = signals.wait(kLookEveryMs);
    if (signal == SIGHUP) {
      if (options.on_hangup) options.on_hangup();
      continue;
    }
    if (signal) break;
    const auto now = clock.steady_ms();
    if (options.seconds && now - begin >= std::chrono::milliseconds(*options.seconds).count()) break;
    const auto status = server.status();
    if (!status.stages.empty()) progress.show(status, now);
    if (!live && !in_snapshot(status)) {
      live = true;
      progress.leave();
      progress.plain_every(options.plain_every);
      if (options.when_live) options.when_live();
    }
  }
  progress.leave();
  return signal;
}

void stop_and_tell(server::Server& server, io::StopSignals& signals, bool tell_slots) {
  std::cerr << "stopping: sources and sinks end what they have begun (at most 10 s)\n";
  const std::jthread impatient([&signals](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (const auto signal = signals.wait(100); signal && *signal != SIGHUP) _exit(1);
    }
  });
  const auto farewell = server.stop(kDrainLimit);
  for (const auto& name : farewell.unfinished) {
    std::cerr << "  left undone: " << name << "; it goes on from its last durable position at the next start\n";
  }
  for (const auto& slot : farewell.slots) {
    if (!tell_slots) break;
    std::cerr << "  the replication slot " << slot.slot << " stays" << (slot.position.empty() ? "" : " at " + slot.position)
              << ": PostgreSQL keeps all WAL from there on while nothing reads it.\n"
              << "    to go on       start again with the same data directory\n"
              << "    to remove it   sluice source delete " << slot.source << "\n";
  }
  std::cerr << "stopped\n";
}

int tell_error(const Error& error) {
  return fail(error, serving_status(error.code));
}

}  // namespace sluice::cli
