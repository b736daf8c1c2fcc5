// sluice serve: the only server verb. Bare, it is a broker with a registry.
#include "cli/serve.h"

#include <iostream>

#include "cli/foreground.h"
#include "io/signals.h"
#include "server/server.h"

namespace sluice::cli {
namespace {

void tell_addresses(const server::ServerStatus& status) {
  std::cerr << "sluice " << status.version << ", pid " << status.pid << ", data in " << status.data << "\n";
  for (const auto& [kind, addresses] : status.listen) {
    for (const auto& address : addresses) {
      std::cerr << "  " << kind << std::string(kind.size() < 10 ? 10 - kind.size() : 1, ' ')
                << (kind == "kafka" ? "" : "http://") << address << "\n";
    }
  }
}

}  // namespace

int serve(const server::ConfigFlags& flags, bool print_config) {
  const auto environment = server::process_environment();
  auto config = server::load_config(flags, environment);
  if (!config.ok()) return tell_error(config.error());
  if (print_config) {
    std::cout << config->printed;
    return 0;
  }
  io::StopSignals signals;
  auto server = server::Server::start(*std::move(config), environment);
  if (!server.ok()) return tell_error(server.error());
  tell_addresses((*server)->status());
  static_cast<void>(run_in_foreground(**server, signals, {}));
  stop_and_tell(**server, signals, true);
  return 0;
}

}  // namespace sluice::cli
