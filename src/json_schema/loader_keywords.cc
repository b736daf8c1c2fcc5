// The keywords of one place, those that its draft knows.

#include <algorithm>
#include <array>

#include "json_schema/keywords.h"
#include "json_schema/loader.h"

namespace sluice::json_schema {
namespace {

constexpr std::array<std::string_view, 7> kTypes{"null", "boolean", "object", "array", "number", "string", "integer"};

bool has_any(const Json& json, std::initializer_list<std::string_view> keywords) {
  return std::any_of(keywords.begin(), keywords.end(), [&](auto keyword) { return json.find(keyword) != nullptr; });
}

}  // namespace

Result<void> Loader::annotations(Node& node, const Json& json, const Scope& scope) {
  std::optional<std::string> text;
  for (const auto* keyword : {"title", "description", "$comment", "format", "$schema"}) {
    SLUICE_RETURN_IF_ERROR(read_text(json, keyword, scope.at, text));
  }
  SLUICE_RETURN_IF_ERROR(read_text(json, scope.document->draft == Draft::d4 ? "id" : "$id", scope.at, text));
  node.has_default = json.find("default") != nullptr;
  return {};
}

Result<void> Loader::types(Node& node, const Json& json, const Scope& scope) {
  if (const auto* type = json.find("type"); type != nullptr) {
    node.type_is_list = type->is(Json::Kind::array);
    const auto names = node.type_is_list ? type->items : std::vector<Json>{*type};
    for (const auto& name : names) {
      const auto* known = name.is(Json::Kind::string) ? std::find(kTypes.begin(), kTypes.end(), name.text) : kTypes.end();
      if (known == kTypes.end())
        return wrong(scope.at, "type", "null, boolean, object, array, number, string, integer, or a list of them",
                     *type);
      node.types.push_back(static_cast<Type>(known - kTypes.begin()));
    }
    if (names.empty()) return wrong(scope.at, "type", "a type or more", *type);
  }
  SLUICE_TRY(const auto* allowed, read_kind(json, "enum", scope.at, Json::Kind::array));
  if (allowed != nullptr) {
    node.enumeration.emplace();
    for (const auto& value : allowed->items) node.enumeration->insert(identity(value));
  }
  const auto* constant = scope.document->draft > Draft::d4 ? json.find("const") : nullptr;
  if (constant != nullptr) node.constant = identity(*constant);
  return {};
}

Result<void> Loader::strings(Node& node, const Json& json, const Scope& scope) {
  auto& rules = node.string;
  SLUICE_RETURN_IF_ERROR(read_count(json, "minLength", scope.at, rules.min_length));
  SLUICE_RETURN_IF_ERROR(read_count(json, "maxLength", scope.at, rules.max_length));
  SLUICE_RETURN_IF_ERROR(read_text(json, "pattern", scope.at, rules.pattern));
  if (rules.pattern) {
    SLUICE_TRY(rules.regex, read_pattern(*rules.pattern, scope.at + "/pattern"));
  }
  node.has_string_rules = has_any(json, {"minLength", "maxLength", "pattern"}) ||
                          (scope.document->draft <= Draft::d7 && json.find("format") != nullptr);
  return {};
}

Result<void> Loader::numbers(Node& node, const Json& json, const Scope& scope) {
  auto& rules = node.number;
  SLUICE_RETURN_IF_ERROR(read_number(json, "minimum", scope.at, rules.minimum));
  SLUICE_RETURN_IF_ERROR(read_number(json, "maximum", scope.at, rules.maximum));
  SLUICE_RETURN_IF_ERROR(exclusive_limits(rules, json, scope));
  SLUICE_RETURN_IF_ERROR(read_number(json, "multipleOf", scope.at, rules.multiple_of));
  if (rules.multiple_of && !rules.multiple_of->is_positive()) {
    return wrong(scope.at, "multipleOf", "a number above 0", *json.find("multipleOf"));
  }
  node.has_number_rules = has_any(json, {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"});
  return {};
}

Result<void> Loader::exclusive_limits(NumberRules& rules, const Json& json, const Scope& scope) {
  if (scope.document->draft == Draft::d4) {
    SLUICE_RETURN_IF_ERROR(read_flag(json, "exclusiveMinimum", scope.at, rules.minimum_is_exclusive));
    return read_flag(json, "exclusiveMaximum", scope.at, rules.maximum_is_exclusive);
  }
  SLUICE_RETURN_IF_ERROR(read_number(json, "exclusiveMinimum", scope.at, rules.exclusive_minimum));
  return read_number(json, "exclusiveMaximum", scope.at, rules.exclusive_maximum);
}

Result<void> Loader::arrays(Node& node, const Json& json, const Scope& scope) {
  const auto draft = scope.document->draft;
  auto& rules = node.array;
  SLUICE_RETURN_IF_ERROR(items(rules, json, scope));
  SLUICE_RETURN_IF_ERROR(read_count(json, "minItems", scope.at, rules.min_items));
  SLUICE_RETURN_IF_ERROR(read_count(json, "maxItems", scope.at, rules.max_items));
  SLUICE_RETURN_IF_ERROR(read_flag(json, "uniqueItems", scope.at, rules.unique));
  node.has_array_rules = has_any(json, {"items", "minItems", "maxItems", "uniqueItems"}) ||
                         (draft < Draft::d2020 && json.find("additionalItems") != nullptr);
  if (draft == Draft::d4) return {};
  SLUICE_RETURN_IF_ERROR(child(json, "contains", scope, rules.contains));
  node.has_array_rules |= rules.contains != nullptr;
  if (draft < Draft::d2019) return {};
  SLUICE_RETURN_IF_ERROR(read_count(json, "minContains", scope.at, rules.min_contains));
  SLUICE_RETURN_IF_ERROR(read_count(json, "maxContains", scope.at, rules.max_contains));
  SLUICE_RETURN_IF_ERROR(child(json, "unevaluatedItems", scope, rules.unevaluated));
  node.has_array_rules |= rules.unevaluated != nullptr || rules.is_tuple;
  graph_.asks_what_is_evaluated |= rules.unevaluated != nullptr;
  return {};
}

// 2020-12 writes a tuple as prefixItems, and the rest as items; before, as a list of items, and additionalItems.
Result<void> Loader::items(ArrayRules& rules, const Json& json, const Scope& scope) {
  const bool new_words = scope.document->draft == Draft::d2020;
  const auto* items = json.find("items");
  SLUICE_TRY(const auto* prefix,
             new_words ? read_kind(json, "prefixItems", scope.at, Json::Kind::array) : Result<const Json*>(items));
  if (prefix != nullptr && prefix->is(Json::Kind::array)) {
    rules.is_tuple = true;
    SLUICE_TRY(rules.prefix, list(*prefix, scope.below(new_words ? "prefixItems" : "items")));
    return child(json, new_words ? "items" : "additionalItems", scope, rules.additional);
  }
  if (!new_words) SLUICE_RETURN_IF_ERROR(child(json, "additionalItems", scope, rules.additional));
  if (new_words && items != nullptr && items->is(Json::Kind::array)) {
    auto error = wrong(scope.at, "items", "a schema", *items);
    error.hint = "2020-12 calls the schemas of a tuple prefixItems";
    return error;
  }
  return child(json, "items", scope, rules.items, scope.document->draft != Draft::d4);
}

Result<void> Loader::objects(Node& node, const Json& json, const Scope& scope) {
  const auto draft = scope.document->draft;
  auto& rules = node.object;
  SLUICE_RETURN_IF_ERROR(properties(rules, json, scope));
  std::vector<std::string> required;
  SLUICE_RETURN_IF_ERROR(read_names(json, "required", scope.at, required));
  rules.required = {required.begin(), required.end()};
  SLUICE_RETURN_IF_ERROR(child(json, "additionalProperties", scope, rules.additional));
  SLUICE_RETURN_IF_ERROR(read_count(json, "minProperties", scope.at, rules.min_properties));
  SLUICE_RETURN_IF_ERROR(read_count(json, "maxProperties", scope.at, rules.max_properties));
  if (draft > Draft::d4) SLUICE_RETURN_IF_ERROR(child(json, "propertyNames", scope, rules.names));
  if (draft > Draft::d7) SLUICE_RETURN_IF_ERROR(child(json, "unevaluatedProperties", scope, rules.unevaluated));
  graph_.asks_what_is_evaluated |= rules.unevaluated != nullptr;
  SLUICE_RETURN_IF_ERROR(dependencies(rules, json, scope));
  node.has_object_rules = has_any(json, {"properties", "required", "additionalProperties", "minProperties",
                                         "maxProperties", "patternProperties"}) ||
                          rules.names != nullptr || rules.unevaluated != nullptr || !rules.dependent_required.empty() ||
                          !rules.dependent_schemas.empty();
  return {};
}

Result<void> Loader::properties(ObjectRules& rules, const Json& json, const Scope& scope) {
  SLUICE_TRY(const auto* named, read_kind(json, "properties", scope.at, Json::Kind::object));
  if (named != nullptr) {
    for (const auto& [name, value] : named->members) {
      SLUICE_TRY(const auto* node, schema(value, scope.below("properties").below(name)));
      rules.properties.emplace_back(name, node);
    }
    for (const auto& [name, node] : rules.properties) rules.by_name.emplace(name, node);
  }
  SLUICE_TRY(const auto* patterns, read_kind(json, "patternProperties", scope.at, Json::Kind::object));
  if (patterns == nullptr) return {};
  for (const auto& [pattern, value] : patterns->members) {
    const auto below = scope.below("patternProperties").below(pattern);
    SLUICE_TRY(auto regex, read_pattern(pattern, below.at));
    SLUICE_TRY(const auto* node, schema(value, below));
    rules.patterns.push_back({pattern, std::move(regex), node});
  }
  return {};
}

// `dependencies` until draft 7; then dependentRequired and dependentSchemas, which say by their names what is which.
Result<void> Loader::dependencies(ObjectRules& rules, const Json& json, const Scope& scope) {
  const bool old_words = scope.document->draft <= Draft::d7;
  for (const auto* keyword : {"dependencies", "dependentRequired", "dependentSchemas"}) {
    if ((keyword == std::string_view("dependencies")) != old_words) continue;
    SLUICE_TRY(const auto* all, read_kind(json, keyword, scope.at, Json::Kind::object));
    if (all == nullptr) continue;
    for (const auto& member : all->members) {
      const bool list = member.value.is(Json::Kind::array);
      if (!old_words && list != (keyword == std::string_view("dependentRequired"))) {
        return wrong(scope.below(keyword).at, member.name, list ? "a schema" : "an array of strings", member.value);
      }
      if (list) {
        SLUICE_RETURN_IF_ERROR(
            read_names(*all, member.name, scope.below(keyword).at,
                       rules.dependent_required.emplace_back(member.name, std::vector<std::string>{}).second));
      } else {
        SLUICE_TRY(const auto* node, schema(member.value, scope.below(keyword).below(member.name)));
        rules.dependent_schemas.emplace_back(member.name, node);
      }
    }
  }
  return {};
}

Result<void> Loader::logic(Node& node, const Json& json, const Scope& scope) {
  const auto draft = scope.document->draft;
  SLUICE_RETURN_IF_ERROR(children(json, "allOf", scope, node.all_of));
  SLUICE_RETURN_IF_ERROR(children(json, "anyOf", scope, node.any_of));
  SLUICE_RETURN_IF_ERROR(children(json, "oneOf", scope, node.one_of));
  SLUICE_RETURN_IF_ERROR(child(json, "not", scope, node.negated, draft != Draft::d4));
  if (draft < Draft::d7) return {};
  SLUICE_RETURN_IF_ERROR(child(json, "if", scope, node.if_));
  SLUICE_RETURN_IF_ERROR(child(json, "then", scope, node.then_));
  return child(json, "else", scope, node.else_);
}

Result<void> Loader::definitions(const Json& json, const Scope& scope) {
  for (const auto* keyword : {"definitions", "$defs"}) {
    if (keyword == std::string_view("$defs") && scope.document->draft < Draft::d2019) continue;
    SLUICE_TRY(const auto* all, read_kind(json, keyword, scope.at, Json::Kind::object));
    if (all == nullptr) continue;
    for (const auto& [name, value] : all->members) {
      SLUICE_RETURN_IF_ERROR(schema(value, scope.below(keyword).below(name)));
    }
  }
  return {};
}

Result<void> Loader::child(const Json& json, std::string_view keyword, const Scope& scope, const Node*& to,
                           bool boolean_allowed) {
  const auto* value = json.find(keyword);
  if (value == nullptr) return {};
  SLUICE_TRY(to, schema(*value, scope.below(keyword), boolean_allowed));
  return {};
}

Result<void> Loader::children(const Json& json, std::string_view keyword, const Scope& scope, std::optional<Nodes>& to) {
  SLUICE_TRY(const auto* all, read_kind(json, keyword, scope.at, Json::Kind::array));
  if (all == nullptr) return {};
  if (all->items.empty()) return wrong(scope.at, keyword, "a schema or more", *all);
  SLUICE_TRY(to, list(*all, scope.below(keyword)));
  return {};
}

Result<Loader::Nodes> Loader::list(const Json& json, const Scope& scope) {
  Nodes nodes;
  for (std::size_t i = 0; i < json.items.size(); ++i) {
    SLUICE_TRY(const auto* node, schema(json.items[i], scope.below(std::to_string(i))));
    nodes.push_back(node);
  }
  return nodes;
}

}  // namespace sluice::json_schema
