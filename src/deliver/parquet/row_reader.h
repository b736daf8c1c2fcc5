#pragma once
// Reads a Parquet file of ours as rows in Avro.

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "pipeline/row_file.h"

namespace sluice::deliver::parquet {

// As pipeline::RowFormat::open(). unsupported: a file without the Avro schema that our writer puts into it.
[[nodiscard]] Result<std::unique_ptr<pipeline::RowFileReader>> open_reader(pipeline::Store& store, const std::string& name,
                                                                           const std::vector<std::string>& columns);

}  // namespace sluice::deliver::parquet
