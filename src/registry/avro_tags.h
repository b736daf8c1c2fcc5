#pragma once
// Tags on records and fields of an Avro schema: the property "confluent:tags".

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "avro/schema.h"
#include "registry/language.h"

namespace sluice::registry {

[[nodiscard]] std::vector<EntityTags> avro_tags(const avro::Node& root);
// Errors: rejected, when an entity is not in the schema.
[[nodiscard]] Result<std::string> avro_with_tags(std::string_view text, std::span<const EntityTags> add,
                                                 std::span<const EntityTags> remove);

}  // namespace sluice::registry
