#pragma once
// Files, as a seam: the real ones, or a simulated disk that tears writes, fails them, fills up, and forgets at a crash
// what was not synced.
//
// Nothing is durable before sync(). A new, renamed or removed name is durable after sync_directory() of its folder.
// After a failed sync nobody knows what of the unsynced bytes is on disk: the kernel may call the pages clean and
// never write them. Errors: not_found, already_exists, out_of_space (disk or quota full), back_off (any other failure
// of the device; the message carries errno's text and the path).

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace sluice::io {

// An open file. Thread rule: reads may run beside each other and beside one writer.
class File {
 public:
  virtual ~File() = default;

  [[nodiscard]] virtual const std::string& path() const = 0;
  [[nodiscard]] virtual Result<std::uint64_t> size() const = 0;
  // Reads up to out.size() bytes at `offset`; fewer only at the end of the file.
  [[nodiscard]] virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<char> out) const = 0;
  // Writes all of `parts`, one after the other, at `offset`. On failure any prefix may have been written.
  [[nodiscard]] virtual Result<void> write_at(std::uint64_t offset, std::span<const ByteView> parts) = 0;
  [[nodiscard]] virtual Result<void> truncate(std::uint64_t size) = 0;
  // Makes data and size durable (fdatasync).
  [[nodiscard]] virtual Result<void> sync() = 0;
  // Whether bringing written pages to the disk has failed since this handle was opened or last told. sync_all() needs it
  // beside it: syncfs knows nothing of that before Linux 5.8, and later only what nobody else was told. Syncs nothing.
  [[nodiscard]] virtual Result<void> check_written() { return {}; }
  // The descriptor, for sendfile; -1 where there is none (simulated).
  [[nodiscard]] virtual int descriptor() const { return -1; }

  // Exactly `size` bytes at `offset`. Errors: corrupt, when the file ends before.
  [[nodiscard]] Result<Bytes> read_exactly(std::uint64_t offset, std::size_t size) const;
  [[nodiscard]] Result<void> write_at(std::uint64_t offset, ByteView bytes) { return write_at(offset, {&bytes, 1}); }
};

// A range of a file that stays readable as long as the slice lives, even when the name is gone.
struct FileSlice {
  std::shared_ptr<const File> file;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

enum class OpenMode : std::uint8_t {
  read,         // must exist
  read_write,   // must exist
  create,       // made if missing; read and write
  create_new,   // must not exist; read and write
};

struct DirectoryEntry {
  std::string name;
  bool is_directory = false;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  [[nodiscard]] virtual Result<std::shared_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  // Replaces `to`, atomically.
  [[nodiscard]] virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  // A second name for a file. Errors: already_exists when `to` is there: the operation that cannot overwrite.
  [[nodiscard]] virtual Result<void> link(const std::string& from, const std::string& to) = 0;
  [[nodiscard]] virtual Result<void> remove(const std::string& path) = 0;
  [[nodiscard]] virtual Result<void> remove_all(const std::string& path) = 0;
  // With its parents; no error when it exists.
  [[nodiscard]] virtual Result<void> create_directories(const std::string& path) = 0;
  // In no order; without "." and "..". Errors: not_found.
  [[nodiscard]] virtual Result<std::vector<DirectoryEntry>> list(const std::string& path) = 0;
  [[nodiscard]] virtual Result<bool> exists(const std::string& path) = 0;
  [[nodiscard]] virtual Result<void> sync_directory(const std::string& path) = 0;
  // Makes everything written on the file system that holds `path` durable (syncfs); cheaper than many sync(). Ask
  // check_written() of each file that matters.
  [[nodiscard]] virtual Result<void> sync_all(const std::string& path) = 0;
  [[nodiscard]] virtual Result<std::uint64_t> free_bytes(const std::string& path) = 0;

  // Reads a whole (small) file.
  [[nodiscard]] Result<Bytes> read_file(const std::string& path);
  // create_directories(), and durable: the folders that hold the new names are synced.
  [[nodiscard]] Result<void> create_directories_durably(const std::string& path);
  // Writes `<path>.tmp`, syncs it, renames it to `path` and syncs the folder: after a crash the old or the new file.
  [[nodiscard]] Result<void> replace_file(const std::string& path, ByteView bytes);
};

// The machine's files. Thread-safe, lives for ever.
[[nodiscard]] FileSystem& real_file_system();

// Takes an exclusive lock on `path` (made if missing) that dies with the process; holds it while the object lives.
// Errors: rejected, when another process holds it; the message names its process id.
class ProcessLock {
 public:
  [[nodiscard]] static Result<std::unique_ptr<ProcessLock>> acquire(const std::string& path);
  ~ProcessLock();
  ProcessLock(const ProcessLock&) = delete;
  ProcessLock& operator=(const ProcessLock&) = delete;

 private:
  explicit ProcessLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace sluice::io
