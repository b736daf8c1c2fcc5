#include <algorithm>

#include "json_schema/comparison.h"

namespace sluice::json_schema {
namespace {

bool is_nothing(const Node* node) { return node != nullptr && node->truth == false; }

// What may be there beside what is named: `said` when that is given, else `unevaluated`. Null: anything.
const Node* rest(const Node* said, const Node* unevaluated) {
  const auto* node = said != nullptr ? said : unevaluated;
  return node != nullptr && node->takes_anything() ? nullptr : node;
}

bool is_open(const ObjectRules& rules) {
  return rules.patterns.empty() && rest(rules.additional, rules.unevaluated) == nullptr;
}
bool is_open(const ArrayRules& rules) { return rest(rules.additional, rules.unevaluated) == nullptr; }

// The schema that a partial model has for a property that it does not name; null when it has none.
const Node* covering(const ObjectRules& rules, const std::string& name) {
  for (const auto& pattern : rules.patterns) {
    if (pattern.regex.found_in(name)) return pattern.schema;
  }
  const auto* node = rest(rules.additional, rules.unevaluated);
  return is_nothing(node) ? nullptr : node;
}
const Node* covering(const ArrayRules& rules) {
  const auto* node = rest(rules.additional, rules.unevaluated);
  return is_nothing(node) ? nullptr : node;
}

bool has_default(const Node& node) {
  return node.has_default || (node.reference != nullptr && node.reference->has_default);
}

}  // namespace

void Comparison::compare_objects(const ObjectRules& writer, const ObjectRules& reader) {
  for (const auto& [name, schema] : writer.properties) {
    const auto* now = reader.property(name);
    if (now == nullptr || writer.requires_property(name) || !reader.requires_property(name) || has_default(*now)) {
      continue;
    }
    const Path path(*this, "required");
    differ_at(name, "REQUIRED_ATTRIBUTE_ADDED");
  }
  compare_properties(writer, reader);
  compare_dependencies(writer, reader);
  compare_rest("additionalProperties", "ADDITIONAL_PROPERTIES", writer.additional, reader.additional, options_.lenient);
  compare_rest("unevaluatedProperties", "UNEVALUATED_PROPERTIES", writer.unevaluated, reader.unevaluated,
               options_.lenient);
  compare_limit("maxProperties", "MAX_PROPERTIES", writer.max_properties, reader.max_properties, true);
  compare_limit("minProperties", "MIN_PROPERTIES", writer.min_properties, reader.min_properties, false);
}

void Comparison::compare_properties(const ObjectRules& writer, const ObjectRules& reader) {
  const Path properties(*this, "properties");
  for (const auto& [name, schema] : writer.properties) {
    const Path path(*this, name);
    if (const auto* now = reader.property(name)) {
      compare(*schema, *now);
    } else {
      removed_property(name, *schema, writer, reader);
    }
  }
  for (const auto& [name, schema] : reader.properties) {
    const Path path(*this, name);
    if (writer.property(name) == nullptr) added_property(name, *schema, writer, reader);
  }
}

void Comparison::removed_property(const std::string& name, const Node& schema, const ObjectRules& writer,
                                  const ObjectRules& reader) {
  if (is_open(reader)) return;
  if (const auto* cover = covering(reader, name)) {
    if (!compare(schema, *cover) && !options_.lenient) {
      differ("PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL");
    }
    return;
  }
  if (is_nothing(&schema) || (options_.lenient && !writer.requires_property(name))) return;
  differ("PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL");
}

void Comparison::added_property(const std::string& name, const Node& schema, const ObjectRules& writer,
                                const ObjectRules& reader) {
  const bool needed = reader.requires_property(name) && !has_default(schema);
  if (is_open(writer)) {
    if (shapes_.of(schema).kind == Shape::Kind::anything || (options_.lenient && !needed)) return;
    return differ("PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL");
  }
  if (const auto* cover = covering(writer, name); cover != nullptr && !compare(*cover, schema) && !options_.lenient) {
    differ("PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL");
  }
  if (needed) differ("REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL");
}

void Comparison::compare_dependencies(const ObjectRules& writer, const ObjectRules& reader) {
  const Path path(*this, "dependencies");
  const auto named = [](const auto& list, const std::string& name) {
    return std::find_if(list.begin(), list.end(), [&](const auto& one) { return one.first == name; });
  };
  for (const auto& [name, now] : reader.dependent_required) {
    const auto then = named(writer.dependent_required, name);
    if (then == writer.dependent_required.end()) {
      differ_at(name, "DEPENDENCY_ARRAY_ADDED");
      continue;
    }
    const std::set<std::string> w(then->second.begin(), then->second.end()), r(now.begin(), now.end());
    if (std::includes(w.begin(), w.end(), r.begin(), r.end())) continue;
    differ_at(name, std::includes(r.begin(), r.end(), w.begin(), w.end()) ? "DEPENDENCY_ARRAY_EXTENDED"
                                                                          : "DEPENDENCY_ARRAY_CHANGED");
  }
  for (const auto& [name, now] : reader.dependent_schemas) {
    const auto then = named(writer.dependent_schemas, name);
    if (then == writer.dependent_schemas.end()) {
      differ_at(name, "DEPENDENCY_SCHEMA_ADDED");
      continue;
    }
    const Path below(*this, name);
    compare(*then->second, *now);
  }
}

void Comparison::compare_rest(const std::string& keyword, const std::string& word, const Node* writer,
                              const Node* reader, bool lenient) {
  const Path path(*this, keyword);
  if (is_nothing(reader) && !is_nothing(writer)) {
    if (!lenient) differ(word + "_REMOVED");
    return;
  }
  const auto* w = rest(writer, nullptr);
  const auto* r = rest(reader, nullptr);
  if (r == nullptr || is_nothing(w)) return;
  if (w != nullptr) {
    compare(*w, *r);
  } else if (!lenient) {
    differ(word + "_NARROWED");
  }
}

void Comparison::compare_arrays(const ArrayRules& writer, const ArrayRules& reader) {
  {
    const Path path(*this, "items");
    compare_optional(writer.items, reader.items);
  }
  compare_tuples(writer, reader);
  compare_rest("additionalItems", "ADDITIONAL_ITEMS", writer.additional, reader.additional, false);
  compare_rest("unevaluatedItems", "UNEVALUATED_ITEMS", writer.unevaluated, reader.unevaluated, false);
  compare_limit("maxItems", "MAX_ITEMS", writer.max_items, reader.max_items, true);
  compare_limit("minItems", "MIN_ITEMS", writer.min_items, reader.min_items, false);
  if (reader.unique && !writer.unique) differ_at("uniqueItems", "UNIQUE_ITEMS_ADDED");
  compare_limit("maxContains", "MAX_CONTAINS", writer.max_contains, reader.max_contains, true);
  compare_limit("minContains", "MIN_CONTAINS", writer.min_contains, reader.min_contains, false);
}

void Comparison::compare_tuples(const ArrayRules& writer, const ArrayRules& reader) {
  for (std::size_t i = 0; i < std::max(writer.prefix.size(), reader.prefix.size()); ++i) {
    const Path items(*this, "items"), item(*this, std::to_string(i));
    if (i >= reader.prefix.size()) {
      removed_item(*writer.prefix[i], reader);
    } else if (i >= writer.prefix.size()) {
      added_item(*reader.prefix[i], writer);
    } else {
      compare(*writer.prefix[i], *reader.prefix[i]);
    }
  }
}

void Comparison::removed_item(const Node& schema, const ArrayRules& reader) {
  if (is_open(reader)) return;
  if (const auto* cover = covering(reader)) {
    if (!compare(schema, *cover)) differ("ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL");
  } else if (!is_nothing(&schema)) {
    differ("ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL");
  }
}

void Comparison::added_item(const Node& schema, const ArrayRules& writer) {
  if (is_open(writer)) {
    if (shapes_.of(schema).kind != Shape::Kind::anything) differ("ITEM_ADDED_TO_OPEN_CONTENT_MODEL");
    return;
  }
  const auto* cover = covering(writer);
  if (cover != nullptr && !compare(*cover, schema)) differ("ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL");
}

}  // namespace sluice::json_schema
