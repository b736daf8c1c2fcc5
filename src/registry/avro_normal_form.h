#pragma once
// One text for all spellings of an Avro schema that mean the same: full names, name before type, the order said,
// aliases and other properties sorted; docs, defaults and logical types stay (Confluent's `normalize`).

#include <string>
#include <vector>

#include "avro/schema.h"

namespace sluice::registry {

// The types of these full names are written as names.
[[nodiscard]] std::string avro_normal_form(const avro::Node& root, const std::vector<std::string>& known_names);

}  // namespace sluice::registry
