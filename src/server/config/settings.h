#pragma once
// The one list of what can be configured. It refuses unknown keys, gives the defaults, names the environment's
// variables, and is the reference (docs/configuration.md).

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::server {

enum class SettingKind {
  section,    // keys below it
  names,      // a section whose keys are names of the user's choice: `*` in the paths below it
  text,
  texts,      // one text, or a list
  integer,
  size,       // "256MiB": MB is 10⁶, MiB 2²⁰; a bare number is bytes
  duration,   // "10min": ms, s, min, h, d
  addresses,  // "host:port", {at: "host:port"}, or a list of them
  secret,     // ${file:…} or ${env:…}
};

struct Setting {
  std::string_view path;      // "sources.*.from"
  SettingKind kind;
  std::string_view fallback;  // in the file's form; empty: none
  std::string_view help;
  bool later = false;         // reserved: refused as "not in this version"
};

// In the order of the reference; a section stands before its keys.
[[nodiscard]] std::span<const Setting> settings();

// The setting at `path`, where a name of the user's is `*`; null when there is none.
[[nodiscard]] const Setting* find_setting(std::string_view path);

// The keys directly below a section ("" is the top).
[[nodiscard]] std::vector<std::string_view> keys_below(std::string_view path);

// "SLUICE_LOG_KEEP_FREE" for "log.keep_free"; empty for paths with a `*`.
[[nodiscard]] std::string environment_name(std::string_view path);

[[nodiscard]] std::string_view to_string(SettingKind kind);

}  // namespace sluice::server
