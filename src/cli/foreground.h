#pragma once
// A server in the foreground: shows how it goes until somebody or something ends it.

#include <chrono>
#include <functional>
#include <optional>

#include "base/result.h"
#include "io/signals.h"
#include "server/server.h"

namespace sluice::cli {

struct ForegroundOptions {
  std::optional<std::chrono::seconds> seconds;  // ends by itself after so long
  std::chrono::seconds plain_every{60};         // off a terminal: how often a line, once all is live
  // Called once, when no source is in its snapshot any more.
  std::function<void()> when_live = {};
  // Called at each SIGHUP, when the signals take it.
  std::function<void()> on_hangup = {};
};

// Runs until a signal or the end of the time. Gives the signal, or none when the time was over.
[[nodiscard]] std::optional<int> run_in_foreground(const server::Server& server, io::StopSignals& signals,
                                                   const ForegroundOptions& options);

// Drains at most ten seconds, and says on standard error what is left and which slots stay. A signal meanwhile ends the
// process at once.
void stop_and_tell(server::Server& server, io::StopSignals& signals, bool tell_slots);

// "sluice: message", then detail and hint; the exit status that fits the error's code.
[[nodiscard]] int tell_error(const Error& error);

}  // namespace sluice::cli
