#pragma once
// What a view reads: all partitions of its relations' topics, up to cuts of the log, in batches that keep transactions whole.
//
//   1. A cut is the ends of all partitions at one instant (Log::stable_ends): below it there are whole transactions only.
//   2. A batch takes a part of what lies below the cut, tables before streams. It may end, in a captured source, where the next commit LSN
//      of all its tables is a greater one; in another table's partition where a transaction of the log ends, which leaves a gap in the
//      offsets; in a stream anywhere.
//   3. Rows of a snapshot have no LSN: they count as of the one before them, and so are never divided.
//   4. Streams are taken where their records are oldest, so that the watermarks of the partitions go forward together.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "flow/plan/plan.h"
#include "flow/view/position.h"
#include "pipeline/log.h"
#include "pipeline/stage.h"

namespace sluice::flow {

// A partition that is read for a relation.
struct Lane {
  std::size_t relation = 0;  // of Plan::relations
  pipeline::LogPartition where;
  bool captured = false;     // its topic is a table's of a source
  Offset next{0};            // all before it is taken
  Offset cut{0};
  std::int64_t watermark_us = kNoTime;  // set by who decodes

  std::unique_ptr<pipeline::Reader> reader = {};
  std::span<const pipeline::ReadRecord> buffer = {};
  std::size_t at = 0;           // of buffer: the first that is not taken
  bool in_piece = false;        // something of the buffer is to be fed
  bool head_known = false;
  std::uint64_t lsn = 0;        // of the head, never less than before; without LSNs, the number of gaps
  Offset expected{0};           // behind what was taken last, for gaps

  [[nodiscard]] bool at_cut() const { return next >= cut; }
  [[nodiscard]] const pipeline::ReadRecord& head() const { return buffer[at]; }
};

struct Taken {
  Lane* lane;
  const pipeline::ReadRecord* record;
};

struct InputOptions {
  std::string hold;  // the name of its holds
  std::size_t batch_bytes = std::size_t{8} << 20;
  std::size_t batch_records = 100'000;
};

// Topics that do not exist yet, and captured tables whose snapshot is not whole (unless `position` has them already): what a view waits for, in
// words, by topic.
[[nodiscard]] Result<std::map<std::string, std::string>> missing_inputs(pipeline::Log& log, const Plan& plan, const Position& position);

// Of one thread.
class Inputs {
 public:
  // All topics exist. Lanes begin where `position` has them, else at their log's start.
  [[nodiscard]] static Result<std::unique_ptr<Inputs>> open(const Plan& plan, pipeline::Log& log, const Position& position, InputOptions options);

  // Takes up partitions that are new.
  [[nodiscard]] Result<void> discover();
  // Moves the cut to the log's ends; waits up to `wait_ms` until they are others.
  [[nodiscard]] Result<void> advance_cut(std::int64_t wait_ms);
  [[nodiscard]] bool at_cut() const;

  // Takes a batch, at least one record if there is any below the cut, piece by piece: what `feed` is given is gone after the call.
  using Feed = std::function<Result<void>(std::span<const Taken> piece)>;
  [[nodiscard]] Result<void> take_batch(const Feed& feed);
  // The watermark after it: the least of the partitions that are not idle, never below `before`.
  [[nodiscard]] std::int64_t watermark(std::int64_t before) const;

  // Of what is taken.
  [[nodiscard]] std::vector<InputPosition> position() const;
  // Compaction and retention leave what is not taken. Call after that is durable.
  [[nodiscard]] Result<void> hold();
  // Gives back the memory of what was read, where nothing is left of it.
  void release();
  [[nodiscard]] std::vector<pipeline::StageItem> items() const;

 private:
  // Lanes whose batches end together.
  struct Group {
    bool captured = false;
    std::vector<Lane*> lanes;
    std::optional<std::uint64_t> lsn;  // of what was taken last
  };

  Inputs(const Plan& plan, pipeline::Log& log, InputOptions options) : plan_(plan), log_(log), options_(std::move(options)) {}
  [[nodiscard]] Result<void> add_lane(std::size_t relation, std::int32_t partition);
  void make_groups();
  [[nodiscard]] bool full(std::size_t times = 1) const;
  [[nodiscard]] Result<bool> has_head(Lane& lane, bool captured);
  [[nodiscard]] Result<void> refill(Lane& lane);
  [[nodiscard]] Result<void> take(Lane& lane);
  [[nodiscard]] Result<void> take_group(Group& group);
  [[nodiscard]] Result<void> take_streams();
  [[nodiscard]] Result<void> feed_piece();

  const Plan& plan_;
  pipeline::Log& log_;
  InputOptions options_;
  std::set<std::string> captured_;  // topics
  std::map<std::pair<std::string, std::int32_t>, InputPosition> known_;  // by relation: of lanes that are not there yet
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<pipeline::LogPartition> partitions_;  // as lanes_
  std::vector<Offset> ends_;                        // as lanes_: at the last cut
  std::vector<Offset> held_;                        // as lanes_
  std::vector<Group> tables_;
  std::vector<Lane*> streams_;
  std::size_t poll_bytes_ = 0;

  const Feed* feed_ = nullptr;  // during take_batch()
  std::vector<Taken> piece_;
  std::size_t batch_records_ = 0;
  std::size_t batch_bytes_ = 0;
};

}  // namespace sluice::flow
