#pragma once
// Records of a relation's topic as changes of its rows, by the schemas that their frames name.

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "flow/operators/execution.h"
#include "flow/plan/plan.h"
#include "flow/rows/rows.h"
#include "pipeline/log.h"
#include "pipeline/schema_catalog.h"

namespace sluice::flow {

// What a record is. `bad`: it goes to the dead letters.
struct Decoded {
  enum class What : std::uint8_t { row, deleted, nothing, bad } what = What::nothing;
  Error why = {};  // bad
};

// Of one thread. A tombstone in a stream is nothing: no row of it is ever taken back; unless it is read as changes: then it is one more.
class Decoder {
 public:
  // Both outlive it.
  Decoder(const Relation& relation, pipeline::SchemaCatalog& catalog);

  // Fills `row`, of all columns. Texts are views of the record, of this object, or in `arena`. Errors: those of the catalog, but not_found.
  [[nodiscard]] Result<Decoded> decode(const pipeline::ReadRecord& record, std::int32_t partition, std::span<Value> row, Arena& arena);
  // Of a view's own rows, which have no record: the hidden columns are null. Errors: as a record's, which is then bad; those of the catalog.
  [[nodiscard]] Result<void> decode_value(ByteView framed, std::span<Value> row, Arena& arena);

 private:
  // A writer's schema, read as the columns; or why it cannot be.
  struct Writer {
    std::unique_ptr<RowReader> reader;
    Error why;
  };

  [[nodiscard]] Result<const Writer*> writer(std::int32_t id);
  // A key, or a value. Without an error: it is decoded.
  [[nodiscard]] Result<std::optional<Error>> body(ByteView framed, std::span<Value> row, Arena& arena);
  [[nodiscard]] Result<std::optional<Error>> key(const pipeline::ReadRecord& record, std::span<Value> row, Arena& arena);
  // Header __special: the texts of values that Avro cannot hold.
  [[nodiscard]] std::optional<Error> special(ByteView json, std::span<Value> row, Arena& arena) const;

  const Relation& relation_;
  pipeline::SchemaCatalog& catalog_;
  std::vector<Column> columns_;  // the relation's, hidden ones not included
  std::unordered_map<std::int32_t, Writer> writers_;
  std::int32_t last_id_ = -1;
  const Writer* last_ = nullptr;
};

}  // namespace sluice::flow
