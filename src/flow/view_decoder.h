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

// Of one thread. A tombstone in a stream is nothing, as no row of it is ever taken back;
// but where changes are read it is a row.
class Decoder {
 public:
  // Both outlive it.
  Decoder(const Relation& relation, pipeline::SchemaCatalog& catalog);

  // Fills `row`, of all columns. Texts are views of the record, of this object, or in `arena`. Errors: those of the catalog, but not_found.
  [[nodiscard]] Result<Decoded> decode(const pipeline::ReadRecord& record, std::int32_t partition, std::span<Value> row, Arena& arena);

 private:
  // A writer's schema, read as some columns; or why it cannot be.
  struct Writer {
    std::unique_ptr<RowReader> reader;
    Error why;
  };
  struct Schemas {
    std::vector<Column> columns;
    std::unordered_map<std::int32_t, Writer> by_id;
    std::int32_t last_id = -1;
    const Writer* last = nullptr;
  };

  [[nodiscard]] Result<const Writer*> writer(Schemas& schemas, std::int32_t id);
  // Without an error: it is decoded.
  [[nodiscard]] Result<std::optional<Error>> body(Schemas& schemas, ByteView framed, std::span<Value> row, Arena& arena);
  [[nodiscard]] Result<Decoded> deleted(const pipeline::ReadRecord& record, std::span<Value> row, Arena& arena);
  static void hidden(const pipeline::ReadRecord& record, std::int32_t partition, std::span<Value> row, Arena& arena);
  // Header __special: the texts of values that Avro cannot hold.
  [[nodiscard]] std::optional<Error> special(ByteView json, std::span<Value> row, Arena& arena) const;

  const Relation& relation_;
  pipeline::SchemaCatalog& catalog_;
  Schemas values_;
  Schemas keys_;
  std::vector<Value> key_row_;
};

}  // namespace sluice::flow
