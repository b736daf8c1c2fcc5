#pragma once
// A stage is a source or a sink that runs on a thread of its own, and what it tells about itself.

#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"

namespace sluice::pipeline {

// One table of a source, or one topic of a sink.
struct StageItem {
  std::string name;        // the topic's name
  std::string state;       // "snapshot", "streaming", "parked", "dropped", "archiving"
  std::string note;        // for people: why it is parked; "updates and deletes are not captured"; else empty
  std::uint64_t rows = 0;            // since the first start: rows captured, or archived
  std::uint64_t snapshot_rows = 0;   // read so far in the snapshot
  std::uint64_t snapshot_rows_expected = 0;  // an estimate; 0 when not known
  std::int64_t offset = -1;          // sinks: the next offset to archive
  std::int64_t end_offset = -1;      // sinks: the end of the topic
};

struct StageStatus {
  std::string kind;      // "source", "sink" or "view"
  std::string name;      // its key in the configuration
  std::string state;     // "starting", "snapshot", "streaming", "paused", "waiting", "failed", "stopped"; views: "restoring", "building"
  std::string error;     // the text of the last error while it lasts; else empty
  std::string hint;      // what to do about it
  std::string position;  // source: LSN text; sink: empty
  std::uint64_t lag_bytes = 0;
  double lag_seconds = 0;
  std::uint64_t rows_total = 0;      // since this process began
  // Sinks:
  std::uint64_t files_published = 0; // since the archive began, as are the bytes
  std::uint64_t bytes_published = 0;
  std::uint64_t open_files = 0;      // begun, and not published
  std::uint64_t dead_letters = 0;    // since this process began
  std::uint64_t held_bytes = 0;      // of the log, that are kept because this sink has not published them
  // Views:
  std::uint64_t view_rows = 0;        // in the view; without a key: ever written
  std::uint64_t late = 0;             // since this process began
  std::uint64_t failed_rows = 0;      // since this process began: an expression failed for them
  std::uint64_t state_bytes = 0;      // on disk
  std::int64_t watermark_ms = -1;     // below 0: none
  double restored = 1;                // part of the state
  std::vector<StageItem> items;
  std::map<std::string, std::string> facts;  // more for people, in order: {"slot", "sluice_shop"}
};

class Stage {
 public:
  virtual ~Stage() = default;

  // Runs until `stop` is requested (then: drained, no error) or an error ends it. May be called again after an error:
  // it begins from its durable position. Errors: retry and back_off are tried again by the supervisor; fenced,
  // rejected, corrupt and unsupported end the stage and stay in the status until a person acts.
  [[nodiscard]] virtual Result<void> run(std::stop_token stop) = 0;
  // From any thread, at any time.
  [[nodiscard]] virtual StageStatus status() const = 0;
};

}  // namespace sluice::pipeline
