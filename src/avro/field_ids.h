#pragma once
// Inside of growth: the numbers of fields, items, keys and values.

#include <deque>

#include "avro/schema.h"

namespace sluice::avro {

// Whether a property is such a number.
[[nodiscard]] bool is_field_id(std::string_view property);

// Numbers what has no number yet, in order of appearance from `root` on, above the highest there is. The nodes are those
// that `root` leads to.
void number_fields(Node& root, std::deque<Node>& nodes, std::int32_t first);

}  // namespace sluice::avro
