#pragma once
// The wire face of a node: requests of Kafka's protocol in, answers out.
//
//   io::TcpServer --whole request--> Broker --decoded--> handlers/… --one call--> node::Node
//
//   - A request is served on its connection's loop; the few that wait for the disk (changes of metadata, beginnings of
//     transactions) on one worker thread of the broker. Answers may come from any thread and leave in request order.
//   - What cannot be understood (unknown API, version out of range, a body that does not parse) ends the connection, as
//     Kafka does, since there is no answer that such a client could read. ApiVersions is the exception.
//   - Nothing is kept of a client but what the node's coordinators keep.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/tcp_server.h"
#include "node/node.h"

namespace sluice::broker {

class TopicSchemas;  // schema_check.h

struct BrokerOptions {
  // Where the clients of each listener are told to connect; none, or fewer than listeners: the address that each client did
  // connect to, which is right for one machine and for several networks at once, and wrong behind a forwarded port.
  std::vector<std::optional<io::Address>> advertise = {};
  std::int64_t fetch_max_bytes = std::int64_t{55} << 20;  // of one answer, as Kafka's fetch.max.bytes
  std::int64_t fetch_wait_max_ms = 300'000;               // a client may not wait longer
  TopicSchemas* schemas = nullptr;  // outlives the broker; none: what topics ask of their records' schemas is not checked
};

// A service for io::TcpServer. Thread-safe. `node` must outlive it, and the server must be stopped before it goes.
class Broker final : public io::TcpService {
 public:
  Broker(node::Node& node, BrokerOptions options);
  ~Broker() override;

  void on_request(const std::shared_ptr<io::Connection>& connection, Bytes request, io::Responder responder) override;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::broker
