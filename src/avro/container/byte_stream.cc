#include "avro/container/byte_stream.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sluice::avro {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

Error system_error(ErrorCode code, const std::string& name) { return {.code = code, .message = name + ": " + std::strerror(errno)}; }

Result<int> open_file(const std::string& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
  if (descriptor < 0) return system_error(errno == ENOENT ? ErrorCode::not_found : ErrorCode::rejected, path);
  return descriptor;
}

}  // namespace

Result<std::uint64_t> ByteSource::skip(std::uint64_t size) {
  Bytes piece;
  std::uint64_t done = 0;
  while (done < size) {
    piece.clear();
    SLUICE_TRY(const auto count, read(static_cast<std::size_t>(std::min<std::uint64_t>(size - done, kPieceBytes)), piece));
    if (count == 0) break;
    done += count;
  }
  return done;
}

Result<std::size_t> MemorySource::read(std::size_t size, Bytes& out) {
  const auto piece = bytes_.substr(0, size);
  out.append(piece);
  bytes_.remove_prefix(piece.size());
  return piece.size();
}

Result<std::uint64_t> MemorySource::skip(std::uint64_t size) {
  const auto count = std::min<std::uint64_t>(size, bytes_.size());
  bytes_.remove_prefix(static_cast<std::size_t>(count));
  return count;
}

Result<void> MemorySink::write(ByteView bytes) {
  bytes_.append(bytes);
  return {};
}

Result<FileSource> FileSource::open(const std::string& path) {
  SLUICE_TRY(const int descriptor, open_file(path, O_RDONLY));
  FileSource source(descriptor, path);
  source.owned_ = true;
  return source;
}

FileSource::FileSource(FileSource&& other) noexcept
    : descriptor_(other.descriptor_), name_(std::move(other.name_)), owned_(std::exchange(other.owned_, false)) {}

FileSource::~FileSource() {
  if (owned_) ::close(descriptor_);
}

Result<std::size_t> FileSource::read(std::size_t size, Bytes& out) {
  const auto before = out.size();
  ssize_t count = 0;
  out.resize_and_overwrite(before + size, [&](char* data, std::size_t) {
    do {
      count = ::read(descriptor_, data + before, size);
    } while (count < 0 && errno == EINTR);
    return before + static_cast<std::size_t>(std::max<ssize_t>(count, 0));
  });
  if (count < 0) return system_error(ErrorCode::rejected, name_);
  return static_cast<std::size_t>(count);
}

Result<std::uint64_t> FileSource::skip(std::uint64_t size) {
  struct stat status {};
  const auto at = ::lseek(descriptor_, 0, SEEK_CUR);
  if (at < 0 || ::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) return ByteSource::skip(size);
  const auto left = static_cast<std::uint64_t>(std::max<off_t>(status.st_size - at, 0));
  const auto count = std::min(size, left);
  if (::lseek(descriptor_, static_cast<off_t>(count), SEEK_CUR) < 0) return system_error(ErrorCode::rejected, name_);
  return count;
}

Result<FileSink> FileSink::create(const std::string& path) {
  SLUICE_TRY(const int descriptor, open_file(path, O_WRONLY | O_CREAT | O_TRUNC));
  FileSink sink(descriptor, path);
  sink.owned_ = true;
  return sink;
}

FileSink::FileSink(FileSink&& other) noexcept
    : descriptor_(other.descriptor_), name_(std::move(other.name_)), owned_(std::exchange(other.owned_, false)) {}

FileSink::~FileSink() {
  if (owned_) ::close(descriptor_);
}

Result<void> FileSink::write(ByteView bytes) {
  while (!bytes.empty()) {
    const auto count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(errno == ENOSPC || errno == EDQUOT ? ErrorCode::out_of_space : ErrorCode::back_off, name_);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace sluice::avro
