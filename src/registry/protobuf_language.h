#pragma once
// Protobuf as the registry knows it.

#include <memory>

#include "registry/language.h"

namespace sluice::registry {

[[nodiscard]] std::shared_ptr<const SchemaLanguage> protobuf_language();

}  // namespace sluice::registry
