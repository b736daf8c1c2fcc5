#include "io/tcp_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <random>
#include <thread>

namespace sluice::io {
namespace {

Bytes framed(ByteView body) {
  Bytes out;
  ByteWriter writer(out);
  writer.i32(static_cast<std::int32_t>(body.size()));
  writer.raw(body);
  return out;
}

// A client that can send half a message.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    const timeval limit{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  ~RawClient() { ::close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(ByteView bytes) const {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  // Exactly `size` bytes, or what came before the end.
  [[nodiscard]] Bytes receive(std::size_t size) const {
    Bytes got(size, '\0');
    std::size_t have = 0;
    while (have < size) {
      const auto n = ::recv(fd_, got.data() + have, size - have, 0);
      if (n <= 0) break;
      have += static_cast<std::size_t>(n);
    }
    got.resize(have);
    return got;
  }
  [[nodiscard]] Bytes receive_message() const {
    const auto prefix = receive(4);
    return prefix.size() < 4 ? Bytes("closed") : receive(load_be<std::uint32_t>(prefix.data()));
  }
  [[nodiscard]] std::uint16_t port() const {
    sockaddr_in own{};
    socklen_t size = sizeof own;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&own), &size);
    return ntohs(own.sin_port);
  }
  void small_buffers() const {
    const int size = 64 << 10;
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }

 private:
  int fd_;
};

// Gives each request to a function of the test.
class Service final : public TcpService {
 public:
  std::function<void(const std::shared_ptr<Connection>&, Bytes, Responder)> handle;
  void on_request(const std::shared_ptr<Connection>& connection, Bytes request, Responder responder) override {
    handle(connection, std::move(request), std::move(responder));
  }
};

Answer answer_of(ByteView body) {
  Answer answer;
  answer.emplace_back(framed(body));
  return answer;
}

struct Running {
  Service service;
  std::unique_ptr<TcpServer> server;
  TcpServerOptions options;

  Running() {
    options.listen = {{"127.0.0.1", 0}};
    options.threads = 2;
    service.handle = [](const auto&, Bytes request, Responder responder) {
      std::move(responder).answer(answer_of(request));
    };
  }
  void start() {
    auto started = TcpServer::start(options, service);
    ASSERT_TRUE(started.ok()) << started.error();
    server = std::move(started).value();
  }
  [[nodiscard]] std::uint16_t port() const { return server->addresses().at(0).port; }
};

struct TemporaryFile {
  std::string path;
  std::shared_ptr<const File> file;
  explicit TemporaryFile(ByteView content) {
    const char* folder = std::getenv("TMPDIR");
    path = std::string(folder != nullptr ? folder : "/tmp") + "/sluice-io-XXXXXX";
    ::close(::mkstemp(path.data()));
    auto opened = real_file_system().open(path, OpenMode::read_write).value();
    EXPECT_TRUE(opened->write_at(0, content).ok());
    file = opened;
  }
  ~TemporaryFile() { ::unlink(path.c_str()); }
};

TEST(TcpServer, AnswersARequest) {
  Running running;
  running.start();
  const RawClient client(running.port());
  client.send(framed("hello"));
  EXPECT_EQ(client.receive_message(), "hello");
  client.send(framed(""));
  EXPECT_EQ(client.receive_message(), "");
}

TEST(TcpServer, AnswersLeaveInTheOrderOfTheRequestsFromAnyThread) {
  Running running;
  std::mutex mutex;
  std::vector<std::pair<Bytes, Responder>> held;
  std::promise<void> all_here;
  running.service.handle = [&](const auto&, Bytes request, Responder responder) {
    const std::lock_guard lock(mutex);
    held.emplace_back(std::move(request), std::move(responder));
    if (held.size() == 40) all_here.set_value();
  };
  running.start();
  const RawClient client(running.port());
  Bytes all;
  for (int i = 0; i < 40; ++i) all += framed("request " + std::to_string(i));
  client.send(all);
  all_here.get_future().wait();
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::shuffle(held.begin(), held.end(), std::mt19937(seed));
  std::thread other([&] {
    for (std::size_t i = 0; i < 20; ++i) std::move(held[i].second).answer(answer_of(held[i].first));
  });
  for (std::size_t i = 20; i < 40; ++i) std::move(held[i].second).answer(answer_of(held[i].first));
  other.join();
  for (int i = 0; i < 40; ++i) EXPECT_EQ(client.receive_message(), "request " + std::to_string(i));
}

TEST(TcpServer, RequestsArriveWholeHoweverTheyAreCut) {
  Running running;
  running.start();
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const RawClient client(running.port());
  std::vector<Bytes> sent;
  Bytes stream;
  for (int i = 0; i < 200; ++i) {
    const std::size_t size = i % 17 == 0 ? random() % 300'000 : random() % 40;
    sent.emplace_back(size, static_cast<char>('a' + i % 26));
    stream += framed(sent.back());
  }
  std::thread sender([&] {
    for (ByteView rest = stream; !rest.empty();) {
      const auto n = std::min<std::size_t>(rest.size(), random() % 3 == 0 ? 1 + random() % 5 : 1 + random() % 100'000);
      client.send(rest.substr(0, n));
      rest.remove_prefix(n);
    }
  });
  for (const auto& expected : sent) ASSERT_EQ(client.receive_message(), expected);
  sender.join();
}

TEST(TcpServer, NothingLetsTheNextAnswerLeave) {
  Running running;
  running.service.handle = [](const auto&, Bytes request, Responder responder) {
    if (request == "acks=0") return std::move(responder).nothing();
    std::move(responder).answer(answer_of(request));
  };
  running.start();
  const RawClient client(running.port());
  client.send(framed("acks=0") + framed("acks=0") + framed("acks=1"));
  EXPECT_EQ(client.receive_message(), "acks=1");
}

TEST(TcpServer, ADroppedResponderClosesAfterTheAnswersBeforeIt) {
  Running running;
  running.service.handle = [](const auto&, Bytes request, Responder responder) {
    if (request == "bad") return;
    std::move(responder).answer(answer_of(request));
  };
  running.start();
  const RawClient client(running.port());
  client.send(framed("good") + framed("bad") + framed("never"));
  EXPECT_EQ(client.receive_message(), "good");
  EXPECT_EQ(client.receive_message(), "closed");
}

TEST(TcpServer, ARequestOverTheLimitClosesTheConnection) {
  Running running;
  running.options.max_request_bytes = 1000;
  running.start();
  for (const auto& prefix : {Bytes("\x00\x00\x03\xe9", 4), Bytes("\xff\xff\xff\xff", 4)}) {
    const RawClient client(running.port());
    client.send(prefix);
    EXPECT_EQ(client.receive_message(), "closed");
  }
  const RawClient client(running.port());
  client.send(framed(Bytes(1000, 'x')));
  EXPECT_EQ(client.receive_message().size(), 1000U);
}

TEST(TcpServer, ReadingPausesAtTheLimitOfUnansweredRequests) {
  Running running;
  running.options.max_unanswered = 8;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Responder> held;
  running.service.handle = [&](const auto&, Bytes, Responder responder) {
    const std::lock_guard lock(mutex);
    held.push_back(std::move(responder));
    changed.notify_all();
  };
  running.start();
  const RawClient client(running.port());
  Bytes all;
  for (int i = 0; i < 100; ++i) all += framed("x");
  client.send(all);
  std::size_t answered = 0;
  while (answered < 100) {
    std::vector<Responder> batch;
    {
      std::unique_lock lock(mutex);
      const auto want = std::min<std::size_t>(8, 100 - answered);
      changed.wait(lock, [&] { return held.size() >= want; });
      ASSERT_EQ(held.size(), want);  // never more than 8 at a time
      batch.swap(held);
    }
    // A round trip through the loop, so that one request too many would have come by now.
    std::promise<void> turn;
    running.server->any_loop().post([&] { turn.set_value(); });
    turn.get_future().wait();
    answered += batch.size();
    for (auto& responder : batch) std::move(responder).answer(answer_of("y"));
    for (std::size_t i = 0; i < batch.size(); ++i) ASSERT_EQ(client.receive_message(), "y");
  }
}

TEST(TcpServer, LargeRequestsTogetherStayWithinTheirMemory) {
  Running running;
  running.options.max_request_memory = 1 << 20;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Responder> held;
  running.service.handle = [&](const auto&, Bytes request, Responder responder) {
    const std::lock_guard lock(mutex);
    if (request.size() < 100) return std::move(responder).answer(answer_of("small"));
    held.push_back(std::move(responder));
    changed.notify_all();
  };
  running.start();
  const RawClient a(running.port()), b(running.port()), c(running.port());
  const auto large = framed(Bytes(700 << 10, 'x'));
  std::thread sender_a([&] { a.send(large); }), sender_b([&] { b.send(large); });
  for (int done = 0; done < 2; ++done) {
    Responder* responder = nullptr;
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return !held.empty(); });
      ASSERT_EQ(held.size(), 1U);  // the other waits
      responder = &held.front();
    }
    c.send(framed("small"));  // and small ones go by
    EXPECT_EQ(c.receive_message(), "small");
    auto mine = std::move(*responder);
    {
      const std::lock_guard lock(mutex);
      held.clear();
    }
    std::move(mine).answer(answer_of("done"));
  }
  EXPECT_EQ(a.receive_message(), "done");
  EXPECT_EQ(b.receive_message(), "done");
  sender_a.join();
  sender_b.join();
}

TEST(TcpServer, SlicesOfFilesArriveBetweenBytesAlsoToASlowClient) {
  Bytes content(5 << 20, '\0');
  std::mt19937 random(7);
  for (auto& c : content) c = static_cast<char>(random());
  const TemporaryFile file(content);
  ::posix_fadvise(file.file->descriptor(), 0, 0, POSIX_FADV_DONTNEED);
  Running running;
  running.service.handle = [&](const auto&, Bytes, Responder responder) {
    Answer answer;
    Bytes head;
    ByteWriter(head).u32(static_cast<std::uint32_t>(2 + content.size() - 1000 + 3 + 10));
    answer.emplace_back(head + "ab");
    answer.emplace_back(FileSlice{file.file, 1000, content.size() - 1000});
    answer.emplace_back(FileSlice{file.file, 0, 0});
    answer.emplace_back(Bytes("cde"));
    answer.emplace_back(FileSlice{file.file, 5, 10});
    std::move(responder).answer(std::move(answer));
  };
  running.start();
  const RawClient client(running.port());
  client.small_buffers();
  const auto expected = "ab" + content.substr(1000) + "cde" + content.substr(5, 10);
  client.send(framed("1") + framed("2"));
  EXPECT_TRUE(client.receive_message() == expected);
  EXPECT_TRUE(client.receive_message() == expected);
}

TEST(TcpServer, ASliceThatTheFileNoLongerHasClosesTheConnection) {
  const TemporaryFile file("0123456789");
  Running running;
  running.service.handle = [&](const auto&, Bytes, Responder responder) {
    Answer answer;
    answer.emplace_back(Bytes("\0\0\0\x14", 4));
    answer.emplace_back(FileSlice{file.file, 0, 20});
    std::move(responder).answer(std::move(answer));
  };
  running.start();
  const RawClient client(running.port());
  client.send(framed("x"));
  EXPECT_EQ(client.receive_message(), "0123456789");
}

TEST(TcpServer, AClientThatDoesNotReadStopsOurReading) {
  Running running;
  running.options.max_queued_bytes = 1 << 20;
  std::atomic<int> seen{0};
  running.service.handle = [&](const auto&, Bytes, Responder responder) {
    ++seen;
    std::move(responder).answer(answer_of(Bytes(1 << 20, 'x')));
  };
  running.start();
  const RawClient client(running.port());
  Bytes all;
  for (int i = 0; i < 60; ++i) all += framed("x");
  client.send(all);
  for (int i = 0; i < 60; ++i) {
    ASSERT_EQ(client.receive_message().size(), std::size_t{1} << 20);
    EXPECT_LE(seen.load(), i + 1 + 30);  // sockets hold a few MiB, we one
  }
}

TEST(TcpServer, StopDrainsWhatIsAnswered) {
  Running running;
  std::promise<void> here;
  std::optional<Responder> held;
  running.service.handle = [&](const auto&, Bytes, Responder responder) {
    held.emplace(std::move(responder));
    here.set_value();
  };
  running.start();
  const RawClient client(running.port());
  client.send(framed("x"));
  here.get_future().wait();
  std::thread stopper([&] { running.server->stop(10'000); });
  std::move(*held).answer(answer_of("last"));
  EXPECT_EQ(client.receive_message(), "last");
  EXPECT_EQ(client.receive_message(), "closed");
  stopper.join();
}

TEST(TcpServer, RespondersTimersAndConnectionsMayOutliveTheServer) {
  Running running;
  std::promise<void> here;
  std::optional<Responder> held;
  std::shared_ptr<Connection> kept;
  running.service.handle = [&](const auto& connection, Bytes, Responder responder) {
    kept = connection;
    held.emplace(std::move(responder));
    here.set_value();
  };
  running.start();
  const RawClient client(running.port());
  client.send(framed("x"));
  here.get_future().wait();
  auto timer = running.server->any_loop().call_after(1'000'000, [kept] {});
  running.server.reset();
  std::move(*held).answer(answer_of("too late"));
  timer->cancel();
  timer.reset();
  EXPECT_EQ(client.receive_message(), "closed");
}

// The server's end of a client's connection, in this process.
int accepted_descriptor(const RawClient& client) {
  for (int descriptor = 3; descriptor < 1024; ++descriptor) {
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) != 0 || peer.sin_family != AF_INET) continue;
    if (ntohs(peer.sin_port) == client.port()) return descriptor;
  }
  return -1;
}

TEST(TcpServer, AClientThatVanishedIsLookedForByTheKernel) {
  Running running;
  running.start();
  const RawClient client(running.port());
  client.send(framed("x"));
  ASSERT_EQ(client.receive_message(), "x");
  const auto descriptor = accepted_descriptor(client);
  ASSERT_GE(descriptor, 0);
  for (const auto& [level, name] : {std::pair{SOL_SOCKET, SO_KEEPALIVE}, {IPPROTO_TCP, TCP_USER_TIMEOUT}}) {
    int value = 0;
    socklen_t size = sizeof value;
    ASSERT_EQ(::getsockopt(descriptor, level, name, &value, &size), 0);
    EXPECT_NE(value, 0);
  }
}

TEST(TcpServer, AThousandClientsAreServedAtOnce) {
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  const auto before = files;
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 4096);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  ASSERT_GE(files.rlim_cur, 2100U) << "this machine lets a process have too few open files";
  {
    Running running;
    running.start();
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 1000; ++i) clients.push_back(std::make_unique<RawClient>(running.port()));
    for (std::size_t i = 0; i < clients.size(); ++i) clients[i]->send(framed("client " + std::to_string(i)));
    for (std::size_t i = 0; i < clients.size(); ++i) {
      ASSERT_EQ(clients[i]->receive_message(), "client " + std::to_string(i));
    }
  }
  ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST(TcpServer, TimersRunAndCancelledOnesDoNot) {
  Running running;
  running.options.threads = 1;
  running.start();
  auto& loop = running.server->any_loop();
  std::promise<void> fired;
  bool wrong = false;  // on the loop
  std::unique_ptr<EventLoop::Timer> cancelled;
  loop.post([&] {
    cancelled = loop.call_after(0, [&] { wrong = true; });
    cancelled->cancel();
    loop.call_after(0, [&] { wrong = true; }).reset();
  });
  auto timer = loop.call_after(20, [&] { fired.set_value(); });
  fired.get_future().wait();
  running.server->stop(0);
  EXPECT_FALSE(wrong);
}

TEST(TcpServer, ATakenPortIsRefusedWithItsHolder) {
  Running first;
  first.start();
  Running second;
  second.options.listen = {{"127.0.0.1", first.port()}};
  const auto refused = TcpServer::start(second.options, second.service);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::rejected);
  EXPECT_NE(refused.error().detail.find("pid " + std::to_string(::getpid())), std::string::npos) << refused.error();
}

TEST(Address, IsParsedOrRefused) {
  EXPECT_EQ(parse_address("127.0.0.1:9092")->text(), "127.0.0.1:9092");
  EXPECT_EQ(parse_address(":9092")->host, "0.0.0.0");
  EXPECT_EQ(parse_address("[::1]:9092")->host, "::1");
  for (const auto* bad : {"", "9092", "host:", "host:port", "host:65536", "host:-1", "host:1x"}) {
    EXPECT_FALSE(parse_address(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace sluice::io
