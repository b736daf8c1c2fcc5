#pragma once
// Into which folder a row goes: a template like "dt={ts:%F}/hour={ts:%H}" (docs/formats/archive.md, Folders).
//
//   {ts:FORMAT}       the record's timestamp, UTC: %Y %m %d %F (%Y-%m-%d) %H %M
//   {column}          the value of one of the topic's own columns; null and long ones as Hive names them
//   {column:FORMAT}   of a date or timestamp column
//
// Immutable. Text around the braces stands as it is; values are escaped as Hive escapes them.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "avro/schema.h"
#include "base/bytes.h"
#include "base/result.h"

namespace sluice::deliver::archive {

inline constexpr std::string_view kDefaultPartitioning = "dt={ts:%F}/hour={ts:%H}";
inline constexpr std::string_view kNoPartition = "__HIVE_DEFAULT_PARTITION__";

// A column's value as a folder's name has it; none is null.
struct FolderValue {
  std::optional<std::string> text;          // scalars but dates and timestamps
  std::optional<std::int64_t> instant_ms;   // dates and timestamps
};

class Partitioning {
 public:
  // Errors: rejected, with the position in the template.
  [[nodiscard]] static Result<Partitioning> parse(std::string_view text);

  // The columns that the template names, without repeats.
  [[nodiscard]] const std::vector<std::string>& columns() const { return columns_; }
  // "dt=2026-11-24/hour=13"; "" for a template without parts. `values` are those of columns(), in their order.
  [[nodiscard]] std::string folder(std::int64_t timestamp_ms, const std::vector<FolderValue>& values) const;
  // The folders of a template change with the timestamp by this period: an hour, say. None: they do not, or rows of one
  // period lie in more than one folder by their columns.
  [[nodiscard]] std::int64_t period_ms() const { return period_ms_; }
  // Begin of the period that a timestamp lies in; 0 without a period.
  [[nodiscard]] std::int64_t period_begin(std::int64_t timestamp_ms) const;
  // Whether a folder is complete when its period is over: it has a period, and no columns.
  [[nodiscard]] bool completes() const { return period_ms_ > 0 && columns_.empty(); }

 private:
  struct Piece {
    std::string text;     // literal, or a format
    int column = -2;      // -2: literal, -1: the timestamp, else the index in columns_
  };
  [[nodiscard]] Result<void> add_reference(std::string_view reference, std::size_t position);

  std::vector<Piece> pieces_;
  std::vector<std::string> columns_;
  std::int64_t period_ms_ = 0;
};

// Reads the columns of a partitioning out of rows of one schema.
class FolderColumns {
 public:
  // Errors: rejected: a column is not there, or is no scalar.
  [[nodiscard]] static Result<FolderColumns> compile(const avro::Schema& row, const Partitioning& partitioning);
  // False: `row` is no row of the schema.
  [[nodiscard]] bool read(ByteView row, std::vector<FolderValue>& values);

 private:
  FolderColumns() = default;
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sluice::deliver::archive
