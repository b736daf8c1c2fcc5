#pragma once
// HTTP's Basic authentication (RFC 7617), and the passwords behind it. OpenSSL and libcrypt inside.

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace sluice::io {

struct BasicCredentials {
  std::string user;
  std::string password;
};

// The value of an Authorization header.
[[nodiscard]] std::string basic_authorization(const BasicCredentials& credentials);
// None when it is of another scheme, or malformed.
[[nodiscard]] std::optional<BasicCredentials> parse_basic_authorization(std::string_view header);

// Whether `password` is the one behind a hash of crypt(5), as `openssl passwd -6`, `mkpasswd` and `htpasswd -B` print it.
// Takes milliseconds, on purpose.
[[nodiscard]] bool password_fits(const std::string& password, const std::string& hash);
// Is it such a hash, of a method that is still strong enough: $2 (bcrypt), $5, $6 (SHA-2), $y (yescrypt), $7 (scrypt)?
[[nodiscard]] bool is_password_hash(const std::string& hash);

// Takes the same time wherever the two differ.
[[nodiscard]] bool same_secret(ByteView a, ByteView b);
// From the system's generator; fit for keys.
[[nodiscard]] Bytes random_bytes(std::size_t size);

}  // namespace sluice::io
