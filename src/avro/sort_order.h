#pragma once
// The sort order of data in binary form (Avro 1.12, "Sort Order"), without a value in between: numbers by size, NaN above all
// and -0 below 0; strings, bytes and fixed by their bytes; enums and unions by position; arrays and records by their parts in
// order, a field by its "order". Maps have no order: they may only lie in fields that are ignored.

#include <compare>

#include "avro/program.h"
#include "base/bytes.h"
#include "base/result.h"

namespace sluice::avro {

// Compares two data of the program's schema. Reads no further than the first difference: what lies behind is not proved to
// be a datum. Errors: corrupt, with the datum and the path; rejected, they meet in a map.
[[nodiscard]] Result<std::strong_ordering> compare(const Program& program, ByteView a, ByteView b, DecodeLimits limits = {});

}  // namespace sluice::avro
