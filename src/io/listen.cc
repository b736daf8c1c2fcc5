#include "io/listen.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace sluice::io {
namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Result<AddressList> resolve(const Address& address, bool passive) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0);
  addrinfo* found = nullptr;
  // "localhost" may name ::1 first, where nobody listens.
  const auto host = address.host == "localhost" ? std::string("127.0.0.1") : address.host;
  const int failed = ::getaddrinfo(host.c_str(), std::to_string(address.port).c_str(), &wanted, &found);
  if (failed != 0) return Error{ErrorCode::rejected, "no host '" + address.host + "': " + ::gai_strerror(failed)};
  return AddressList(found, &::freeaddrinfo);
}

Error cannot_listen(const Address& address, int error) {
  Error refused{ErrorCode::rejected, "cannot listen on " + address.text() + ": " + std::strerror(error)};
  if (error == EADDRINUSE) {
    const auto holder = port_holder(address.port);
    refused.detail = holder.empty() ? "the port is in use" : "the port is held by " + holder;
    refused.hint = "stop that program, or choose another address with --listen";
  } else if (error == EACCES) {
    refused.hint = "ports below 1024 need rights; choose another with --listen";
  } else {
    refused.hint = "choose an address of this machine with --listen; 0.0.0.0 is all of them";
  }
  return refused;
}

// Waits for a non-blocking connect; 0, or errno.
int finish_connect(int descriptor, std::int64_t timeout_ms) {
  pollfd waiting{descriptor, POLLOUT, 0};
  const int ready = ::poll(&waiting, 1, static_cast<int>(timeout_ms));
  if (ready == 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  if (ready < 0 || ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

int connect_one(const addrinfo& target, std::int64_t timeout_ms, int& error) {
  const int descriptor = ::socket(target.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return error = errno, -1;
  error = ::connect(descriptor, target.ai_addr, target.ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) error = finish_connect(descriptor, timeout_ms);
  if (error == 0) {
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
    return descriptor;
  }
  ::close(descriptor);
  return -1;
}

}  // namespace

Result<int> listen_on(const Address& address) {
  auto found = resolve(address, true);
  if (!found.ok()) return std::move(found).error().in("cannot listen on " + address.text());
  const auto& target = **found;
  const int descriptor = ::socket(target.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return cannot_listen(address, errno);
  const int on = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(descriptor, target.ai_addr, target.ai_addrlen) != 0 || ::listen(descriptor, SOMAXCONN) != 0) {
    const int error = errno;
    ::close(descriptor);
    return cannot_listen(address, error);
  }
  return descriptor;
}

bool listens_v6(int descriptor) {
  sockaddr_storage local{};
  socklen_t size = sizeof local;
  return ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&local), &size) == 0 && local.ss_family == AF_INET6;
}

Result<int> connect_to(const Address& address, std::int64_t timeout_ms) {
  SLUICE_TRY(const auto found, resolve(address, false));
  int error = 0;
  for (const auto* target = found.get(); target != nullptr; target = target->ai_next) {
    const int descriptor = connect_one(*target, timeout_ms, error);
    if (descriptor >= 0) return descriptor;
  }
  return Error{ErrorCode::back_off, "nobody answers at " + address.text() + ": " + std::strerror(error)};
}

void set_socket_timeout(int descriptor, std::int64_t timeout_ms) {
  const timeval limit{timeout_ms / 1000, (timeout_ms % 1000) * 1000};
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

void notice_half_open(int descriptor) {
  const auto set = [descriptor](int level, int name, int value) { ::setsockopt(descriptor, level, name, &value, sizeof value); };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set(IPPROTO_TCP, TCP_KEEPCNT, 4);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 120'000);  // ms, for what was sent and not confirmed
}

}  // namespace sluice::io
