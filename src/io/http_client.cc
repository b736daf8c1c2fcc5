#include "io/http_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/beast/http.hpp>
#include <chrono>
#include <cstring>
#include <optional>

#include "io/listen.h"

namespace sluice::io {
namespace http = boost::beast::http;

namespace {

using SteadyClock = std::chrono::steady_clock;

class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket() { ::close(descriptor_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_;
};

std::string bytes_of(const HttpUrl& url, const HttpRequest& request) {
  std::string out = request.method + " " + url.prefix + request.target + " HTTP/1.1\r\nHost: " + url.address.text() +
                    "\r\nUser-Agent: sluice\r\nConnection: close\r\nAccept: */*\r\n";
  for (const auto& [name, value] : request.headers) out.append(name).append(": ").append(value).append("\r\n");
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    out += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  }
  return out + "\r\n" + request.body;
}

Result<void> send_all(int socket, ByteView bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return Error{ErrorCode::back_off, std::string("the request could not be sent: ") + std::strerror(errno)};
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

// Bytes that came, 0 at the end. The deadline is for the whole answer: a server that drips is silent, too.
Result<std::size_t> receive(int socket, char* to, std::size_t size, SteadyClock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
  pollfd waiting{socket, POLLIN, 0};
  if (left <= 0 || ::poll(&waiting, 1, static_cast<int>(left)) == 0) {
    return Error{ErrorCode::back_off, "the server did not answer in time"};
  }
  const auto got = ::recv(socket, to, size, 0);
  if (got < 0) return Error{ErrorCode::back_off, std::string("the connection broke: ") + std::strerror(errno)};
  return static_cast<std::size_t>(got);
}

Error not_http(const boost::system::error_code& error) {
  return {ErrorCode::corrupt, "the answer is no HTTP, or too large: " + error.message()};
}

Result<HttpResponse> read_answer(int socket, bool head, const HttpClientOptions& options) {
  const auto deadline = SteadyClock::now() + std::chrono::milliseconds(options.timeout_ms);
  http::response_parser<http::string_body> parser;
  parser.body_limit(options.max_body_bytes);
  parser.eager(true);
  parser.skip(head);
  std::string buffer;
  std::size_t used = 0;
  while (!parser.is_done()) {
    buffer.erase(0, std::exchange(used, 0));
    const auto have = buffer.size();
    buffer.resize(have + (std::size_t{64} << 10));
    SLUICE_TRY(const auto got, receive(socket, buffer.data() + have, buffer.size() - have, deadline));
    buffer.resize(have + got);
    boost::system::error_code error;
    if (got == 0) {
      parser.put_eof(error);
      if (error || !parser.is_done()) return Error{ErrorCode::back_off, "the server ended the connection before its answer was whole"};
      break;
    }
    used = parser.put(boost::asio::buffer(buffer), error);
    if (error && error != http::error::need_more) return not_http(error);
  }
  auto message = parser.release();
  HttpResponse answer;
  answer.status = static_cast<int>(message.result_int());
  answer.content_type = std::string(message[http::field::content_type]);
  for (const auto& field : message) answer.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  answer.body = std::move(message.body());
  return answer;
}

}  // namespace

Result<HttpUrl> parse_http_url(std::string_view text, std::uint16_t default_port) {
  const auto whole = std::string(text);
  if (text.starts_with("https://")) {
    return Error{ErrorCode::unsupported, "'" + whole + "': https is not in this version", "", "use http, or a tunnel"};
  }
  if (text.starts_with("http://")) text.remove_prefix(7);
  const auto slash = std::min(text.find('/'), text.size());
  auto host = std::string(text.substr(0, slash));
  const auto colon = host.rfind(':');
  const auto bracket = host.rfind(']');  // of "[::1]": colons before it are the address's
  if (colon == std::string::npos || (bracket != std::string::npos && colon < bracket)) host += ":" + std::to_string(default_port);
  auto address = parse_address(host);
  if (!address.ok() || text.substr(0, slash).empty()) {
    return Error{ErrorCode::rejected, "'" + whole + "' is not a URL", "", "write http://HOST:PORT"};
  }
  HttpUrl url{std::move(address).value(), std::string(text.substr(slash))};
  while (url.prefix.ends_with('/')) url.prefix.pop_back();
  return url;
}

Result<HttpResponse> HttpClient::send(const HttpRequest& request) const {
  auto connected = connect_to(url_.address, options_.connect_timeout_ms);
  if (!connected.ok()) return std::move(connected).error();
  const Socket socket(*connected);
  set_socket_timeout(socket.get(), options_.timeout_ms);
  auto sent = send_all(socket.get(), bytes_of(url_, request));
  // A server that refuses a large body answers and closes while we still send: its answer says why.
  auto answer = read_answer(socket.get(), request.method == "HEAD", options_);
  if (answer.ok()) return answer;
  return (sent.ok() ? std::move(answer).error() : std::move(sent).error()).in(request.method + " " + url_.text() + request.target);
}

Result<HttpResponse> HttpClient::get(const std::string& target) const { return send({"GET", target, {}, {}}); }

Result<HttpResponse> HttpClient::post(const std::string& target, std::string body, const std::string& content_type) const {
  return send({"POST", target, {{"Content-Type", content_type}}, std::move(body)});
}

}  // namespace sluice::io
