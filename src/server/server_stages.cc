// Sources and sinks: made out of the configuration, run under the supervisor.
#include <utility>

#include "server/server_parts.h"

namespace sluice::server {

Result<void> Server::Parts::make_sources() { return {}; }

Result<void> Server::Parts::make_sinks() { return {}; }

void Server::Parts::run_stages() {
  supervisor = std::make_unique<pipeline::Supervisor>();
  for (auto& sink : sinks) supervisor->start(*sink.sink, "sink " + sink.config.name);
  stages_run = true;
}

Result<VerifyReport> Server::Parts::verify() {
  const std::lock_guard lock(verify_mutex);
  VerifyRequest request;
  request.log = log.get();
  return server::verify(request);
}

}  // namespace sluice::server
