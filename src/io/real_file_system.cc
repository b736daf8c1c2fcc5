#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "io/file_system.h"

namespace sluice::io {
namespace {

Error failed(const std::string& what, const std::string& path, int error) {
  const auto message = path + ": cannot " + what + ": " + std::strerror(error);
  switch (error) {
    case ENOENT: return {ErrorCode::not_found, message};
    case EEXIST: return {ErrorCode::already_exists, message};
    case ENOSPC:
    case EDQUOT: return {ErrorCode::out_of_space, message, "", "free space on this file system"};
    case EACCES:
    case EPERM:
    case EROFS: return {ErrorCode::back_off, message, "", "give this user write access"};
    default: return {ErrorCode::back_off, message};
  }
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

class RealFile final : public File {
 public:
  RealFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  [[nodiscard]] const std::string& path() const override { return path_; }
  [[nodiscard]] int descriptor() const override { return fd_.get(); }

  [[nodiscard]] Result<std::uint64_t> size() const override {
    struct stat info {};
    if (::fstat(fd_.get(), &info) != 0) return failed("stat", path_, errno);
    return static_cast<std::uint64_t>(info.st_size);
  }

  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<char> out) const override {
    std::size_t done = 0;
    while (done < out.size()) {
      const auto got = ::pread(fd_.get(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failed("read", path_, errno);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  [[nodiscard]] Result<void> write_at(std::uint64_t offset, std::span<const ByteView> parts) override {
    std::vector<iovec> vector;
    vector.reserve(parts.size());
    for (const auto part : parts) {
      if (!part.empty()) vector.push_back({const_cast<char*>(part.data()), part.size()});
    }
    std::size_t first = 0;
    while (first < vector.size()) {
      const auto count = std::min<std::size_t>(vector.size() - first, IOV_MAX);
      auto put = ::pwritev(fd_.get(), vector.data() + first, static_cast<int>(count), static_cast<off_t>(offset));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return failed("write", path_, errno);
      offset += static_cast<std::uint64_t>(put);
      first = advance(vector, first, static_cast<std::size_t>(put));
    }
    return {};
  }

  [[nodiscard]] Result<void> truncate(std::uint64_t size) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return failed("truncate", path_, errno);
    return {};
  }

  [[nodiscard]] Result<void> check_written() override {
    // Waits for what is being written, which after syncfs is nothing, and tells this descriptor's pending error.
    if (::sync_file_range(fd_.get(), 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE) != 0) return failed("write back", path_, errno);
    return {};
  }

  [[nodiscard]] Result<void> sync() override {
    if (::fdatasync(fd_.get()) != 0) return failed("sync", path_, errno);
    return {};
  }

 private:
  // Drops `put` bytes from the front of what is left to write; gives the index of the first part not yet written.
  static std::size_t advance(std::vector<iovec>& vector, std::size_t first, std::size_t put) {
    while (first < vector.size() && put >= vector[first].iov_len) put -= vector[first++].iov_len;
    if (first < vector.size()) {
      vector[first].iov_base = static_cast<char*>(vector[first].iov_base) + put;
      vector[first].iov_len -= put;
    }
    return first;
  }

  Descriptor fd_;
  std::string path_;
};

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::read: return O_RDONLY;
    case OpenMode::read_write: return O_RDWR;
    case OpenMode::create: return O_RDWR | O_CREAT;
    case OpenMode::create_new: return O_RDWR | O_CREAT | O_EXCL;
  }
  return O_RDONLY;
}

class RealFileSystem final : public FileSystem {
 public:
  [[nodiscard]] Result<std::shared_ptr<File>> open(const std::string& path, OpenMode mode) override {
    const int fd = ::open(path.c_str(), flags_of(mode) | O_CLOEXEC, 0644);
    if (fd < 0) return failed("open", path, errno);
    return std::shared_ptr<File>(std::make_shared<RealFile>(fd, path));
  }

  [[nodiscard]] Result<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return failed("rename to " + to, from, errno);
    return {};
  }

  [[nodiscard]] Result<void> link(const std::string& from, const std::string& to) override {
    if (::link(from.c_str(), to.c_str()) != 0) return failed("link from " + from, to, errno);
    return {};
  }

  [[nodiscard]] Result<void> remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return failed("remove", path, errno);
    return {};
  }

  [[nodiscard]] Result<void> remove_all(const std::string& path) override {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) return failed("remove", path, error.value());
    return {};
  }

  [[nodiscard]] Result<void> create_directories(const std::string& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return failed("create", path, error.value());
    return {};
  }

  [[nodiscard]] Result<std::vector<DirectoryEntry>> list(const std::string& path) override {
    std::vector<DirectoryEntry> entries;
    std::error_code error;
    std::filesystem::directory_iterator it(path, error);
    for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
      std::error_code ignored;
      entries.push_back({it->path().filename().string(), it->is_directory(ignored)});
    }
    if (error) return failed("list", path, error.value());
    return entries;
  }

  [[nodiscard]] Result<bool> exists(const std::string& path) override {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return failed("stat", path, errno);
  }

  [[nodiscard]] Result<void> sync_directory(const std::string& path) override {
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.get() < 0) return failed("open", path, errno);
    if (::fsync(fd.get()) != 0) return failed("sync", path, errno);
    return {};
  }

  [[nodiscard]] Result<void> sync_all(const std::string& path) override {
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0) return failed("open", path, errno);
    if (::syncfs(fd.get()) != 0) return failed("sync the file system of", path, errno);
    return {};
  }

  [[nodiscard]] Result<std::uint64_t> free_bytes(const std::string& path) override {
    struct statvfs info {};
    if (::statvfs(path.c_str(), &info) != 0) return failed("stat the file system of", path, errno);
    return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  }
};

}  // namespace

FileSystem& real_file_system() {
  static RealFileSystem files;
  return files;
}

Result<std::unique_ptr<ProcessLock>> ProcessLock::acquire(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return failed("open", path, errno);
  auto lock = std::unique_ptr<ProcessLock>(new ProcessLock(fd));
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed("lock", path, errno);
    char holder[32] = {};
    const auto got = ::pread(fd, holder, sizeof holder - 1, 0);
    const auto pid = got > 0 ? std::string(holder) : std::string("unknown");
    return Error{ErrorCode::rejected, path + ": in use by another process (pid " + pid + ")", "",
                 "stop that process, or give this one a directory of its own with --data"};
  }
  const auto pid = std::to_string(::getpid());
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) < 0) return failed("write", path, errno);
  return lock;
}

ProcessLock::~ProcessLock() { ::close(descriptor_); }

}  // namespace sluice::io
