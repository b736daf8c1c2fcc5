#include "pipeline/object_name.h"

namespace sluice::pipeline {

Result<void> check_object_name(const std::string& name) {
  bool part_begins = true;
  for (const char c : name) {
    const bool bad = c == '\0' || (part_begins && (c == '/' || c == '.'));
    part_begins = bad || c == '/';
    if (bad) break;
  }
  if (!part_begins) return {};
  return Error{.code = ErrorCode::rejected, .message = "\"" + name + "\" cannot be the name of an object in a store"};
}

}  // namespace sluice::pipeline
