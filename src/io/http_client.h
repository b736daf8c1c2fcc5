#pragma once
// A small blocking HTTP client, for the command line and the tests. A connection a call; plain http only in this version.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/http.h"
#include "io/tcp_server.h"

namespace sluice::io {

// Where a service is: "http://127.0.0.1:8081/prefix"; without a scheme "127.0.0.1:8081" is meant as http.
struct HttpUrl {
  Address address;
  std::string prefix;  // "" or "/prefix", without a slash at its end
  [[nodiscard]] std::string text() const { return "http://" + address.text() + prefix; }
};

// Errors: rejected (no URL), unsupported (https: not in this version).
[[nodiscard]] Result<HttpUrl> parse_http_url(std::string_view text, std::uint16_t default_port = 80);

struct HttpClientOptions {
  std::int64_t connect_timeout_ms = 5'000;
  std::int64_t timeout_ms = 30'000;  // for the whole answer, after the connection
  std::size_t max_body_bytes = std::size_t{64} << 20;
};

class HttpClient {
 public:
  explicit HttpClient(HttpUrl url, HttpClientOptions options = {}) : url_(std::move(url)), options_(options) {}

  [[nodiscard]] const HttpUrl& url() const { return url_; }

  // Sends `request` (target below the URL's prefix) and gives the answer, whatever its status. Errors: back_off, when
  // the server cannot be reached, ends the connection or is silent for too long; corrupt, when it does not speak HTTP
  // or says too much.
  [[nodiscard]] Result<HttpResponse> send(const HttpRequest& request) const;
  [[nodiscard]] Result<HttpResponse> get(const std::string& target) const;
  [[nodiscard]] Result<HttpResponse> post(const std::string& target, std::string body,
                                          const std::string& content_type = "application/json") const;

 private:
  HttpUrl url_;
  HttpClientOptions options_;
};

}  // namespace sluice::io
