#pragma once
// Rows of SQL out of Avro records, and into them.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "avro/schema.h"
#include "base/bytes.h"
#include "base/result.h"
#include "flow/plan/plan.h"
#include "flow/value/value.h"

namespace sluice::flow {

// The columns that an Avro record gives, int → int4, long → int8, string with logicalType uuid → uuid,
// decimal → numeric(p,s), timestamp-millis and -micros → timestamptz, local-timestamp-* → timestamp, date, time-*, enum → text, a captured
// column by its SQL type where the field's properties name one (numeric kept as a string, json, interval, …), nullable unions of one
// type as that type; everything else is opaque. Errors: rejected: it is no record.
[[nodiscard]] Result<std::vector<Column>> columns_of_schema(const avro::Schema& schema);

// Decodes records of one writer's schema into a relation's columns, by name; those that the writer lacks are null. Of one thread.
class RowReader {
 public:
  // `columns` are the reader's, hidden ones not included. Errors: rejected: a type that cannot be read as the column's.
  [[nodiscard]] static Result<std::unique_ptr<RowReader>> open(const avro::Schema& writer, const std::vector<Column>& columns);
  virtual ~RowReader() = default;
  // Sets the first columns().size() of `row`; texts are views of `body` or in `arena`. Errors: corrupt; rejected: a value beyond its type.
  [[nodiscard]] virtual Result<void> read(ByteView body, std::span<Value> row, Arena& arena) const = 0;
};

// Encodes rows as Avro of a schema that is made from their columns.
class RowWriter {
 public:
  // The schema of these columns: every one nullable with default null unless `keys`; then only those are that `nullable` (as many, or
  // none) names.
  [[nodiscard]] static Result<avro::Schema> schema_of(const std::vector<Column>& columns, const std::string& space, const std::string& name,
                                                      bool keys, const std::vector<bool>& nullable = {});
  [[nodiscard]] static Result<std::unique_ptr<RowWriter>> open(const avro::Schema& schema, const std::vector<Column>& columns);
  virtual ~RowWriter() = default;
  // Appends the record. Errors: rejected: a value that its Avro type cannot hold (null in a key, numeric beyond its precision).
  [[nodiscard]] virtual Result<void> write(Row row, Bytes& out) const = 0;
};

}  // namespace sluice::flow
