#pragma once
// Writes a Parquet file of rows in Avro.

#include <memory>
#include <string_view>

#include "base/result.h"
#include "deliver/parquet_module/parquet_module.h"
#include "pipeline/row_file.h"

namespace sluice::deliver::parquet {

// As pipeline::RowFormat::create(). `options` were checked.
[[nodiscard]] Result<std::unique_ptr<pipeline::RowFileWriter>> create_writer(const ParquetOptions& options,
                                                                             std::unique_ptr<pipeline::StoreWriter> out,
                                                                             std::string_view schema);

// Errors: rejected.
[[nodiscard]] Result<void> check_options(const ParquetOptions& options);

}  // namespace sluice::deliver::parquet
