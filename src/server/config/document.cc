#include "server/config/document.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <utility>

namespace sluice::server {
namespace {

constexpr int kMaxDepth = 32;

Error rejected(std::string message) { return {.code = ErrorCode::rejected, .message = std::move(message)}; }

std::string place(const std::string& file, const YAML::Mark& mark) {
  return file + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
}

Result<Value> convert(const YAML::Node& node, const std::string& file, int depth);

Result<void> convert_entries(const YAML::Node& node, const std::string& file, int depth, Value& value) {
  for (const auto& pair : node) {
    const auto where = place(file, pair.first.Mark());
    if (!pair.first.IsScalar()) return rejected(where + ": a key must be a plain text");
    auto key = pair.first.Scalar();
    if (const auto* earlier = value.find(key)) {
      return rejected(where + ": '" + key + "' is defined twice; the first is at " + earlier->origin);
    }
    SLUICE_TRY(auto child, convert(pair.second, file, depth + 1));
    value.entries.push_back({std::move(key), where, std::move(child)});
  }
  return {};
}

Result<Value> convert(const YAML::Node& node, const std::string& file, int depth) {
  Value value;
  value.origin = place(file, node.Mark());
  if (depth > kMaxDepth) return rejected(value.origin + ": nested too deep");
  if (node.IsScalar()) {
    value.kind = ValueKind::text;
    value.text = node.Scalar();
  } else if (node.IsSequence()) {
    value.kind = ValueKind::list;
    for (const auto& item : node) {
      SLUICE_TRY(auto child, convert(item, file, depth + 1));
      value.items.push_back(std::move(child));
    }
  } else if (node.IsMap()) {
    value.kind = ValueKind::map;
    SLUICE_RETURN_IF_ERROR(convert_entries(node, file, depth, value));
  }
  return value;
}

bool plain(std::string_view text) {
  if (text.empty() || text == "null" || text == "true" || text == "false" || text == "~") return false;
  const auto ordinary = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_./:@?=+-").find(c) != std::string_view::npos;
  };
  return std::ranges::all_of(text, ordinary) && text.front() != '-' && text.front() != '?' && text.front() != ':' &&
         text.front() != '@' && text.back() != ':';
}

std::string quoted(const std::string& text) {
  if (plain(text)) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

void print_line(std::string& out, std::string line, const std::string& origin) {
  constexpr std::size_t kCommentColumn = 56;
  if (line.size() < kCommentColumn) line.append(kCommentColumn - line.size(), ' ');
  out += line + "  # " + origin + "\n";
}

std::string flow(const Value& value) {
  if (value.kind == ValueKind::text) return quoted(value.text);
  std::string out = value.kind == ValueKind::list ? "[" : "{";
  std::string separator;
  for (const auto& item : value.items) {
    out += std::exchange(separator, ", ") + flow(item);
  }
  for (const auto& entry : value.entries) {
    out += std::exchange(separator, ", ") + quoted(entry.key) + ": " + flow(entry.value);
  }
  return out + (value.kind == ValueKind::list ? "]" : "}");
}

void print(std::string& out, const Value& value, const std::string& indent) {
  for (const auto& entry : value.entries) {
    const auto head = indent + quoted(entry.key) + ":";
    if (entry.value.kind == ValueKind::map) {
      if (entry.value.entries.empty()) continue;
      out += head + "\n";
      print(out, entry.value, indent + "  ");
    } else if (entry.value.kind != ValueKind::null) {
      print_line(out, head + " " + flow(entry.value), entry.value.origin);
    }
  }
}

}  // namespace

Value Value::of_text(std::string text, std::string origin) {
  Value value;
  value.kind = ValueKind::text;
  value.text = std::move(text);
  value.origin = std::move(origin);
  return value;
}

Value Value::of_texts(const std::vector<std::string>& texts, const std::string& origin) {
  Value value;
  value.kind = ValueKind::list;
  value.origin = origin;
  for (const auto& text : texts) value.items.push_back(of_text(text, origin));
  return value;
}

const Value* Value::find(std::string_view key) const {
  for (const auto& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

Value& Value::child(std::string_view key, const std::string& where) {
  kind = ValueKind::map;
  for (auto& entry : entries) {
    if (entry.key == key) return entry.value;
  }
  entries.push_back({std::string(key), where, Value{}});
  entries.back().value.origin = where;
  return entries.back().value;
}

Value& Value::at(std::string_view path, const std::string& where) {
  const auto dot = path.find('.');
  if (dot == std::string_view::npos) return child(path, where);
  return child(path.substr(0, dot), where).at(path.substr(dot + 1), where);
}

Result<Value> parse_yaml(const std::string& text, const std::string& file) {
  try {
    const auto root = YAML::Load(text);
    if (!root.IsMap() && !root.IsNull()) return rejected(file + ":1:1: a configuration is a map of keys");
    SLUICE_TRY(auto value, convert(root, file, 0));
    value.kind = ValueKind::map;
    return value;
  } catch (const YAML::Exception& error) {
    return rejected(place(file, error.mark) + ": " + error.msg);
  }
}

Result<void> merge(Value& into, Value from) {
  for (auto& entry : from.entries) {
    const auto existing = std::ranges::find(into.entries, entry.key, &Value::Entry::key);
    if (existing == into.entries.end()) {
      into.entries.push_back(std::move(entry));
    } else if (existing->value.kind == ValueKind::map && entry.value.kind == ValueKind::map) {
      SLUICE_RETURN_IF_ERROR(merge(existing->value, std::move(entry.value)));
    } else if (entry.key != "version" || existing->value.text != entry.value.text) {
      return rejected(entry.origin + ": '" + entry.key + "' is defined at " + existing->origin + " already");
    }
  }
  return {};
}

std::string print_yaml(const Value& value) {
  std::string out;
  print(out, value, "");
  return out;
}

}  // namespace sluice::server
