#pragma once
// A disk in memory that behaves as badly as a real one may, all of it drawn from one seed.
//
// It keeps what was written apart from what was synced. Readers see what was written. crash() throws away what the
// kernel had not brought to the disk:
//   - a page (4 KiB) that was written and not synced is old, new, or torn at a 512-byte sector, each page by itself: the
//     disk knows no order between syncs;
//   - a file that grew is as long as its last sync, as long as written, or anything between; what was not written is zeros;
//   - a name that was made, renamed or removed is so only when its folder was synced, or by luck; operations on
//     one folder become durable in their order, a rename inside it as a whole; folders do not wait for each other, so that
//     what moved to another folder may be in both, or in none. A file or folder whose name was never durable is gone
//     with all that is in it.
// A failed sync writes some pages and calls all of them clean, as Linux does: readers go on seeing them, the next
// sync says nothing and writes nothing of them, and a crash brings the old bytes back. Only writing them again helps.
//
// Handles from before a crash are dead: every call fails with back_off.
// Thread-safe. The same calls in the same order give the same faults.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/file_system.h"

namespace sluice::io {

struct DiskFaults {
  double sync_failure = 0;   // chance of each sync(), sync_all(), sync_directory() to fail
  double write_failure = 0;  // chance of each write to fail after a prefix (back_off)
  double read_failure = 0;
};

struct DiskCounts {
  std::uint64_t crashes = 0;
  std::uint64_t kills = 0;
  std::uint64_t syncs = 0;
  std::uint64_t failed_syncs = 0;
  std::uint64_t failed_writes = 0;
  std::uint64_t full_writes = 0;   // refused: out of space
  std::uint64_t failed_reads = 0;
  std::uint64_t lost_pages = 0;    // at crashes: reverted
  std::uint64_t torn_pages = 0;    // at crashes
  std::uint64_t lost_names = 0;    // at crashes: operations on names undone
};

class SimulatedDisk final : public FileSystem {
 public:
  explicit SimulatedDisk(std::uint64_t seed);
  ~SimulatedDisk() override;

  // The power goes. What survives is then both durable and visible; every open handle is dead.
  void crash();
  // Only the process dies: nothing written is lost, every handle is dead.
  void kill_process();

  void set_faults(DiskFaults faults);
  // The next `count` syncs of any kind fail.
  void fail_next_syncs(int count);
  // Total bytes of all files that have a name; writes past it fail with out_of_space after a prefix.
  void set_capacity(std::uint64_t bytes);

  // Cuts the file to `keep_bytes` of its last write, durably: a torn tail.
  void tear_last_write(const std::string& path, std::uint64_t keep_bytes);
  // Flips one bit, durably: rot.
  void flip_bit(const std::string& path, std::uint64_t byte);
  // What a crash without luck would leave of the file; empty when its name is not durable. For looking, not for code.
  [[nodiscard]] Bytes durable_bytes(const std::string& path) const;

  [[nodiscard]] DiskCounts counts() const;

  [[nodiscard]] Result<std::shared_ptr<File>> open(const std::string& path, OpenMode mode) override;
  [[nodiscard]] Result<void> rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] Result<void> link(const std::string& from, const std::string& to) override;
  [[nodiscard]] Result<void> remove(const std::string& path) override;
  [[nodiscard]] Result<void> remove_all(const std::string& path) override;
  [[nodiscard]] Result<void> create_directories(const std::string& path) override;
  [[nodiscard]] Result<std::vector<DirectoryEntry>> list(const std::string& path) override;
  [[nodiscard]] Result<bool> exists(const std::string& path) override;
  [[nodiscard]] Result<void> sync_directory(const std::string& path) override;
  [[nodiscard]] Result<void> sync_all(const std::string& path) override;
  [[nodiscard]] Result<std::uint64_t> free_bytes(const std::string& path) override;

 private:
  struct Inode;
  class Handle;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::io
