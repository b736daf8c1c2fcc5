#pragma once
// `views` out of the tree; private to config_*.cc.

#include <vector>

#include "base/result.h"
#include "server/config/config.h"
#include "server/config/document.h"

namespace sluice::server {

// Reads the files that the entries name, and checks their statements' form. Errors: with file, line and column.
[[nodiscard]] Result<std::vector<ViewFile>> read_views(const Value& root);

}  // namespace sluice::server
