#pragma once
// Is a value one of a schema?

#include "base/result.h"
#include "json_schema/json.h"
#include "json_schema/node.h"

namespace sluice::json_schema {

// As Schema::validate. A schema that goes round in circles over one value (anyOf: [{"$ref": "#"}, …]) is cut after a
// fixed number of steps: the value is refused.
[[nodiscard]] Result<void> validate(const Graph& graph, const Json& value);

}  // namespace sluice::json_schema
