#include "avro/lint.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "avro/difference.h"

namespace sluice::avro {
namespace {

constexpr auto kRules = std::to_array<LintRule>({
    {"doc", "Each record, enum and field says what it means: who reads it in five years cannot ask"},
    {"one-type", "One type a topic: a union at the top makes each reader sort out what it did not ask for"},
    {"stable-name", "Names stay: no version numbers in them, a namespace, no change of case; a new name is a new type to every reader"},
    {"enum", "A closed set of words is an enum (or lists its symbols), not a string that somebody will misspell"},
    {"enum-default", "An enum has a default, or its first new symbol breaks every reader"},
    {"default", "A field that may be null has the default null, first in its union: else it can never be taken away"},
    {"time", "A time has a logical type: a bare long tells neither unit nor zone"},
    {"money", "Money is a decimal: binary fractions cannot hold a cent"},
});

std::string_view rule(std::string_view name) { return std::ranges::find(kRules, name, &LintRule::name)->name; }

// The words of a name, in lower case: "createdAt", "created_at" and "CREATED-AT" are {"created", "at"}.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  bool lower = false;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) == 0 || (lower && std::isupper(byte) != 0)) {
      if (!words.back().empty()) words.emplace_back();
    }
    if (std::isalnum(byte) != 0) words.back() += static_cast<char>(std::tolower(byte));
    lower = std::islower(byte) != 0;
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

bool ends_in(std::string_view name, const std::set<std::string>& last) {
  const auto words = words_of(name);
  return !words.empty() && last.contains(words.back());
}

bool has_version(std::string_view name) {
  const auto digits = name.find_last_not_of("0123456789");
  if (digits == std::string_view::npos || digits + 1 == name.size()) return false;
  if (name[digits] != 'v' && name[digits] != 'V') return false;
  return digits == 0 || name[digits] == 'V' || name[digits - 1] == '_' || std::isdigit(static_cast<unsigned char>(name[digits - 1])) != 0;
}

// The type of a field without its null.
const Node& value_of(const Node& node) {
  if (node.type != Type::union_) return node;
  for (const auto* branch : node.branches) {
    if (branch->type != Type::null) return *branch;
  }
  return node;
}

class Linter {
 public:
  std::vector<LintFinding> run(const Schema& schema) {
    const auto& root = schema.root();
    if (root.type == Type::union_ && root.branches.size() > 1) {
      add("one-type", "", "the schema is a union of " + std::to_string(root.branches.size()) + " types: give each a topic of its own");
    }
    node(root, "");
    return std::move(found_);
  }

 private:
  void add(std::string_view name, std::string path, std::string words) { found_.push_back({rule(name), std::move(path), std::move(words)}); }

  void node(const Node& node, const std::string& path) {
    if (!seen_.insert(&node).second) return;
    if (node.is_named()) named(node, path);
    if (node.items != nullptr) this->node(*node.items, path);
    for (const auto* branch : node.branches) this->node(*branch, path);
    bool snake = false, camel = false;
    for (const auto& each : node.fields) {
      snake = snake || each.name.find('_', 1) != std::string::npos;
      camel = camel || std::ranges::adjacent_find(each.name, [](char a, char b) { return std::islower(static_cast<unsigned char>(a)) != 0 && std::isupper(static_cast<unsigned char>(b)) != 0; }) != each.name.end();
      field(each, path.empty() ? each.name : path + "." + each.name);
    }
    if (snake && camel) add("stable-name", path, "record " + node.name + " has names_like_this and namesLikeThis: choose one");
  }

  void named(const Node& node, const std::string& path) {
    const std::string kind(type_name(node.type));
    if (node.type != Type::fixed && !node.doc) add("doc", path, kind + " " + node.name + " has no doc");
    if (node.space.empty()) add("stable-name", path, kind + " " + node.name + " has no namespace: another " + node.name + " would be the same type");
    if (has_version(node.name)) add("stable-name", path, kind + " " + node.name + ": the registry counts versions; take the number out of the name");
    if (node.type == Type::enum_ && !node.enum_default) add("enum-default", path, "enum " + node.name + " has no default: add a symbol such as UNKNOWN and make it the default");
  }

  void field(const Field& field, const std::string& path) {
    if (!field.doc) add("doc", path, "has no doc");
    const auto& value = value_of(*field.type);
    const bool nullable = field.type->type == Type::union_ && std::ranges::any_of(field.type->branches, [](const Node* branch) { return branch->type == Type::null; });
    if (nullable && field.default_json != "null") {
      add("default", path, field.default_json ? "may be null, and has the default " + *field.default_json + ": readers take that for what is missing, and null for null"
                                              : "may be null, and has no default: put \"null\" first and \"default\": null");
    }
    by_name(field, value, path);
    node(*field.type, path);
  }

  void by_name(const Field& field, const Node& value, const std::string& path) {
    static const std::set<std::string> sets{"status", "state", "kind", "type", "category", "level", "severity", "currency", "country", "gender", "role"};
    static const std::set<std::string> times{"at", "time", "timestamp", "date", "ts"};
    static const std::set<std::string> money{"price", "amount", "cost", "fee", "balance", "total", "salary", "money"};
    if (value.type == Type::string && value.logical_type.empty() && ends_in(field.name, sets)) {
      const bool told = std::ranges::any_of(field.properties, [](const auto& property) { return property.first == "enumSymbols"; });
      if (!told) add("enum", path, "is a string, and sounds like one of a few words: make it an enum with a default");
    }
    if ((value.type == Type::long_ || value.type == Type::int_) && value.logical_type.empty() && ends_in(field.name, times)) {
      add("time", path, "is a bare " + type_words(value) + ": say timestamp-millis, timestamp-micros or date");
    }
    if ((value.type == Type::double_ || value.type == Type::float_) && ends_in(field.name, money)) {
      add("money", path, "is a " + type_words(value) + ": take bytes with the logical type decimal");
    }
  }

  std::vector<LintFinding> found_;
  std::set<const Node*> seen_;
};

}  // namespace

std::vector<LintRule> lint_rules() { return {kRules.begin(), kRules.end()}; }

std::vector<LintFinding> lint(const Schema& schema) { return Linter().run(schema); }

}  // namespace sluice::avro
