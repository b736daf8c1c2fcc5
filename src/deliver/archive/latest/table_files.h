#pragma once
// A table's rows as files.

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "deliver/archive/latest/table.h"
#include "pipeline/row_file.h"
#include "pipeline/store.h"

namespace sluice::deliver::archive {

struct TableFile {
  std::string temporary;  // what the place knows the finished file by
  std::uint64_t bytes = 0;
  std::uint32_t crc32c = 0;
  std::uint64_t rows = 0;
};

// Begins the file number `n`, counted from 0.
using BeginFile = std::function<Result<std::unique_ptr<pipeline::StoreWriter>>(std::size_t n)>;

// Writes all rows, into a new file when one has `roll_bytes`; at least one file. On an error the unfinished file is
// discarded; the finished ones are in `files`, for the caller to discard. Errors: those of Table::write(), format and
// store; cancelled.
[[nodiscard]] Result<void> write_table(Table& table, const pipeline::RowFormat& format, std::uint64_t roll_bytes,
                                       const BeginFile& begin, std::vector<TableFile>& files, const std::stop_token& stop);

}  // namespace sluice::deliver::archive
