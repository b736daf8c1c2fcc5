#pragma once
// What the files of this module that know RocksDB share.

#include <functional>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "flow/state/state.h"

namespace rocksdb {
class DB;
class Status;
}  // namespace rocksdb

namespace sluice::flow {

using Database = std::shared_ptr<rocksdb::DB>;

// Where applied() is kept.
inline constexpr ByteView kAppliedKey = "";

[[nodiscard]] Error error_of(const rocksdb::Status& status, const std::string& folder);

// A filling of `database`, which is empty; calls `filled` with applied() when it has ended.
using Filled = std::function<void(const std::string& applied)>;
[[nodiscard]] Result<std::unique_ptr<Filling>> fill(Database database, const std::string& folder, std::size_t memory_bytes, Filled filled);

// Where a filling keeps its files, in the state's own folder; what one left that did not end is of no use.
[[nodiscard]] std::string filling_folder(const std::string& folder);

}  // namespace sluice::flow
