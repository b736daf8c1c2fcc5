#pragma once
// Events by the schemas of their topics: JSON becomes Avro in Confluent's framing, or is refused with the path of what does not
// fit.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "avro/schema.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "collect/event.h"
#include "io/clock.h"
#include "pipeline/schema_catalog.h"

namespace sluice::collect {

struct NumberedSchema {
  SchemaId id;
  avro::Schema schema;
};
using SchemaPtr = std::shared_ptr<const NumberedSchema>;

// Thread-safe.
class Encoder {
 public:
  // Both outlive it.
  Encoder(pipeline::SchemaCatalog& catalog, io::Clock& clock) : catalog_(catalog), clock_(clock) {}

  // The newest schema of a subject, at most a second old; `fresh`: of now. Errors: not_found, back_off.
  [[nodiscard]] Result<SchemaPtr> newest(const std::string& subject, bool fresh = false);
  // Errors: rejected, incompatible or no schema.
  [[nodiscard]] Result<SchemaPtr> add(const std::string& subject, const std::string& text);
  // Errors: not_found.
  [[nodiscard]] Result<SchemaPtr> by_id(SchemaId id);

 private:
  struct Cached {
    SchemaPtr schema;
    std::int64_t read_ms = 0;
  };
  [[nodiscard]] Result<SchemaPtr> keep(SchemaId id, const std::string& text);

  pipeline::SchemaCatalog& catalog_;
  io::Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Cached> newest_;  // by subject
  std::map<SchemaId, SchemaPtr> by_id_;
};

// Appends the framed value of a text. `ignored`: a member that the schema need not have. Errors: rejected, with the path.
[[nodiscard]] Result<void> encode(const NumberedSchema& schema, Form form, const std::string& text, std::string_view ignored, Bytes& out);

}  // namespace sluice::collect
