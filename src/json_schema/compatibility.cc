#include "json_schema/compatibility.h"

#include "json_schema/comparison.h"
#include "json_schema/node.h"

namespace sluice::json_schema {
namespace {

// Of a property or an item that came or went.
std::string content_model_message(std::string_view type, const std::string& path) {
  if (type == "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL") {
    return "'" + path + "' is required now; what was written before need not have it";
  }
  if (type.ends_with("_ADDED_TO_OPEN_CONTENT_MODEL")) {
    return "'" + path + "' is described now; what was written before may hold anything there, because the content model is open";
  }
  if (type.ends_with("_REMOVED_FROM_CLOSED_CONTENT_MODEL")) {
    return "'" + path + "' is not described any more, and the closed content model takes nothing that is not";
  }
  if (type.find("_REMOVED_") != std::string_view::npos) {
    return "'" + path + "' is not described any more, and additional content need not be like it";
  }
  return "'" + path + "' is described now; additional content that was written before need not be like it";
}

std::string message_of(std::string_view type, const std::string& path) {
  if (type.ends_with("_CONTENT_MODEL")) return content_model_message(type, path);
  if (type == "SCHEMA_ADDED") return "'" + path + "' takes less than before: it had no schema of its own";
  if (type.ends_with("_ADDED") || type.ends_with("_REMOVED")) return "'" + path + "' restricts what was free before";
  if (type.ends_with("_INCREASED") || type == "MULTIPLE_OF_EXPANDED") return "'" + path + "' is greater than it was";
  if (type.ends_with("_DECREASED")) return "'" + path + "' is smaller than it was";
  if (type == "PATTERN_CHANGED" || type == "MULTIPLE_OF_CHANGED" || type == "DEPENDENCY_ARRAY_CHANGED") {
    return "'" + path + "' is another than it was";
  }
  if (type.ends_with("_CHANGED") || type == "TYPE_NARROWED") return "'" + path + "' is of another type, or of fewer types, than it was";
  return "'" + path + "' lists " + (type.ends_with("_NARROWED") ? "fewer" : "more") + " than it did";
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
