#pragma once
// What a column of an archive is called in the languages that read it: one table, for Avro's types and logical types.

#include <string>
#include <string_view>
#include <vector>

#include "avro/schema.h"
#include "base/result.h"

namespace sluice::cli {

enum class Reader : std::uint8_t { spark, duckdb, flink, trino, hive, python };

// "avro" or "parquet", as a file's name ends.
struct TypeContext {
  Reader reader;
  std::string_view format;
};

struct ExportedColumn {
  std::string name;
  std::string type;
};

// "DECIMAL(10,2)", "ARRAY<STRING>", "pa.timestamp(\"us\", \"UTC\")". Whether null is allowed is left out: every own
// column of an archive may be null. Errors: unsupported: a recursive record, a union that the reader has no type for.
[[nodiscard]] Result<std::string> reader_type(TypeContext context, const avro::Node& node);
// The fields of a record, in their order.
[[nodiscard]] Result<std::vector<ExportedColumn>> reader_columns(TypeContext context, const avro::Node& record);

// A column's or table's name as the reader quotes it.
[[nodiscard]] std::string quoted(Reader reader, std::string_view name);

// The Avro record (JSON) with which Spark reads values as the types above: decimals of more digits than it has are plain
// bytes, times of day plain numbers.
struct SparkSchema {
  std::string text;
  bool large_decimals = false;  // it refuses files that have them, unless it is given this schema
};
[[nodiscard]] SparkSchema schema_for_spark(const avro::Schema& record);

}  // namespace sluice::cli
