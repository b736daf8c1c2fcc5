#include "base/trace.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <mutex>

namespace sluice::trace {
namespace {

spdlog::logger& logger() {
  static const auto kLogger = [] {
    auto made = std::make_shared<spdlog::logger>("sluice", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%Y-%m-%d %H:%M:%S.%e %-5l %v");
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *kLogger;
}

spdlog::level::level_enum level_of(Level level) {
  switch (level) {
    case Level::debug: return spdlog::level::debug;
    case Level::info: return spdlog::level::info;
    case Level::warn: return spdlog::level::warn;
    case Level::error: return spdlog::level::err;
    case Level::none: return spdlog::level::off;
  }
  return spdlog::level::info;
}

struct Hook {
  std::mutex mutex;
  std::function<void()> clear;
};

Hook& hook() {
  static Hook kHook;
  return kHook;
}

}  // namespace

void before_each_line(std::function<void()> clear) {
  const std::lock_guard lock(hook().mutex);
  hook().clear = std::move(clear);
}

void set_level(Level level) { logger().set_level(level_of(level)); }

bool enabled(Level level) { return logger().should_log(level_of(level)); }

void write(Level level, std::string_view component, std::string_view text) {
  if (!enabled(level)) return;
  const std::lock_guard lock(hook().mutex);
  if (hook().clear) hook().clear();
  logger().log(level_of(level), "{:<8} {}", component, text);
}

}  // namespace sluice::trace
