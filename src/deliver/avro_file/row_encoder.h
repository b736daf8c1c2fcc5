#pragma once
// From a record of the log to the Avro bytes of a row (docs/formats/archive.md, Rows).
//
// The value's body is copied as it is, after a walk over it that proves it to be a value of its schema; the eleven
// columns follow. What does not prove right is archived as bytes: never lost, never a file that cannot be read.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "pipeline/log.h"
#include "pipeline/schema_catalog.h"

namespace sluice::deliver::avro_file {

// What the rows of a file look like. Two formats are two objects.
struct RowFormat {
  std::string schema;  // Avro JSON
};

class RowEncoder {
 public:
  // `catalog` outlives it.
  RowEncoder(std::string topic, std::int32_t partition, pipeline::SchemaCatalog& catalog);
  ~RowEncoder();
  RowEncoder(RowEncoder&&) noexcept;
  RowEncoder& operator=(RowEncoder&&) = delete;

  // Appends the row to `out`. The format lives as long as the encoder. Errors: those of the catalog but not_found.
  [[nodiscard]] Result<const RowFormat*> encode(const pipeline::ReadRecord& record, Bytes& out);

 private:
  struct ValueFormat;   // a schema of the topic's values
  struct DeletePlan;    // how rows of deletes are made, by schema of the value and of the key
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::deliver::avro_file
