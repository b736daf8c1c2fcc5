#pragma once
// What a TLS listener shows its clients, and what it asks of them. OpenSSL inside; TLS 1.2 and later.

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"

struct ssl_ctx_st;

namespace sluice::io {

struct TlsFiles {
  std::string cert = {};       // PEM: the server's certificate, then those between it and its authority
  std::string key = {};        // PEM, without a passphrase
  std::string client_ca = {};  // PEM; if given, a client must show a certificate of one of these authorities

  bool operator==(const TlsFiles&) const = default;
};

// Shared by the listeners that use it. Thread-safe.
class TlsIdentity {
 public:
  // Errors: rejected, naming the file and what is wrong with it (missing, no PEM, a key that does not fit).
  [[nodiscard]] static Result<std::shared_ptr<TlsIdentity>> load(TlsFiles files);

  // Reads the files again, for handshakes that begin from now on; connections that stand are not touched. An error
  // changes nothing.
  [[nodiscard]] Result<void> reload();
  // What a person should know of the certificate at this time: that it has expired, will within two weeks, or is not
  // valid yet. Empty: nothing.
  [[nodiscard]] std::string warning(std::int64_t now_ms) const;
  // For servers of this module: OpenSSL's context as of now.
  [[nodiscard]] std::shared_ptr<ssl_ctx_st> context() const;

 private:
  explicit TlsIdentity(TlsFiles files) : files_(std::move(files)) {}

  const TlsFiles files_;
  mutable std::mutex mutex_;
  std::shared_ptr<ssl_ctx_st> context_;  // guarded by mutex_
};

}  // namespace sluice::io
