#include "io/web_client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

#include "io/http_server.h"
#include "io/listen.h"

namespace sluice::io {
namespace {

std::unique_ptr<WebClient> client(WebClientOptions options = {}) {
  return WebClient::create(std::move(options)).value();
}

HttpResponse echo(const HttpRequest& request) {
  const auto status = request.target.starts_with("/status/") ? std::stoi(request.target.substr(8)) : 200;
  std::string type(request.header("content-type").value_or("-"));
  std::string expect(request.header("expect").value_or("-"));
  return {status,
          "text/plain",
          request.method + " " + request.target + " " + request.body,
          {{"X-Type", type}, {"X-Expect", expect}, {"X-Empty", ""}}};
}

struct Serving {
  std::unique_ptr<HttpServer> server;
  std::string url;
  explicit Serving(HttpHandler handler = echo) {
    HttpServerOptions options;
    options.listen = {{"127.0.0.1", 0}};
    options.max_body_bytes = std::size_t{64} << 20;
    server = HttpServer::start(options, std::move(handler)).value();
    url = "http://" + server->addresses().at(0).text();
  }
};

// Listens, and plays `serve` with each connection, one after the other, until destroyed.
class RawServer {
 public:
  explicit RawServer(std::function<void(int)> serve) : listening_(listen_on({"127.0.0.1", 0}).value()) {
    sockaddr_storage local{};
    socklen_t size = sizeof local;
    ::getsockname(listening_, reinterpret_cast<sockaddr*>(&local), &size);
    url = "http://127.0.0.1:" + std::to_string(load_be<std::uint16_t>(reinterpret_cast<const char*>(&local) + 2));
    thread_ = std::thread([this, serve = std::move(serve)] {
      while (!stopped_) {
        const int fd = ::accept(listening_, nullptr, nullptr);
        if (fd < 0) {
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
          continue;
        }
        ++connections;
        set_socket_timeout(fd, 10'000);
        serve(fd);
        ::close(fd);
      }
    });
  }
  ~RawServer() {
    stopped_ = true;
    thread_.join();
    ::close(listening_);
  }
  void stop_listening() { ::shutdown(listening_, SHUT_RDWR); }

  std::string url;
  std::atomic<int> connections = 0;

 private:
  int listening_;
  std::atomic<bool> stopped_ = false;
  std::thread thread_;
};

std::string receive_some(int fd) {
  std::string buffer(65536, '\0');
  const auto got = ::recv(fd, buffer.data(), buffer.size(), 0);
  buffer.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return buffer;
}

void answer(int fd, std::string_view bytes) { (void)!::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

TEST(WebClient, GivesEveryAnswerWhateverItsStatus) {
  const Serving serving;
  const auto web = client();
  for (const auto* method : {"GET", "PUT", "POST", "DELETE"}) {
    const auto got = web->send({.method = method, .url = serving.url + "/a%2Fb?c=d"});
    ASSERT_TRUE(got.ok()) << got.error();
    EXPECT_EQ(got->status, 200);
    EXPECT_EQ(got->body, std::string(method) + " /a%2Fb?c=d ");
    EXPECT_EQ(got->header("content-type"), "text/plain");
    EXPECT_EQ(got->header("x-expect"), "-");
    EXPECT_EQ(got->header("x-type"), "-");
    EXPECT_EQ(got->header("x-none"), std::nullopt);
  }
  for (const int status : {201, 204, 307, 404, 412, 503}) {
    EXPECT_EQ(web->send({.method = "GET", .url = serving.url + "/status/" + std::to_string(status)})->status, status);
  }
  const auto head = web->send({.method = "HEAD", .url = serving.url + "/x"});
  ASSERT_TRUE(head.ok()) << head.error();
  EXPECT_EQ(head->header("content-length"), "7");
  EXPECT_EQ(head->body, "");
}

TEST(WebClient, SendsHeadersAndBodiesAsTheyAre) {
  const Serving serving;
  std::string body(5 << 20, 'x');
  body[1000] = '\0';
  const auto got = client()->send({.method = "PUT",
                                   .url = serving.url + "/p",
                                   .headers = {{"Content-Type", "x/y"}, {"X-Empty", ""}},
                                   .body = body});
  ASSERT_TRUE(got.ok()) << got.error();
  EXPECT_EQ(got->header("x-type"), "x/y");
  EXPECT_EQ(got->body, "PUT /p " + body);
}

TEST(WebClient, KeepsItsConnection) {
  RawServer server([](int fd) {
    while (!receive_some(fd).empty()) answer(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  const auto web = client();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(web->send({.method = "GET", .url = server.url}).ok());
  EXPECT_EQ(server.connections, 1);
}

TEST(WebClient, SaysRefusedWhenNothingWasSent) {
  std::string url;
  {
    const Serving serving;
    url = serving.url;
  }
  const auto got = client()->send({.method = "GET", .url = url + "/x?token=secret"});
  EXPECT_EQ(got.error().code, ErrorCode::back_off);
  EXPECT_EQ(got.error().detail, "refused");
  EXPECT_EQ(got.error().text().find("secret"), std::string::npos) << got.error();
  auto upload = client()->upload({.method = "PUT", .url = url}, std::nullopt);
  ASSERT_TRUE(upload.ok()) << upload.error();
  EXPECT_EQ((*upload)->write("x").error().detail, "refused");
}

TEST(WebClient, ACutConnectionIsNotCalledRefused) {
  for (const auto* partial : {"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"}) {
    RawServer server([partial](int fd) {
      receive_some(fd);
      answer(fd, partial);
    });
    const auto got = client()->send({.method = "GET", .url = server.url});
    EXPECT_EQ(got.error().code, ErrorCode::back_off);
    EXPECT_NE(got.error().detail, "refused");
  }
}

TEST(WebClient, ARequestOnAKeptConnectionThatBrokeMayHaveArrived) {
  RawServer* self = nullptr;
  RawServer server([&](int fd) {
    receive_some(fd);
    answer(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    receive_some(fd);
    self->stop_listening();  // the second try finds nobody
  });
  self = &server;
  const auto web = client();
  ASSERT_TRUE(web->send({.method = "PUT", .url = server.url, .body = "first"}).ok());
  const auto got = web->send({.method = "PUT", .url = server.url, .body = "second"});
  EXPECT_EQ(got.error().code, ErrorCode::back_off);
  EXPECT_NE(got.error().detail, "refused") << got.error();
}

TEST(WebClient, GivesUpASilentServerAndRefusesWhatIsNoHttp) {
  RawServer silent([](int fd) {
    while (!receive_some(fd).empty()) {
    }
  });
  EXPECT_EQ(client({.idle_timeout_ms = 100})->send({.method = "GET", .url = silent.url}).error().code,
            ErrorCode::back_off);
  RawServer other([](int fd) {
    receive_some(fd);
    answer(fd, "SSH-2.0-OpenSSH_9\r\n\r\n");
  });
  EXPECT_EQ(client()->send({.method = "GET", .url = other.url}).error().code, ErrorCode::corrupt);
  EXPECT_EQ(client()->send({.method = "GET", .url = "http://"}).error().code, ErrorCode::rejected);
  EXPECT_EQ(client()->send({.method = "GET", .url = "ftp://127.0.0.1/"}).error().code, ErrorCode::rejected);
}

TEST(WebClient, ABodyOverTheLimitIsRefused) {
  const Serving serving([](const HttpRequest&) -> HttpResponse { return {200, "", std::string(1001, 'x'), {}}; });
  EXPECT_EQ(client({.max_body_bytes = 1000})->send({.method = "GET", .url = serving.url}).error().code,
            ErrorCode::corrupt);
  EXPECT_TRUE(client({.max_body_bytes = 1001})->send({.method = "GET", .url = serving.url}).ok());
}

TEST(WebClient, ManyThreadsSendAtATime) {
  const Serving serving;
  const auto web = client();
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const auto target = "/" + std::to_string(t) + "/" + std::to_string(i);
        const auto got = web->send({.method = "GET", .url = serving.url + target});
        if (got.ok() && got->body == "GET " + target + " ") ++good;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 400);
}

TEST(WebUpload, StreamsABodyOfAnyLengthOrOfTheOneThatWasTold) {
  const Serving serving;
  const std::string piece((3 << 20) + 7, 'p');
  for (const auto length : {std::optional<std::uint64_t>{}, std::optional<std::uint64_t>{3 * piece.size()}}) {
    auto upload = client()->upload({.method = "PUT", .url = serving.url + "/u"}, length);
    ASSERT_TRUE(upload.ok()) << upload.error();
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE((*upload)->write(piece).ok());
      ASSERT_TRUE((*upload)->write("").ok());
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    const auto got = (*upload)->finish();
    ASSERT_TRUE(got.ok()) << got.error();
    EXPECT_EQ(got->body, "PUT /u " + piece + piece + piece);
    EXPECT_EQ(got->header("x-expect"), "-");
  }
  auto empty = client()->upload({.method = "POST", .url = serving.url + "/e"}, std::nullopt);
  EXPECT_EQ((*empty)->finish()->body, "POST /e ");
}

TEST(WebUpload, AWriterThatPausesIsNotASilentServer) {
  const Serving serving;
  auto upload = client({.idle_timeout_ms = 100})->upload({.method = "PUT", .url = serving.url + "/u"}, std::nullopt);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE((*upload)->write("x").ok());
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
  }
  const auto got = (*upload)->finish();
  ASSERT_TRUE(got.ok()) << got.error();
  EXPECT_EQ(got->body, "PUT /u xxx");
}

TEST(WebUpload, DroppedItCutsTheConnection) {
  std::atomic<bool> whole = false, ended = false;
  RawServer server([&](int fd) {
    std::string all, some;
    while (!(some = receive_some(fd)).empty()) all += some;
    whole = all.ends_with("0\r\n\r\n");
    ended = true;
  });
  {
    auto upload = client()->upload({.method = "PUT", .url = server.url}, std::nullopt);
    ASSERT_TRUE((*upload)->write("half").ok());
  }
  while (!ended) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_FALSE(whole);
}

TEST(WebUpload, AnAnswerBeforeTheEndOfTheBodyIsTold) {
  RawServer server([](int fd) {
    receive_some(fd);
    answer(fd, "HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\nConnection: close\r\n\r\nwhy");
    while (!receive_some(fd).empty()) {
    }
  });
  auto upload = client()->upload({.method = "PUT", .url = server.url}, std::nullopt);
  Result<void> written;
  for (int i = 0; i < 1000 && written.ok(); ++i) {
    written = (*upload)->write(std::string(1 << 16, 'x'));
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, ErrorCode::rejected) << written.error();
  EXPECT_EQ(written.error().detail, "why");
  const auto got = (*upload)->finish();
  ASSERT_TRUE(got.ok()) << got.error();
  EXPECT_EQ(got->status, 403);
}

}  // namespace
}  // namespace sluice::io
