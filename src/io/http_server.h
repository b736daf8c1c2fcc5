#pragma once
// A small HTTP/1.1 server: whole requests in, whole answers out, keep-alive, body limit, clean stop. An answer may be a
// slice of a file: it is sent in pieces of 256 KiB, whatever its size, read by the pool.
//
// Sockets live on one event loop; handlers run on a pool of `threads`, so that a handler may wait for a sync round or a
// network call without holding up other clients (at most `threads` at a time; the rest wait their turn in the loop).
// HEAD is answered by the handler of GET, without the body. What a handler throws becomes a 500.
//
// Listeners may speak TLS. A handshake has a time-out of its own, and when all connections are taken, the oldest handshake
// makes room: clients that only connect cannot keep others out.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/http.h"
#include "io/tcp_server.h"

namespace sluice::io {

struct HttpServerOptions {
  std::string name = "http";  // for traces and errors: "registry"
  std::vector<Listener> listen;
  int threads = 4;
  std::size_t max_body_bytes = std::size_t{16} << 20;  // more is answered with 413
  // Bodies over 64 KiB (or of a length that is not told) of all connections together; more are answered with 503 and
  // Retry-After, so that slow clients cannot fill the memory.
  std::size_t max_body_memory = std::size_t{256} << 20;
  std::int64_t idle_ms = 60'000;                       // a connection that is silent for so long is closed
  std::int64_t handshake_ms = 10'000;                  // TLS
  std::size_t max_connections = 1024;                  // more are closed at once
};

class HttpServer {
 public:
  // Listens and serves until stop(). Errors: rejected, as TcpServer::start(). The handler, and what it refers to, must
  // live until stop() has returned.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> start(const HttpServerOptions& options, HttpHandler handler);
  virtual ~HttpServer() = default;

  // The addresses that are listened on, in the order of the options, with the ports that were really taken (for port 0).
  [[nodiscard]] virtual std::vector<Address> addresses() const = 0;
  // Stops listening and reading, waits at most `drain_ms` for answers to leave, closes. Handlers that already run are
  // waited for, whatever `drain_ms`. Called by the destructor with 0.
  virtual void stop(std::int64_t drain_ms) = 0;
};

}  // namespace sluice::io
