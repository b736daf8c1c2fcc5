#pragma once
// Rows of a relation out of its topic's records: keys and values in Confluent's frame, each of whichever schema it names.

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "flow/plan/plan.h"
#include "flow/rows/rows.h"
#include "pipeline/log.h"
#include "pipeline/schema_catalog.h"

namespace sluice::flow {

// Reads framed records into some columns. Of one thread.
class FramedReader {
 public:
  FramedReader(pipeline::SchemaCatalog& catalog, std::vector<Column> columns) : catalog_(catalog), columns_(std::move(columns)) {}

  // Errors: corrupt: no frame, or bytes that its schema does not give; rejected: a schema, or a value, that does not fit the columns;
  // those of the registry.
  [[nodiscard]] Result<void> read(ByteView framed, std::span<Value> row, Arena& arena);

 private:
  [[nodiscard]] Result<const RowReader*> reader_of(std::int32_t id);

  pipeline::SchemaCatalog& catalog_;
  std::vector<Column> columns_;
  std::map<std::int32_t, std::unique_ptr<RowReader>> readers_;
};

// Reads records of a relation's topic, hidden columns included. Of one thread.
class RelationReader {
 public:
  RelationReader(pipeline::SchemaCatalog& catalog, const Relation& relation);

  // A row of all the relation's columns, in `arena` or of views of the record; of a tombstone those that its key has. Errors: as FramedReader's.
  [[nodiscard]] Result<std::span<Value>> row(const pipeline::ReadRecord& record, std::int32_t partition, Arena& arena);
  // Of a view's own rows, which have no record: hidden columns are null.
  [[nodiscard]] Result<std::span<Value>> row(ByteView value, Arena& arena);
  // Whether the record takes a row away: a tombstone of a table.
  [[nodiscard]] bool deletes(const pipeline::ReadRecord& record) const { return !record.value && !relation_.changes; }

 private:
  const Relation& relation_;
  std::size_t visible_;
  FramedReader values_;
};

}  // namespace sluice::flow
