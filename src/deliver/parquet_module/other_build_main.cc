// For the test of the loader: a module of another build.

#include "deliver/parquet_module/parquet_module.h"

extern "C" __attribute__((visibility("default"))) const sluice::deliver::ParquetModule* sluice_parquet_module() {
  static constexpr sluice::deliver::ParquetModule module{sluice::deliver::kParquetAbi + 1, "another", nullptr};
  return &module;
}
