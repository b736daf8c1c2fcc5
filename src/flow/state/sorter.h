#pragma once
// Puts changes of keys, more of them than memory holds, into the order of the keys; of each key the last change.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "flow/state/change_frame.h"
#include "flow/state/run_merge.h"
#include "io/workers.h"

namespace sluice::flow {

// Of one thread; while that adds or merges, a worker has the other half of the work. Errors: those of the disk.
class Sorter {
 public:
  // `folder` is there, empty, and of this object alone, which leaves files in it. In memory there are about `memory_bytes`, and the
  // largest change a few times. `workers` outlive it.
  Sorter(std::string folder, std::size_t memory_bytes, io::Workers& workers)
      : folder_(std::move(folder)), memory_bytes_(memory_bytes), workers_(workers) {}

  [[nodiscard]] Result<void> add(const ChangeFrame& change);
  // Gives all that is not erased, in blocks of frames: `take` is called for one after the other, on whichever thread. `go_on` gets the
  // part that is done, from time to time, and may say no: then `cancelled` is the error. Called once, at the end.
  using Take = std::function<Result<void>(ByteView frames)>;
  using GoOn = std::function<bool(double part)>;
  [[nodiscard]] Result<void> merge(const Take& take, const GoOn& go_on);

 private:
  [[nodiscard]] Result<void> spill();
  [[nodiscard]] Result<void> merge_groups(const GoOn& go_on);
  [[nodiscard]] Result<void> merge_runs(std::span<const SortedRun> runs, bool last, const Take& take, const GoOn& go_on);
  [[nodiscard]] Result<void> merge_blocks(std::span<const SortedRun> runs, bool last, const Take& take, const GoOn& go_on);
  [[nodiscard]] std::string new_path() { return folder_ + "/" + std::to_string(files_++) + ".run"; }
  [[nodiscard]] Result<void> hand_over(std::function<Result<void>(ByteView frames)> work);
  [[nodiscard]] Result<void> wait();

  const std::string folder_;
  const std::size_t memory_bytes_;
  io::Workers& workers_;
  std::array<Bytes, 2> buffers_;  // of frames: one is being filled, the other one a worker has
  std::size_t filled_ = 0;        // which
  std::size_t count_ = 0;         // of the changes that were added to it
  std::size_t files_ = 0;
  std::vector<SortedRun> runs_;   // the last is the newest; while a worker has work, its own
  std::uint64_t done_bytes_ = 0;  // of merging
  std::uint64_t all_bytes_ = 0;
  std::optional<io::Workers::Task> task_;  // the first to go: it uses what is above
};

}  // namespace sluice::flow
