#include "json_schema/node.h"

namespace sluice::json_schema {

bool Node::has_rules() const {
  return truth || !types.empty() || enumeration || constant || has_string_rules ||
         has_number_rules || has_array_rules || has_object_rules || all_of || any_of || one_of || negated != nullptr ||
         if_ != nullptr || then_ != nullptr || else_ != nullptr;
}

const Node* ObjectRules::property(std::string_view name) const {
  const auto found = by_name.find(name);
  return found == by_name.end() ? nullptr : found->second;
}

}  // namespace sluice::json_schema
