#include "cli/avro/output.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sluice::cli {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{64} << 10;

}  // namespace

Result<void> Output::written() { return buffer_.size() >= kPieceBytes ? flush() : Result<void>(); }

Result<void> Output::write(ByteView bytes) {
  buffer_ += bytes;
  return written();
}

Result<void> Output::flush() {
  ByteView left = buffer_;
  while (!left.empty() && !closed_) {
    const auto count = ::write(STDOUT_FILENO, left.data(), left.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno != EPIPE)
      return Error{errno == ENOSPC ? ErrorCode::out_of_space : ErrorCode::rejected,
                   std::string("standard output: ") + std::strerror(errno)};
    closed_ = count < 0;
    if (!closed_) left.remove_prefix(static_cast<std::size_t>(count));
  }
  buffer_.clear();
  return {};
}

}  // namespace sluice::cli
