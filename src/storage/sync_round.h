#pragma once
// The unit of durability and of visibility. One round takes every partition that was appended to since the last one,
// makes all of it durable, and says how far, so that the caller can move all high watermarks together.
//
// How it syncs: fdatasync file by file for up to kFilesOneByOne files, syncfs above; measured cheapest on our disks
// (decided.md).
//
// After a failed sync nobody knows what is on disk. The partition goes offline for writes, and its durable end stays where
// it was: what was read below it stays true. When syncfs fails, any page that was dirty may be lost, in this round or not:
// this round and every later one fail.
//
// Thread rule: add() from any thread, beside run_once(); one run_once() at a time.

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "io/file_system.h"
#include "storage/partition.h"

namespace sluice::storage {

struct RoundResult {
  struct Entry {
    std::shared_ptr<Partition> partition;
    // Up to where readers may see: durable, or, with flush_messages above 1, as appended. Unchanged after a failure.
    Offset high_watermark;
    // At most high_watermark: below it every transaction is decided, its marker visible.
    Offset last_stable;
    std::optional<Error> failure;  // the partition is offline for writes since this round
  };
  std::vector<Entry> partitions;  // each once
  std::size_t files_synced = 0;
  bool whole_file_system = false;
  // A sync of the whole file system failed: no partition may take writes any more, those outside of the round included.
  bool all_lost = false;
};

class SyncRound {
 public:
  static constexpr std::size_t kFilesOneByOne = 4;

  // `directory`: the log directory, which holds the folders of all partitions on one file system. With `pretend` rounds
  // do not sync: for canaries only; a test that does not notice tests nothing.
  SyncRound(io::FileSystem& files, std::string directory, bool pretend = false)
      : files_(files), directory_(std::move(directory)), pretend_(pretend) {}

  // The partition takes part in the next round. Cheap; call it after every append.
  void add(const std::shared_ptr<Partition>& partition);
  [[nodiscard]] bool pending() const;
  // Runs a round over what was added before. Returns when it is durable or has failed. An empty result: nothing to do.
  [[nodiscard]] RoundResult run_once();

 private:
  struct Member;  // a partition and its part of the round
  [[nodiscard]] std::vector<Member> take();
  void sync(std::vector<Member>& members, RoundResult& result);

  io::FileSystem& files_;
  const std::string directory_;
  const bool pretend_;
  std::optional<Error> lost_;  // syncfs failed once
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Partition>> added_;
};

}  // namespace sluice::storage
