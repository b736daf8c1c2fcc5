#pragma once
// The code that `sluice export` prints, by reader; and what these texts are put together from.
//
// All of them hold the same three parts: the changes up to the archive's end when it was printed, the table as it is, and
// (with_live) what goes on from the topic at exactly that end. The end is a condition on the rows, so that the code reads
// the same rows however far the archive has come when somebody runs it.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/export/export_archive.h"
#include "cli/export/export_types.h"

namespace sluice::cli {

// Errors of all: unsupported, a column that the reader has no type for.
[[nodiscard]] Result<std::string> export_python(const ExportedTopic& topic, bool with_live);
[[nodiscard]] Result<std::string> export_spark(const ExportedTopic& topic, bool with_live);
// SQL for Parquet; for Avro a program in Python, as DuckDB has no reader of Avro built in.
[[nodiscard]] Result<std::string> export_duckdb(const ExportedTopic& topic, bool with_live);
[[nodiscard]] Result<std::string> export_flink(const ExportedTopic& topic, bool with_live);
[[nodiscard]] Result<std::string> export_trino(const ExportedTopic& topic, bool with_live);
[[nodiscard]] Result<std::string> export_hive(const ExportedTopic& topic, bool with_live);

// `text` with each @NAME@ replaced by its value.
using Values = std::vector<std::pair<std::string_view, std::string>>;
[[nodiscard]] std::string fill(std::string_view text, const Values& values);

[[nodiscard]] std::string joined(const std::vector<std::string>& parts, std::string_view between);
// "(_partition = 0 AND _offset < 412941) OR …": the rows that the archive had.
[[nodiscard]] std::string archived_rows(const ExportedTopic& topic);
// The same of what came later: `partition` and `offset` are columns.
[[nodiscard]] std::string later_rows(const ExportedTopic& topic, std::string_view partition, std::string_view offset);
// The names of the folders' columns that are no columns of the rows.
[[nodiscard]] std::vector<std::string> folder_columns(const ExportedTopic& topic);
// "shop_public_orders".
[[nodiscard]] std::string sql_name(const ExportedTopic& topic);
// `name type` by line, four spaces before each, commas between.
[[nodiscard]] std::string column_lines(Reader reader, const std::vector<ExportedColumn>& columns);
// Columns that PostgreSQL may leave out of an update, and what `_unchanged` calls them (a JSON string).
[[nodiscard]] std::vector<std::pair<std::string, std::string>> large_columns(const ExportedTopic& topic);
// The query for the table as it is, over the relation `changes`. Of DuckDB, Trino and Hive.
[[nodiscard]] std::string current_state(Reader reader, const ExportedTopic& topic, std::string_view changes);
// "partition:0,offset:412941;partition:1,offset:7", as Flink has them.
[[nodiscard]] std::string offsets_text(const ExportedTopic& topic);
// The columns of rows, and behind them those of the folders as `text_type`.
[[nodiscard]] Result<std::vector<ExportedColumn>> all_columns(Reader reader, const ExportedTopic& topic, std::string_view text_type);
// The clause of Flink, Trino or Hive that names the folders' columns; empty when there are none.
[[nodiscard]] std::string partitioned_by(Reader reader, const ExportedTopic& topic);
// "-- note" by line.
[[nodiscard]] std::string sql_comments(const std::vector<std::string>& notes);
// A condition with `_partition` and `_offset` in back ticks, which Flink and Hive want.
[[nodiscard]] std::string ticked_rows(std::string condition);
// Whether rows are values as they are in the topic: one column `_value`, bytes.
[[nodiscard]] bool is_raw(const ExportedTopic& topic);

}  // namespace sluice::cli
