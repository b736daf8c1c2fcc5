#pragma once
// JSON Schema behind the port.

#include <memory>

#include "registry/language.h"

namespace sluice::registry {

[[nodiscard]] std::unique_ptr<const SchemaLanguage> json_language();

}  // namespace sluice::registry
