#pragma once
// One run of a view: from its position in the log to an error, or to its stop.

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "flow/decoder.h"
#include "flow/operators/execution.h"
#include "flow/state/state.h"
#include "flow/view/inputs.h"
#include "flow/view/output.h"
#include "flow/view/position.h"
#include "flow/view/unchanged.h"
#include "flow/view/view.h"

namespace sluice::flow {

// What a view shows of itself, and what is asked of it: between its own thread and all others.
struct ViewBoard {
  mutable std::mutex mutex;  // of what follows
  std::string state = "stopped";
  std::vector<pipeline::StageItem> items;
  std::map<std::string, std::string> waits_for;  // by topic: in words
  std::shared_ptr<DiskState> disk;               // null until the rows are restored
  ViewCounts counts;

  std::atomic<bool> caught_up = false;
  std::atomic<bool> take_over = false;   // asked for
  std::atomic<bool> taken_over = false;  // the topic is this generation's

  void set_state(const std::string& to);
};

struct ViewContext {
  const ViewSpec& spec;
  const Plan& plan;
  pipeline::Log& log;
  pipeline::SchemaCatalog& catalog;
  const ViewOptions& options;
  ViewBoard& board;
};

// Of one thread.
class ViewRun {
 public:
  explicit ViewRun(const ViewContext& context) : in_(context) {}
  // `disk`: the state of an earlier run of this process, or null; it is the board's when it is restored.
  [[nodiscard]] Result<void> run(const std::stop_token& stop, std::shared_ptr<DiskState> disk);

 private:
  [[nodiscard]] Result<void> start(const std::stop_token& stop, std::shared_ptr<DiskState> disk);
  [[nodiscard]] Result<void> close_state();
  [[nodiscard]] Result<void> read_position();
  [[nodiscard]] Result<void> know(const std::string& topic);
  [[nodiscard]] Result<void> restore(const std::stop_token& stop, std::shared_ptr<DiskState> disk);
  [[nodiscard]] Result<bool> wait_for_inputs(const std::stop_token& stop);
  [[nodiscard]] Result<void> open_plan();
  [[nodiscard]] Result<void> go(const std::stop_token& stop);
  [[nodiscard]] Result<void> read_to_cut(const std::stop_token& stop);
  [[nodiscard]] Result<void> look_around();

  [[nodiscard]] Result<void> batch();
  [[nodiscard]] Result<void> fill_batch();
  [[nodiscard]] Result<void> feed(std::span<const Taken> piece);
  [[nodiscard]] Result<void> decode(const Taken& taken, std::uint32_t origin);
  void observe(const Relation& relation, Lane& lane, Row row);
  [[nodiscard]] Result<void> write_state();
  [[nodiscard]] Result<void> spill();
  [[nodiscard]] Result<void> commit();
  [[nodiscard]] Result<void> take_over();
  void show();

  ViewContext in_;
  std::string state_topic_;
  std::string position_key_;
  Position position_;
  Applied applied_;         // of disk_
  bool in_doubt_ = false;   // disk_ has a part of the open batch
  bool begun_ = false;      // there is a position
  bool published_ = false;
  OutputCounts before_;     // what the counts were when the run began

  std::unique_ptr<pipeline::Producer> producer_;
  std::shared_ptr<DiskState> disk_;
  OutputSchema schema_;
  std::unique_ptr<Output> output_;
  std::unique_ptr<Execution> execution_;
  std::unique_ptr<Inputs> inputs_;
  std::vector<Decoder> decoders_;                // of Plan::relations
  std::vector<UnchangedValues> unchanged_;       // of Plan::relations
  std::vector<std::vector<Change>> changes_;     // of Plan::relations
  std::vector<std::size_t> order_;               // of Plan::relations: tables, then streams
  Arena rows_;       // of a piece
  Arena execution_arena_;
  std::uint64_t taken_ = 0;     // in the batch
  std::int64_t looked_ms_ = 0;  // around, at the log's topics
  std::int64_t flushed_ms_ = 0;
};

}  // namespace sluice::flow
