#include "io/http_auth.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/base64.h"
#include "base/check.h"

namespace sluice::io {
namespace {

unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// The hash of `password` by the method, cost and salt that `hash` begins with; empty when there is no such method.
std::string crypted(const std::string& password, const std::string& hash) {
  const auto room = std::make_unique<crypt_data>();  // 32 KiB
  const char* made = ::crypt_r(password.c_str(), hash.c_str(), room.get());
  return made == nullptr || made[0] == '*' ? "" : made;
}

}  // namespace

std::string basic_authorization(const BasicCredentials& credentials) {
  return "Basic " + to_base64(credentials.user + ":" + credentials.password);
}

std::optional<BasicCredentials> parse_basic_authorization(std::string_view header) {
  constexpr std::string_view kScheme = "basic ";
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
  if (header.size() < kScheme.size() || !std::ranges::equal(header.substr(0, kScheme.size()), kScheme, same)) return std::nullopt;
  header.remove_prefix(std::min(header.find_first_not_of(' ', kScheme.size()), header.size()));
  constexpr std::size_t kLongest = 64 << 10;
  if (header.size() > kLongest) return std::nullopt;
  const auto plain = from_base64(header);
  const auto colon = plain ? plain->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  return BasicCredentials{plain->substr(0, colon), plain->substr(colon + 1)};
}

bool password_fits(const std::string& password, const std::string& hash) {
  const auto made = crypted(password, hash);
  return !made.empty() && same_secret(made, hash);
}

bool is_password_hash(const std::string& hash) {
  constexpr auto kMethods = std::to_array<std::string_view>({"$2a$", "$2b$", "$2y$", "$5$", "$6$", "$y$", "$7$"});
  const bool known = std::ranges::any_of(kMethods, [&](auto method) { return hash.starts_with(method); });
  return known && crypted("", hash).size() == hash.size();
}

bool same_secret(ByteView a, ByteView b) { return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

Bytes random_bytes(std::size_t size) {
  Bytes out(size, '\0');
  SLUICE_CHECK(RAND_bytes(bytes_of(out), static_cast<int>(size)) == 1);
  return out;
}

}  // namespace sluice::io
