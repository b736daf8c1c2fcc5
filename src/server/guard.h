#pragma once
// Handlers that first ask who a client is and what it may do. A guard stands around another handler and knows of it
// nothing but its REST interface; listeners without `auth` pass through it as if it were not there.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/http.h"
#include "server/registry_rights.h"
#include "server/users.h"

namespace sluice::server {

// Who there is and what they may, as of now: a reload gives another.
struct AccessRules {
  std::shared_ptr<const Users> users;
  RegistryRights registry;
};

struct GuardOptions {
  std::vector<bool> asks = {};  // by the number of the listener
  std::function<std::shared_ptr<const AccessRules>()> rules = {};
};

// The registry's: 401 and 403 in its own form, rights by subject, lists cut to what may be read.
[[nodiscard]] io::HttpHandler guard_registry(GuardOptions options, io::HttpHandler inner);
// The admin listener's: every user may look, super users may change. /healthz is for everybody.
[[nodiscard]] io::HttpHandler guard_admin(GuardOptions options, io::HttpHandler inner);

// Collecting: every user may send; what else is needed, the rules of `collect` say.
[[nodiscard]] io::HttpHandler guard_collect(GuardOptions options, io::HttpHandler inner);

}  // namespace sluice::server
