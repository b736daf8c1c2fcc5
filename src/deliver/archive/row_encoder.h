#pragma once
// From a record of the log to the Avro bytes of a row (docs/formats/archive.md, Rows).
//
// A value's body is resolved from its own schema to the topic's, which proves it on the way and copies it where both are
// the same; the eleven columns follow. What cannot be a row is a dead letter, with the reason: never lost, never a stall,
// never a file that cannot be read.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "deliver/archive/topic_schema.h"
#include "pipeline/log.h"
#include "pipeline/schema_catalog.h"

namespace sluice::deliver::archive {

// Whether a sink takes the column of this name; null: all.
using ColumnChoice = std::function<bool(std::string_view)>;

struct EncodedRow {
  const RowSchema* schema = nullptr;  // lives as long as the TopicSchema; &dead_schema() for a dead letter
  std::optional<SchemaId> id;         // the registry's, of a framed value
  std::string reason;                 // of a dead letter; else empty
};

class RowEncoder {
 public:
  // `catalog`, `schema` and `columns` outlive it.
  RowEncoder(std::string topic, std::int32_t partition, pipeline::SchemaCatalog& catalog, TopicSchema& schema,
             const ColumnChoice& columns);
  ~RowEncoder();
  RowEncoder(RowEncoder&&) noexcept;
  RowEncoder& operator=(RowEncoder&&) = delete;

  // Appends the row to `out`; the topic's schema may grow. Errors: those of the catalog but not_found, those of the store.
  [[nodiscard]] Result<EncodedRow> encode(const pipeline::ReadRecord& record, Bytes& out);
  // Makes a dead letter of the record whose row is all of `out`.
  void refuse(const pipeline::ReadRecord& record, std::string reason, EncodedRow& row, Bytes& out) const;

 private:
  struct Plan;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::deliver::archive
