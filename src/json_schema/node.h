#pragma once
// A schema as a graph: one node for each place of a text where a schema stands, references resolved to the nodes meant.
// Everything points into the Graph that owns it; nothing changes after Schema::parse.

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "json_schema/json.h"
#include "json_schema/number.h"
#include "json_schema/regex.h"

namespace sluice::json_schema {

enum class Draft : std::uint8_t { d4, d6, d7, d2019, d2020 };

enum class Type : std::uint8_t { null, boolean, object, array, number, string, integer };

struct Node;

struct PatternProperty {
  std::string pattern;
  Regex regex;
  const Node* schema;
};

struct StringRules {
  std::optional<std::uint64_t> min_length, max_length;
  std::optional<std::string> pattern;
  std::optional<Regex> regex;
};

struct NumberRules {
  std::optional<Number> minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of;
  bool minimum_is_exclusive = false, maximum_is_exclusive = false;  // draft 4: "exclusiveMinimum": true
};

struct ArrayRules {
  bool is_tuple = false;
  const Node* items = nullptr;       // of every item, when this is no tuple
  std::vector<const Node*> prefix;   // of a tuple's first items
  const Node* additional =
      nullptr;  // of a tuple's other items; without one it says nothing of values, and is compared all the same
  const Node* unevaluated = nullptr;
  const Node* contains = nullptr;
  std::optional<std::uint64_t> min_contains, max_contains, min_items, max_items;
  bool unique = false;
};

struct ObjectRules {
  std::vector<std::pair<std::string, const Node*>> properties;
  std::unordered_map<std::string_view, const Node*> by_name;  // the same
  std::set<std::string, std::less<>> required;
  std::vector<PatternProperty> patterns;
  const Node* additional = nullptr;
  const Node* unevaluated = nullptr;
  const Node* names = nullptr;
  std::vector<std::pair<std::string, std::vector<std::string>>> dependent_required;
  std::vector<std::pair<std::string, const Node*>> dependent_schemas;
  std::optional<std::uint64_t> min_properties, max_properties;

  [[nodiscard]] const Node* property(std::string_view name) const;
  [[nodiscard]] bool requires_property(std::string_view name) const { return required.contains(name); }
};

struct Node {
  const Json* json = nullptr;
  std::string at;                     // where it stands: "#/properties/a", "other.json#/items"
  std::optional<bool> truth;          // the schemas true and false: nothing else is set then
  const Node* reference = nullptr;    // $ref; what stands beside it counts since 2019-09, and is not set before
  std::vector<Type> types;            // of `type`, in its order; empty when there is none
  bool type_is_list = false;          // "type": [...]
  std::optional<std::set<std::string>> enumeration;  // identities of the values allowed
  std::optional<std::string> constant;               // likewise
  bool has_default = false;
  // Which of the rules below have any keyword: what else they say is the default then.
  bool has_string_rules = false, has_number_rules = false, has_array_rules = false, has_object_rules = false;
  StringRules string;
  NumberRules number;
  ArrayRules array;
  ObjectRules object;
  std::optional<std::vector<const Node*>> all_of, any_of, one_of;
  const Node* negated = nullptr;  // not
  const Node* if_ = nullptr;
  const Node* then_ = nullptr;
  const Node* else_ = nullptr;

  // Says anything but what it refers to.
  [[nodiscard]] bool has_rules() const;
  // Takes every value, as far as a look at it alone tells: true, or {}.
  [[nodiscard]] bool takes_anything() const { return truth.value_or(reference == nullptr && !has_rules()); }
};

// A text, and what it is called where it is referred to; "" for the schema itself.
struct Document {
  std::string name;
  Json json;
  Draft draft = Draft::d7;
};

struct Graph {
  std::deque<Document> documents;  // the schema itself first
  std::deque<Node> nodes;
  const Node* root = nullptr;
  bool asks_what_is_evaluated = false;  // unevaluatedItems or unevaluatedProperties stands somewhere
};

}  // namespace sluice::json_schema
