#pragma once
// Functions that take their arguments' one type as it is: greatest, least, nullif.

#include <optional>
#include <string_view>

#include "flow/value/function.h"

namespace sluice::flow {

// Of values of this kind; none: it has no order.
[[nodiscard]] std::optional<Call> choice_between(std::string_view name, TypeKind kind);

}  // namespace sluice::flow
