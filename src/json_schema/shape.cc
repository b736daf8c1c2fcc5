#include "json_schema/shape.h"

#include <algorithm>
#include <set>

namespace sluice::json_schema {

const Shape& Shapes::of(const Node& node) {
  const auto* meant = &node;
  while (meant->reference != nullptr && !meant->has_rules()) meant = meant->reference;
  auto& shape = made_[meant];
  if (shape == nullptr) shape = make(*meant);
  return *shape;
}

Shape* Shapes::plain(const Node& node, Shape::Kind kind) {
  auto& shape = shapes_.emplace_back();
  shape.kind = kind;
  shape.node = &node;
  return &shape;
}

const Shape* Shapes::typed(const Node& node, Type type) {
  using enum Shape::Kind;
  switch (type) {
    case Type::null: return plain(node, null);
    case Type::boolean: return plain(node, boolean);
    case Type::object: return plain(node, object);
    case Type::array: return plain(node, array);
    case Type::string: return plain(node, string);
    case Type::number: return plain(node, number);
    case Type::integer: break;
  }
  auto* shape = plain(node, number);
  shape->integer = true;
  return shape;
}

const Shape* Shapes::combine(const Node& node, Rule rule, const std::vector<Shape::Part>& parts) {
  auto* shape = plain(node, Shape::Kind::combined);
  shape->rule = rule;
  std::set<std::string> known;
  for (const auto& part : parts) {
    if (part.node == nullptr || known.insert(identity(*part.node->json)).second) shape->parts.push_back(part);
  }
  return shape;
}

const Shape* Shapes::make(const Node& node) {
  using enum Shape::Kind;
  if (node.truth) return plain(node, *node.truth ? anything : nothing);
  std::vector<Shape::Part> parts;
  if (node.reference != nullptr) parts.push_back({.node = node.reference});
  if (node.enumeration) parts.push_back({.shape = plain(node, enumeration)});
  const auto add_list = [&](const std::optional<std::vector<const Node*>>& schemas, Rule rule) {
    if (!schemas) return;
    std::vector<Shape::Part> list;
    for (const auto* schema : *schemas) list.push_back({.node = schema});
    parts.push_back({.shape = combine(node, rule, list)});
  };
  add_list(node.all_of, Rule::all);
  add_list(node.any_of, Rule::any);
  add_list(node.one_of, Rule::one);
  if (node.negated != nullptr) parts.push_back({.shape = plain(node, negation)});
  if (node.constant) parts.push_back({.shape = plain(node, constant)});
  if (node.type_is_list) {
    std::vector<Shape::Part> types;
    for (const auto type : node.types) types.push_back({.shape = typed(node, type)});
    parts.push_back({.shape = combine(node, Rule::any, types)});
  } else if (!node.types.empty()) {
    parts.push_back({.shape = typed(node, node.types.front())});
  }
  rules_without_type(node, parts);
  if (node.if_ != nullptr || node.then_ != nullptr || node.else_ != nullptr) {
    parts.push_back({.shape = plain(node, conditional)});
  }
  if (parts.empty()) return plain(node, anything);
  return parts.size() == 1 ? parts.front().shape : combine(node, Rule::all, parts);
}

// Rules of a kind that `type` does not name: {"minLength": 1} is about strings all the same.
void Shapes::rules_without_type(const Node& node, std::vector<Shape::Part>& parts) {
  const auto named = [&](Type type) { return std::find(node.types.begin(), node.types.end(), type) != node.types.end(); };
  using enum Shape::Kind;
  if (node.has_array_rules && !named(Type::array)) parts.push_back({.shape = plain(node, array)});
  if (node.has_object_rules && !named(Type::object)) parts.push_back({.shape = plain(node, object)});
  if (node.has_number_rules && !named(Type::number) && !named(Type::integer)) {
    parts.push_back({.shape = plain(node, number)});
  }
  if (node.has_string_rules && !named(Type::string)) parts.push_back({.shape = plain(node, string)});
}

}  // namespace sluice::json_schema
