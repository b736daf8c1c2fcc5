#pragma once
// The schema languages that there are.

#include "registry/parsed_schemas.h"

namespace sluice::registry {

// JSON Schema, Protobuf and Avro, in the order in which /schemas/types lists them.
[[nodiscard]] Languages all_languages();

}  // namespace sluice::registry
