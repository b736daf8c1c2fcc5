#pragma once
// What our own command line and tests ask other Sluices by: a WebClient that knows where its service is, and who asks.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/http.h"
#include "io/tcp_server.h"

namespace sluice::io {

// Where a service is: "https://user:password@registry:8081/prefix"; without a scheme "127.0.0.1:8081" is meant as http.
struct HttpUrl {
  Address address;
  std::string prefix = {};    // "" or "/prefix", without a slash at its end
  bool tls = false;
  std::string user = {};      // decoded; sent as Basic authentication
  std::string password = {};
  // Without user and password: it may be shown.
  [[nodiscard]] std::string text() const { return (tls ? "https://" : "http://") + address.text() + prefix; }
};

// Errors: rejected (no URL); no message shows a password.
[[nodiscard]] Result<HttpUrl> parse_http_url(std::string_view text);

struct HttpClientOptions {
  std::int64_t connect_timeout_ms = 5'000;
  std::int64_t timeout_ms = 30'000;  // no byte moved for so long
  std::size_t max_body_bytes = std::size_t{64} << 20;
  std::string ca_file = {};    // PEM; else the system's authorities
  std::string cert_file = {};  // PEM, for servers that ask for a certificate, with its key
  std::string key_file = {};
};

class HttpClient {
 public:
  explicit HttpClient(HttpUrl url, HttpClientOptions options = {}) : url_(std::move(url)), options_(std::move(options)) {}

  [[nodiscard]] const HttpUrl& url() const { return url_; }

  // Sends `request` (target below the URL's prefix) and gives the answer, whatever its status. Errors: back_off, when
  // the server cannot be reached, ends the connection or is silent for too long; corrupt, when it does not speak HTTP
  // or says too much; rejected, when its certificate is not to be trusted.
  [[nodiscard]] Result<HttpResponse> send(const HttpRequest& request) const;
  [[nodiscard]] Result<HttpResponse> get(const std::string& target) const;
  [[nodiscard]] Result<HttpResponse> post(const std::string& target, std::string body,
                                          const std::string& content_type = "application/json") const;

 private:
  HttpUrl url_;
  HttpClientOptions options_;
};

}  // namespace sluice::io
