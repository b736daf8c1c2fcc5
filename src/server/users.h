#pragma once
// Who a client of a listener with `auth: basic` is.

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "server/config/config.h"

namespace sluice::server {

// The users of one configuration. Thread-safe. Holds no password: those that are configured as they are, and those that
// once fitted their hash, are kept as an HMAC under a key of this process, which is what makes requests after the first cheap.
class Users {
 public:
  // Errors: not_found (a secret that cannot be read), rejected (an empty one).
  [[nodiscard]] static Result<std::shared_ptr<const Users>> load(const Config& config, const Environment& environment);

  // The user that an Authorization header proves, if it does. Takes as long for users that do not exist.
  [[nodiscard]] std::optional<std::string> prove(std::string_view authorization) const;
  [[nodiscard]] bool is_super(const std::string& user) const { return super_users_.contains(user); }

 private:
  Users();
  [[nodiscard]] Bytes sealed(std::string_view password) const;
  [[nodiscard]] std::optional<Bytes> proof_of(const std::string& user) const;

  Bytes key_;
  std::map<std::string, std::string> hashes_;
  std::set<std::string> super_users_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, Bytes> proofs_;  // guarded by mutex_: a user's password, sealed
};

}  // namespace sluice::server
