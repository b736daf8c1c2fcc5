// Two graphs are walked side by side. Named types are met again and again, and in circles: a pair is looked at once.
#include "avro/difference.h"

#include <algorithm>
#include <set>
#include <utility>

namespace sluice::avro {
namespace {

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

// "a, b and c", at most so many by name.
std::string listed(const std::vector<std::string>& items) {
  constexpr std::size_t kMost = 8;
  std::string out;
  const auto shown = std::min(items.size(), kMost);
  for (std::size_t i = 0; i < shown; ++i) out += (i == 0 ? "" : i + 1 == items.size() ? " and " : ", ") + items[i];
  return shown < items.size() ? out + " and " + std::to_string(items.size() - shown) + " more" : out;
}

// What is in `from` and not in `than`.
std::vector<std::string> without(const std::vector<std::string>& from, const std::vector<std::string>& than) {
  std::vector<std::string> out;
  std::ranges::copy_if(from, std::back_inserter(out), [&](const auto& item) { return std::ranges::find(than, item) == than.end(); });
  return out;
}

const Node* only_branch_besides_null(const Node& node) {
  if (node.type != Type::union_ || node.branches.size() != 2) return nullptr;
  if (node.branches[0]->type == Type::null) return node.branches[1];
  return node.branches[1]->type == Type::null ? node.branches[0] : nullptr;
}

class Walk {
 public:
  std::vector<Difference> run(const Schema& before, const Schema& after) {
    node(before.root(), after.root(), "");
    return std::move(found_);
  }

 private:
  void add(std::string path, std::string change, std::string new_reads_old = "", std::string old_reads_new = "") {
    found_.push_back({std::move(path), std::move(change), std::move(new_reads_old), std::move(old_reads_new)});
  }

  void node(const Node& before, const Node& after, const std::string& path) {
    if (!seen_.emplace(&before, &after).second) return;
    const auto* inner_before = only_branch_besides_null(before);
    const auto* inner_after = only_branch_besides_null(after);
    if (inner_before != nullptr && inner_after != nullptr) {
      if (before.branches[0]->type != after.branches[0]->type) add(path, "null is " + std::string(after.branches[0]->type == Type::null ? "first" : "last") + " now");
      return node(*inner_before, *inner_after, path);
    }
    if (before.type != after.type || type_words(before) != type_words(after)) return retyped(before, after, path);
    switch (after.type) {
      case Type::record: return record(before, after, path);
      case Type::enum_: return enumeration(before, after, path);
      case Type::array: return node(*before.items, *after.items, path + "[]");
      case Type::map: return node(*before.items, *after.items, path + "{}");
      case Type::union_:
        for (std::size_t i = 0; i < after.branches.size(); ++i) node(*before.branches[i], *after.branches[i], path);
        return;
      default: return properties(before.properties, after.properties, path);
    }
  }

  void retyped(const Node& before, const Node& after, const std::string& path) {
    add(path, "was " + type_words(before) + ", is " + type_words(after));
    // Of a named type of another name the parts may differ as well.
    if (before.type != after.type) return;
    if (after.type == Type::record) record(before, after, path);
    if (after.type == Type::enum_) enumeration(before, after, path);
  }

  static const Field* match(const Node& before, const Field& after) {
    if (const auto* same = before.field(after.name)) return same;
    for (const auto& alias : after.aliases) {
      if (const auto* by_alias = before.field(alias)) return by_alias;
    }
    return nullptr;
  }

  void record(const Node& before, const Node& after, const std::string& path) {
    if (before.space != after.space) add(path, "the namespace was " + quoted(before.space) + ", is " + quoted(after.space));
    documented(before.doc, after.doc, path);
    properties(before.properties, after.properties, path);
    std::set<const Field*> matched;
    for (const auto& field : after.fields) {
      const auto at = path.empty() ? field.name : path + "." + field.name;
      const auto* old = match(before, field);
      if (old == nullptr || !matched.insert(old).second) {
        new_field(field, at);
      } else {
        same_field(*old, field, at);
      }
    }
    for (const auto& field : before.fields) {
      if (!matched.contains(&field)) gone_field(field, path.empty() ? field.name : path + "." + field.name);
    }
  }

  void new_field(const Field& field, const std::string& at) {
    const auto words = type_words(*field.type);
    if (field.default_json) {
      add(at, "new: " + words + ", default " + *field.default_json, "see " + *field.default_json, "do not see it");
    } else {
      add(at, "new: " + words + ", without a default", "FAIL: old records have none, and there is no default", "do not see it");
    }
  }

  void gone_field(const Field& field, const std::string& at) {
    add(at, "gone: was " + type_words(*field.type), "do not see it",
        field.default_json ? "see " + *field.default_json : "FAIL: new records have none, and the old schema has no default");
  }

  void same_field(const Field& before, const Field& after, const std::string& at) {
    if (before.name != after.name) {
      const bool known = std::ranges::find(before.aliases, after.name) != before.aliases.end();
      add(at, "renamed: was " + quoted(before.name) + ", which is an alias now", "",
          known ? "" : before.default_json ? "see " + *before.default_json + " in " + quoted(before.name) : "FAIL: they look for " + quoted(before.name));
    }
    if (before.default_json != after.default_json) {
      const auto words = [](const std::optional<std::string>& text) { return text ? *text : std::string("none"); };
      add(at, "the default was " + words(before.default_json) + ", is " + words(after.default_json));
    }
    documented(before.doc, after.doc, at);
    if (before.name == after.name && before.aliases != after.aliases) add(at, "the aliases were [" + listed(before.aliases) + "], are [" + listed(after.aliases) + "]");
    if (before.order != after.order) add(at, "the sort order is another");
    properties(before.properties, after.properties, at);
    node(*before.type, *after.type, at);
  }

  void enumeration(const Node& before, const Node& after, const std::string& path) {
    const auto added = without(after.symbols, before.symbols), gone = without(before.symbols, after.symbols);
    const auto unknown = [](const Node& reader, const std::vector<std::string>& symbols) {
      return reader.enum_default ? "see " + *reader.enum_default + " for " + listed(symbols) : "FAIL at " + listed(symbols) + ": their enum has no default";
    };
    if (!added.empty()) add(path, "new symbols: " + listed(added), "", unknown(before, added));
    if (!gone.empty()) add(path, "symbols are gone: " + listed(gone), unknown(after, gone), "");
    if (added.empty() && gone.empty() && before.symbols != after.symbols) add(path, "the symbols stand in another order");
    if (before.enum_default != after.enum_default) add(path, "the enum's default was " + before.enum_default.value_or("none") + ", is " + after.enum_default.value_or("none"));
    documented(before.doc, after.doc, path);
    properties(before.properties, after.properties, path);
  }

  void documented(const std::optional<std::string>& before, const std::optional<std::string>& after, const std::string& path) {
    if (before != after) add(path, before ? after ? "the doc is another" : "the doc is gone" : "has a doc now");
  }

  void properties(const Properties& before, const Properties& after, const std::string& path) {
    const auto value = [](const Properties& in, const std::string& name) {
      const auto found = std::ranges::find(in, name, &std::pair<std::string, std::string>::first);
      return found == in.end() ? std::string() : found->second;
    };
    std::set<std::string> names;
    for (const auto* list : {&before, &after}) {
      for (const auto& [name, text] : *list) names.insert(name);
    }
    for (const auto& name : names) {
      const auto was = value(before, name), is = value(after, name);
      if (was == is) continue;
      add(path, name + (was.empty() ? " is " + is + " now" : is.empty() ? " is gone (was " + was + ")" : " was " + was + ", is " + is));
    }
  }

  std::vector<Difference> found_;
  std::set<std::pair<const Node*, const Node*>> seen_;
};

}  // namespace

std::string type_words(const Node& node) {
  if (node.logical_type == "decimal") return "decimal(" + std::to_string(node.precision) + "," + std::to_string(node.scale) + ")" + (node.is_named() ? " " + node.name : "");
  if (!node.logical_type.empty()) return node.logical_type;
  switch (node.type) {
    case Type::record: return "record " + node.name;
    case Type::enum_: return "enum " + node.name;
    case Type::fixed: return "fixed " + node.name + " of " + std::to_string(node.size) + " bytes";
    case Type::array: return "list of " + type_words(*node.items);
    case Type::map: return "map of " + type_words(*node.items);
    case Type::union_: {
      std::string words;
      for (const auto* branch : node.branches) words += (words.empty() ? "" : " or ") + type_words(*branch);
      return words.empty() ? "a union of nothing" : words;
    }
    default: return std::string(type_name(node.type));
  }
}

std::vector<Difference> differences(const Schema& before, const Schema& after) { return Walk().run(before, after); }

}  // namespace sluice::avro
