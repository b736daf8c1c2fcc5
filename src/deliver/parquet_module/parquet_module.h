#pragma once
// Parquet, as a module that is loaded when it is first wanted: libsluice_parquet.so, with Apache Arrow's libraries beside
// it. The program neither links nor waits for them (docs/decisions/0605-parquet-is-a-module.md).

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pipeline/row_file.h"

namespace sluice::deliver {

struct ParquetOptions {
  std::string codec = "zstd";  // zstd, snappy, gzip, lz4_raw, none
  int level = 3;               // of zstd (1 to 22) and gzip (1 to 9)
  // A row group is closed when its rows, in Avro, are this large, or when it holds this much memory.
  std::uint64_t row_group_bytes = 128 << 20;
  std::uint64_t memory_bytes = 64 << 20;
  std::uint64_t page_bytes = 1 << 20;  // of a column, before compression
};

// What the module exports as sluice_parquet_module(). `abi` comes first and stays first: the rest is looked at only when
// it is the program's own.
struct ParquetModule {
  std::uint64_t abi;
  const char* text;  // for people: "Arrow 26.0.1"
  // Errors: rejected (an option).
  Result<std::shared_ptr<const pipeline::RowFormat>> (*create)(const ParquetOptions&);
};
inline constexpr std::uint64_t kParquetAbi = SLUICE_PARQUET_ABI;
inline constexpr std::string_view kParquetFile = "libsluice_parquet.so";

// Where load_parquet() looks, in this order: $SLUICE_PARQUET_MODULE alone, when it is set; else beside the program, in its
// lib/sluice, and in ../lib/sluice.
[[nodiscard]] std::vector<std::filesystem::path> parquet_places();

// Loads the module, on the first call, and never unloads it. Thread-safe. Errors: not_found (with the places), unsupported
// (a module of another build), rejected (it cannot be loaded; an option).
[[nodiscard]] Result<std::shared_ptr<const pipeline::RowFormat>> load_parquet(const ParquetOptions& options);

}  // namespace sluice::deliver
