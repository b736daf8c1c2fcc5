#include "io/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/check.h"

namespace sluice::io {

namespace {
constexpr std::size_t kSha256Bytes = 32;

unsigned char* bytes_of(Bytes& out) { return reinterpret_cast<unsigned char*>(out.data()); }
}  // namespace

Bytes sha256(ByteView bytes) {
  Bytes out(kSha256Bytes, '\0');
  SLUICE_CHECK(EVP_Digest(bytes.data(), bytes.size(), bytes_of(out), nullptr, EVP_sha256(), nullptr) == 1);
  return out;
}

Bytes hmac_sha256(ByteView key, ByteView bytes) {
  Bytes out(kSha256Bytes, '\0');
  SLUICE_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                    reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), bytes_of(out),
                    nullptr) != nullptr);
  return out;
}

}  // namespace sluice::io
