// One thread runs the sockets (loop), a pool runs the handlers. A connection is a chain: read a request -> handler on
// the pool -> back on the loop, write -> read the next. So a connection has one request at a time, which is what keep-alive
// clients without pipelining do; pipelined requests wait in the socket. A file is sent by turns: the pool reads a piece, the
// loop writes it.

#include "io/http_server.h"

#include <atomic>
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "base/trace.h"
#include "io/listen.h"

namespace sluice::io {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

namespace {

constexpr std::uint64_t kPieceBytes = std::uint64_t{256} << 10;

class HttpConnection;

struct HttpShared {
  HttpShared(HttpServerOptions o, HttpHandler h)
      : options(std::move(o)), handler(std::move(h)), pool(static_cast<std::size_t>(std::max(1, options.threads))) {}

  HttpServerOptions options;
  HttpHandler handler;
  asio::io_context loop{1};
  asio::thread_pool pool;
  std::atomic<bool> stopping{false};
  std::mutex mutex;
  std::condition_variable changed;
  std::set<std::shared_ptr<HttpConnection>> connections;  // under mutex
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
  HttpConnection(tcp::socket socket, HttpShared& shared) : stream_(std::move(socket)), shared_(shared) {
    boost::system::error_code ignored;
    stream_.socket().set_option(tcp::no_delay(true), ignored);
  }

  void read() {
    if (shared_.stopping) return close();
    parser_.emplace();
    parser_->body_limit(shared_.options.max_body_bytes);
    parser_->header_limit(64 << 10);
    reading_ = true;
    stream_.expires_after(std::chrono::milliseconds(shared_.options.idle_ms));
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](const beast::error_code& error, std::size_t) {
      self->reading_ = false;
      self->on_read(error);
    });
  }

  void stop_reading() {
    if (reading_) close();
  }

  void close() {
    if (std::exchange(closed_, true)) return;
    boost::system::error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    stream_.close();
    const std::lock_guard lock(shared_.mutex);
    shared_.connections.erase(shared_from_this());
    shared_.changed.notify_all();
  }

 private:
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
    boost::system::error_code unknown;
    const auto peer = stream_.socket().remote_endpoint(unknown);
    asio::post(shared_.pool, [self = shared_from_this(), request = request_of(parser_->release()), peer]() mutable {
      request.peer = peer.address().to_string();
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
    stream_.expires_after(std::chrono::milliseconds(shared_.options.idle_ms));
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
    stream_.expires_after(std::chrono::milliseconds(shared_.options.idle_ms));
    asio::async_write(stream_, asio::buffer(piece_), on_written());
  }

  std::function<void(const beast::error_code&, std::size_t)> on_written() {
    return [self = shared_from_this()](const beast::error_code& error, std::size_t) {
      if (!error && self->file_ && self->file_->length > 0) return self->write_file();
      self->file_.reset();
      self->piece_ = Bytes();
      if (error || !self->keep_alive_) return self->close();
      self->read();
    };
  }

  beast::tcp_stream stream_;
  HttpShared& shared_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<http::response<http::string_body>> message_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  std::optional<FileSlice> file_;  // what is left to send of it
  Bytes piece_;
  bool keep_alive_ = false, head_ = false, reading_ = false, closed_ = false;
  unsigned version_ = 11;
};

class BeastServer final : public HttpServer {
 public:
  BeastServer(HttpServerOptions options, HttpHandler handler) : shared_(std::move(options), std::move(handler)) {}
  ~BeastServer() override { BeastServer::stop(0); }

  Result<void> start() {
    for (const auto& address : shared_.options.listen) {
      SLUICE_TRY(const int descriptor, listen_on(address));
      boost::system::error_code error;
      auto acceptor = std::make_unique<tcp::acceptor>(shared_.loop);
      acceptor->assign(listens_v6(descriptor) ? tcp::v6() : tcp::v4(), descriptor, error);
      addresses_.push_back({address.host, acceptor->local_endpoint(error).port()});
      acceptors_.push_back(std::move(acceptor));
    }
    for (auto& acceptor : acceptors_) accept(*acceptor);
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
  void accept(tcp::acceptor& acceptor) {
    acceptor.async_accept(shared_.loop, [this, &acceptor](const boost::system::error_code& error, tcp::socket socket) {
      if (shared_.stopping || error == asio::error::operation_aborted) return;
      if (error) {  // out of descriptors, say: trying again at once would only burn the core
        auto timer = std::make_shared<asio::steady_timer>(shared_.loop, std::chrono::milliseconds(100));
        timer->async_wait([this, &acceptor, timer](const boost::system::error_code&) {
          if (!shared_.stopping) accept(acceptor);
        });
        return;
      }
      auto connection = std::make_shared<HttpConnection>(std::move(socket), shared_);
      bool full = false;
      {
        const std::lock_guard lock(shared_.mutex);
        full = shared_.connections.size() >= shared_.options.max_connections;
        if (!full) shared_.connections.insert(connection);
      }
      if (!full) connection->read();
      accept(acceptor);
    });
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
