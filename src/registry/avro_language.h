#pragma once
// Avro as the registry knows it: Confluent's words over our own Avro.

#include <memory>

#include "registry/language.h"

namespace sluice::registry {

[[nodiscard]] std::shared_ptr<const SchemaLanguage> avro_language();

}  // namespace sluice::registry
