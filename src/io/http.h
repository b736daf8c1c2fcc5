#pragma once
// HTTP as values: what a REST handler gets and gives. The server is http_server.h, the client http_client.h.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/file_system.h"

namespace sluice::io {

struct HttpRequest {
  std::string method;      // "GET"
  std::string target;      // raw, as sent: "/subjects/a%2Fb/versions?deleted=true"
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string peer = {};   // the client's address, without port
  std::size_t listener = 0;  // by which of the server's listeners it came

  // The value of a header, by name in any case.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
  // The target before '?', cut at '/', each piece percent-decoded: {"subjects", "a/b", "versions"}.
  [[nodiscard]] std::vector<std::string> path() const;
  // A query parameter, percent-decoded; "" when it is there without a value.
  [[nodiscard]] std::optional<std::string> query(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<FileSlice> file = {};  // in place of `body`: sent in pieces, and open until it is sent
};

// Called on an event loop's thread pool; must not block for long. Must not throw.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

[[nodiscard]] std::string percent_decode(std::string_view text);
[[nodiscard]] std::string percent_encode(std::string_view text);  // everything but unreserved characters

}  // namespace sluice::io
