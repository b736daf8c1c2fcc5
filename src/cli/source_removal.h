#pragma once
// Taking a source out of its database, from outside of any server.

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command.h"

namespace sluice::cli {

// Removes slot and publications of source `name`; `from` is its URL, or empty: then the file of -c has it. Gives what was
// removed; nothing when nothing was there. Errors: rejected (a server reads the slot; no right to), back_off, not_found
// (no such source in the file).
[[nodiscard]] Result<std::vector<std::string>> remove_source(const Globals& globals, const std::string& name, const std::string& from);

}  // namespace sluice::cli
