#include "io/page_cache.h"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/bytes.h"

namespace sluice::io {

namespace {
constexpr std::size_t kProbeBytes = std::size_t{64} << 10;  // the kernel reads ahead in at least such pieces
}  // namespace

bool in_page_cache(int descriptor, std::uint64_t offset, std::size_t size) {
  const auto cached = [&](std::size_t at) {
    char byte = 0;
    const iovec probe{&byte, 1};
    return ::preadv2(descriptor, &probe, 1, static_cast<off_t>(offset + at), RWF_NOWAIT) >= 0 || errno != EAGAIN;
  };
  for (std::size_t at = 0; at < size; at += kProbeBytes) {
    if (!cached(at)) return false;
  }
  return cached(size - 1);
}

void read_into_page_cache(int descriptor, std::uint64_t offset, std::size_t size) {
  thread_local Bytes sink(kProbeBytes, '\0');
  for (std::size_t done = 0; done < size;) {
    const auto got = ::pread(descriptor, sink.data(), std::min(sink.size(), size - done), static_cast<off_t>(offset + done));
    if (got <= 0) return;  // sendfile will meet the same, and tell
    done += static_cast<std::size_t>(got);
  }
}

}  // namespace sluice::io
