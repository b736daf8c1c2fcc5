#pragma once
// `collect` out of the tree; private to config_*.cc.

#include <vector>

#include "base/result.h"
#include "collect/rule.h"
#include "server/config/document.h"

namespace sluice::server {

// The rules; their write keys still as references.
[[nodiscard]] Result<std::vector<collect::Rule>> read_collect(const Value& root);

}  // namespace sluice::server
