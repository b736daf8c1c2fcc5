// How it works.
//
//   1. Loop 0 accepts; each new connection is handed to the next loop, round robin, and stays there.
//   2. When a socket is readable, one recv takes what is there into a buffer that the loop's connections share; whole
//      messages are cut out of it. A message that is larger gets a buffer of its own, with its memory reserved first,
//      and later recvs go into it directly.
//   3. Each message gets a Slot in the queue of its connection, in order; the Responder holds the slot. An answer,
//      from any thread, is brought to the loop and put into its slot.
//   4. The writer takes slots from the front of the queue while they are answered: bytes of many answers leave in one
//      sendmsg, a file slice by sendfile until the socket is full. What of a slice is not in the page cache is read by
//      a file thread first, so that a consumer of old data never holds up the loop. Through TLS slices become bytes.
//   5. Reading pauses while the queue is as long as `max_unanswered`, while a slow client leaves `max_queued_bytes` with
//      us, and while a large request waits for memory; a turn of a connection moves at most 1 MiB.

#include "io/tcp_server.h"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <atomic>
#include <boost/asio.hpp>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "base/trace.h"
#include "io/channel.h"
#include "io/listen.h"
#include "io/page_cache.h"
#include "io/request_memory.h"

namespace sluice::io {
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::size_t kReadBytes = std::size_t{64} << 10;    // of the loop's shared buffer; larger requests reserve memory
constexpr std::size_t kTurnBytes = std::size_t{1} << 20;     // then the loop's other connections have their turn
constexpr std::size_t kSliceBytes = std::size_t{256} << 10;  // of a file in one sendfile

class AsioLoop final : public EventLoop, public std::enable_shared_from_this<AsioLoop> {
 public:
  AsioLoop() : context(1), guard(asio::make_work_guard(context)), scratch(kReadBytes, '\0') {}

  void post(std::function<void()> run) override { asio::post(context, std::move(run)); }
  std::unique_ptr<Timer> call_after(std::int64_t delay_ms, std::function<void()> run) override;

  asio::io_context context;
  asio::executor_work_guard<asio::io_context::executor_type> guard;
  Bytes scratch;  // on the loop only
};

// The loop is held weakly: a handle may outlive the server.
class AsioTimer final : public EventLoop::Timer {
 public:
  struct State {
    explicit State(asio::io_context& context) : timer(context) {}
    asio::steady_timer timer;
    std::atomic<bool> done{false};
  };
  AsioTimer(const std::shared_ptr<State>& state, std::weak_ptr<AsioLoop> loop) : state_(state), loop_(std::move(loop)) {}
  ~AsioTimer() override { AsioTimer::cancel(); }
  void cancel() override {
    const auto loop = loop_.lock();
    const auto state = state_.lock();
    if (loop && state && !state->done.exchange(true)) asio::post(loop->context, [state] { state->timer.cancel(); });
  }

 private:
  std::weak_ptr<State> state_;  // owned by the loop's queue
  std::weak_ptr<AsioLoop> loop_;
};

std::unique_ptr<EventLoop::Timer> AsioLoop::call_after(std::int64_t delay_ms, std::function<void()> run) {
  auto state = std::make_shared<AsioTimer::State>(context);
  auto handle = std::make_unique<AsioTimer>(state, weak_from_this());
  asio::post(context, [state, delay_ms, run = std::move(run)]() mutable {
    if (state->done) return;
    state->timer.expires_after(std::chrono::milliseconds(delay_ms));
    auto& timer = state->timer;
    timer.async_wait([state = std::move(state), run = std::move(run)](const boost::system::error_code& error) {
      if (!error && !state->done.exchange(true)) run();
    });
  });
  return handle;
}

class AsioConnection;

}  // namespace

struct Responder::Slot {
  enum class State : std::uint8_t { waiting, answered, nothing, close };
  std::weak_ptr<AsioConnection> connection;
  std::weak_ptr<AsioLoop> loop;
  State state = State::waiting;  // this and what follows: on the connection's loop only
  Answer answer;
  Reservation memory;
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

std::size_t bytes_of(const Answer& answer) {
  std::size_t size = 0;
  for (const auto& piece : answer) {
    if (const auto* bytes = std::get_if<Bytes>(&piece)) size += bytes->size();
  }
  return size;
}

struct Shared {
  Shared(TcpServerOptions o, TcpService& s)
      : options(std::move(o)),
        service(s),
        memory(std::make_shared<RequestMemory>(options.max_request_memory)),
        files(static_cast<std::size_t>(std::max(1, options.file_threads))) {}

  TcpServerOptions options;
  TcpService& service;
  std::shared_ptr<RequestMemory> memory;
  asio::thread_pool files;
  std::atomic<std::uint64_t> next_id{1};
  std::mutex mutex;
  std::condition_variable changed;
  std::set<std::shared_ptr<AsioConnection>> connections;  // under mutex
};

class AsioConnection final : public Connection, public std::enable_shared_from_this<AsioConnection> {
 public:
  AsioConnection(tcp::socket socket, std::size_t listener, std::shared_ptr<AsioLoop> loop, Shared& shared)
      : loop_(*loop), weak_loop_(loop), shared_(shared), listener_(listener), id_(shared.next_id++) {
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    notice_half_open(socket.native_handle());
    socket.non_blocking(true, ignored);
    local_ = address_of(socket.local_endpoint(ignored));
    peer_ = address_of(socket.remote_endpoint(ignored));
    socket_.emplace(std::move(socket));
    channel_.emplace(socket_->native_handle(), shared.options.listen[listener].tls.get());
  }

  void begin() {
    advance();
    if (channel_->greeted()) return;
    handshake_ends_ = loop_.call_after(shared_.options.handshake_ms, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self && !self->closed_ && !self->channel_->greeted()) self->close();
    });
  }

  EventLoop& loop() override { return loop_; }
  const Address& local() const override { return local_; }
  const Address& peer() const override { return peer_; }
  std::size_t listener() const override { return listener_; }
  std::uint64_t id() const override { return id_; }

  // Does all that can be done now: cuts messages out of what was received before and of `received`, sends what is
  // answered, and waits for more to read, if nothing forbids it.
  void advance(ByteView received = {}) {
    if (advancing_ || closed_) return;
    advancing_ = true;
    Bytes held = std::exchange(rest_, {});
    if (!held.empty()) received = held.append(received);
    for (bool moved = true; moved && !closed_;) {
      moved = cut_messages(received);
      moved = write_answers() || moved;
    }
    advancing_ = false;
    if (closed_) return;
    rest_ = !held.empty() && received.size() == held.size() ? std::move(held) : Bytes(received);
    if (!may_not_read()) wait_to_read();
  }

  // Gives a slot its outcome; called on the loop.
  void settle(const std::shared_ptr<Slot>& slot, Slot::State state, Answer answer) {
    if (closed_) return;
    slot->state = state;
    slot->answer = std::move(answer);
    slot->memory.release();
    queued_bytes_ += bytes_of(slot->answer);
    advance();
  }

  void stop_reading() {
    stopping_ = true;
    if (!closed_ && slots_.empty() && out_.empty()) close();
  }

  void close() {
    if (closed_) return;
    closed_ = true;
    channel_.reset();
    socket_.reset();
    for (const auto& slot : slots_) slot->memory.release();
    slots_.clear();
    out_.clear();
    request_memory_.release();
    const std::lock_guard lock(shared_.mutex);
    shared_.connections.erase(shared_from_this());
    shared_.changed.notify_all();
  }

 private:
  // For when memory comes back: the request that waited for it may have it then.
  [[nodiscard]] std::function<void()> wake() {
    return [weak = weak_from_this()] {
      const auto self = weak.lock();
      const auto loop = self ? self->weak_loop_.lock() : nullptr;
      if (!loop) return;
      asio::post(loop->context, [self] {
        self->waiting_for_memory_ = false;
        self->advance();
      });
    };
  }

  [[nodiscard]] bool may_not_read() const {
    return stopping_ || closed_ || waiting_for_memory_ || slots_.size() >= shared_.options.max_unanswered ||
           queued_bytes_ >= shared_.options.max_queued_bytes;
  }

  void wait_to_read() {
    if (std::exchange(waiting_to_read_, true)) return;
    const auto ready = [self = shared_from_this()](const boost::system::error_code& error) {
      self->waiting_to_read_ = false;
      if (error) return self->close();
      if (!self->closed_ && !self->may_not_read()) self->receive();
    };
    if (channel_->has_more()) return asio::post(loop_.context, [ready] { ready({}); });
    socket_->async_wait(channel_->read_wants_write() ? tcp::socket::wait_write : tcp::socket::wait_read, ready);
  }

  void receive() {
    if (in_body_) return receive_body();
    const auto got = channel_->read(loop_.scratch.data(), loop_.scratch.size());
    if (got == Channel::kBroken) return close();
    advance(ByteView(loop_.scratch).substr(0, static_cast<std::size_t>(std::max<ssize_t>(got, 0))));
  }

  void receive_body() {
    const auto have = request_.size();
    const auto want = std::min(body_bytes_ - have, kTurnBytes);
    ssize_t got = 0;
    request_.resize_and_overwrite(have + want, [&](char* at, std::size_t) {
      got = channel_->read(at + have, want);
      return have + static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    });
    if (got == Channel::kBroken) return close();
    advance();
  }

  // Takes whole messages off the front of `bytes`; true when there was one.
  bool cut_messages(ByteView& bytes) {
    bool any = false;
    while (!may_not_read() && take_from(bytes)) any = true;
    return any;
  }

  // One step: a prefix, or a part of a body. False when it needs more bytes than there are, or must wait.
  bool take_from(ByteView& bytes) {
    if (!in_body_) {
      if (bytes.size() < 4) return false;
      const auto size = load_be<std::int32_t>(bytes.data());
      if (size < 0 || static_cast<std::size_t>(size) > shared_.options.max_request_bytes) return refuse(size), false;
      if (!reserve(static_cast<std::size_t>(size))) return false;
      bytes.remove_prefix(4);
    }
    const auto part = std::min(bytes.size(), body_bytes_ - request_.size());
    request_.append(bytes.substr(0, part));
    bytes.remove_prefix(part);
    if (request_.size() < body_bytes_) return false;
    dispatch();
    return true;
  }

  bool reserve(std::size_t size) {
    if (size > kReadBytes) {
      if (!shared_.memory->take(size, wake())) {
        waiting_for_memory_ = true;
        return false;
      }
      request_memory_ = Reservation(shared_.memory, size);
    }
    in_body_ = true;
    body_bytes_ = size;
    request_.reserve(size);  // address space only: pages are touched as bytes arrive
    return true;
  }

  void refuse(std::int32_t size) {
    trace::warn("io", peer_.text() + ": a request of " + std::to_string(size) + " bytes is refused (limit " +
                          std::to_string(shared_.options.max_request_bytes) + ")");
    close();
  }

  void dispatch() {
    in_body_ = false;
    auto slot = std::make_shared<Slot>();
    slot->connection = weak_from_this();
    slot->loop = weak_loop_;
    slot->memory = std::move(request_memory_);
    slots_.push_back(slot);
    shared_.service.on_request(shared_from_this(), std::exchange(request_, Bytes()), Responder(std::move(slot)));
  }

  // Moves what is answered from the front of the queue to out_ and sends it; true when an answer left the queue.
  bool write_answers() {
    if (writing_ || closed_) return false;
    bool any = false;
    while (!slots_.empty() && slots_.front()->state != Slot::State::waiting) {
      auto& slot = *slots_.front();
      if (slot.state == Slot::State::close) {
        close_after_out_ = true;
        break;
      }
      for (auto& piece : slot.answer) out_.push_back(std::move(piece));
      slots_.pop_front();
      any = true;
    }
    send_out();
    return any;
  }

  // Sends until the socket is full, a turn is over, or a file must be read first; then goes on later.
  void send_out() {
    writing_ = true;
    std::size_t sent = 0;
    while (!out_.empty()) {
      if (sent >= kTurnBytes) return asio::post(loop_.context, [self = shared_from_this()] { self->send_more(); });
      const auto step = std::holds_alternative<Bytes>(out_.front()) ? send_bytes() : send_slice();
      if (closed_ || step == Step::later) return;
      if (step == Step::full) {
        return socket_->async_wait(tcp::socket::wait_write, [self = shared_from_this()](const auto& error) {
          if (error) return self->close();
          self->send_more();
        });
      }
      sent += step_bytes_;
    }
    writing_ = false;
    if (close_after_out_ || (stopping_ && slots_.empty())) close();
  }
  void send_more() {
    if (closed_) return;
    send_out();
    advance();
  }

  enum class Step : std::uint8_t { sent, full, later };

  Step send_bytes() {
    std::array<iovec, 64> parts;
    std::size_t count = 0;
    auto piece = out_.begin();
    for (; piece != out_.end() && count < parts.size() && std::holds_alternative<Bytes>(*piece); ++piece) {
      auto& bytes = std::get<Bytes>(*piece);
      const auto skip = count == 0 ? front_sent_ : 0;
      parts[count++] = {bytes.data() + skip, bytes.size() - skip};
    }
    const auto sent = channel_->write({parts.data(), count}, piece != out_.end());
    if (sent == Channel::kNotNow) return Step::full;
    if (sent == Channel::kBroken) return close(), Step::later;
    drop_sent(static_cast<std::size_t>(sent));
    return Step::sent;
  }

  void drop_sent(std::size_t sent) {
    step_bytes_ = sent;
    queued_bytes_ -= sent;
    while (!out_.empty() && std::holds_alternative<Bytes>(out_.front())) {
      const auto left = std::get<Bytes>(out_.front()).size() - front_sent_;
      if (sent < left) {
        front_sent_ += sent;
        return;
      }
      sent -= left;
      front_sent_ = 0;
      out_.pop_front();
    }
  }

  Step send_slice() {
    auto& slice = std::get<FileSlice>(out_.front());
    step_bytes_ = 0;
    if (slice.length == 0) return out_.pop_front(), Step::sent;
    if (slice.file->descriptor() < 0) return load_slice(slice);  // simulated
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(slice.length, kSliceBytes));
    if (slice.offset + want > warm_until_ || warm_file_ != slice.file.get()) {
      if (!in_page_cache(slice.file->descriptor(), slice.offset, want)) return read_first(slice);
      warm_until_ = slice.offset + want;
      warm_file_ = slice.file.get();
    }
    if (!channel_->plain()) return load_slice(slice);
    auto offset = static_cast<off_t>(slice.offset);
    const auto sent = ::sendfile(socket_->native_handle(), slice.file->descriptor(), &offset, want);
    if (sent < 0) return errno == EAGAIN ? Step::full : errno == EINTR ? Step::sent : (close(), Step::later);
    if (sent == 0) {  // the file was cut: the frame's length can no longer be kept
      trace::error("io", slice.file->path() + ": ends before the range that was promised to " + peer_.text());
      return close(), Step::later;
    }
    slice.offset += static_cast<std::uint64_t>(sent);
    slice.length -= static_cast<std::uint64_t>(sent);
    step_bytes_ = static_cast<std::size_t>(sent);
    return Step::sent;
  }

  // For what sendfile cannot do: the next piece becomes bytes.
  Step load_slice(FileSlice& slice) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(slice.length, kSliceBytes));
    auto bytes = slice.file->read_exactly(slice.offset, want);
    if (!bytes.ok()) {
      trace::error("io", bytes.error().text());
      return close(), Step::later;
    }
    slice.offset += want;
    slice.length -= want;
    queued_bytes_ += want;
    out_.push_front(std::move(bytes).value());
    return Step::sent;
  }

  Step read_first(const FileSlice& slice) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(slice.length, kTurnBytes));
    warm_until_ = slice.offset + want;
    warm_file_ = slice.file.get();
    asio::post(shared_.files, [self = shared_from_this(), file = slice.file, offset = slice.offset, want] {
      read_into_page_cache(file->descriptor(), offset, want);
      if (const auto loop = self->weak_loop_.lock()) asio::post(loop->context, [self] { self->send_more(); });
    });
    return Step::later;
  }

  std::optional<tcp::socket> socket_;  // none when closed, so that nothing of Asio outlives the loop
  std::optional<Channel> channel_;     // over socket_
  std::unique_ptr<EventLoop::Timer> handshake_ends_;
  AsioLoop& loop_;
  std::weak_ptr<AsioLoop> weak_loop_;
  Shared& shared_;
  std::size_t listener_;
  std::uint64_t id_;
  Address local_, peer_;

  Bytes rest_;     // received, not cut yet
  Bytes request_;  // the body that is being received
  std::size_t body_bytes_ = 0;
  Reservation request_memory_;
  std::deque<std::shared_ptr<Slot>> slots_;

  std::deque<Piece> out_;
  std::size_t front_sent_ = 0;    // of out_'s first Bytes
  std::size_t step_bytes_ = 0;    // what the last step sent
  std::size_t queued_bytes_ = 0;  // in answered slots and in out_
  std::uint64_t warm_until_ = 0;
  const File* warm_file_ = nullptr;

  bool in_body_ = false, advancing_ = false, waiting_to_read_ = false, waiting_for_memory_ = false;
  bool writing_ = false, stopping_ = false, closed_ = false, close_after_out_ = false;
};

void settle(std::shared_ptr<Slot> slot, Slot::State state, Answer answer) {
  const auto loop = slot->loop.lock();
  if (!loop) return;
  asio::dispatch(loop->context, [slot = std::move(slot), state, answer = std::move(answer)]() mutable {
    if (const auto connection = slot->connection.lock()) connection->settle(slot, state, std::move(answer));
  });
}

class AsioServer final : public TcpServer {
 public:
  AsioServer(TcpServerOptions options, TcpService& service) : shared_(std::move(options), service) {}
  ~AsioServer() override { AsioServer::stop(0); }

  Result<void> start() {
    auto threads = shared_.options.threads;
    if (threads <= 0) threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    for (int i = 0; i < threads; ++i) loops_.push_back(std::make_shared<AsioLoop>());
    for (const auto& listener : shared_.options.listen) {
      SLUICE_RETURN_IF_ERROR(listen(listener.at));
      if (listener.tls) std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes as it does
    }
    for (std::size_t i = 0; i < acceptors_.size(); ++i) accept(i);
    for (auto& loop : loops_) threads_.emplace_back([&context = loop->context] { context.run(); });
    return {};
  }

  std::vector<Address> addresses() const override { return addresses_; }
  EventLoop& any_loop() override { return *loops_.front(); }

  void stop(std::int64_t drain_ms) override {
    if (stopped_.exchange(true)) return;
    asio::post(loops_.front()->context, [this] { acceptors_.clear(); });
    for_each_connection([](AsioConnection& connection) { connection.stop_reading(); });
    if (drain_ms > 0) {
      std::unique_lock lock(shared_.mutex);
      shared_.changed.wait_for(lock, std::chrono::milliseconds(drain_ms), [&] { return shared_.connections.empty(); });
    }
    shared_.files.join();
    for (auto& loop : loops_) asio::post(loop->context, [&context = loop->context] { context.stop(); });
    for (auto& thread : threads_) thread.join();
    acceptors_.clear();
    // No loop runs any more: what is left is closed here.
    std::unique_lock lock(shared_.mutex);
    const auto left = std::exchange(shared_.connections, {});
    lock.unlock();
    for (const auto& connection : left) connection->close();
  }

 private:
  Result<void> listen(const Address& address) {
    SLUICE_TRY(const int descriptor, listen_on(address));
    boost::system::error_code error;
    auto acceptor = std::make_unique<tcp::acceptor>(loops_.front()->context);
    acceptor->assign(listens_v6(descriptor) ? tcp::v6() : tcp::v4(), descriptor, error);
    addresses_.push_back({address.host, acceptor->local_endpoint(error).port()});
    acceptors_.push_back(std::move(acceptor));
    return {};
  }

  void accept(std::size_t listener) {
    auto& loop = loops_[next_loop_++ % loops_.size()];
    acceptors_[listener]->async_accept(loop->context, [this, listener, &loop](const boost::system::error_code& error, tcp::socket socket) {
      if (stopped_ || error == asio::error::operation_aborted) return;
      if (error) return accept_later(listener, error);
      auto connection = std::make_shared<AsioConnection>(std::move(socket), listener, loop, shared_);
      {
        const std::lock_guard lock(shared_.mutex);
        shared_.connections.insert(connection);
      }
      asio::post(loop->context, [connection] { connection->begin(); });
      accept(listener);
    });
  }

  // Out of descriptors, say: trying again at once would only burn the core.
  void accept_later(std::size_t listener, const boost::system::error_code& error) {
    trace::warn("io", "cannot accept a connection: " + error.message());
    auto timer = std::make_shared<asio::steady_timer>(loops_.front()->context, std::chrono::milliseconds(100));
    timer->async_wait([this, listener, timer](const boost::system::error_code& cancelled) {
      if (!cancelled && !stopped_) accept(listener);
    });
  }

  void for_each_connection(void (*act)(AsioConnection&)) {
    const std::lock_guard lock(shared_.mutex);
    for (const auto& connection : shared_.connections) {
      connection->loop().post([connection, act] { act(*connection); });
    }
  }

  Shared shared_;
  std::vector<std::shared_ptr<AsioLoop>> loops_;
  std::vector<std::unique_ptr<tcp::acceptor>> acceptors_;  // once the loops run: on loop 0
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
