// The one function that libsluice_parquet.so exports.

#include <arrow/util/config.h>

#include "deliver/parquet/format.h"

extern "C" __attribute__((visibility("default"))) const sluice::deliver::ParquetModule* sluice_parquet_module() {
  static constexpr sluice::deliver::ParquetModule module{sluice::deliver::kParquetAbi, "Arrow " ARROW_VERSION_STRING,
                                                         &sluice::deliver::parquet::create_format};
  return &module;
}
