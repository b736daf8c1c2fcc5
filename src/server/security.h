#pragma once
// What a configuration says of certificates, users and rights, loaded.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/tls.h"
#include "server/config/config.h"
#include "server/guard.h"

namespace sluice::server {

using Identities = std::map<std::string, std::shared_ptr<io::TlsIdentity>>;  // by the names of security.tls

// Errors: rejected, with the key in the configuration and the file.
[[nodiscard]] Result<Identities> load_identities(const Config& config);
// Errors: those of Users::load().
[[nodiscard]] Result<std::shared_ptr<const AccessRules>> load_access_rules(const Config& config, const Environment& environment);

// What is allowed, and yet likely wrong: a certificate that has expired, passwords that cross a network in the clear, rights
// that hold on no listener. One sentence each.
[[nodiscard]] std::vector<std::string> security_warnings(const Config& config, const Identities& identities, std::int64_t now_ms);

}  // namespace sluice::server
