#pragma once
// Values in Avro's own JSON encoding, and back (Avro 1.12, "JSON Encoding"): unions as {"branch": value}, bytes and fixed as
// text of a character a byte. NaN and the infinities are "NaN", "Infinity", "-Infinity".

#include <string>
#include <string_view>

#include "avro/program.h"
#include "base/bytes.h"
#include "base/result.h"

namespace sluice::avro {

// Appends the JSON of the value at the front of `bytes`, and takes it off. Errors: corrupt. Bytes of a string that are
// no UTF-8 become U+FFFD.
[[nodiscard]] Result<void> to_json(const Program& program, ByteView& bytes, std::string& out, DecodeLimits limits = {});

// Appends the bytes of a value. Errors: rejected, with the path of what does not fit.
[[nodiscard]] Result<void> from_json(const Schema& schema, std::string_view json, Bytes& out);

}  // namespace sluice::avro
