#pragma once
// Rows as bytes, in two forms: compact ones that are read back, and keys whose bytes compare as the values do.

#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "flow/value/type.h"
#include "flow/value/value.h"

namespace sluice::flow {

// Appends the row's values. Equal rows give equal bytes (but numerics of different display scale: 1.0, 1.00).
void encode_row(std::span<const Type> types, Row row, Bytes& out);
// Texts are views of `bytes`, which must live as long. Errors: corrupt.
[[nodiscard]] Result<Row> decode_row(std::span<const Type> types, ByteView bytes, Arena& arena);
// The same, for rows that follow each other: takes the first off `bytes`.
[[nodiscard]] Result<Row> take_row(std::span<const Type> types, ByteView& bytes, Arena& arena);

// Appends bytes of one value, self-delimiting: memcmp orders them as compare_values, or the other way round when `descending`; nulls
// come last, or first with `nulls_first`, whichever way the values go. They are equal exactly if the values are for GROUP BY (1.0 and
// 1.00, 0.0 and -0.0).
void encode_key(const Type& type, const Value& value, Bytes& out, bool descending = false, bool nulls_first = false);

}  // namespace sluice::flow
