#pragma once
// The bytes of a non-blocking socket, through TLS or as they are. Private to io.

#include <sys/types.h>
#include <sys/uio.h>

#include <memory>
#include <span>

#include "io/tls.h"

struct ssl_st;

namespace sluice::io {

// Does not own the socket, which must outlive it. TLS's handshake is part of the first reads.
class Channel {
 public:
  Channel(int socket, const TlsIdentity* tls);  // no identity: plain
  ~Channel();                                   // says goodbye, if TLS stands
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  static constexpr ssize_t kNotNow = -1;
  static constexpr ssize_t kBroken = -2;  // or ended
  // How many bytes came; kNotNow, kBroken.
  [[nodiscard]] ssize_t read(char* to, std::size_t size);
  // How many bytes left; kNotNow, kBroken. `more`: others will follow at once.
  [[nodiscard]] ssize_t write(std::span<const iovec> parts, bool more);

  [[nodiscard]] bool plain() const { return ssl_ == nullptr; }
  [[nodiscard]] bool greeted() const;                             // no handshake stands out
  [[nodiscard]] bool has_more() const;                            // bytes that came already: the socket will not tell of them
  [[nodiscard]] bool read_wants_write() const { return read_wants_write_; }  // what a read that said kNotNow waits for

 private:
  [[nodiscard]] ssize_t outcome(int result);

  int socket_;
  std::unique_ptr<ssl_st, void (*)(ssl_st*)> ssl_;
  bool read_wants_write_ = false;
};

}  // namespace sluice::io
