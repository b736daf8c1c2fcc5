#include "json_schema/compatibility.h"

#include "json_schema/comparison.h"
#include "json_schema/node.h"

namespace sluice::json_schema {
namespace {

// Of adding or removing a property or an item.
std::string content_model_message(std::string_view type, const std::string& at) {
  if (type == "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL") {
    return "The new schema has an unopen content model and has a required property " + at +
           " which is missing in the old schema";
  }
  if (type.ends_with("_ADDED_TO_OPEN_CONTENT_MODEL")) {
    return "The new schema has an open content model and has a property or item " + at +
           " which is missing in the old schema";
  }
  if (type.ends_with("_REMOVED_FROM_CLOSED_CONTENT_MODEL")) {
    return "The new schema has a closed content model and is missing a property or item present " + at +
           " in the old schema";
  }
  if (type.find("_REMOVED_") != std::string_view::npos) {
    return "A property or item is missing in the new schema but present " + at +
           " in the old schema and is not covered by its partially open content model";
  }
  return "The new schema has a property or item " + at +
         " which is missing in the old schema and is not covered by its partially open content model";
}

std::string message_of(std::string_view type, const std::string& path) {
  const auto at = "at path '" + path + "'";
  if (type.ends_with("_CONTENT_MODEL")) return content_model_message(type, at);
  if (type == "SCHEMA_ADDED") return "The new schema has a schema " + at + " which is missing in the old schema";
  if (type.ends_with("_ADDED") || type.ends_with("_REMOVED")) {
    return "The keyword " + at + " in the new schema is not present in the old schema";
  }
  if (type.ends_with("_INCREASED") || type == "MULTIPLE_OF_EXPANDED") {
    return "The value " + at + " in the new schema is more than its value in the old schema";
  }
  if (type.ends_with("_DECREASED")) {
    return "The value " + at + " in the new schema is less than its value in the old schema";
  }
  if (type == "PATTERN_CHANGED" || type == "MULTIPLE_OF_CHANGED" || type == "DEPENDENCY_ARRAY_CHANGED") {
    return "The value " + at + " is different between the new and old schema";
  }
  if (type.ends_with("_CHANGED") || type == "TYPE_NARROWED") {
    return "A type " + at + " is different between the new schema and the old schema";
  }
  const bool fewer = type.ends_with("_NARROWED");
  return "An array or combined type " + at + " has " + (fewer ? "fewer" : "more") +
         " elements in the new schema than the old schema";
}

}  // namespace

std::vector<Incompatibility> check_compatibility(const Schema& reader, const Schema& writer,
                                                 CompatibilityOptions options) {
  auto found = Comparison(options).run(*writer.graph().root, *reader.graph().root);
  for (auto& one : found) {
    if (one.message.empty()) one.message = message_of(one.type, one.path);
  }
  return found;
}

}  // namespace sluice::json_schema
