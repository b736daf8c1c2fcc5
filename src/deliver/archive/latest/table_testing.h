#pragma once
// Tables for tests: read from a log in memory.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "deliver/archive/sink_testing.h"
#include "deliver/archive/latest/table.h"
#include "pipeline/memory_catalog_testing.h"
#include "pipeline/memory_log_testing.h"

namespace sluice::deliver::archive {

// A table between its two readings; a failure fails the test and leaves `table` empty.
struct TableReading {
  TableReading(pipeline::MemoryLog& log, pipeline::MemoryCatalog& catalog, const std::string& topic,
               ColumnChoice columns = nullptr);
  // Its rows, in their order.
  [[nodiscard]] std::vector<std::map<std::string, std::string>> rows();

  std::unique_ptr<Table> table;
};

// All rows by their offset, of a topic of one partition.
[[nodiscard]] std::map<std::int64_t, std::map<std::string, std::string>> table_rows(pipeline::MemoryLog& log,
                                                                                  pipeline::MemoryCatalog& catalog,
                                                                                  const std::string& topic);

}  // namespace sluice::deliver::archive
