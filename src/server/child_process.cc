#include "server/child_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

namespace sluice::server {
namespace {

using std::chrono::steady_clock;

Error system_error(const std::string& what) {
  return {.code = ErrorCode::back_off, .message = what + ": " + std::strerror(errno)};
}

// setpriv becomes the user and then the program itself, so that the process id is the program's.
std::vector<std::string> full_command(const ChildOptions& options) {
  if (options.user.empty() || getuid() != 0) return options.command;
  std::vector<std::string> command{"/usr/bin/setpriv", "--reuid=" + options.user, "--regid=" + options.user,
                                   "--init-groups", "--"};
  command.insert(command.end(), options.command.begin(), options.command.end());
  return command;
}

// Between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(const char* const* arguments, int in, int out) {
  setsid();
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  if (chdir("/") != 0) _exit(126);
  close_range(3, ~0U, 0);
  execv(arguments[0], const_cast<char* const*>(arguments));
  _exit(127);
}

std::string tail_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  auto all = text.str();
  constexpr std::size_t kMost = 2000;
  return all.size() <= kMost ? all : all.substr(all.size() - kMost);
}

}  // namespace

Result<pid_t> start_child(const ChildOptions& options) {
  const auto command = full_command(options);
  if (access(options.command.front().c_str(), X_OK) != 0) {
    return Error{.code = ErrorCode::not_found, .message = "no program " + options.command.front()};
  }
  const int in = open(options.input.empty() ? "/dev/null" : options.input.c_str(), O_RDONLY | O_CLOEXEC);
  if (in < 0) return system_error(options.input);
  const char* target = options.output.empty() ? "/dev/null" : options.output.c_str();
  const int out = open(target, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (out < 0) {
    auto error = system_error(options.output);
    close(in);
    return error;
  }
  std::vector<const char*> arguments;
  for (const auto& word : command) arguments.push_back(word.c_str());
  arguments.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) become(arguments.data(), in, out);
  close(in);
  close(out);
  if (child < 0) return system_error("fork");
  return child;
}

Result<void> run_child(const ChildOptions& options) {
  SLUICE_TRY(const auto child, start_child(options));
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return system_error("waitpid");
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return Error{.code = ErrorCode::rejected,
               .message = options.command.front() + " failed",
               .detail = options.output.empty() ? "" : tail_of(options.output)};
}

bool wait_child(pid_t child, std::int64_t wait_ms) {
  const auto end = steady_clock::now() + std::chrono::milliseconds(wait_ms);
  while (true) {
    const auto ended = waitpid(child, nullptr, WNOHANG);
    if (ended == child || (ended < 0 && errno == ECHILD)) return true;
    if (steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace sluice::server
