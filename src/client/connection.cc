#include "client/connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "io/listen.h"
#include "kafka/metadata_messages.h"

namespace sluice::client {

Result<std::unique_ptr<Connection>> Connection::open(const io::Address& address, const ConnectionOptions& options) {
  SLUICE_TRY(const int descriptor, io::connect_to(address, options.connect_timeout_ms));
  io::set_socket_timeout(descriptor, options.timeout_ms);
  std::unique_ptr<Connection> connection(new Connection(address, options, descriptor));
  SLUICE_RETURN_IF_ERROR(connection->learn_versions());
  return connection;
}

Connection::~Connection() { ::close(descriptor_); }

Result<void> Connection::learn_versions() {
  using Request = kafka::ApiVersionsRequest;
  versions_[Request::kKey] = {0, 0};  // version 0 is understood by every broker there ever was
  SLUICE_TRY(const auto reply, call(Request{}, 0));
  for (const auto& api : reply->api_keys) {
    versions_[static_cast<kafka::ApiKey>(api.api_key)] = {api.min_version, api.max_version};
  }
  return {};
}

Result<kafka::Version> Connection::choose(kafka::ApiKey key, kafka::VersionRange ours) const {
  const auto theirs = versions_.find(key);
  const auto name = std::string(kafka::to_string(key));
  if (theirs == versions_.end()) {
    return Error{ErrorCode::unsupported, address_.text() + " does not know " + name};
  }
  const auto version = std::min(ours.max, theirs->second.max);
  if (version < std::max(ours.min, theirs->second.min)) {
    return Error{ErrorCode::unsupported, address_.text() + " speaks " + name + " in versions " +
                                             std::to_string(theirs->second.min) + " to " + std::to_string(theirs->second.max) +
                                             ", we in " + std::to_string(ours.min) + " to " + std::to_string(ours.max)};
  }
  return version;
}

Result<std::unique_ptr<Bytes>> Connection::exchange(Bytes& frame) {
  store_be<std::int32_t>(frame.data(), static_cast<std::int32_t>(frame.size() - 4));
  for (ByteView rest = frame; !rest.empty();) {
    const auto sent = ::send(descriptor_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return Error{ErrorCode::back_off, "the connection to " + address_.text() + " broke: " + std::strerror(errno)};
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  char prefix[4];
  SLUICE_RETURN_IF_ERROR(receive(prefix, sizeof prefix));
  const auto size = load_be<std::int32_t>(prefix);
  if (size < 4 || static_cast<std::size_t>(size) > options_.max_answer_bytes) {
    return Error{ErrorCode::corrupt, "what answers at " + address_.text() + " does not speak Kafka's protocol, or says too much: " +
                                         std::to_string(size) + " bytes"};
  }
  auto answer = std::make_unique<Bytes>(static_cast<std::size_t>(size), '\0');
  SLUICE_RETURN_IF_ERROR(receive(answer->data(), answer->size()));
  return answer;
}

Result<void> Connection::receive(char* to, std::size_t size) const {
  while (size > 0) {
    const auto got = ::recv(descriptor_, to, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) return Error{ErrorCode::back_off, address_.text() + " ended the connection"};
    if (got < 0) {
      const bool silent = errno == EAGAIN;
      return Error{ErrorCode::back_off, silent ? address_.text() + " did not answer in time"
                                               : "the connection to " + address_.text() + " broke: " + std::strerror(errno)};
    }
    to += got;
    size -= static_cast<std::size_t>(got);
  }
  return {};
}

Error Connection::wrong_answer(const char* to) const {
  return {ErrorCode::corrupt, address_.text() + " answered something else than our " + to};
}

}  // namespace sluice::client
