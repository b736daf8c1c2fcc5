#pragma once
// Functions that take their arguments' one type as it is: greatest, least, nullif.

#include <optional>

#include "flow/value/function.h"

namespace sluice::flow {

// Of values of this kind; none: it has no order.
[[nodiscard]] std::optional<Call> choice_between(bool greatest, TypeKind kind);
// Of kinds that = compares.
[[nodiscard]] Call nullif_call(TypeKind a, TypeKind b);

}  // namespace sluice::flow
