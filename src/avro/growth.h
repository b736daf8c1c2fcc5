#pragma once
// The schema that only grows: one record schema by which rows of every schema so far can be written, for archives.
//
// - A top-level field is found by its name, merged when it is there, appended when it is not, and always nullable:
//   ["null", T] with default null. Order never changes, and nothing is ever taken away.
// - Records further down merge in the same way, but only fields that one of the two lacks become nullable.
// - Types merge by widening, never with a loss: int and long are long; int and float, and float and double, are double.
//   Decimals of one scale take the larger precision, enums all symbols in order of appearance, unions all branches.
// - A named type is one type, wherever it is used. Types of different names do not merge.
// - Docs and properties are the newest schema's, where it has some. Aliases are left out: a field that was renamed is a new
//   field. A default stays where both schemas have the same.
// - Fields at every level, items, keys and values are numbered ("field-id", "element-id", "key-id", "value-id") in order
//   of appearance, and keep their numbers.
//
// So Resolution::compile(any schema that was added, grown) succeeds, and Resolution::compile(earlier grown, grown).

#include <optional>

#include "avro/schema.h"
#include "base/result.h"

namespace sluice::avro {

struct GrowthOptions {
  std::int32_t first_field_id = 1;
};

// The grown schema with `added` in it; of `added` alone when there is none yet. When nothing changes its text is that of
// `grown`. Errors: rejected, with the path of what cannot be merged: "/fields/price: bytes decimal(10,2) and string".
[[nodiscard]] Result<Schema> grow(const std::optional<Schema>& grown, const Schema& added, GrowthOptions options = {});

}  // namespace sluice::avro
