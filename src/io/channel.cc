#include "io/channel.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/check.h"

namespace sluice::io {
namespace {

constexpr std::size_t kMostAtOnce = std::size_t{1} << 30;  // OpenSSL counts in int

int count_of(std::size_t size) { return static_cast<int>(std::min(size, kMostAtOnce)); }

// What a call of the socket that failed means.
ssize_t failed() { return errno == EAGAIN || errno == EINTR ? Channel::kNotNow : Channel::kBroken; }

}  // namespace

Channel::Channel(int socket, const TlsIdentity* tls) : socket_(socket), ssl_(nullptr, &SSL_free) {
  if (tls == nullptr) return;
  ssl_.reset(SSL_new(tls->context().get()));
  SLUICE_CHECK(ssl_ != nullptr);
  SSL_set_fd(ssl_.get(), socket);
  SSL_set_accept_state(ssl_.get());
}

Channel::~Channel() {
  if (plain() || !greeted()) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
}

ssize_t Channel::read(char* to, std::size_t size) {
  if (plain()) {
    const auto got = ::recv(socket_, to, size, 0);
    return got > 0 ? got : got == 0 ? kBroken : failed();
  }
  ERR_clear_error();
  const auto got = outcome(SSL_read(ssl_.get(), to, count_of(size)));
  read_wants_write_ = got == kNotNow && SSL_want_write(ssl_.get());
  return got;
}

ssize_t Channel::write(std::span<const iovec> parts, bool more) {
  if (plain()) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts.data());
    message.msg_iovlen = parts.size();
    const auto sent = ::sendmsg(socket_, &message, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
    return sent >= 0 ? sent : failed();
  }
  const auto part = std::ranges::find_if(parts, [](const iovec& each) { return each.iov_len > 0; });
  if (part == parts.end()) return 0;
  ERR_clear_error();
  return outcome(SSL_write(ssl_.get(), part->iov_base, count_of(part->iov_len)));
}

bool Channel::greeted() const { return plain() || SSL_is_init_finished(ssl_.get()); }
bool Channel::has_more() const { return !plain() && SSL_pending(ssl_.get()) > 0; }

ssize_t Channel::outcome(int result) {
  if (result > 0) return result;
  const auto error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return kNotNow;
  SSL_set_quiet_shutdown(ssl_.get(), 1);  // no goodbye on a broken connection
  return kBroken;
}

}  // namespace sluice::io
