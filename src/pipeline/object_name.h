#pragma once
// What can be the name of an object in a store: the rule of store.h, for its adapters.

#include <string>

#include "base/result.h"

namespace sluice::pipeline {

// No part is empty or begins with a dot, and no byte is zero. (S3 has a rule of its own, stricter by what XML cannot carry.)
// Errors: rejected.
[[nodiscard]] Result<void> check_object_name(const std::string& name);

}  // namespace sluice::pipeline
