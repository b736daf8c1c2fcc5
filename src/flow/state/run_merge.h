#pragma once
// Several sorted runs as one: in the order of keys, of each key the change of the newest run.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "flow/state/change_frame.h"
#include "io/file_system.h"

namespace sluice::flow {

// Changes in the order of their keys, a key once, as frames in a file.
struct SortedRun {
  std::string path;
  std::uint64_t bytes = 0;
  Bytes common;  // what all its keys begin with
};

// Reads one.
class RunReader {
 public:
  RunReader(std::shared_ptr<const io::File> file, std::uint64_t bytes, std::size_t buffer_bytes, std::size_t skip)
      : file_(std::move(file)), bytes_(bytes), buffer_bytes_(buffer_bytes), skip_(skip) {}

  // Errors: those of the disk; corrupt.
  [[nodiscard]] Result<void> next();
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] const ChangeFrame& frame() const { return frame_; }
  [[nodiscard]] std::uint64_t word() const { return word_; }  // of its key, from `skip` on

 private:
  [[nodiscard]] Result<void> fill();

  std::shared_ptr<const io::File> file_;
  std::uint64_t bytes_;
  std::size_t buffer_bytes_;
  std::size_t skip_;
  std::uint64_t at_ = 0;  // in the file, behind the buffer
  Bytes buffer_;
  ByteReader rest_;
  ChangeFrame frame_;
  std::uint64_t word_ = 0;
  bool ended_ = false;
};

class RunMerge {
 public:
  // The last run is the newest. `memory_bytes` is for what is read ahead; a change larger than its share of that comes on top.
  [[nodiscard]] static Result<std::unique_ptr<RunMerge>> open(std::span<const SortedRun> runs, std::size_t memory_bytes);

  // Precondition of frame(), which it moves on from: it has not ended.
  [[nodiscard]] bool ended() const { return readers_[winner_].ended(); }
  [[nodiscard]] const ChangeFrame& frame() const { return readers_[winner_].frame(); }
  [[nodiscard]] Result<void> next();

 private:
  [[nodiscard]] bool before(std::uint32_t a, std::uint32_t b) const;
  std::uint32_t play(std::uint32_t node);
  [[nodiscard]] Result<void> move_winner();

  std::vector<RunReader> readers_;
  // A tournament: readers are its leaves, and each node above has the one that lost there. Node n's children are 2n and 2n + 1, 1 is the top.
  std::vector<std::uint32_t> losers_;
  std::uint32_t winner_ = 0;
  Bytes last_;  // the key that was given last
};

}  // namespace sluice::flow
