#pragma once
// The Parquet format.

#include <memory>

#include "base/result.h"
#include "deliver/parquet_module/parquet_module.h"
#include "pipeline/row_file.h"

namespace sluice::deliver::parquet {

// Errors: rejected (an option).
[[nodiscard]] Result<std::shared_ptr<const pipeline::RowFormat>> create_format(const ParquetOptions& options);

}  // namespace sluice::deliver::parquet
