#pragma once
// May values written by one schema be read by another? By the rules of Confluent's registry, so that what its users
// know holds here; docs/schemas-json.md tells them to users, with what they do not look at.
//
// The rules go through both schemas side by side, and look at what the reader asks more than the writer. They hang on
// the content model of an object (of a tuple, likewise):
//   open     any property may be there beside those named: the default
//   closed   "additionalProperties": false
//   partial  what else is there has a schema: "additionalProperties": {…}, "patternProperties"
// A property that the writer does not name may come when the writer's model is closed, for no value has it, or partial
// and its schema covered; one that the reader does not name may go when the reader's model is open, or partial and
// covers it.

#include <string>
#include <vector>

#include "json_schema/schema.h"

namespace sluice::json_schema {

struct Incompatibility {
  std::string type;     // "PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL"
  std::string path;     // "#/properties/a"
  std::string message;  // the reader is "the new schema", the writer "the old schema"
};

struct CompatibilityOptions {
  // Properties that are not required may come and go whatever the content model, and a model may be closed.
  bool lenient = false;
};

// Empty: compatible. At most kIncompatibilitiesMax. Two schemas that would take more than a fixed number of steps are not
// compared to the end: the last entry is TOO_COMPLEX_TO_COMPARE then.
constexpr std::size_t kIncompatibilitiesMax = 1000;
[[nodiscard]] std::vector<Incompatibility> check_compatibility(const Schema& reader, const Schema& writer,
                                                               CompatibilityOptions options = {});

}  // namespace sluice::json_schema
