#pragma once
// An archive goes back to an earlier end, to be written anew from there (docs/formats/archive.md, Going back).
//
//   newest record ──> its _SUCCESS files ──> its files ──> its temporaries ──> the record; then the one before
//
// Nobody may write to the partition's chain meanwhile. A kill leaves a record whose files are missing, at worst; the same
// rewind, made again, removes it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "deliver/archive/archive_ends.h"
#include "deliver/archive/chain/commit_record.h"
#include "pipeline/log.h"
#include "pipeline/store.h"

namespace sluice::deliver::archive {

struct Rewind {
  std::string topic;
  std::int32_t partition = 0;
  Offset from = {};                    // the archive's end
  Offset to = {};                      // the end of a commit record, or 0
  std::vector<CommitRecord> removed;   // newest first
  std::uint64_t files = 0;             // of those records, as are the rows
  std::uint64_t rows = 0;
  std::optional<ArchiveEnd> end;       // of what stays
};

// What going back to the newest end of a record at or before `at` would take away. Reads only. Errors: corrupt, those of
// the store.
[[nodiscard]] Result<Rewind> plan_rewind(pipeline::Store& store, const std::string& topic, std::int32_t partition, Offset at);
// How many of those rows the log still has; retention and compaction may have removed others. Reads all of them.
[[nodiscard]] Result<std::uint64_t> rows_in_log(pipeline::Log& log, const Rewind& rewind);
// Does it.
[[nodiscard]] Result<void> go_back(pipeline::Store& store, const Rewind& rewind);

// Takes back the record whose temporaries expired (Chain::lost()), so that its rows are archived again. Errors: rejected
// (the log has not all of them any more), those of log and store.
[[nodiscard]] Result<void> take_back_lost(pipeline::Store& store, pipeline::Log& log, const CommitRecord& lost);

}  // namespace sluice::deliver::archive
