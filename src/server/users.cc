#include "server/users.h"

#include "io/digest.h"
#include "io/http_auth.h"

namespace sluice::server {
namespace {

constexpr std::size_t kKeyBytes = 32;
// What the password of a user who does not exist is compared with; nothing fits it.
const std::string kNobody = "$6$nobodyhasthissalt$";

}  // namespace

Users::Users() : key_(io::random_bytes(kKeyBytes)) {}

Result<std::shared_ptr<const Users>> Users::load(const Config& config, const Environment& environment) {
  std::shared_ptr<Users> users(new Users());
  users->super_users_.insert(config.super_users.begin(), config.super_users.end());
  for (const auto& user : config.users) {
    if (!user.password_hash.empty()) {
      users->hashes_[user.name] = user.password_hash;
      continue;
    }
    auto password = read_secret(user.password, environment);
    if (!password.ok()) return std::move(password).error().in("security.users." + user.name);
    if (password->empty()) return Error{ErrorCode::rejected, "security.users." + user.name + ": the password is empty"};
    users->proofs_[user.name] = users->sealed(*password);
  }
  return std::shared_ptr<const Users>(std::move(users));
}

std::optional<std::string> Users::prove(std::string_view authorization) const {
  const auto given = io::parse_basic_authorization(authorization);
  if (!given) return std::nullopt;
  const auto sealed_password = sealed(given->password);
  if (const auto proof = proof_of(given->user); proof && io::same_secret(*proof, sealed_password)) return given->user;
  const auto hash = hashes_.find(given->user);
  if (!io::password_fits(given->password, hash == hashes_.end() ? kNobody : hash->second)) return std::nullopt;
  const std::lock_guard lock(mutex_);
  proofs_[given->user] = sealed_password;
  return given->user;
}

Bytes Users::sealed(std::string_view password) const { return io::hmac_sha256(key_, password); }

std::optional<Bytes> Users::proof_of(const std::string& user) const {
  const std::lock_guard lock(mutex_);
  const auto found = proofs_.find(user);
  return found == proofs_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace sluice::server
