#pragma once
// What the admin listener's /status says, as values again.

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command.h"
#include "server/admin.h"

namespace sluice::cli {

// Errors: back_off (not reachable), corrupt.
[[nodiscard]] Result<server::ServerStatus> read_status(const Globals& globals, std::string* raw = nullptr);
[[nodiscard]] Result<server::ServerStatus> parse_status(const std::string& text);

[[nodiscard]] std::string stage_text(const pipeline::StageStatus& stage);
// The status for people; of one stage, or (empty name) of all. Errors: not_found.
[[nodiscard]] Result<std::string> status_text(const server::ServerStatus& status, const std::string& name);

}  // namespace sluice::cli
