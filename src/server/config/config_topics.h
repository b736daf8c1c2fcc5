#pragma once
// The section `topics` of a configuration; private to config_*.cc.

#include <vector>

#include "base/result.h"
#include "server/config/config.h"
#include "server/config/document.h"

namespace sluice::server {

// Reads the schema files and parses them. Errors: rejected, with the place in the configuration.
[[nodiscard]] Result<std::vector<TopicConfig>> read_topics(const Value& root);

}  // namespace sluice::server
