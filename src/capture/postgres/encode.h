#pragma once
// Rows to Avro: a program compiled once per version of a table, from PostgreSQL's text of each column into bytes.
//
// Snapshot and stream both bring text (docs/decisions/0701-copy-as-text.md), so the same row gives the same bytes on either way.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "capture/postgres/table.h"

namespace sluice::capture::postgres {

struct Cell {
  enum class Is : std::uint8_t { null, unchanged, text };
  Is is = Is::null;
  std::string_view text;
};

class RowEncoder {
 public:
  RowEncoder(const Table& table, SchemaId key_id, SchemaId value_id);

  // Appends the framed value (0, schema id, body) to `out`. Columns whose value Avro cannot hold become null and stand in
  // special() as JSON, column to text; unchanged ones become null and stand in unchanged(), a JSON list of names.
  // Errors: corrupt, when a text is no value of its type (never for what PostgreSQL sends).
  [[nodiscard]] Result<void> value(std::span<const Cell> cells, Bytes& out);
  // Appends the framed key. Errors: corrupt; rejected, when a key column is null, unchanged or special.
  [[nodiscard]] Result<void> key(std::span<const Cell> cells, Bytes& out);

  // Of the last value(); empty when there is none.
  [[nodiscard]] const std::string& special() const { return special_; }
  [[nodiscard]] const std::string& unchanged() const { return unchanged_; }

 private:
  std::vector<ColumnType> types_;
  std::vector<std::string> names_;  // quoted as JSON
  std::vector<std::size_t> key_;
  SchemaId key_id_, value_id_;
  std::string special_, unchanged_;
};

// Appends one value of `type` (without the union's index). False: Avro cannot hold it, nothing was appended.
// Errors: corrupt.
[[nodiscard]] Result<bool> encode_text(const ColumnType& type, std::string_view text, Bytes& out);

}  // namespace sluice::capture::postgres
