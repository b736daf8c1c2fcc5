#pragma once
// The columns of a row: the topic's own, and the archive's eleven (docs/formats/archive.md, Rows).

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "avro/schema.h"
#include "base/bytes.h"
#include "base/result.h"
#include "pipeline/log.h"

namespace sluice::deliver::archive {

// One version of the schema of a topic's rows, immutable.
struct RowSchema {
  int version = 0;   // 1 and on
  std::string text;  // Avro JSON of a row: the topic's own columns, then the eleven of the archive
  avro::Schema own;  // the topic's own columns; every one can be null
};

// The eleven columns.
[[nodiscard]] bool is_archive_column(std::string_view name);
// Appends their values for a record of a topic; `place` is encode_place()'s.
void append_archive_columns(const pipeline::ReadRecord& record, ByteView place, Bytes& out);
[[nodiscard]] Bytes encode_place(std::string_view topic, std::int32_t partition);

// The schema of `own` with the eleven columns behind its own.
[[nodiscard]] std::string row_text(const avro::Schema& own);
// The own columns of such a text. Errors: corrupt, rejected.
[[nodiscard]] Result<avro::Schema> own_columns_of_row(std::string_view text);
// Whether two schemas differ in docs and other people's properties alone.
[[nodiscard]] bool same_columns(const avro::Schema& one, const avro::Schema& other);
// A value's schema as one of own columns: a schema that is no record becomes the one column `_value`; a column that
// collides with the eleven is escaped; the record is called `Value`; columns that `keep` refuses are left out. The bytes
// of a datum are the same, unless a column was left out. Errors: rejected.
[[nodiscard]] Result<avro::Schema> own_columns(std::string_view value_schema,
                                               const std::function<bool(std::string_view)>& keep = nullptr);
// A datum of this schema is a value without schema: {"_value": bytes}.
[[nodiscard]] const avro::Schema& raw_columns();
// {"_value": bytes or null, "_reason": string}, and the eleven: what could not be written as a row, and why.
[[nodiscard]] const RowSchema& dead_schema();

}  // namespace sluice::deliver::archive
