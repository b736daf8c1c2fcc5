#pragma once
// The port to a schema registry, embedded or somebody's.

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace sluice::pipeline {

// Thread-safe. Calls may block for as long as a sync round, or a network call, takes.
class SchemaCatalog {
 public:
  virtual ~SchemaCatalog() = default;

  // Registers `schema` (Avro JSON text) under `subject`, or finds it there. Errors: rejected, when it is incompatible
  // with what the subject has (the message says why, in words) or no valid schema.
  [[nodiscard]] virtual Result<SchemaId> add(const std::string& subject, const std::string& schema) = 0;
  // The schema's text. Errors: not_found.
  [[nodiscard]] virtual Result<std::string> schema(SchemaId id) = 0;
  // The newest schema of a subject. Errors: not_found.
  [[nodiscard]] virtual Result<std::string> latest(const std::string& subject) = 0;
  // Whether `id` is that of a version of `subject` that is not deleted.
  [[nodiscard]] virtual Result<bool> has(const std::string& subject, SchemaId id) = 0;
  // Grows after whatever may make has() say otherwise: who remembers what it said forgets it then. Does not block.
  [[nodiscard]] virtual std::uint64_t changes() const = 0;
  // The schema with this GUID, 16 bytes. Errors: not_found; unsupported, by a catalog that keeps none.
  [[nodiscard]] virtual Result<SchemaId> by_guid(ByteView guid) {
    static_cast<void>(guid);
    return Error{ErrorCode::unsupported, "this registry does not know schemas by their GUID"};
  }
  // `level` is one of NONE, BACKWARD, FORWARD, FULL and their _TRANSITIVE forms. With `compare_logical_types`, a
  // changed logical type, decimal scale or smaller decimal precision is incompatible too.
  [[nodiscard]] virtual Result<void> set_compatibility(const std::string& subject, const std::string& level,
                                                       bool compare_logical_types) = 0;
};

// Confluent's framing of a value: byte 0, the id as int32, the Avro body. `kSchemaHeaderBytes` before the body.
inline constexpr std::size_t kSchemaHeaderBytes = 5;

}  // namespace sluice::pipeline
