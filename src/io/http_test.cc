#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <future>
#include <thread>

#include "io/http_client.h"
#include "io/http_server.h"
#include "io/listen.h"
#include "io/signals.h"

namespace sluice::io {
namespace {

struct Serving {
  HttpServerOptions options;
  std::unique_ptr<HttpServer> server;

  explicit Serving(HttpHandler handler, std::size_t max_body = 1 << 20) {
    options.listen = {{"127.0.0.1", 0}};
    options.max_body_bytes = max_body;
    server = HttpServer::start(options, std::move(handler)).value();
  }
  [[nodiscard]] HttpClient client() const { return HttpClient({server->addresses().at(0), ""}); }
};

HttpResponse echo(const HttpRequest& request) {
  return {200, "text/plain", request.method + " " + request.target + " " + request.body, {{"X-Test", "yes"}}};
}

std::string raw_exchange(const Address& address, ByteView bytes) {
  const int fd = connect_to(address, 1000).value();
  set_socket_timeout(fd, 10'000);
  (void)!::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  std::string got;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) got.append(buffer, static_cast<std::size_t>(n));
  ::close(fd);
  return got;
}

TEST(Http, AnswersEachMethodWithItsBody) {
  const Serving serving(echo);
  const auto client = serving.client();
  EXPECT_EQ(client.get("/a/b?c=d")->body, "GET /a/b?c=d ");
  const auto posted = client.post("/p", "body");
  ASSERT_TRUE(posted.ok()) << posted.error();
  EXPECT_EQ(posted->status, 200);
  EXPECT_EQ(posted->body, "POST /p body");
  EXPECT_EQ(client.send({"PUT", "/p", {}, "new"})->body, "PUT /p new");
  EXPECT_EQ(client.send({"DELETE", "/p", {}, ""})->body, "DELETE /p ");
}

TEST(Http, HeadIsGetWithoutTheBody) {
  const Serving serving(echo);
  const auto answer = serving.client().send({"HEAD", "/x", {}, ""});
  ASSERT_TRUE(answer.ok()) << answer.error();
  EXPECT_EQ(answer->body, "");
  bool length = false;
  for (const auto& [name, value] : answer->headers) length = length || (name == "content-length" && value == "7");
  EXPECT_TRUE(length);
}

TEST(Http, AConnectionServesManyRequests) {
  const Serving serving(echo);
  const auto got = raw_exchange(serving.server->addresses().at(0),
                                "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_NE(got.find("GET /1 "), std::string::npos) << got;
  EXPECT_NE(got.find("GET /2 "), std::string::npos) << got;
}

TEST(Http, ABodyOverTheLimitIsRefusedWith413) {
  const Serving serving(echo, 1000);
  EXPECT_EQ(serving.client().post("/", std::string(1000, 'x'))->status, 200);
  const auto refused = serving.client().post("/", std::string(1001, 'x'));
  ASSERT_TRUE(refused.ok()) << refused.error();
  EXPECT_EQ(refused->status, 413);
}

TEST(Http, LargeBodiesTogetherAreBounded) {
  HttpServerOptions options;
  options.listen = {{{"127.0.0.1", 0}, nullptr}};
  options.max_body_bytes = 1 << 20;
  options.max_body_memory = 1 << 20;
  const auto server = HttpServer::start(options, echo).value();
  const HttpClient client({server->addresses().at(0), ""});
  const std::string large(700'000, 'x');
  const int slow = connect_to(server->addresses().at(0), 1000).value();
  const std::string head = "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 700000\r\n\r\nxxx";
  ASSERT_EQ(::send(slow, head.data(), head.size(), MSG_NOSIGNAL), static_cast<ssize_t>(head.size()));
  auto second = client.post("/p", large);
  for (int i = 0; i < 500 && second.ok() && second->status == 200; ++i) second = client.post("/p", large);  // until the slow one is seen
  ASSERT_TRUE(second.ok()) << second.error();
  EXPECT_EQ(second->status, 503);
  EXPECT_EQ(client.post("/p", "small")->status, 200);
  ::close(slow);
  auto third = client.post("/p", large);
  for (int i = 0; i < 500 && third.ok() && third->status == 503; ++i) third = client.post("/p", large);
  ASSERT_TRUE(third.ok()) << third.error();
  EXPECT_EQ(third->status, 200);
}

TEST(Http, WhoAsksWhetherToGoOnIsTold) {
  const Serving serving(echo);
  const auto got = raw_exchange(serving.server->addresses().at(0),
                                "POST /p HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody");
  EXPECT_EQ(got.substr(0, 12), "HTTP/1.1 100") << got;
  EXPECT_NE(got.find("POST /p body"), std::string::npos) << got;
}

TEST(Http, WhatIsNoHttpIsRefusedWith400) {
  const Serving serving(echo);
  EXPECT_EQ(raw_exchange(serving.server->addresses().at(0), "\x16\x03\x01 hello\r\n\r\n").substr(0, 12), "HTTP/1.1 400");
}

TEST(Http, AHandlerThatThrowsGives500AndTheServerLivesOn) {
  const Serving serving([](const HttpRequest& request) -> HttpResponse {
    if (request.target == "/bad") throw std::runtime_error("bug");
    return {204, "", "", {}};
  });
  EXPECT_EQ(serving.client().get("/bad")->status, 500);
  EXPECT_EQ(serving.client().get("/good")->status, 204);
}

TEST(Http, AHandlerThatWaitsDoesNotHoldUpOthers) {
  std::promise<void> open;
  auto gate = open.get_future().share();
  const Serving serving([gate](const HttpRequest& request) -> HttpResponse {
    if (request.target == "/slow") gate.wait();
    return {200, "text/plain", "ok", {}};
  });
  auto slow = std::async(std::launch::async, [&] { return serving.client().get("/slow")->status; });
  EXPECT_EQ(serving.client().get("/fast")->status, 200);
  open.set_value();
  EXPECT_EQ(slow.get(), 200);
}

TEST(Http, StopDrainsTheAnswerThatIsBeingMade) {
  std::promise<void> entered, open;
  auto gate = open.get_future().share();
  Serving serving([&, gate](const HttpRequest&) -> HttpResponse {
    entered.set_value();
    gate.wait();
    return {200, "text/plain", "last", {}};
  });
  const auto client = serving.client();
  auto last = std::async(std::launch::async, [&] { return client.get("/"); });
  entered.get_future().wait();
  std::thread stopper([&] { serving.server->stop(10'000); });
  open.set_value();
  const auto answer = last.get();
  ASSERT_TRUE(answer.ok()) << answer.error();
  EXPECT_EQ(answer->body, "last");
  stopper.join();
  EXPECT_EQ(client.get("/").error().code, ErrorCode::back_off);
}

TEST(Http, ClientReadsChunkedAndUnboundedAnswersAndRefusesGarbage) {
  const int listening = listen_on({"127.0.0.1", 0}).value();
  const auto port = [&] {
    sockaddr_storage local{};
    socklen_t size = sizeof local;
    ::getsockname(listening, reinterpret_cast<sockaddr*>(&local), &size);
    return static_cast<std::uint16_t>(load_be<std::uint16_t>(reinterpret_cast<const char*>(&local) + 2));
  }();
  const auto answered = [&](ByteView bytes) {
    std::thread server([&] {
      int fd = -1;
      while (fd < 0) fd = ::accept(listening, nullptr, nullptr);
      char sink[4096];
      (void)!::recv(fd, sink, sizeof sink, 0);
      (void)!::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      ::close(fd);
    });
    auto answer = HttpClient({{"127.0.0.1", port}, ""}).get("/");
    server.join();
    return answer;
  };
  EXPECT_EQ(answered("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")->body, "abcde");
  EXPECT_EQ(answered("HTTP/1.0 200 OK\r\n\r\nto the end")->body, "to the end");
  EXPECT_EQ(answered("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort").error().code, ErrorCode::back_off);
  EXPECT_EQ(answered("SSH-2.0-OpenSSH_9\r\n\r\n").error().code, ErrorCode::corrupt);
  ::close(listening);
}

TEST(Http, PathsAndQueriesAreDecoded) {
  const HttpRequest request{"GET", "/subjects/a%2Fb+c/versions?deleted=true&x=a%20b+c&flag", {{"Content-Type", "x"}}, ""};
  EXPECT_EQ(request.path(), (std::vector<std::string>{"subjects", "a/b+c", "versions"}));
  EXPECT_EQ(request.query("deleted"), "true");
  EXPECT_EQ(request.query("x"), "a b c");
  EXPECT_EQ(request.query("flag"), "");
  EXPECT_EQ(request.query("none"), std::nullopt);
  EXPECT_EQ(request.header("content-type"), "x");
  EXPECT_EQ(percent_encode("a/b c"), "a%2Fb%20c");
  EXPECT_EQ(percent_decode("100%"), "100%");
}

TEST(Http, UrlsAreParsedOrRefused) {
  EXPECT_EQ(parse_http_url("http://127.0.0.1:8081/")->text(), "http://127.0.0.1:8081");
  EXPECT_EQ(parse_http_url("registry:8081/v1")->text(), "http://registry:8081/v1");
  EXPECT_EQ(parse_http_url("registry")->address.port, 80);
  EXPECT_EQ(parse_http_url("http://[::1]")->address.host, "::1");
  EXPECT_EQ(parse_http_url("https://x")->text(), "https://x:443");
  EXPECT_FALSE(parse_http_url("ftp://x").ok());
  EXPECT_FALSE(parse_http_url("").ok());
  EXPECT_FALSE(parse_http_url("http://x:y").ok());
}

TEST(Http, AUrlsPasswordIsTakenOutAndNeverShown) {
  const auto url = parse_http_url("https://alice:p%40ss:w%2Ford@registry:8081/v1/").value();
  EXPECT_EQ(url.user, "alice");
  EXPECT_EQ(url.password, "p@ss:w/ord");
  EXPECT_EQ(url.text(), "https://registry:8081/v1");
  EXPECT_EQ(parse_http_url("http://alice@x")->password, "");
  for (const auto* wrong : {"https://alice:secret@", "https://alice:secret@x:y", "ftp://alice:secret@x"}) {
    const auto refused = parse_http_url(wrong);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().text().find("secret"), std::string::npos) << refused.error();
  }
}

TEST(StopSignals, GivesEachSignalOnce) {
  StopSignals signals;
  EXPECT_EQ(signals.wait(0), std::nullopt);
  ::raise(SIGTERM);
  ::raise(SIGINT);
  EXPECT_EQ(signals.wait(1000), SIGTERM);
  EXPECT_EQ(signals.wait(1000), SIGINT);
  EXPECT_EQ(signals.wait(0), std::nullopt);
}

}  // namespace
}  // namespace sluice::io
