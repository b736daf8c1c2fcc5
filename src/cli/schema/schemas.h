#pragma once
// Schemas by id, from the registry, parsed once.

#include <map>
#include <optional>
#include <string>

#include "avro/schema.h"
#include "base/bytes.h"
#include "base/result.h"

namespace sluice::cli {

class Schemas {
 public:
  explicit Schemas(std::string registry) : registry_(std::move(registry)) {}

  // Errors: not_found, back_off, rejected (not Avro).
  [[nodiscard]] Result<const avro::Node*> by_id(std::int32_t id);

  // A framed value (byte 0, id, Avro body) as JSON; one that is not framed, or whose schema is not known, as a JSON string.
  // Errors: corrupt, back_off (the registry cannot be asked).
  [[nodiscard]] Result<void> to_json(ByteView value, std::string& out);

  // Registers `schema` under `subject`, and gives its id. Errors: rejected, with the registry's reason.
  [[nodiscard]] Result<std::int32_t> add(const std::string& subject, const std::string& schema);
  // The newest schema of a subject, and its id. Errors: not_found.
  struct Latest {
    std::int32_t id = 0;
    std::string schema;
  };
  [[nodiscard]] Result<Latest> latest(const std::string& subject);

 private:
  std::string registry_;
  std::map<std::int32_t, std::optional<avro::Schema>> schemas_;  // none: there is no such
};

}  // namespace sluice::cli
