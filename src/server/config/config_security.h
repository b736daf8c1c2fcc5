#pragma once
// Listeners and who may use them, out of the tree; private to config_*.cc.

#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/config/config.h"
#include "server/config/document.h"

namespace sluice::server {

// A listener's addresses: "host:port", {at: "host:port", tls: NAME, auth: basic}, or a list of them.
[[nodiscard]] Result<std::vector<ListenConfig>> listeners_at(const Value& listen, std::string_view kind);

// security and registry.rights; and that the listeners, which config has already, name what is there.
[[nodiscard]] Result<void> read_security(const Value& root, Config& config);

}  // namespace sluice::server
