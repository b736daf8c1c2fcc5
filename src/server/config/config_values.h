#pragma once
// What readers of a configuration's tree share; private to config_*.cc. A missing key is an empty value; errors name the
// value's place.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/config/document.h"

namespace sluice::server {

[[nodiscard]] Error wrong(const Value& value, const std::string& what);
[[nodiscard]] Error later(const Value& value, const std::string& what);  // "… is not in this version"

[[nodiscard]] Result<std::string> text_at(const Value& map, std::string_view key);
[[nodiscard]] Result<std::vector<std::string>> texts_at(const Value& map, std::string_view key);
// The value at a dotted path; an empty one when there is none.
[[nodiscard]] const Value& section_of(const Value& root, std::string_view path);
// A path that a file says is relative to that file; one of a flag or a variable to the working directory.
[[nodiscard]] std::string beside(const Value& value, const std::string& path);
// Refuses others, with what was probably meant.
[[nodiscard]] Result<void> known_keys(const Value& map, const std::vector<std::string_view>& known, const std::string& where);
// "; did you mean 'public'?", or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known);

template <typename Parse>
auto parsed_at(const Value& map, std::string_view key, Parse parse, std::string_view example)
    -> Result<decltype(parse(std::string_view{}))> {
  SLUICE_TRY(const auto text, text_at(map, key));
  if (text.empty()) return decltype(parse(std::string_view{})){};
  auto parsed = parse(text);
  if (parsed) return parsed;
  return wrong(*map.find(key), "'" + text + "' is no value for '" + std::string(key) + "'; one is " + std::string(example));
}

// Each entry of a section of names, by `read`.
template <typename T, typename Read>
Result<std::vector<T>> each(const Value& section, Read read) {
  std::vector<T> list;
  for (const auto& entry : section.entries) {
    if (entry.key.starts_with("x-")) continue;
    SLUICE_TRY(auto item, read(entry));
    list.push_back(std::move(item));
  }
  return list;
}

}  // namespace sluice::server
