#pragma once
// Proves an archive by itself: that each partition's chain of commit records is without a gap, that every file they
// name is there with the rows, offsets and bytes they say, and that no offset is there twice.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "pipeline/row_file.h"
#include "pipeline/store.h"

namespace sluice::deliver::archive {

// What verify needs of a row; the views live during the call.
struct ArchivedRow {
  std::string_view topic;
  std::int32_t partition = 0;
  Offset offset;
  std::optional<ByteView> key;
  std::optional<std::string_view> op;
  std::optional<std::int64_t> txid;
  std::optional<std::int64_t> lsn;
  bool tombstone = false;  // _op is "d"
};

// Something that is not as it must be.
struct ArchiveProblem {
  std::string topic;
  std::int32_t partition = 0;
  Offset from;        // offsets [from, to) are missing, doubtful or double
  Offset to;
  std::string file;   // the file or commit record it is about; may be empty
  std::string what;   // "the file is missing: 1200 rows"
};

struct ArchivedPartition {
  std::string topic;
  std::int32_t partition = 0;
  Offset first;       // of the chain
  Offset end;         // the archive's position
  std::uint64_t rows = 0;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::vector<std::string> filters = {};  // by which rows were left out of it, without repeats; usually one or none
  std::uint64_t filtered = 0;             // records that they left out
};

struct ArchiveReport {
  std::vector<ArchivedPartition> partitions;
  std::vector<ArchiveProblem> problems;
  [[nodiscard]] bool ok() const { return problems.empty(); }
};

struct VerifyOptions {
  std::vector<std::string> topics = {"*"};   // globs, as of a sink
  std::vector<std::shared_ptr<const pipeline::RowFormat>> formats = {};  // to read files with, by suffix
  bool read_rows = true;                     // false: only chain, names and sizes
  std::function<void(const ArchivedRow&)> visit = {};  // each row, in no order across files; needs read_rows
};

// Works beside a running sink: a roll that is just being published is not a problem. Memory: 8 bytes for each row of
// the largest roll. Errors: those of the store; not_found, when there is no archive; unsupported, when it is of a later
// version.
[[nodiscard]] Result<ArchiveReport> verify_archive(pipeline::Store& store, const VerifyOptions& options);

}  // namespace sluice::deliver::archive
