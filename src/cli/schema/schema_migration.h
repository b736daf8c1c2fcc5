#pragma once
// schema check --ddl: what a migration will do to the topics of captured tables, before it is run.

#include <string>

#include "base/result.h"
#include "cli/command.h"

namespace sluice::cli {

// Gives the exit status: 1 when a table would be parked, or when a statement is not understood. `source` empty: the only
// one there is.
[[nodiscard]] Result<int> check_migration(const Globals& globals, const std::string& source, const std::string& file);

}  // namespace sluice::cli
