#pragma once
// A view that runs: reads its relations' topics, keeps its rows, and writes them to the topic of its name.
//
// Exactly once: results, late records, dead letters, changes of the state, and the offsets they stand for are one transaction of
// the log. The state on disk is derived: its changes are records of __sluice_state.<view>.<generation> (compacted), and the rows are the
// topic's own; at a start it catches up from both, from what it has applied.
//
// A batch ends where the log's transactions end for all inputs at once (Log::stable_ends), and within that only between two
// transactions of a source: the rows of a captured source (header __lsn) are taken in commit order over all its topics, a snapshot
// (__op=r without __lsn) whole. So what is visible in the topic is always the query's answer over whole source transactions.
//
// Rows of a view with a key: the newest row of each key, and a tombstone where the row left. Without a key only rows that are added
// can be told; the binder has refused others.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "avro/schema.h"
#include "flow/plan/plan.h"
#include "flow/state/state.h"
#include "pipeline/log.h"
#include "pipeline/schema_catalog.h"
#include "pipeline/stage.h"

namespace sluice::flow {

struct ViewSpec {
  std::string name = {};          // the topic's, too
  std::string query = {};         // the statement, as it was written; for errors
  std::uint32_t generation = 1;   // of the definition: another one begins anew, from history
  bool published = true;          // false: it is built beside an older generation, and keeps its rows to itself
  BindOptions options = {};
};

struct ViewOptions {
  std::string folder = {};                                 // of its state; made when missing
  std::size_t memory_bytes = std::size_t{64} << 20;        // of the state: blocks and what is not yet on disk
  std::size_t batch_bytes = std::size_t{8} << 20;          // of records, about; a source transaction is never cut
  std::size_t batch_records = 100'000;
};

struct ViewCounts {
  std::uint64_t rows = 0;       // in the view now; without a key: ever written
  std::uint64_t taken = 0;      // input records, since this process began, as are the following
  std::uint64_t given = 0;      // records written to the view's topic
  std::uint64_t late = 0;
  std::uint64_t failed = 0;     // rows that an expression failed for; they are in the dead letters
  std::uint64_t state_bytes = 0;  // on disk
  std::int64_t watermark_us = 0;  // least int64: none yet
  double restored = 1;            // part of the state that has been restored; 1: all
};

class View : public pipeline::Stage {
 public:
  // All must outlive it. Does no input or output: run() does.
  [[nodiscard]] static std::unique_ptr<View> make(ViewSpec spec, Plan plan, pipeline::Log& log, pipeline::SchemaCatalog& catalog,
                                                  ViewOptions options);

  // run(), status(): pipeline::Stage. kind "view"; states "starting", "restoring", "building" (history), "streaming", "stopped". Items: its input topics, with
  // offset and end_offset. run() registers the schemas <view>-key and <view>-value (rejected when they are incompatible: nothing of the topic
  // changes), makes the topics, fences an earlier owner, restores, and goes on.

  // From any thread, at any time:
  [[nodiscard]] virtual ViewCounts counts() const = 0;
  [[nodiscard]] virtual const Plan& plan() const = 0;
  [[nodiscard]] virtual const ViewSpec& spec() const = 0;
  // It has taken all that its inputs had at some moment since run() began.
  [[nodiscard]] virtual bool caught_up() const = 0;
  // Its rows as they are after some batch; null before it has restored them. Keys and values are the topic's: framed Avro of
  // key_columns() and of the plan's columns, below kRowsPrefix.
  static constexpr ByteView kRowsPrefix = "o";
  [[nodiscard]] virtual std::shared_ptr<const Snapshot> rows() const = 0;
  // Asks a view that was built beside an older generation, whose run() has ended, to take its place: in one transaction the topic's rows become
  // this view's (only what differs is written) and the view is published. run() does it; taken_over() tells.
  virtual void take_over() = 0;
  [[nodiscard]] virtual bool taken_over() const = 0;
};

// Everything that generations of `name` but `keep` left behind: state topics' records are tombstoned, folders removed.
[[nodiscard]] Result<void> forget_generations(pipeline::Log& log, const std::string& name, std::uint32_t keep, const std::string& folder);

}  // namespace sluice::flow
