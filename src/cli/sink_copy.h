#pragma once
// sluice sink copy: an archive to another place, without a server.

#include "cli/command.h"

namespace sluice::cli {

[[nodiscard]] Command sink_copy_command(const Globals& globals);

}  // namespace sluice::cli
