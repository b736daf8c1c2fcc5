#include "server/security.h"

#include <algorithm>

namespace sluice::server {
namespace {

bool is_local(const ListenConfig& listener) { return listener.at.host.starts_with("127.") || listener.at.host == "::1"; }

void warn_of(const std::string& kind, const std::vector<ListenConfig>& listeners, std::vector<std::string>& out) {
  for (const auto& listener : listeners) {
    if (listener.basic && listener.tls.empty() && !is_local(listener)) {
      out.push_back("listener " + kind + " " + listener.at.text() + ": passwords cross the network in the clear; give it a certificate (tls: NAME)");
    }
  }
}

}  // namespace

Result<Identities> load_identities(const Config& config) {
  Identities identities;
  for (const auto& [name, files] : config.tls) {
    auto loaded = io::TlsIdentity::load(files);
    if (!loaded.ok()) return std::move(loaded).error().in("security.tls." + name);
    identities[name] = *std::move(loaded);
  }
  return identities;
}

Result<std::shared_ptr<const AccessRules>> load_access_rules(const Config& config, const Environment& environment) {
  SLUICE_TRY(auto users, Users::load(config, environment));
  return std::make_shared<const AccessRules>(AccessRules{std::move(users), RegistryRights(config)});
}

std::vector<std::string> security_warnings(const Config& config, const Identities& identities, std::int64_t now_ms) {
  std::vector<std::string> warnings;
  for (const auto& [name, identity] : identities) {
    if (auto warning = identity->warning(now_ms); !warning.empty()) warnings.push_back("security.tls." + name + ": " + warning);
  }
  warn_of("registry", config.registry, warnings);
  warn_of("admin", config.admin, warnings);
  warn_of("collect", config.collector, warnings);
  for (const auto& listener : config.registry) {
    if (!config.has_rights || listener.basic) continue;
    warnings.push_back("listener registry " + listener.at.text() + ": registry.rights do not hold there, because it does not ask who one is (auth: basic)");
  }
  return warnings;
}

}  // namespace sluice::server
