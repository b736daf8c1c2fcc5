// HTTP and Kafka's framing over TLS, with certificates that OpenSSL's own program makes.
#include "io/tls.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "io/clock.h"
#include "io/http_client.h"
#include "io/http_server.h"
#include "io/listen.h"

namespace sluice::io {
namespace {

// An authority, and certificates of it for 127.0.0.1, in a directory of their own.
class Tls : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/sluice-tls-XXXXXX";
    folder_ = ::mkdtemp(name);
    authority("ca");
    certificate("server", "ca", 30);
    certificate("client", "ca", 30);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void openssl(const std::string& arguments) const {
    ASSERT_EQ(std::system(("cd " + folder_ + " && openssl " + arguments + " 2>openssl.log").c_str()), 0) << arguments;
  }
  void authority(const std::string& name) const {
    openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=" + name + " -keyout " + name + ".key -out " + name + ".crt");
  }
  void certificate(const std::string& name, const std::string& by, int days) const {
    std::ofstream(folder_ + "/ext") << "subjectAltName=IP:127.0.0.1\n";
    openssl("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" + name + " -keyout " + name + ".key -out " + name + ".csr");
    openssl("x509 -req -in " + name + ".csr -CA " + by + ".crt -CAkey " + by + ".key -CAcreateserial -days " + std::to_string(days) + " -extfile ext -out " + name + ".crt");
  }
  [[nodiscard]] std::string at(const std::string& file) const { return folder_ + "/" + file; }
  [[nodiscard]] TlsFiles files(const std::string& name = "server") const { return {at(name + ".crt"), at(name + ".key"), ""}; }

  void serve(const TlsFiles& files, std::size_t max_connections = 1024, std::int64_t handshake_ms = 10'000) {
    identity_ = TlsIdentity::load(files).value();
    HttpServerOptions options;
    options.listen = {{{"127.0.0.1", 0}, identity_}, {{"127.0.0.1", 0}}};
    options.max_connections = max_connections;
    options.handshake_ms = handshake_ms;
    server_ = HttpServer::start(options, [](const HttpRequest& request) -> HttpResponse {
                return {200, "text/plain", std::to_string(request.listener) + request.body, {}};
              }).value();
  }
  [[nodiscard]] Result<HttpResponse> get(const std::string& client = {}, const std::string& ca = "ca") const {
    HttpClientOptions options{.timeout_ms = 10'000, .ca_file = at(ca + ".crt")};
    if (!client.empty()) options.cert_file = at(client + ".crt"), options.key_file = at(client + ".key");
    return HttpClient({.address = server_->addresses()[0], .tls = true}, options).get("/");
  }

  std::string folder_;
  std::shared_ptr<TlsIdentity> identity_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(Tls, AListenerWithTlsAndOneWithoutServeSideBySide) {
  serve(files());
  const auto secured = get();
  ASSERT_TRUE(secured.ok()) << secured.error();
  EXPECT_EQ(secured->body, "0");
  EXPECT_EQ(HttpClient({.address = server_->addresses()[1]}).get("/")->body, "1");
  EXPECT_FALSE(HttpClient({.address = server_->addresses()[0]}, {.timeout_ms = 5'000}).get("/").ok());
}

TEST_F(Tls, LargeBodiesPassBothWays) {
  serve(files());
  const HttpClient client({.address = server_->addresses()[0], .tls = true}, {.ca_file = at("ca.crt")});
  const std::string body(5 << 20, 'x');
  const auto answer = client.post("/", body);
  ASSERT_TRUE(answer.ok()) << answer.error();
  EXPECT_EQ(answer->body, "0" + body);
}

TEST_F(Tls, AServerOfAnotherAuthorityIsNotTrusted) {
  serve(files());
  authority("other");
  EXPECT_EQ(get("", "other").error().code, ErrorCode::rejected);
}

TEST_F(Tls, AClientCaLetsOnlyItsClientsIn) {
  auto asked = files();
  asked.client_ca = at("ca.crt");
  serve(asked);
  EXPECT_EQ(get("client")->body, "0");
  EXPECT_FALSE(get().ok());
  authority("other");
  certificate("stranger", "other", 30);
  EXPECT_FALSE(get("stranger").ok());
  certificate("late", "ca", -1);
  EXPECT_FALSE(get("late").ok());
}

TEST_F(Tls, WhatDoesNotFitIsRefusedWithTheFilesName) {
  const auto refused = [](const TlsFiles& wrong, const std::string& file) {
    const auto loaded = TlsIdentity::load(wrong);
    ASSERT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.error().code, ErrorCode::rejected);
    EXPECT_EQ(loaded.error().message.substr(0, file.size()), file) << loaded.error();
  };
  refused({at("none.crt"), at("server.key"), ""}, at("none.crt"));
  refused({at("server.crt"), at("none.key"), ""}, at("none.key"));
  refused({at("server.crt"), at("client.key"), ""}, at("client.key"));
  refused({at("server.key"), at("server.key"), ""}, at("server.key"));
  refused({at("server.crt"), at("server.crt"), ""}, at("server.crt"));
  refused({at("server.crt"), at("server.key"), at("server.key")}, at("server.key"));
  openssl("ec -in server.key -aes128 -passout pass:secret -out locked.key");
  refused({at("server.crt"), at("locked.key"), ""}, at("locked.key"));
}

TEST_F(Tls, AnExpiredCertificateIsToldAndOneThatSoonWillBe) {
  const auto now = system_clock().wall_ms();
  constexpr std::int64_t kDayMs = 24 * 3600 * 1000;
  const auto identity = TlsIdentity::load(files()).value();
  EXPECT_EQ(identity->warning(now), "");
  EXPECT_NE(identity->warning(now + 20 * kDayMs).find("expires"), std::string::npos);
  EXPECT_NE(identity->warning(now + 40 * kDayMs).find("expired"), std::string::npos);
  EXPECT_NE(identity->warning(now - 10 * kDayMs).find("valid only from"), std::string::npos);
}

// One connection by OpenSSL, blocking.
class Session {
 public:
  explicit Session(const Address& address) : fd_(connect_to(address, 5'000).value()) {
    set_socket_timeout(fd_, 10'000);
    SSL_set_fd(ssl_, fd_);
  }
  ~Session() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
    ::close(fd_);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] bool greet(int most = TLS1_3_VERSION) {
    SSL_set_max_proto_version(ssl_, most);
    return SSL_connect(ssl_) == 1;
  }
  std::string ask(const std::string& request) {
    SSL_write(ssl_, request.data(), static_cast<int>(request.size()));
    char buffer[4096];
    const int got = SSL_read(ssl_, buffer, sizeof buffer);
    return {buffer, static_cast<std::size_t>(std::max(got, 0))};
  }
  // The serial number of the server's certificate.
  [[nodiscard]] std::string serial() const {
    const std::unique_ptr<X509, void (*)(X509*)> shown(SSL_get1_peer_certificate(ssl_), &X509_free);
    const auto* number = X509_get0_serialNumber(shown.get());
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(number)), static_cast<std::size_t>(ASN1_STRING_length(number))};
  }
  // Kafka's framing.
  void send_frame(const std::string& body) {
    Bytes frame(4, '\0');
    store_be<std::int32_t>(frame.data(), static_cast<std::int32_t>(body.size()));
    frame += body;
    for (std::size_t at = 0; at < frame.size();) {
      const int sent = SSL_write(ssl_, frame.data() + at, static_cast<int>(frame.size() - at));
      ASSERT_GT(sent, 0);
      at += static_cast<std::size_t>(sent);
    }
  }
  std::string receive_frame() {
    const auto head = receive(4);
    return head.size() == 4 ? receive(static_cast<std::size_t>(load_be<std::int32_t>(head.data()))) : "";
  }
  // How the server ended: 0 with TLS's goodbye.
  int ended() {
    char byte = 0;
    const int got = SSL_read(ssl_, &byte, 1);
    return SSL_get_error(ssl_, got) == SSL_ERROR_ZERO_RETURN ? 0 : 1;
  }

 private:
  std::string receive(std::size_t size) {
    std::string out(size, '\0');
    for (std::size_t at = 0; at < size;) {
      const int got = SSL_read(ssl_, out.data() + at, static_cast<int>(size - at));
      if (got <= 0) return "";
      at += static_cast<std::size_t>(got);
    }
    return out;
  }

  SSL_CTX* context_ = SSL_CTX_new(TLS_client_method());
  SSL* ssl_ = SSL_new(context_);
  int fd_;
};

TEST_F(Tls, ProtocolsBefore12AreRefused) {
  serve(files());
  EXPECT_TRUE(Session(server_->addresses()[0]).greet(TLS1_2_VERSION));
  EXPECT_FALSE(Session(server_->addresses()[0]).greet(TLS1_1_VERSION));
}

TEST_F(Tls, ANewCertificateIsShownAfterAReloadAndTheOldConnectionStays) {
  serve(files());
  constexpr auto* kRequest = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  Session old(server_->addresses()[0]);
  ASSERT_TRUE(old.greet());
  EXPECT_NE(old.ask(kRequest), "");
  certificate("server", "ca", 30);
  ASSERT_TRUE(identity_->reload().ok());
  EXPECT_NE(old.ask(kRequest), "");
  Session fresh(server_->addresses()[0]);
  ASSERT_TRUE(fresh.greet());
  EXPECT_NE(fresh.serial(), old.serial());

  std::filesystem::remove(at("server.key"));
  EXPECT_FALSE(identity_->reload().ok());
  Session after(server_->addresses()[0]);
  EXPECT_TRUE(after.greet()) << "what was loaded goes on";
}

TEST_F(Tls, TheLastAnswerIsFollowedByAGoodbye) {
  serve(files());
  Session session(server_->addresses()[0]);
  ASSERT_TRUE(session.greet());
  EXPECT_NE(session.ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "");
  EXPECT_EQ(session.ended(), 0);
}

TEST_F(Tls, ThoseWhoOnlyConnectKeepNobodyOut) {
  serve(files(), /*max_connections=*/20);
  std::vector<int> idle;
  for (int i = 0; i < 100; ++i) idle.push_back(connect_to(server_->addresses()[0], 5'000).value());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get()->body, "0");
  EXPECT_EQ(HttpClient({.address = server_->addresses()[1]}).get("/")->body, "1");
  for (const int fd : idle) ::close(fd);
}

TEST_F(Tls, AHandshakeThatTakesTooLongIsEnded) {
  serve(files(), 1024, /*handshake_ms=*/100);
  const int fd = connect_to(server_->addresses()[0], 5'000).value();
  set_socket_timeout(fd, 10'000);
  char byte = 0;
  EXPECT_EQ(::recv(fd, &byte, 1, 0), 0);
  ::close(fd);
}

TEST_F(Tls, StopEndsConnectionsWhoseHandshakeStands) {
  serve(files());
  const int fd = connect_to(server_->addresses()[0], 5'000).value();
  EXPECT_EQ(get()->body, "0");
  server_->stop(60'000);  // does not wait for it
  char byte = 0;
  EXPECT_EQ(::recv(fd, &byte, 1, 0), 0);
  ::close(fd);
}

// Answers a frame with itself, or "file" with the file.
class EchoService final : public TcpService {
 public:
  void on_request(const std::shared_ptr<Connection>&, Bytes request, Responder responder) override {
    Bytes head(4, '\0');
    const bool wants_file = request == "file";
    store_be<std::int32_t>(head.data(), static_cast<std::int32_t>(wants_file ? slice.length : request.size()));
    Answer answer;
    answer.emplace_back(std::move(head));
    if (wants_file) {
      answer.emplace_back(slice);
    } else {
      answer.emplace_back(std::move(request));
    }
    answer.emplace_back(Bytes());  // as after records at the end of an answer
    std::move(responder).answer(std::move(answer));
  }
  FileSlice slice;
};

class KafkaTls : public Tls {
 protected:
  void serve_frames(std::int64_t handshake_ms = 10'000) {
    identity_ = TlsIdentity::load(files()).value();
    TcpServerOptions options;
    options.listen = {{{"127.0.0.1", 0}, identity_}, {{"127.0.0.1", 0}}};
    options.threads = 2;
    options.handshake_ms = handshake_ms;
    frames_ = TcpServer::start(options, service_).value();
  }

  EchoService service_;
  std::unique_ptr<TcpServer> frames_;
};

TEST_F(KafkaTls, SmallAndLargeFramesPassInOrder) {
  serve_frames();
  Session session(frames_->addresses()[0]);
  ASSERT_TRUE(session.greet());
  for (const std::size_t size : {0UL, 1UL, 16'383UL, 16'384UL, 70'000UL, 5'000'000UL}) {
    const std::string body(size, 'x');
    session.send_frame(body);
    EXPECT_EQ(session.receive_frame(), body) << size;
  }
  for (int i = 0; i < 50; ++i) session.send_frame(std::to_string(i));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(session.receive_frame(), std::to_string(i));
}

TEST_F(KafkaTls, AFileIsSentWholeAlthoughNoSendfileCan) {
  std::string content(3'000'001, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 7 + i / 251);
  std::ofstream(at("content"), std::ios::binary) << content;
  const std::shared_ptr<File> file = real_file_system().open(at("content"), OpenMode::read_write).value();
  service_.slice = {file, 1, content.size() - 1};
  serve_frames();
  Session session(frames_->addresses()[0]);
  ASSERT_TRUE(session.greet());
  session.send_frame("file");
  EXPECT_EQ(session.receive_frame(), content.substr(1));
  session.send_frame("after");
  EXPECT_EQ(session.receive_frame(), "after");
}

TEST_F(KafkaTls, IdleHandshakesEndAndKeepNobodyOut) {
  serve_frames(/*handshake_ms=*/500);
  std::vector<int> idle;
  for (int i = 0; i < 200; ++i) idle.push_back(connect_to(frames_->addresses()[0], 5'000).value());
  Session session(frames_->addresses()[0]);
  ASSERT_TRUE(session.greet());
  session.send_frame("hello");
  EXPECT_EQ(session.receive_frame(), "hello");
  for (const int fd : idle) {
    set_socket_timeout(fd, 10'000);
    char byte = 0;
    EXPECT_EQ(::recv(fd, &byte, 1, 0), 0);
    ::close(fd);
  }
  session.send_frame("still here");
  EXPECT_EQ(session.receive_frame(), "still here");
}

TEST_F(KafkaTls, WhatIsNoTlsIsClosed) {
  serve_frames();
  const int fd = connect_to(frames_->addresses()[0], 5'000).value();
  set_socket_timeout(fd, 10'000);
  const char request[] = "\0\0\0\x08plaintext";
  ASSERT_GT(::send(fd, request, sizeof request, MSG_NOSIGNAL), 0);
  char buffer[256];
  ssize_t got = 0;
  while ((got = ::recv(fd, buffer, sizeof buffer, 0)) > 0) {
  }
  EXPECT_TRUE(got == 0 || errno == ECONNRESET);
  ::close(fd);
}

}  // namespace
}  // namespace sluice::io
