#pragma once
// A sink of `mode: latest`: each topic's table as it is, written whole on a schedule (docs/formats/archive.md, The latest
// state).
//
// It keeps no position but the pointers in the place and holds nothing of the log between two versions; so it needs topics
// that keep the newest record of each key (cleanup.policy compact): of others it writes what they have, and says so in its
// status. What concerns one topic only is told there, and the others go on. At a stop nothing is written: the log has it.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "deliver/archive/sink.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "pipeline/log.h"
#include "pipeline/row_file.h"
#include "pipeline/schema_catalog.h"
#include "pipeline/stage.h"
#include "pipeline/store.h"

namespace sluice::deliver::archive {

inline constexpr std::string_view kLatestFormatText = "{\"format\":\"sluice-latest\",\"version\":1}\n";

struct LatestOptions {
  std::string name;                 // its key in the configuration
  std::vector<TopicRule> topics;    // as a Sink's; nothing is partitioned
  std::shared_ptr<const pipeline::RowFormat> format;
  std::chrono::milliseconds every{3'600'000};
  std::chrono::milliseconds settle{5'000};  // the first version waits until a topic is quiet for so long, at most a minute
  std::uint64_t roll_bytes = std::uint64_t{256} << 20;  // of a file
  std::chrono::milliseconds discover_every{1'000};      // how often topics are looked at
  std::string scratch_folder;                           // local; see TableOptions
};

class LatestSink final : public pipeline::Stage {
 public:
  // All references must outlive it.
  LatestSink(LatestOptions options, pipeline::Log& log, pipeline::SchemaCatalog& catalog, pipeline::Store& store,
             io::FileSystem& local, const io::Clock& clock);
  ~LatestSink() override;

  [[nodiscard]] Result<void> run(std::stop_token stop) override;
  // Items are topics: rows of the version that is pointed to, the sum of its offsets, and that of the topic's ends.
  [[nodiscard]] pipeline::StageStatus status() const override;

  // From any thread: a sink that is paused writes nothing, and says so in its status.
  void pause();
  void resume();

  // From any thread: writes every table that has moved. Gives the versions' offsets. Errors: back_off, when that took
  // longer than `wait` or the stage is not running; rejected, when it is paused.
  [[nodiscard]] Result<std::map<TopicPartition, Offset>> roll_now(std::chrono::milliseconds wait);

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace sluice::deliver::archive
