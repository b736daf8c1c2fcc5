#pragma once
// A configuration as a tree of texts, each with the place that it comes from. YAML is one way to make it; flags and
// environment are written into the same tree, so that one walk checks, reads and prints everything.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sluice::server {

enum class ValueKind { null, text, list, map };

struct Value {
  ValueKind kind = ValueKind::null;
  std::string text;
  std::vector<Value> items;
  struct Entry;
  std::vector<Entry> entries;  // in the file's order
  std::string origin;          // "sluice.yaml:7:5", "SLUICE_DATA", "--data", "default"

  [[nodiscard]] static Value of_text(std::string text, std::string origin);
  [[nodiscard]] static Value of_texts(const std::vector<std::string>& texts, const std::string& origin);
  // The value of a key of a map; null when there is none.
  [[nodiscard]] const Value* find(std::string_view key) const;
  // The value at a dotted path below this map, made (with its parents) if missing. Names with dots: use child().
  [[nodiscard]] Value& at(std::string_view path, const std::string& origin);
  [[nodiscard]] Value& child(std::string_view key, const std::string& origin);
};

struct Value::Entry {
  std::string key;
  std::string origin;  // of the key
  Value value;
};

// The tree of one file's YAML; `file` stands in origins. Errors: rejected, with file, line and column: no YAML, a key
// twice, a top level that is no map.
[[nodiscard]] Result<Value> parse_yaml(const std::string& text, const std::string& file);

// Adds `from` to `into`: maps are joined. Errors: rejected, when something is defined in both, naming both places.
[[nodiscard]] Result<void> merge(Value& into, Value from);

// The tree as YAML, each value with its origin as a comment.
[[nodiscard]] std::string print_yaml(const Value& value);

}  // namespace sluice::server
