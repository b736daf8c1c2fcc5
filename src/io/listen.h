#pragma once
// Sockets as descriptors, without Asio: what both servers and the blocking clients begin with.

#include <cstdint>

#include "base/result.h"
#include "io/tcp_server.h"

namespace sluice::io {

// A non-blocking listening socket, whose descriptor the caller owns. Errors: rejected, in words for people (who holds the
// port, if that can be found).
[[nodiscard]] Result<int> listen_on(const Address& address);
[[nodiscard]] bool listens_v6(int descriptor);

// A blocking, connected socket with TCP_NODELAY, whose descriptor the caller owns. Errors: back_off (nobody answers
// there), rejected (no such host).
[[nodiscard]] Result<int> connect_to(const Address& address, std::int64_t timeout_ms);

// Limits each later read and write of a blocking socket.
void set_socket_timeout(int descriptor, std::int64_t timeout_ms);
// A peer that vanished without a word (a cable, a NAT that forgot) is given up after about two minutes, idle or not.
void notice_half_open(int descriptor);

}  // namespace sluice::io
