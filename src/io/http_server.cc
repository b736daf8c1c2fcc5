// One thread runs the sockets (loop), a pool runs the handlers. A connection is a chain: read a request -> handler on
// the pool -> back on the loop, write -> read the next. So a connection has one request at a time, which is what keep-alive
// clients without pipelining do; pipelined requests wait in the socket. A file is sent by turns: the pool reads a piece, the
// loop writes it.

#include "io/http_server.h"

#include <atomic>
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "base/trace.h"
#include "io/listen.h"
#include "io/request_memory.h"

namespace sluice::io {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

namespace {

constexpr std::uint64_t kPieceBytes = std::uint64_t{256} << 10;
constexpr std::size_t kSmallBody = std::size_t{64} << 10;
constexpr std::chrono::seconds kGoodbye{1};  // for a client to answer that TLS ends

class HttpConnection;

struct HttpShared {
  HttpShared(HttpServerOptions o, HttpHandler h)
      : options(std::move(o)), handler(std::move(h)), memory(std::make_shared<RequestMemory>(options.max_body_memory)), pool(static_cast<std::size_t>(std::max(1, options.threads))) {}

  HttpServerOptions options;
  HttpHandler handler;
  std::shared_ptr<RequestMemory> memory;  // of bodies
  asio::io_context loop{1};
  asio::thread_pool pool;
  std::atomic<bool> stopping{false};
  std::mutex mutex;
  std::condition_variable changed;
  std::set<std::shared_ptr<HttpConnection>> connections;  // under mutex
  std::deque<std::weak_ptr<HttpConnection>> handshakes;   // the oldest first, some ended; on the loop
};

// A connection's bytes, through TLS or as they are: what Beast calls a stream.
class Stream {
 public:
  using executor_type = beast::tcp_stream::executor_type;

  Stream(tcp::socket socket, const TlsIdentity* tls) : socket_(std::move(socket)) {
    if (tls == nullptr) return;
    const auto held = tls->context();
    SSL_CTX_up_ref(held.get());
    asio::ssl::context context(held.get());
    tls_.emplace(socket_, context);
  }

  executor_type get_executor() noexcept { return socket_.get_executor(); }
  beast::tcp_stream& socket() { return socket_; }
  beast::ssl_stream<beast::tcp_stream&>* tls() { return tls_ ? &*tls_ : nullptr; }

  // The operations of Beast that read and write are large types. Behind one type of handler they are compiled once, not for
  // TLS and for plain sockets each.
  using Done = std::function<void(const beast::error_code&, std::size_t)>;

  template <typename Buffers, typename Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    auto done = erased(std::forward<Handler>(handler));
    tls_ ? tls_->async_read_some(buffers, std::move(done)) : socket_.async_read_some(buffers, std::move(done));
  }
  template <typename Buffers, typename Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    auto done = erased(std::forward<Handler>(handler));
    tls_ ? tls_->async_write_some(buffers, std::move(done)) : socket_.async_write_some(buffers, std::move(done));
  }

 private:
  template <typename Handler>
  static Done erased(Handler&& handler) {
    auto held = std::make_shared<std::decay_t<Handler>>(std::forward<Handler>(handler));
    return [held = std::move(held)](const beast::error_code& error, std::size_t count) { (*held)(error, count); };
  }

  beast::tcp_stream socket_;
  std::optional<beast::ssl_stream<beast::tcp_stream&>> tls_;
};

HttpRequest request_of(http::request<http::string_body>&& message) {
  HttpRequest request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  for (const auto& field : message) request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  request.body = std::move(message.body());
  return request;
}

// A handler must not throw; if it does, the server lives on.
HttpResponse answer_of(const HttpShared& shared, const HttpRequest& request) {
  try {
    return shared.handler(request);
  } catch (const std::exception& error) {
    trace::error("io", shared.options.name + ": " + request.method + " " + request.target + ": " + error.what());
    return {500, "text/plain", "internal error\n", {}};
  }
}

class HttpConnection final : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(tcp::socket socket, HttpShared& shared, std::size_t listener)
      : stream_(std::move(socket), shared.options.listen[listener].tls.get()), shared_(shared), listener_(listener) {
    boost::system::error_code ignored;
    stream_.socket().socket().set_option(tcp::no_delay(true), ignored);
  }

  void begin() {
    if (stream_.tls() == nullptr) return read();
    remember_handshake();
    reading_ = greeting_ = true;
    expire_after(shared_.options.handshake_ms);
    stream_.tls()->async_handshake(asio::ssl::stream_base::server, [self = shared_from_this()](const beast::error_code& error) {
      self->reading_ = self->greeting_ = false;
      if (!error) return self->read();
      trace::debug("io", self->shared_.options.name + ": no TLS with " + self->peer() + ": " + error.message());
      self->close();
    });
  }
  [[nodiscard]] bool greeting() const { return greeting_; }

  void read() {
    if (shared_.stopping) return close();
    parser_.emplace();
    parser_->body_limit(shared_.options.max_body_bytes);
    parser_->header_limit(64 << 10);
    reading_ = true;
    expire_after(shared_.options.idle_ms);
    http::async_read_header(stream_, buffer_, *parser_, [self = shared_from_this()](const beast::error_code& error, std::size_t) {
      self->reading_ = false;
      error ? self->on_read(error) : self->on_header();
    });
  }

  void stop_reading() {
    if (reading_) close();
  }

  void close() {
    if (std::exchange(closed_, true)) return;
    boost::system::error_code ignored;
    stream_.socket().socket().shutdown(tcp::socket::shutdown_send, ignored);
    stream_.socket().close();
    const std::lock_guard lock(shared_.mutex);
    shared_.connections.erase(shared_from_this());
    shared_.changed.notify_all();
  }

 private:
  void on_header() {
    const auto length = parser_->content_length();
    const auto body = length ? static_cast<std::size_t>(*length) : parser_->chunked() ? shared_.options.max_body_bytes : 0;
    if (body > kSmallBody && !shared_.memory->take(body, {})) {
      return refuse({503, "text/plain", "there are too many large requests at once\n", {{"Retry-After", "1"}}});
    }
    if (body > kSmallBody) reservation_ = Reservation(shared_.memory, body);
    if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) return let_go_on();
    read_body();
  }

  // A client with a large body asks first whether it is wanted.
  void let_go_on() {
    go_on_.emplace(http::status::continue_, parser_->get().version());
    http::async_write(stream_, *go_on_, [self = shared_from_this()](const beast::error_code& error, std::size_t) {
      error ? self->close() : self->read_body();
    });
  }

  void read_body() {
    reading_ = true;
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](const beast::error_code& error, std::size_t) {
      self->reading_ = false;
      self->on_read(error);
    });
  }

  void on_read(const beast::error_code& error) {
    if (error == http::error::body_limit) {
      return refuse({413, "text/plain", "the body is larger than " + std::to_string(shared_.options.max_body_bytes) + " bytes\n", {}});
    }
    if (error == http::error::end_of_stream || error == beast::error::timeout || closed_) return close();
    if (error) {
      return error.category() == http::make_error_code(http::error::bad_target).category()
                 ? refuse({400, "text/plain", "this is no HTTP request: " + error.message() + "\n", {}})
                 : close();
    }
    keep_alive_ = parser_->get().keep_alive();
    version_ = parser_->get().version();
    head_ = parser_->get().method() == http::verb::head;
    asio::post(shared_.pool, [self = shared_from_this(), request = request_of(parser_->release()), peer = peer()]() mutable {
      request.peer = peer;
      request.listener = self->listener_;
      if (self->head_) request.method = "GET";
      auto answer = answer_of(self->shared_, request);
      asio::post(self->shared_.loop, [self, answer = std::move(answer)]() mutable { self->write(std::move(answer)); });
    });
  }

  void refuse(HttpResponse answer) {
    keep_alive_ = false;
    version_ = 11;
    head_ = false;
    write(std::move(answer));
  }

  void write(HttpResponse answer) {
    reservation_.release();
    if (closed_) return;
    keep_alive_ = keep_alive_ && !shared_.stopping;
    message_.emplace(static_cast<http::status>(answer.status), version_);
    message_->set(http::field::server, "sluice");
    if (!answer.content_type.empty()) message_->set(http::field::content_type, answer.content_type);
    for (const auto& [name, value] : answer.headers) message_->insert(name, value);
    message_->keep_alive(keep_alive_);
    const bool has_no_body = answer.status == 304 || answer.status == 204;
    if (!has_no_body) message_->content_length(answer.file ? answer.file->length : answer.body.size());
    file_ = head_ || has_no_body ? std::nullopt : std::move(answer.file);
    const bool header_alone = head_ || has_no_body || file_.has_value();
    if (!header_alone) message_->body() = std::move(answer.body);
    expire_after(shared_.options.idle_ms);
    serializer_.emplace(*message_);
    serializer_->split(header_alone);
    if (header_alone) {
      http::async_write_header(stream_, *serializer_, on_written());
    } else {
      http::async_write(stream_, *serializer_, on_written());
    }
  }

  // Writes the next piece of the file; on_written() comes back here until there is none.
  void write_file() {
    asio::post(shared_.pool, [self = shared_from_this(), slice = *file_] {
      auto piece = slice.file->read_exactly(slice.offset, static_cast<std::size_t>(std::min(slice.length, kPieceBytes)));
      asio::post(self->shared_.loop, [self, piece = std::move(piece)]() mutable { self->write_piece(std::move(piece)); });
    });
  }

  void write_piece(Result<Bytes> piece) {
    if (closed_) return;
    if (!piece.ok()) {  // the length that was promised cannot be kept
      trace::error("io", shared_.options.name + ": " + piece.error().text());
      return close();
    }
    piece_ = *std::move(piece);
    file_->offset += piece_.size();
    file_->length -= piece_.size();
    expire_after(shared_.options.idle_ms);
    asio::async_write(stream_, asio::buffer(piece_), on_written());
  }

  std::function<void(const beast::error_code&, std::size_t)> on_written() {
    return [self = shared_from_this()](const beast::error_code& error, std::size_t) {
      if (!error && self->file_ && self->file_->length > 0) return self->write_file();
      self->file_.reset();
      self->piece_ = Bytes();
      if (error) return self->close();
      self->keep_alive_ ? self->read() : self->end();
    };
  }

  // After the last answer: TLS says goodbye, so that the client knows that nothing was cut off.
  void end() {
    if (stream_.tls() == nullptr || closed_) return close();
    stream_.socket().expires_after(kGoodbye);
    stream_.tls()->async_shutdown([self = shared_from_this()](const beast::error_code&) { self->close(); });
  }

  void remember_handshake() {
    auto& handshakes = shared_.handshakes;
    const auto ended = [](const auto& connection) { return !connection || !connection->greeting_; };
    while (!handshakes.empty() && ended(handshakes.front().lock())) handshakes.pop_front();
    handshakes.push_back(weak_from_this());
  }

  void expire_after(std::int64_t ms) { stream_.socket().expires_after(std::chrono::milliseconds(ms)); }

  std::string peer() {
    boost::system::error_code unknown;
    return stream_.socket().socket().remote_endpoint(unknown).address().to_string();
  }

  Stream stream_;
  HttpShared& shared_;
  const std::size_t listener_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  Reservation reservation_;  // for the body at hand
  std::optional<http::response<http::empty_body>> go_on_;
  std::optional<http::response<http::string_body>> message_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  std::optional<FileSlice> file_;  // what is left to send of it
  Bytes piece_;
  bool keep_alive_ = false, head_ = false, reading_ = false, greeting_ = false, closed_ = false;
  unsigned version_ = 11;
};

class BeastServer final : public HttpServer {
 public:
  BeastServer(HttpServerOptions options, HttpHandler handler) : shared_(std::move(options), std::move(handler)) {}
  ~BeastServer() override { BeastServer::stop(0); }

  Result<void> start() {
    for (const auto& [address, tls] : shared_.options.listen) {
      SLUICE_TRY(const int descriptor, listen_on(address));
      boost::system::error_code error;
      auto acceptor = std::make_unique<tcp::acceptor>(shared_.loop);
      acceptor->assign(listens_v6(descriptor) ? tcp::v6() : tcp::v4(), descriptor, error);
      addresses_.push_back({address.host, acceptor->local_endpoint(error).port()});
      acceptors_.push_back(std::move(acceptor));
    }
    for (std::size_t i = 0; i < acceptors_.size(); ++i) accept(i);
    guard_.emplace(asio::make_work_guard(shared_.loop));
    thread_ = std::thread([this] { shared_.loop.run(); });
    return {};
  }

  std::vector<Address> addresses() const override { return addresses_; }

  void stop(std::int64_t drain_ms) override {
    if (shared_.stopping.exchange(true)) return;
    asio::post(shared_.loop, [this] { acceptors_.clear(); });
    for_each_connection([](HttpConnection& connection) { connection.stop_reading(); });
    if (drain_ms > 0) {
      std::unique_lock lock(shared_.mutex);
      shared_.changed.wait_for(lock, std::chrono::milliseconds(drain_ms), [&] { return shared_.connections.empty(); });
    }
    shared_.pool.join();
    for_each_connection([](HttpConnection& connection) { connection.close(); });
    guard_.reset();
    asio::post(shared_.loop, [this] { shared_.loop.stop(); });
    if (thread_.joinable()) thread_.join();
    acceptors_.clear();
    std::unique_lock lock(shared_.mutex);
    const auto left = std::exchange(shared_.connections, {});
    lock.unlock();
    for (const auto& connection : left) connection->close();
  }

 private:
  void accept(std::size_t listener) {
    acceptors_[listener]->async_accept(shared_.loop, [this, listener](const boost::system::error_code& error, tcp::socket socket) {
      if (shared_.stopping || error == asio::error::operation_aborted) return;
      if (error) return accept_later(listener);
      auto connection = std::make_shared<HttpConnection>(std::move(socket), shared_, listener);
      if (enter(connection) || (make_room() && enter(connection))) connection->begin();
      accept(listener);
    });
  }

  // Out of descriptors, say: trying again at once would only burn the core.
  void accept_later(std::size_t listener) {
    auto timer = std::make_shared<asio::steady_timer>(shared_.loop, std::chrono::milliseconds(100));
    timer->async_wait([this, listener, timer](const boost::system::error_code&) {
      if (!shared_.stopping) accept(listener);
    });
  }

  bool enter(const std::shared_ptr<HttpConnection>& connection) {
    const std::lock_guard lock(shared_.mutex);
    const bool full = shared_.connections.size() >= shared_.options.max_connections;
    if (!full) shared_.connections.insert(connection);
    return !full;
  }

  // Ends the oldest handshake, if there is one.
  bool make_room() {
    auto& handshakes = shared_.handshakes;
    while (!handshakes.empty()) {
      const auto oldest = handshakes.front().lock();
      handshakes.pop_front();
      if (!oldest || !oldest->greeting()) continue;
      oldest->close();
      return true;
    }
    return false;
  }

  void for_each_connection(void (*act)(HttpConnection&)) {
    const std::lock_guard lock(shared_.mutex);
    for (const auto& connection : shared_.connections) {
      asio::post(shared_.loop, [connection, act] { act(*connection); });
    }
  }

  HttpShared shared_;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> guard_;
  std::vector<std::unique_ptr<tcp::acceptor>> acceptors_;  // once the loop runs: on it
  std::vector<Address> addresses_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpServerOptions& options, HttpHandler handler) {
  auto server = std::make_unique<BeastServer>(options, std::move(handler));
  SLUICE_RETURN_IF_ERROR(server->start());
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace sluice::io
