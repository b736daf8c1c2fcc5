#pragma once
// Opening a partition: inside of Partition::open().

#include "storage/partition.h"
#include "storage/segment.h"

namespace sluice::storage {

// One use: run() fills the partition, which nobody else knows yet.
class Recovery {
 public:
  Recovery(Partition& partition, const OpenState& state) : partition_(partition), state_(state), rebuilt_from_(INT64_MAX) {}
  [[nodiscard]] Result<void> run();

 private:
  [[nodiscard]] Result<void> read_metadata();
  [[nodiscard]] Result<void> finish_swaps();
  [[nodiscard]] Result<void> finish_swap(Offset base);
  [[nodiscard]] Result<void> remove_orphans();
  [[nodiscard]] Result<void> open_segments();
  [[nodiscard]] Result<void> open_segment(Segment& segment, bool last, bool trusted);
  [[nodiscard]] Result<void> load_trusted(Segment& segment, bool last);
  [[nodiscard]] Result<void> check_tail(Segment& segment, bool last);
  struct Start {
    std::uint64_t position = 0;
    Offset expected;
  };
  [[nodiscard]] Start checking_start(Segment& segment) const;
  [[nodiscard]] Result<void> check_durable_part(const Segment& segment, const Start& start) const;
  [[nodiscard]] Result<void> rewrite(Segment& segment, std::uint64_t from);
  [[nodiscard]] Result<void> start_over();
  [[nodiscard]] Result<void> load_producers();
  [[nodiscard]] Result<void> replay(Offset from);
  void note_rebuilt(Offset from) { rebuilt_from_ = std::min(rebuilt_from_, from); }

  Partition& partition_;
  const OpenState& state_;
  Offset rebuilt_from_;  // aborted transactions whose markers lie here or later must be entered again
  Offset end_{0};
};

}  // namespace sluice::storage
