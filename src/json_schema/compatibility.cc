#include "json_schema/compatibility.h"

#include "json_schema/comparison.h"
#include "json_schema/node.h"

namespace sluice::json_schema {
namespace {

// "The new schema" is the reader here, and "the old schema" the writer: who asks the other way round exchanges the words.
// Of a property or an item that only one of them describes.
std::string content_model_message(std::string_view type, const std::string& path) {
  if (type == "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL") {
    return "the new schema requires '" + path + "', which values of the old schema need not have";
  }
  if (type.ends_with("_ADDED_TO_OPEN_CONTENT_MODEL")) {
    return "the new schema describes '" + path + "'; the content model of the old schema is open, its values may have anything there";
  }
  if (type.ends_with("_REMOVED_FROM_CLOSED_CONTENT_MODEL")) {
    return "the old schema describes '" + path + "'; the content model of the new schema is closed, and takes nothing there";
  }
  if (type.find("_REMOVED_") != std::string_view::npos) {
    return "the old schema describes '" + path + "', and what it allows there is not all additional content of the new schema";
  }
  return "the new schema describes '" + path + "', and additional content of the old schema need not be like that";
}

std::string message_of(std::string_view type, const std::string& path) {
  const auto at = "at '" + path + "' the new schema ";
  if (type.ends_with("_CONTENT_MODEL")) return content_model_message(type, path);
  if (type == "SCHEMA_ADDED") return at + "has a schema where the old schema takes anything";
  if (type.ends_with("_ADDED") || type.ends_with("_REMOVED")) return at + "restricts what the old schema leaves free";
  if (type.ends_with("_INCREASED") || type == "MULTIPLE_OF_EXPANDED") return at + "has a greater value than the old schema";
  if (type.ends_with("_DECREASED")) return at + "has a smaller value than the old schema";
  if (type == "PATTERN_CHANGED" || type == "MULTIPLE_OF_CHANGED" || type == "DEPENDENCY_ARRAY_CHANGED") return at + "has another value than the old schema";
  if (type.ends_with("_CHANGED") || type == "TYPE_NARROWED") return at + "takes other types, or fewer, than the old schema";
  return at + "lists " + (type.ends_with("_NARROWED") ? "fewer" : "more") + " alternatives than the old schema";
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
