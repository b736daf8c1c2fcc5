#pragma once
// A schema for a topic that has none, from its first events.

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::collect {

// An Avro record of the objects' members, in the order in which they came: each ["null", T] with default null, so that the
// schema can grow. Numbers without a fraction are long, others double; a member that was null in all is text; objects are
// records, arrays arrays. Errors: rejected, with the member: two types in one place, a name that Avro has not, no object.
[[nodiscard]] Result<std::string> infer_schema(const std::string& topic, std::span<const std::string> values);

}  // namespace sluice::collect
