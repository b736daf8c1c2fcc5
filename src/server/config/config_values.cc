#include "server/config/config_values.h"

#include <algorithm>

#include "base/nearest.h"

namespace sluice::server {

Error wrong(const Value& value, const std::string& what) {
  return {.code = ErrorCode::rejected, .message = value.origin + ": " + what};
}
Error later(const Value& value, const std::string& what) {
  return {.code = ErrorCode::unsupported, .message = value.origin + ": " + what + " is not in this version"};
}

Result<std::string> text_at(const Value& map, std::string_view key) {
  const auto* value = map.find(key);
  if (value == nullptr || value->kind == ValueKind::null) return std::string();
  if (value->kind != ValueKind::text) return wrong(*value, "'" + std::string(key) + "' must be one text");
  return value->text;
}

Result<std::vector<std::string>> texts_at(const Value& map, std::string_view key) {
  std::vector<std::string> texts;
  const auto* value = map.find(key);
  if (value == nullptr || value->kind == ValueKind::null) return texts;
  if (value->kind == ValueKind::text) return std::vector{value->text};
  for (const auto& item : value->items) {
    if (item.kind == ValueKind::map) return later(item, "a mapping in '" + std::string(key) + "'");
    if (item.kind != ValueKind::text || item.text.empty()) {
      return wrong(item, "'" + std::string(key) + "' takes texts");
    }
    texts.push_back(item.text);
  }
  if (value->kind == ValueKind::map) return wrong(*value, "'" + std::string(key) + "' takes a text or a list of texts");
  return texts;
}

std::string beside(const Value& value, const std::string& path) {
  const auto slash = value.origin.rfind('/');  // "conf/sluice.yaml:7:5"
  return path.starts_with('/') || slash == std::string::npos ? path : value.origin.substr(0, slash + 1) + path;
}

const Value& section_of(const Value& root, std::string_view path) {
  static const Value kEmpty;
  const Value* at = &root;
  while (at != nullptr && !path.empty()) {
    const auto dot = path.find('.');
    at = at->find(path.substr(0, dot));
    path = dot == std::string_view::npos ? "" : path.substr(dot + 1);
  }
  return at == nullptr ? kEmpty : *at;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known) {
  const auto meant = nearest(word, known);
  return meant.empty() ? "" : "; did you mean '" + std::string(meant) + "'?";
}

Result<void> known_keys(const Value& map, const std::vector<std::string_view>& known, const std::string& where) {
  for (const auto& entry : map.entries) {
    if (entry.key.starts_with("x-") || std::ranges::find(known, entry.key) != known.end()) continue;
    return Error{.code = ErrorCode::rejected,
                 .message = entry.origin + ": unknown key '" + entry.key + "' in " + where + did_you_mean(entry.key, known)};
  }
  return {};
}

}  // namespace sluice::server
