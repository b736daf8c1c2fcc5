#pragma once
// One blocking connection to a Kafka broker: a request, then its answer. The version of each request is the newest that
// both sides know. One thread at a time. After an error other than `unsupported` the connection is of no use any more.

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "io/tcp_server.h"
#include "kafka/header.h"
#include "kafka/message.h"

namespace sluice::client {

struct ConnectionOptions {
  std::string client_id = "sluice";
  std::int64_t connect_timeout_ms = 5'000;
  std::int64_t timeout_ms = 30'000;  // for an answer, beyond what the request itself asks the broker to wait
  std::size_t max_answer_bytes = std::size_t{256} << 20;
};

// An answer, and the bytes that its Records point into.
template <typename M>
struct Reply {
  M message;
  std::unique_ptr<Bytes> buffer;

  M* operator->() { return &message; }
  const M* operator->() const { return &message; }
};

class Connection {
 public:
  // Connects and asks which versions the broker knows. Errors: back_off (nobody answers), rejected (no such host),
  // corrupt (it does not speak Kafka's protocol).
  [[nodiscard]] static Result<std::unique_ptr<Connection>> open(const io::Address& address, const ConnectionOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] const io::Address& address() const { return address_; }

  // `max` is the newest version that the caller can make use of. Errors: unsupported (no version in common), back_off,
  // corrupt. Codes inside the answer are the caller's to read.
  template <typename Request>
  [[nodiscard]] Result<Reply<typename Request::Response>> call(const Request& request,
                                                               kafka::Version max = Request::kVersions.max) {
    using Response = typename Request::Response;
    SLUICE_TRY(const auto version, choose(Request::kKey, {Request::kVersions.min, max}));
    const bool flexible = version >= Request::kFlexible;
    Bytes bytes(4, '\0');
    const auto id = next_id_++;
    kafka::encode_request_header({Request::kKey, version, id, options_.client_id}, flexible, bytes);
    SLUICE_RETURN_IF_ERROR(kafka::encode(request, version, bytes));
    SLUICE_TRY(auto answer, exchange(bytes));
    ByteReader in(*answer);
    SLUICE_TRY(const auto answered, kafka::decode_response_header(in, Request::kKey, flexible));
    if (answered != id) return wrong_answer(Request::kName);
    SLUICE_TRY(auto message, kafka::decode<Response>(in, version));
    return Reply<Response>{std::move(message), std::move(answer)};
  }

 private:
  Connection(io::Address address, ConnectionOptions options, int descriptor)
      : address_(std::move(address)), options_(std::move(options)), descriptor_(descriptor) {}

  [[nodiscard]] Result<void> learn_versions();
  [[nodiscard]] Result<kafka::Version> choose(kafka::ApiKey key, kafka::VersionRange ours) const;
  // Sends a frame (its first four bytes are for its length) and gives the next one that comes.
  [[nodiscard]] Result<std::unique_ptr<Bytes>> exchange(Bytes& frame);
  [[nodiscard]] Result<void> receive(char* to, std::size_t size) const;
  [[nodiscard]] Error wrong_answer(const char* to) const;

  io::Address address_;
  ConnectionOptions options_;
  int descriptor_;
  std::int32_t next_id_ = 1;
  std::map<kafka::ApiKey, kafka::VersionRange> versions_;
};

}  // namespace sluice::client
