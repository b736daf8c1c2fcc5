#pragma once
// Avro bodies as plain JSON, for people and for jq, and back. Not Avro's own JSON encoding: a union is its value alone, and
// logical types are what people write.
//
//   decimal "12.50" (text, because it is exact) · date "2026-11-24" · time "13:04:11.000001" · timestamp
//   "2026-11-24T13:04:11.000001Z", local ones without Z · bytes and fixed: each byte one character U+0000 to U+00FF, as
//   Avro's JSON has it · NaN and infinities as text
//
// A value outside what its text form can hold (year 10000) is its number.

#include <string>

#include "avro/schema.h"
#include "base/bytes.h"
#include "base/result.h"

namespace sluice::avro {

// Appends the JSON of one value. Errors: corrupt (the body does not fit the schema).
[[nodiscard]] Result<void> to_plain_json(const Node& schema, ByteReader& body, std::string& out);

// Appends the body of a JSON text. A missing field takes its default; a union the first branch that takes the value, or
// the one named in {"branch": value}. Errors: rejected, with the path of what does not fit.
// `ignored`: a member of the outermost object that the schema need not have.
[[nodiscard]] Result<void> from_plain_json(const Node& schema, std::string_view json, Bytes& out, std::string_view ignored = {});

// The bytes of a value that has no schema as a JSON string, or as JSON as it is; not UTF-8: as above, a character a byte.
void text_to_json(ByteView bytes, std::string& out);

}  // namespace sluice::avro
