#include "capture/postgres/open_keys.h"

#include <array>
#include <cerrno>
#include <cstring>

namespace sluice::capture::postgres {
namespace {

constexpr std::size_t kKeptBytes = std::size_t{256} << 10;

Error spill_error() {
  return {ErrorCode::out_of_space, std::string("keys of a large transaction cannot be kept in a temporary file: ") + std::strerror(errno), "", "make room in /tmp"};
}

}  // namespace

Result<void> OpenKeys::add(ByteView key) {
  ByteWriter writer(keys_);
  writer.varint(key.size());
  writer.raw(key);
  return keys_.size() < kKeptBytes ? Result<void>{} : spill();
}

Result<void> OpenKeys::spill() {
  if (!file_) file_.reset(std::tmpfile());
  if (!file_ || std::fwrite(keys_.data(), 1, keys_.size(), file_.get()) != keys_.size()) return spill_error();
  keys_.clear();
  return {};
}

Result<void> OpenKeys::for_each(const std::function<Result<void>(ByteView)>& visit) const {
  Bytes pending;
  const auto visit_whole = [&](ByteView bytes) -> Result<void> {
    pending.append(bytes);
    ByteReader in(pending);
    std::size_t used = 0;
    while (true) {
      const auto size = in.varint();
      const auto key = in.view(size);
      if (!in.ok()) break;
      used = pending.size() - in.remaining();
      SLUICE_RETURN_IF_ERROR(visit(key));
    }
    pending.erase(0, used);
    return {};
  };
  if (file_) {
    if (std::fflush(file_.get()) != 0 || std::fseek(file_.get(), 0, SEEK_SET) != 0) return spill_error();
    std::array<char, 65536> buffer;
    while (const auto size = std::fread(buffer.data(), 1, buffer.size(), file_.get())) SLUICE_RETURN_IF_ERROR(visit_whole({buffer.data(), size}));
    if (std::ferror(file_.get()) != 0 || std::fseek(file_.get(), 0, SEEK_END) != 0) return spill_error();
  }
  return visit_whole(keys_);
}

void OpenKeys::clear() {
  keys_.clear();
  file_.reset();
}

}  // namespace sluice::capture::postgres
