#pragma once
// Diagnostics, for the person who runs the program ("log" is the product). Lines go to standard error:
// "2026-11-24 13:04:11.123 info  capture  shop: snapshot done, 412007 rows". Callers build the text; no secret in it.

#include <functional>
#include <string_view>

namespace sluice::trace {

enum class Level { debug, info, warn, error, none };

// Default: info. Thread-safe, like everything here.
void set_level(Level level);
[[nodiscard]] bool enabled(Level level);
// Calls `clear` before each line that is written from now on, one at a time, on the writer's thread: for whoever draws on the
// same terminal. An empty function ends it; then no call is going on. `clear` must not trace.
void before_each_line(std::function<void()> clear);
void write(Level level, std::string_view component, std::string_view text);

inline void debug(std::string_view component, std::string_view text) { write(Level::debug, component, text); }
inline void info(std::string_view component, std::string_view text) { write(Level::info, component, text); }
inline void warn(std::string_view component, std::string_view text) { write(Level::warn, component, text); }
inline void error(std::string_view component, std::string_view text) { write(Level::error, component, text); }

}  // namespace sluice::trace
