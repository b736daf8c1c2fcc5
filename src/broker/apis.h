#pragma once
// The APIs that are served, by key: the dispatch table, the answer to ApiVersions, and docs/protocol.md.

#include <span>

#include "broker/handler.h"

namespace sluice::broker {

[[nodiscard]] std::span<const Api* const> served_apis();
// Null for an API that is not served.
[[nodiscard]] const Api* find_api(kafka::ApiKey key);

}  // namespace sluice::broker
