#pragma once
// The archive: topics as files of rows in folders by time or column, each row exactly once (docs/formats/archive.md).
//
// The position is in the archive itself, a chain of commit records per partition, so an archive and its position
// cannot differ. Two sinks on one archive and topic compete for each commit; the loser discards its work and its stage
// ends with `fenced`. What cannot be archived of one topic (the topic was made anew, its log begins after the
// archive's end) stops that partition only and stands in the status.
//
// Memory: `memory_bytes` of rows, one file's encoder for each call that its place takes at once, and one poll of a reader.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "deliver/archive/topic_rule.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "pipeline/log.h"
#include "pipeline/row_file.h"
#include "pipeline/schema_catalog.h"
#include "pipeline/stage.h"
#include "pipeline/store.h"

namespace sluice::deliver::archive {

struct SinkOptions {
  std::string name;                     // its key in the configuration; the name of its holds
  std::vector<TopicRule> topics;        // a topic has one rule: see rule_of()
  std::shared_ptr<const pipeline::RowFormat> format;
  std::uint64_t roll_bytes = std::uint64_t{256} << 20;   // of a file, as it will be
  std::uint64_t roll_rows = UINT64_MAX;                  // of a partition
  std::chrono::milliseconds roll_after{600'000};
  std::chrono::milliseconds grace{60'000};               // how late rows may come to a folder that is complete
  std::chrono::milliseconds discover_every{1'000};  // how often new topics are looked for
  std::size_t poll_bytes = std::size_t{1} << 20;  // compressed: some 25,000 records; more leaves the processor's cache
  std::size_t max_open_files = 1000;  // of a partition; more folders than that roll
  std::uint64_t memory_bytes = std::uint64_t{64} << 20;  // for rows that wait; more waits in `spill_folder`
  std::string spill_folder;
};

using TopicPartition = std::pair<std::string, std::int32_t>;

struct RewindRequest {
  std::string topic;
  std::optional<std::int32_t> partition = {};  // none: all of them
  Offset at = {};
  bool knowingly = false;  // also when the log has not all rows any more that the archive gives up
};

// What became of one partition.
struct Rewound {
  std::int32_t partition = 0;
  Offset from;
  Offset to;
  std::uint64_t files = 0;
  std::uint64_t rows = 0;
};

class Sink final : public pipeline::Stage {
 public:
  // All references must outlive it.
  Sink(SinkOptions options, pipeline::Log& log, pipeline::SchemaCatalog& catalog, pipeline::Store& store,
       io::FileSystem& local, const io::Clock& clock);
  ~Sink() override;

  // Sets the holds of all matching topics: call before the log's housekeeping starts. run() does it, too.
  [[nodiscard]] Result<void> set_holds();

  [[nodiscard]] Result<void> run(std::stop_token stop) override;
  // lag_bytes and lag_seconds are of what is read and not published yet; items are topics, with the offsets of their
  // partitions added up.
  [[nodiscard]] pipeline::StageStatus status() const override;

  // From any thread, whether it runs or not. A sink that is paused publishes what it has read and waits, its holds where
  // they are; its status is "paused". Whoever pauses remembers it: a new object is not paused.
  void pause();
  void resume();
  // Takes a topic's archive back to the newest end of a commit record at or before an offset; it is written again from
  // there after resume(). From any thread, of a paused sink. Errors: rejected (it is not paused; it does not archive that
  // topic; rows would be lost), not_found (topic, partition), back_off (it is still publishing), those of log and store:
  // then the same call may be made again.
  [[nodiscard]] Result<std::vector<Rewound>> rewind(const RewindRequest& request);

  // From any thread: archives and publishes everything that is committed in the log now. Gives the archive's end per
  // partition. Errors: back_off, when that took longer than `wait` or the stage is not running; rejected, when it is paused.
  [[nodiscard]] Result<std::map<TopicPartition, Offset>> roll_now(std::chrono::milliseconds wait);

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace sluice::deliver::archive
