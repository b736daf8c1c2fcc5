#pragma once
// The registry's REST face: Confluent's paths, bodies, media types and codes.

#include "io/http.h"
#include "registry/registry.h"

namespace sluice::registry {

// Answers one request; thread-safe, as the registry is. Unknown paths get the error shape, too.
[[nodiscard]] io::HttpResponse handle(Registry& registry, const std::string& cluster_id, const io::HttpRequest& request);

}  // namespace sluice::registry
