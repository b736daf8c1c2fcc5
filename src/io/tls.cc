#include "io/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

namespace sluice::io {
namespace {

constexpr std::int64_t kWarnBeforeMs = std::int64_t{14} * 24 * 3600 * 1000;

// The last word of OpenSSL's queue, which is the most special one; the queue is empty then.
std::string reason() {
  const auto code = ERR_peek_last_error();
  ERR_clear_error();
  const auto* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  return text == nullptr ? "OpenSSL does not say why" : text;
}

Error refused(const std::string& file, const std::string& why, std::string hint = {}) {
  return {.code = ErrorCode::rejected, .message = file + ": " + why, .hint = std::move(hint)};
}

Result<void> readable(const std::string& file) {
  if (::access(file.c_str(), R_OK) == 0) return {};
  return refused(file, std::string(std::strerror(errno)), "the path is relative to the working directory of the server");
}

// Else OpenSSL would ask on the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

Result<void> use_certificate(SSL_CTX* context, const TlsFiles& files) {
  SLUICE_RETURN_IF_ERROR(readable(files.cert));
  if (SSL_CTX_use_certificate_chain_file(context, files.cert.c_str()) == 1) return {};
  return refused(files.cert, "no certificate can be read from it: " + reason(), "it must hold -----BEGIN CERTIFICATE-----, the server's own first");
}

Result<void> use_key(SSL_CTX* context, const TlsFiles& files) {
  SLUICE_RETURN_IF_ERROR(readable(files.key));
  SSL_CTX_set_default_passwd_cb(context, &no_passphrase);
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) == 1) return {};
  const auto code = ERR_peek_last_error();
  if (ERR_GET_LIB(code) == ERR_LIB_X509 && (ERR_GET_REASON(code) == X509_R_KEY_VALUES_MISMATCH || ERR_GET_REASON(code) == X509_R_KEY_TYPE_MISMATCH)) {
    ERR_clear_error();
    return refused(files.key, "the key does not fit the certificate in " + files.cert, "each certificate has a key of its own");
  }
  return refused(files.key, "no key can be read from it: " + reason(), "it must be PEM, without a passphrase");
}

Result<void> ask_for_certificates(SSL_CTX* context, const std::string& client_ca) {
  SLUICE_RETURN_IF_ERROR(readable(client_ca));
  auto* names = SSL_load_client_CA_file(client_ca.c_str());
  if (names == nullptr || SSL_CTX_load_verify_locations(context, client_ca.c_str(), nullptr) != 1) {
    return refused(client_ca, "no certificate can be read from it: " + reason());
  }
  SSL_CTX_set_client_CA_list(context, names);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return {};
}

Result<std::shared_ptr<SSL_CTX>> make_context(const TlsFiles& files) {
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  if (!context) return Error{ErrorCode::back_off, "TLS: " + reason()};
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Of TLS 1.2: with forward secrecy, and authenticated. TLS 1.3 has no others.
  SSL_CTX_set_cipher_list(context.get(), "ECDHE+AESGCM:ECDHE+CHACHA20");
  constexpr unsigned char kSessions[] = "sluice";  // without a name, OpenSSL resumes no session of a client with a certificate
  SSL_CTX_set_session_id_context(context.get(), kSessions, sizeof kSessions - 1);
  SLUICE_RETURN_IF_ERROR(use_certificate(context.get(), files));
  SLUICE_RETURN_IF_ERROR(use_key(context.get(), files));
  if (!files.client_ca.empty()) SLUICE_RETURN_IF_ERROR(ask_for_certificates(context.get(), files.client_ca));
  return context;
}

std::int64_t ms_of(const ASN1_TIME* time) {
  std::tm parts{};
  return time != nullptr && ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<std::int64_t>(::timegm(&parts)) * 1000 : 0;
}

std::string day_of(std::int64_t ms) {
  const auto seconds = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%F %T UTC", &parts)};
}

}  // namespace

Result<std::shared_ptr<TlsIdentity>> TlsIdentity::load(TlsFiles files) {
  std::shared_ptr<TlsIdentity> identity(new TlsIdentity(std::move(files)));
  SLUICE_RETURN_IF_ERROR(identity->reload());
  return identity;
}

Result<void> TlsIdentity::reload() {
  SLUICE_TRY(auto context, make_context(files_));
  const std::lock_guard lock(mutex_);
  context_ = std::move(context);
  return {};
}

std::string TlsIdentity::warning(std::int64_t now_ms) const {
  const auto held = context();
  const auto* certificate = SSL_CTX_get0_certificate(held.get());
  const auto from = ms_of(X509_get0_notBefore(certificate));
  const auto until = ms_of(X509_get0_notAfter(certificate));
  if (now_ms < from) return files_.cert + ": the certificate is valid only from " + day_of(from);
  if (now_ms > until) return files_.cert + ": the certificate has expired on " + day_of(until) + "; clients will refuse it";
  return until - now_ms < kWarnBeforeMs ? files_.cert + ": the certificate expires on " + day_of(until) : "";
}

std::shared_ptr<ssl_ctx_st> TlsIdentity::context() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

}  // namespace sluice::io
