#pragma once
// A new folder below TMPDIR.

#include <string>

#include "base/result.h"

namespace sluice::server {

// Errors: back_off, when none can be made.
[[nodiscard]] Result<std::string> make_temporary_folder(const std::string& prefix);

}  // namespace sluice::server
