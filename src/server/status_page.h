#pragma once
// The page at `/` of the admin listener: read-only, self-contained, asks /status every second.

#include <string_view>

namespace sluice::server {

[[nodiscard]] std::string_view status_page();

}  // namespace sluice::server
