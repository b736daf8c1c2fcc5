#pragma once
// A whole broker in this process on a data directory of its own, and a client of it that speaks raw frames.

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "broker/broker.h"
#include "gtest/gtest.h"
#include "io/tcp_server.h"
#include "kafka/header.h"
#include "kafka/message.h"
#include "node/node.h"

namespace sluice::broker {

// The node, the threads that its owner owes it, and a server on a free port of 127.0.0.1. Everything is removed at the
// end.
class RunningBroker {
 public:
  explicit RunningBroker(node::NodeOptions node_options = {}, BrokerOptions options = {},
                         std::size_t max_request_bytes = 1 << 20);
  ~RunningBroker();

  [[nodiscard]] std::uint16_t port() const { return server_->addresses().front().port; }
  [[nodiscard]] node::Node& node() { return *node_; }

 private:
  std::string directory_;
  std::unique_ptr<node::Node> node_;
  std::unique_ptr<Broker> broker_;
  std::unique_ptr<io::TcpServer> server_;
  std::atomic<bool> stopping_{false};
  std::thread rounds_;
  std::thread housekeeping_;
};

// One connection, blocking. Failures of the transport fail the test.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // Sends a request and waits for its answer.
  template <typename Request>
  typename Request::Response call(const Request& request, kafka::Version version) {
    const auto id = send(request, version);
    return receive<typename Request::Response>(version, id);
  }
  // Gives the correlation id.
  template <typename Request>
  std::int32_t send(const Request& request, kafka::Version version) {
    Bytes frame(4, '\0');
    const auto id = next_id_++;
    kafka::encode_request_header({Request::kKey, version, id, "raw"}, version >= Request::kFlexible, frame);
    EXPECT_TRUE(kafka::encode(request, version, frame).ok());
    store_be<std::int32_t>(frame.data(), static_cast<std::int32_t>(frame.size() - 4));
    send_bytes(frame);
    return id;
  }
  template <typename Response>
  Response receive(kafka::Version version, std::int32_t id) {
    last_ = receive_frame();
    ByteReader in{last_};
    const auto got = kafka::decode_response_header(in, Response::kKey, version >= Response::kFlexible);
    EXPECT_TRUE(got.ok() && *got == id) << "answers leave in the order of the requests";
    auto response = kafka::decode<Response>(in, version);
    EXPECT_TRUE(response.ok()) << response.error();
    EXPECT_TRUE(in.at_end()) << in.remaining() << " bytes too many";
    return response.ok() ? *std::move(response) : Response{};
  }

  void send_bytes(ByteView bytes);
  // Without its length; empty when the connection was closed.
  Bytes receive_frame();
  [[nodiscard]] bool closed() { return receive_frame().empty(); }

 private:
  [[nodiscard]] bool receive_exactly(char* to, std::size_t size);

  int socket_ = -1;
  std::int32_t next_id_ = 1;
  Bytes last_;  // what the Records of the last answer point into
};

}  // namespace sluice::broker
