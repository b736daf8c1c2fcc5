#include "broker/broker_testing.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>

namespace sluice::broker {

namespace {

std::string make_directory() {
  auto pattern = (std::filesystem::temp_directory_path() / "sluice-broker-XXXXXX").string();
  EXPECT_NE(mkdtemp(pattern.data()), nullptr);
  return pattern;
}

}  // namespace

RunningBroker::RunningBroker(node::NodeOptions node_options, BrokerOptions options, std::size_t max_request_bytes)
    : directory_(make_directory()) {
  node_options.data = directory_;
  auto node = node::Node::open(io::real_file_system(), io::system_clock(), node_options);
  SLUICE_CHECK(node.ok());
  node_ = *std::move(node);
  rounds_ = std::thread([this] {
    while (!stopping_) {
      node_->wait_for_appends(20);
      while (node_->run_sync_round()) {
      }
    }
  });
  housekeeping_ = std::thread([this] {
    while (!stopping_) {
      node_->run_housekeeping(io::system_clock().wall_ms());
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  broker_ = std::make_unique<Broker>(*node_, std::move(options));
  io::TcpServerOptions server;
  server.listen = {{"127.0.0.1", 0}};
  server.threads = 2;
  server.max_request_bytes = max_request_bytes;
  auto started = io::TcpServer::start(server, *broker_);
  SLUICE_CHECK(started.ok());
  server_ = *std::move(started);
}

RunningBroker::~RunningBroker() {
  server_->stop(0);
  server_.reset();
  broker_.reset();
  stopping_ = true;
  rounds_.join();
  housekeeping_.join();
  node_.reset();
  std::filesystem::remove_all(directory_);
}

RawClient::RawClient(std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

RawClient::~RawClient() { ::close(socket_); }

void RawClient::send_bytes(ByteView bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the other side may close while we send: receive() tells
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool RawClient::receive_exactly(char* to, std::size_t size) {
  while (size > 0) {
    const auto got = ::recv(socket_, to, size, 0);
    EXPECT_FALSE(got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) << "no answer within 10 s";
    if (got <= 0) return false;
    to += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

Bytes RawClient::receive_frame() {
  char length[4];
  if (!receive_exactly(length, sizeof length)) return {};
  Bytes frame(static_cast<std::size_t>(load_be<std::int32_t>(length)), '\0');
  if (!receive_exactly(frame.data(), frame.size())) return {};
  return frame;
}

}  // namespace sluice::broker
