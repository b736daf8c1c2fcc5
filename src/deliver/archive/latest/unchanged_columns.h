#pragma once
// Columns that PostgreSQL did not send because a large value did not change (docs/formats/captured.md): their values are
// those of the key's earlier record, or of the record of the key that it had before.
//
//   1. While a topic is read the first time, note() learns which keys' newest records lack columns, and which keys those
//      were before; finish() leaves the keys whose rows must be kept for a while.
//   2. While it is read again, fill() completes a row of such a key from the one that was kept, and keep() keeps it.
//
// Rows that wait are in `folder`, in a file without a name; memory is 100 bytes or so for each key that needs it, and a
// piece of the file. What no earlier record has (retention removed it) stays null and named.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/ids.h"
#include "base/result.h"
#include "deliver/archive/latest/newest_records.h"
#include "deliver/archive/rows/row_columns.h"
#include "deliver/archive/rows/value_walk.h"
#include "io/file_system.h"
#include "pipeline/log.h"

namespace sluice::deliver::archive {

// The key that a record's row had before, in its bytes: header `__oldkey`.
[[nodiscard]] std::optional<Bytes> old_key(const pipeline::ReadRecord& record);

// A row's schema, for what is to be replaced in its rows.
struct RowParts {
  ValueWalk walk;
  std::map<std::string, std::size_t, std::less<>> own = {};  // by the column's name in its table, where that is known
  std::size_t unchanged = 0;
  std::size_t special = 0;

  [[nodiscard]] static Result<RowParts> of(const RowSchema& schema);
};

// Rows by number, in a file of the local disk.
class KeptRows {
 public:
  // `fs` outlives it.
  KeptRows(io::FileSystem& fs, std::string folder) : fs_(fs), folder_(std::move(folder)) {}

  struct Place {
    std::uint64_t at = 0;
    std::size_t size = 0;
  };
  [[nodiscard]] Result<Place> append(ByteView row);
  [[nodiscard]] Result<Bytes> read(const Place& place) const;

 private:
  [[nodiscard]] Result<void> flush();

  io::FileSystem& fs_;
  std::string folder_;
  std::shared_ptr<io::File> file_;
  std::uint64_t flushed_ = 0;
  Bytes tail_;  // behind flushed_
};

// Of one partition, one thread.
class UnchangedColumns {
 public:
  // `fs` outlives it.
  UnchangedColumns(io::FileSystem& fs, std::string folder) : rows_(fs, std::move(folder)) {}

  // First reading. `before` is the hash of old_key().
  void note(const Hash128& key, const pipeline::ReadRecord& record, const std::optional<Hash128>& before);
  void finish(const NewestRecords& newest);

  // Second reading: whether rows of this key must be filled and kept.
  [[nodiscard]] bool needs(const Hash128& key) const { return needed_.contains(key); }
  // Fills the columns that `unchanged` (JSON) names in `row`.
  [[nodiscard]] Result<void> fill(const Hash128& key, const std::optional<Hash128>& before, ByteView unchanged,
                                  const RowParts& schema, Bytes& row);
  // Keeps a row for later records of its key.
  [[nodiscard]] Result<void> keep(const Hash128& key, ByteView row);
  void forget(const Hash128& key) { kept_.erase(key); }

 private:
  std::unordered_map<Hash128, Offset> lacking_;  // the newest record of a key that lacks columns
  std::vector<std::pair<Hash128, Hash128>> renamed_;  // key, and the one before, of records that lack columns
  std::unordered_set<Hash128> needed_;
  std::unordered_map<Hash128, KeptRows::Place> kept_;
  KeptRows rows_;
};

}  // namespace sluice::deliver::archive
