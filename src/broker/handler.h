#pragma once
// What a handler is, gets and gives. One file an API under handlers/; each names its message and its versions in one
// line, and the list of those lines (apis.cc) is the dispatch table and the answer to ApiVersions:
//
//   constinit const Api kDeleteRecords = api<kafka::DeleteRecordsRequest, &handle>({0, 2}, Runs::on_worker);
//
// A handler is decode (done before it is called), one call on the node, encode (done by Reply).

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "broker/broker.h"
#include "broker/worker.h"
#include "io/tcp_server.h"
#include "kafka/api.h"
#include "kafka/header.h"
#include "kafka/message.h"
#include "node/node.h"

namespace sluice::broker {

// One request on its way. Shared by whoever still needs it; the bytes that a decoded request's views point into live
// as long.
struct Call {
  node::Node& node;
  const BrokerOptions& options;
  Worker& worker;
  std::shared_ptr<io::Connection> connection;
  io::Address advertised;  // what this client is told to connect to
  std::string client_host;
  kafka::RequestHeader header;
  mutable Bytes frame;  // never resized; what parts of it are written to is the handler's affair

  // A part of the frame, for the node to patch where it lies.
  [[nodiscard]] std::span<char> writable(ByteView part) const {
    const auto at = part.empty() ? 0 : static_cast<std::size_t>(part.data() - frame.data());
    SLUICE_CHECK(at + part.size() <= frame.size());
    return {frame.data() + at, part.size()};
  }

  [[nodiscard]] std::string client_id() const { return header.client_id.value_or(""); }
};
using CallPtr = std::shared_ptr<const Call>;

// The untyped half of a Reply.
class Outgoing {
 public:
  Outgoing(io::Responder responder, std::int32_t correlation_id, kafka::ApiKey key, kafka::Version version,
           bool flexible)
      : responder_(std::move(responder)),
        correlation_id_(correlation_id),
        key_(key),
        version_(version),
        flexible_(flexible) {}

  [[nodiscard]] kafka::Version version() const { return version_; }
  [[nodiscard]] Bytes begin() const;  // room for the length, then the response header
  void send(Bytes frame, const std::vector<kafka::Cut>& cuts, std::vector<io::FileSlice> slices);
  void nothing();
  void close();
  void fail(const Error& error);

 private:
  [[nodiscard]] bool first() { return !used_.exchange(true); }
  io::Responder responder_;
  std::int32_t correlation_id_;
  kafka::ApiKey key_;
  kafka::Version version_;
  bool flexible_;
  std::atomic<bool> used_{false};
};

// Answers one request, once, from any thread; copies share that right. Dropped unused, the connection is closed.
template <typename Response>
class Reply {
 public:
  explicit Reply(std::shared_ptr<Outgoing> out) : out_(std::move(out)) {}

  void operator()(const Response& response, std::vector<io::FileSlice> slices = {}) const {
    auto frame = out_->begin();
    std::vector<kafka::Cut> cuts;
    auto encoded = kafka::encode(response, out_->version(), frame, &cuts);
    if (!encoded.ok()) return out_->fail(encoded.error());
    out_->send(std::move(frame), cuts, std::move(slices));
  }
  void nothing() const { out_->nothing(); }  // acks=0
  void close() const { out_->close(); }

 private:
  std::shared_ptr<Outgoing> out_;
};

enum class Runs : std::uint8_t { on_loop, on_worker };

struct Api {
  kafka::ApiKey key{};
  kafka::VersionRange versions;
  kafka::Version flexible = kafka::kNever;
  Runs runs = Runs::on_loop;
  // Decodes what `body` reads and calls the handler. Errors: those of decoding; `out` is then unused.
  Result<void> (*serve)(const CallPtr& call, ByteReader body, Runs runs, std::shared_ptr<Outgoing> out) = nullptr;
};

template <typename Request>
using HandleFunction = void (*)(const CallPtr&, const Request&, const Reply<typename Request::Response>&);

template <typename Request, HandleFunction<Request> handle>
Result<void> serve(const CallPtr& call, ByteReader body, Runs runs, std::shared_ptr<Outgoing> out) {
  SLUICE_TRY(auto request, kafka::decode<Request>(body, call->header.version));
  const Reply<typename Request::Response> reply{std::move(out)};
  if (runs == Runs::on_loop) {
    handle(call, request, reply);
    return {};
  }
  call->worker.post(
      [call, reply, request = std::make_shared<Request>(std::move(request))] { handle(call, *request, reply); });
  return {};
}

template <typename Request, HandleFunction<Request> handle>
constexpr Api api(kafka::VersionRange versions, Runs runs = Runs::on_loop) {
  return {Request::kKey, versions, Request::kFlexible, runs, &serve<Request, handle>};
}

}  // namespace sluice::broker
