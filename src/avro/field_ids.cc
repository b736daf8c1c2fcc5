#include "avro/field_ids.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

namespace sluice::avro {
namespace {

constexpr std::string_view kField = "field-id";
constexpr std::string_view kElement = "element-id";
constexpr std::string_view kKey = "key-id";
constexpr std::string_view kValue = "value-id";

bool has(const Properties& properties, std::string_view name) {
  return std::any_of(properties.begin(), properties.end(), [&](const auto& property) { return property.first == name; });
}

class Numbering {
 public:
  Numbering(std::deque<Node>& nodes, std::int32_t first) : highest_(first - 1) {
    for (auto& node : nodes) {
      mutable_[&node] = &node;
      note(node.properties);
      for (const auto& field : node.fields) note(field.properties);
    }
  }

  void number(const Node* node) {
    if (!seen_.insert(node).second) return;
    auto& own = *mutable_.at(node);
    if (node->type == Type::array) give(own.properties, kElement);
    if (node->type == Type::map) {
      give(own.properties, kKey);
      give(own.properties, kValue);
    }
    if (node->items != nullptr) number(node->items);
    for (const auto* branch : node->branches) number(branch);
    for (auto& field : own.fields) {
      give(field.properties, kField);
      number(field.type);
    }
  }

 private:
  void note(const Properties& properties) {
    for (const auto& [name, text] : properties) {
      std::int32_t id = 0;
      if (is_field_id(name) && std::from_chars(text.data(), text.data() + text.size(), id).ec == std::errc{}) highest_ = std::max(highest_, id);
    }
  }
  void give(Properties& properties, std::string_view name) {
    if (!has(properties, name)) properties.emplace_back(name, std::to_string(++highest_));
  }

  std::int32_t highest_;
  std::map<const Node*, Node*> mutable_;
  std::set<const Node*> seen_;
};

}  // namespace

bool is_field_id(std::string_view property) { return property == kField || property == kElement || property == kKey || property == kValue; }

void number_fields(Node& root, std::deque<Node>& nodes, std::int32_t first) { Numbering(nodes, first).number(&root); }

}  // namespace sluice::avro
