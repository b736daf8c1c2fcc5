#pragma once
// Numerics as Avro's decimals. Private to the module.

#include "base/bytes.h"
#include "base/result.h"
#include "flow/value/type.h"
#include "flow/value/value.h"

namespace sluice::flow {

// The unscaled value of `value` at the scale of `type`, as two's complement, big-endian, in as few bytes as it takes. Errors: rejected: NaN,
// more digits than its precision, digits behind its scale.
[[nodiscard]] Result<void> decimal_bytes(const Type& type, const Value& value, Bytes& out);

}  // namespace sluice::flow
