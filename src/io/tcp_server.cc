// How it works.
//
//   1. Loop 0 accepts; each new connection is handed to the next loop, round robin, and stays there.
//   2. A connection reads one message after the other. Each message gets a Slot in the queue of its connection, in
//      order; the Responder holds the slot. An answer, from any thread, is posted to the loop and put into its slot.
//   3. The writer takes slots from the front of the queue while they are answered: bytes are gathered into one write,
//      a file slice goes by sendfile until the socket is full, then waits until it can be written again.
//   4. Reading pauses while the queue is as long as `max_unanswered`, and goes on when it is shorter.

#include "io/tcp_server.h"

#include <sys/sendfile.h>

#include <atomic>
#include <boost/asio.hpp>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

#include "base/trace.h"

namespace sluice::io {
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

class AsioTimer final : public EventLoop::Timer, public std::enable_shared_from_this<AsioTimer> {
 public:
  struct State {
    explicit State(asio::io_context& context) : timer(context) {}
    asio::steady_timer timer;
    std::atomic<bool> cancelled{false};
  };
  explicit AsioTimer(std::shared_ptr<State> state, asio::io_context& context) : state_(std::move(state)), context_(context) {}
  ~AsioTimer() override { AsioTimer::cancel(); }
  void cancel() override {
    if (!state_->cancelled.exchange(true)) {
      asio::post(context_, [state = state_] { state->timer.cancel(); });
    }
  }

 private:
  std::shared_ptr<State> state_;
  asio::io_context& context_;
};

class AsioLoop final : public EventLoop {
 public:
  AsioLoop() : context(1), guard(asio::make_work_guard(context)) {}

  void post(std::function<void()> run) override { asio::post(context, std::move(run)); }

  std::unique_ptr<Timer> call_after(std::int64_t delay_ms, std::function<void()> run) override {
    auto state = std::make_shared<AsioTimer::State>(context);
    asio::post(context, [state, delay_ms, run = std::move(run)]() mutable {
      if (state->cancelled) return;
      state->timer.expires_after(std::chrono::milliseconds(delay_ms));
      state->timer.async_wait([state, run = std::move(run)](const boost::system::error_code& error) {
        if (!error && !state->cancelled.exchange(true)) run();
      });
    });
    return std::make_unique<AsioTimer>(std::move(state), context);
  }

  asio::io_context context;
  asio::executor_work_guard<asio::io_context::executor_type> guard;
};

class AsioConnection;

}  // namespace

struct Responder::Slot {
  enum class State : std::uint8_t { waiting, answered, nothing, close };
  std::weak_ptr<AsioConnection> connection;
  AsioLoop* loop = nullptr;
  State state = State::waiting;  // on the connection's loop only
  Answer answer;
};

namespace {

using Slot = Responder::Slot;

Address address_of(const tcp::endpoint& endpoint) {
  auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return {address.to_string(), endpoint.port()};
}

struct Shared {
  Shared(TcpServerOptions o, TcpService& s) : options(std::move(o)), service(s) {}

  TcpServerOptions options;
  TcpService& service;
  std::atomic<std::uint64_t> next_id{1};
  std::mutex mutex;
  std::condition_variable changed;
  std::set<std::shared_ptr<AsioConnection>> connections;  // under mutex
};

class AsioConnection final : public Connection, public std::enable_shared_from_this<AsioConnection> {
 public:
  AsioConnection(tcp::socket socket, AsioLoop& loop, Shared& shared)
      : socket_(std::move(socket)), loop_(loop), shared_(shared), id_(shared.next_id++) {
    boost::system::error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
    local_ = address_of(socket_.local_endpoint(ignored));
    peer_ = address_of(socket_.remote_endpoint(ignored));
  }

  EventLoop& loop() override { return loop_; }
  const Address& local() const override { return local_; }
  const Address& peer() const override { return peer_; }
  std::uint64_t id() const override { return id_; }

  void read_next() {
    if (reading_ || stopping_ || closed_ || slots_.size() >= shared_.options.max_unanswered) return;
    reading_ = true;
    asio::async_read(socket_, asio::buffer(prefix_), [self = shared_from_this()](const auto& error, std::size_t) {
      if (error) return self->close();
      self->read_body();
    });
  }

  // Gives a slot its outcome; called on the loop.
  void settle(const std::shared_ptr<Slot>& slot, Slot::State state, Answer answer) {
    slot->state = state;
    slot->answer = std::move(answer);
    write_next();
  }

  void stop_reading() {
    stopping_ = true;
    if (slots_.empty() && !writing_) close();
  }

  void close() {
    if (closed_) return;
    closed_ = true;
    boost::system::error_code ignored;
    socket_.close(ignored);
    slots_.clear();
    const std::lock_guard lock(shared_.mutex);
    shared_.connections.erase(shared_from_this());
    shared_.changed.notify_all();
  }

 private:
  void read_body() {
    const auto size = load_be<std::int32_t>(prefix_);
    if (size < 0 || static_cast<std::size_t>(size) > shared_.options.max_request_bytes) {
      trace::warn("io", peer_.text() + ": a request of " + std::to_string(size) + " bytes is refused (limit " +
                            std::to_string(shared_.options.max_request_bytes) + ")");
      return close();
    }
    request_.resize(static_cast<std::size_t>(size));
    asio::async_read(socket_, asio::buffer(request_), [self = shared_from_this()](const auto& error, std::size_t) {
      if (error) return self->close();
      self->dispatch();
    });
  }

  void dispatch() {
    reading_ = false;
    auto slot = std::make_shared<Slot>();
    slot->connection = weak_from_this();
    slot->loop = &loop_;
    slots_.push_back(slot);
    shared_.service.on_request(shared_from_this(), std::move(request_), Responder(std::move(slot)));
    request_ = Bytes();
    read_next();
  }

  void write_next() {
    if (writing_ || closed_) return;
    while (!slots_.empty() && slots_.front()->state == Slot::State::nothing) slots_.pop_front();
    if (slots_.empty() || slots_.front()->state == Slot::State::waiting) {
      if (stopping_ && slots_.empty()) return close();
      return read_next();
    }
    if (slots_.front()->state == Slot::State::close) return close();
    writing_ = true;
    pieces_ = std::move(slots_.front()->answer);
    slots_.pop_front();
    piece_ = 0;
    write_pieces();
  }

  // Writes from pieces_[piece_] on; when all are out, goes on with the next answer.
  void write_pieces() {
    if (piece_ == pieces_.size()) {
      pieces_.clear();
      writing_ = false;
      return write_next();
    }
    if (std::holds_alternative<FileSlice>(pieces_[piece_])) return write_slice();
    std::vector<asio::const_buffer> buffers;
    for (; piece_ < pieces_.size() && std::holds_alternative<Bytes>(pieces_[piece_]); ++piece_) {
      buffers.emplace_back(asio::buffer(std::get<Bytes>(pieces_[piece_])));
    }
    asio::async_write(socket_, buffers, [self = shared_from_this()](const auto& error, std::size_t) {
      if (error) return self->close();
      self->write_pieces();
    });
  }

  void write_slice() {
    auto& slice = std::get<FileSlice>(pieces_[piece_]);
    if (slice.length == 0) {
      ++piece_;
      return write_pieces();
    }
    if (slice.file->descriptor() < 0) {
      auto bytes = slice.file->read_exactly(slice.offset, static_cast<std::size_t>(slice.length));
      if (!bytes.ok()) return close();
      pieces_[piece_] = std::move(bytes).value();
      return write_pieces();
    }
    // One call a turn, so that a large fetch does not keep the loop from the other connections.
    auto offset = static_cast<off_t>(slice.offset);
    const auto want = std::min<std::uint64_t>(slice.length, std::uint64_t{1} << 20);
    const auto sent = ::sendfile(socket_.native_handle(), slice.file->descriptor(), &offset, want);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return close();
    if (sent == 0) {  // the file is shorter than the slice: it was cut, and the frame's length can no longer be kept
      trace::error("io", slice.file->path() + ": ends before the range that was promised to " + peer_.text());
      return close();
    }
    if (sent > 0) {
      slice.offset += static_cast<std::uint64_t>(sent);
      slice.length -= static_cast<std::uint64_t>(sent);
    }
    socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const auto& error) {
      if (error) return self->close();
      self->write_pieces();
    });
  }

  tcp::socket socket_;
  AsioLoop& loop_;
  Shared& shared_;
  std::uint64_t id_;
  Address local_, peer_;
  char prefix_[4] = {};
  Bytes request_;
  std::deque<std::shared_ptr<Slot>> slots_;
  Answer pieces_;
  std::size_t piece_ = 0;
  bool reading_ = false, writing_ = false, stopping_ = false, closed_ = false;
};

void settle(std::shared_ptr<Slot> slot, Slot::State state, Answer answer) {
  auto& context = slot->loop->context;
  asio::dispatch(context, [slot = std::move(slot), state, answer = std::move(answer)]() mutable {
    if (const auto connection = slot->connection.lock()) connection->settle(slot, state, std::move(answer));
  });
}

Error cannot_listen(const Address& address, const boost::system::error_code& error) {
  Error refused{ErrorCode::rejected, "cannot listen on " + address.text() + ": " + error.message()};
  if (error == asio::error::address_in_use) {
    const auto holder = port_holder(address.port);
    refused.detail = holder.empty() ? "the port is in use" : "the port is held by " + holder;
    refused.hint = "stop that program, or choose another address with --listen";
  }
  return refused;
}

class AsioServer final : public TcpServer {
 public:
  AsioServer(TcpServerOptions options, TcpService& service) : shared_(std::move(options), service) {}
  ~AsioServer() override { AsioServer::stop(0); }

  Result<void> start() {
    auto threads = shared_.options.threads;
    if (threads <= 0) threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    for (int i = 0; i < threads; ++i) loops_.push_back(std::make_unique<AsioLoop>());
    for (const auto& address : shared_.options.listen) SLUICE_RETURN_IF_ERROR(listen(address));
    for (auto& loop : loops_) threads_.emplace_back([&context = loop->context] { context.run(); });
    for (auto& acceptor : acceptors_) accept(*acceptor);
    return {};
  }

  std::vector<Address> addresses() const override { return addresses_; }
  EventLoop& any_loop() override { return *loops_.front(); }

  void stop(std::int64_t drain_ms) override {
    if (stopped_.exchange(true)) return;
    for (auto& acceptor : acceptors_) {
      asio::post(loops_.front()->context, [&acceptor = *acceptor] {
        boost::system::error_code ignored;
        acceptor.close(ignored);
      });
    }
    for_each_connection([](AsioConnection& connection) { connection.stop_reading(); });
    if (drain_ms > 0) {
      std::unique_lock lock(shared_.mutex);
      shared_.changed.wait_for(lock, std::chrono::milliseconds(drain_ms), [&] { return shared_.connections.empty(); });
    }
    for_each_connection([](AsioConnection& connection) { connection.close(); });
    for (auto& loop : loops_) loop->guard.reset();
    for (auto& loop : loops_) asio::post(loop->context, [&context = loop->context] { context.stop(); });
    for (auto& thread : threads_) thread.join();
    const std::lock_guard lock(shared_.mutex);
    shared_.connections.clear();
  }

 private:
  Result<void> listen(const Address& address) {
    boost::system::error_code error;
    const auto ip = asio::ip::make_address(address.host == "localhost" ? "127.0.0.1" : address.host, error);
    if (error) return cannot_listen(address, error);
    auto acceptor = std::make_unique<tcp::acceptor>(loops_.front()->context);
    const tcp::endpoint endpoint(ip, address.port);
    acceptor->open(endpoint.protocol(), error);
    if (!error) acceptor->set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor->bind(endpoint, error);
    if (!error) acceptor->listen(asio::socket_base::max_listen_connections, error);
    if (error) return cannot_listen(address, error);
    addresses_.push_back({address.host, acceptor->local_endpoint().port()});
    acceptors_.push_back(std::move(acceptor));
    return {};
  }

  void accept(tcp::acceptor& acceptor) {
    auto& loop = *loops_[next_loop_++ % loops_.size()];
    acceptor.async_accept(loop.context, [this, &acceptor, &loop](const boost::system::error_code& error, tcp::socket socket) {
      if (stopped_ || !acceptor.is_open()) return;
      if (!error) {
        auto connection = std::make_shared<AsioConnection>(std::move(socket), loop, shared_);
        {
          const std::lock_guard lock(shared_.mutex);
          shared_.connections.insert(connection);
        }
        asio::post(loop.context, [connection] { connection->read_next(); });
      }
      accept(acceptor);
    });
  }

  void for_each_connection(void (*act)(AsioConnection&)) {
    const std::lock_guard lock(shared_.mutex);
    for (const auto& connection : shared_.connections) {
      connection->loop().post([connection, act] { act(*connection); });
    }
  }

  Shared shared_;
  std::vector<std::unique_ptr<AsioLoop>> loops_;
  std::vector<std::unique_ptr<tcp::acceptor>> acceptors_;
  std::vector<Address> addresses_;
  std::vector<std::thread> threads_;
  std::size_t next_loop_ = 0;
  std::atomic<bool> stopped_{false};
};

}  // namespace

Responder::~Responder() {
  if (slot_) settle(std::move(slot_), Slot::State::close, {});
}
void Responder::answer(Answer answer) && { settle(std::move(slot_), Slot::State::answered, std::move(answer)); }
void Responder::nothing() && { settle(std::move(slot_), Slot::State::nothing, {}); }
void Responder::close() && { settle(std::move(slot_), Slot::State::close, {}); }

Result<std::unique_ptr<TcpServer>> TcpServer::start(const TcpServerOptions& options, TcpService& service) {
  auto server = std::make_unique<AsioServer>(options, service);
  SLUICE_RETURN_IF_ERROR(server->start());
  return std::unique_ptr<TcpServer>(std::move(server));
}

}  // namespace sluice::io
