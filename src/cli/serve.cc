// sluice serve: the only server verb. Bare, it is a broker with a registry.
#include "cli/serve.h"

#include <iostream>

#include "base/trace.h"
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
                << (kind == "kafka" || address.find("://") != std::string::npos ? "" : "http://") << address << "\n";
    }
  }
}

std::string list_of(const std::vector<std::string>& names, const std::string& what) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? what + " " : ", ") + name;
  return out.empty() ? "" : "; " + out;
}

// SIGHUP: what may change of the configuration, as it is now. What is wrong is told, and changes nothing.
void reload(server::Server& server, const server::ConfigFlags& flags, const server::Environment& environment) {
  const auto reloaded = server::load_config(flags, environment).and_then([&server](server::Config config) {
    return server.reload(std::move(config));
  });
  if (!reloaded.ok()) return trace::error("serve", "the configuration is not taken: " + reloaded.error().text());
  trace::info("serve", "the configuration was read again" + list_of(reloaded->started, "sinks that are new:") +
                           list_of(reloaded->changed, "sinks that were changed:") + list_of(reloaded->removed, "sinks that are gone:"));
  if (reloaded->unfinished.empty()) return;
  trace::error("serve", "did not drain within 10 s, and end when they have" + list_of(reloaded->unfinished, "sinks:") +
                            "; send SIGHUP again to go on with these");
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
  io::StopSignals signals(/*hangup=*/true);
  auto server = server::Server::start(*std::move(config), environment);
  if (!server.ok()) return tell_error(server.error());
  tell_addresses((*server)->status());
  ForegroundOptions options;
  options.on_hangup = [&] { reload(**server, flags, environment); };
  static_cast<void>(run_in_foreground(**server, signals, options));
  stop_and_tell(**server, signals, true);
  return 0;
}

}  // namespace sluice::cli
