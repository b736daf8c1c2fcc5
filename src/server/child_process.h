#pragma once
// Programs that we start: PostgreSQL and psql for the demo. No shell is between.

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"

namespace sluice::server {

struct ChildOptions {
  std::vector<std::string> command;  // command[0] is a path
  std::string user = {};             // become this user first, when we are root; empty: stay
  std::string output = {};           // a file that gets what it writes, appended; empty: it is thrown away
  std::string input = {};            // a file that it reads; empty: nothing
};

// Starts a program in a session of its own (Ctrl-C at our terminal is not for it). Errors: not_found (no such program),
// back_off.
[[nodiscard]] Result<pid_t> start_child(const ChildOptions& options);

// Starts it and waits. Errors: those of start_child; rejected, when it fails: the detail has the end of its output.
[[nodiscard]] Result<void> run_child(const ChildOptions& options);

// Waits for the end of a child of ours, at most `wait_ms`; true when it has ended.
[[nodiscard]] bool wait_child(pid_t child, std::int64_t wait_ms);

}  // namespace sluice::server
