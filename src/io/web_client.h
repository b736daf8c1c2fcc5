#pragma once
// An HTTP(S) client for other people's services: object stores, HDFS, registries. Connections are kept and reused, TLS is
// verified, bodies can be streamed. libcurl inside; http_client.h is its face for our own command line.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace sluice::io {

struct WebRequest {
  std::string method;  // "GET"
  std::string url;     // complete, percent-encoded
  std::vector<std::pair<std::string, std::string>> headers = {};
  ByteView body = {};  // PUT and POST send it with its length, empty or not
};

struct WebAnswer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  Bytes body;
  [[nodiscard]] std::optional<std::string_view> header(std::string_view lower_case_name) const;
};

struct WebClientOptions {
  std::int64_t connect_timeout_ms = 5'000;
  std::int64_t idle_timeout_ms = 30'000;      // no byte moved in either direction for so long
  std::size_t max_body_bytes = std::size_t{256} << 20;  // of an answer
  std::string ca_file = {};                   // else the system's authorities
  std::string cert_file = {};                 // PEM: our own certificate, for servers that ask for one, and its key
  std::string key_file = {};
};

// A request whose body is written piece by piece (chunked, or with a length that is known). Of one thread. Dropped before
// finish(), it cuts the connection, so that the server sees an unfinished request.
class WebUpload {
 public:
  virtual ~WebUpload() = default;
  // Returns when the bytes are handed over. Errors: back_off; rejected, when the server has answered already (its answer
  // stands in the detail, and finish() gives it).
  [[nodiscard]] virtual Result<void> write(ByteView bytes) = 0;
  // Ends the body and waits for the answer. Errors as send(). Called once.
  [[nodiscard]] virtual Result<WebAnswer> finish() = 0;
};

class WebClient {
 public:
  [[nodiscard]] static Result<std::unique_ptr<WebClient>> create(WebClientOptions options);
  virtual ~WebClient() = default;

  // Sends and gives the answer, whatever its status; redirects are not followed. Any number of threads at a time. A kept
  // connection that the server ends before a byte of the answer is tried once more on a new one: a request may arrive
  // twice. Messages hold no query and no password of a URL.
  // Errors: back_off: refused, cut, silent too long; nobody knows whether the server did it. `detail` says "refused" when
  // the connection was never made, so that nothing was done. corrupt: no HTTP, or a body over the limit. rejected: a
  // certificate that does not verify, a URL that is none.
  [[nodiscard]] virtual Result<WebAnswer> send(const WebRequest& request) = 0;
  // Begins a request with a streamed body; `request.body` is ignored. `length`: sent as Content-Length.
  [[nodiscard]] virtual Result<std::unique_ptr<WebUpload>> upload(const WebRequest& request,
                                                                  std::optional<std::uint64_t> length) = 0;
};

}  // namespace sluice::io
