#pragma once
// A server of length-prefixed messages over TCP (int32 big-endian size, then that many bytes), as Kafka's clients speak.
//
//   - One event loop a thread; a connection lives on one loop. A service gets whole requests there and answers now or
//     later, from any thread; answers leave in the order of the requests, whatever the order in which they are given.
//   - Reading stops while a connection has too many unanswered requests, so memory stays bounded by clients times
//     limits. A request over `max_request_bytes` closes the connection.
//   - An answer is a list of bytes and file slices; slices go out by sendfile(2), but through TLS.
//   - With a listener that speaks TLS, SIGPIPE is ignored by the whole process.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "io/file_system.h"
#include "io/tls.h"

namespace sluice::io {

struct Address {
  std::string host;  // as configured, or numeric for a peer
  std::uint16_t port = 0;
  [[nodiscard]] std::string text() const { return host + ":" + std::to_string(port); }
};

// "host:port", "[v6]:port" or ":port" (every interface). Errors: rejected.
[[nodiscard]] Result<Address> parse_address(std::string_view text);

struct Listener {
  Address at;
  std::shared_ptr<const TlsIdentity> tls = {};  // none: plain
};

using Piece = std::variant<Bytes, FileSlice>;
// The bytes of one answer, its own length prefix included.
using Answer = std::vector<Piece>;

// Runs functions on one thread, in order. Thread-safe.
class EventLoop {
 public:
  virtual ~EventLoop() = default;
  virtual void post(std::function<void()> run) = 0;
  // Runs `run` on the loop after `delay_ms`, unless the handle was cancelled or destroyed before.
  class Timer {
   public:
    virtual ~Timer() = default;
    virtual void cancel() = 0;
  };
  [[nodiscard]] virtual std::unique_ptr<Timer> call_after(std::int64_t delay_ms, std::function<void()> run) = 0;
};

// The right to answer one request, once, from any thread. Dropped without an answer it closes the connection.
class Responder {
 public:
  struct Slot;
  explicit Responder(std::shared_ptr<Slot> slot) : slot_(std::move(slot)) {}
  Responder(Responder&&) noexcept = default;
  Responder& operator=(Responder&&) noexcept = default;
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;
  ~Responder();

  void answer(Answer answer) &&;
  void nothing() &&;  // acks=0: the next answer may leave
  void close() &&;    // ends the connection after the answers before this one

 private:
  std::shared_ptr<Slot> slot_;
};

// One client. Methods on its loop only, but for loop(). May be kept after the client has gone; loop() is valid only while
// the server lives.
class Connection {
 public:
  virtual ~Connection() = default;
  [[nodiscard]] virtual EventLoop& loop() = 0;
  [[nodiscard]] virtual const Address& local() const = 0;  // the address that the client connected to
  [[nodiscard]] virtual const Address& peer() const = 0;
  [[nodiscard]] virtual std::size_t listener() const = 0;  // its number in TcpServerOptions::listen
  [[nodiscard]] virtual std::uint64_t id() const = 0;
  // A place for the service's own state of this client (authentication, software name).
  std::shared_ptr<void> session;
};

class TcpService {
 public:
  virtual ~TcpService() = default;
  // On the connection's loop. `request` is the message without its length prefix.
  virtual void on_request(const std::shared_ptr<Connection>& connection, Bytes request, Responder responder) = 0;
};

struct TcpServerOptions {
  std::vector<Listener> listen;
  std::int64_t handshake_ms = 10'000;  // TLS
  int threads = 0;  // 0: one a core
  std::size_t max_request_bytes = std::size_t{100} << 20;
  std::size_t max_unanswered = 64;  // requests a connection
  // Large requests (over 64 KiB) of all connections together: the next waits until others are answered.
  std::size_t max_request_memory = std::size_t{512} << 20;
  std::size_t max_queued_bytes = std::size_t{64} << 20;  // answers that a slow client leaves with us: reading pauses
  int file_threads = 2;  // read file slices that are not in the page cache
};

class TcpServer {
 public:
  // Listens and serves until stop(). Errors: rejected, when an address cannot be used: the message names who holds
  // the port, if that can be found. `service` must outlive the server.
  [[nodiscard]] static Result<std::unique_ptr<TcpServer>> start(const TcpServerOptions& options, TcpService& service);
  virtual ~TcpServer() = default;

  // The addresses that are listened on, in the order of the options, with the ports that were really taken (for port 0).
  [[nodiscard]] virtual std::vector<Address> addresses() const = 0;
  // A loop of the server, for timers and work that belong to no connection.
  [[nodiscard]] virtual EventLoop& any_loop() = 0;
  // Stops listening and reading, waits at most `drain_ms` for answers to leave, closes. Called by the destructor with 0.
  virtual void stop(std::int64_t drain_ms) = 0;
};

// Who listens on a TCP port of this machine, for people: "kafka (pid 812)"; empty when it cannot be found.
[[nodiscard]] std::string port_holder(std::uint16_t port);

}  // namespace sluice::io
