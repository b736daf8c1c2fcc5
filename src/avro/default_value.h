#pragma once
// The bytes of a field's default, as Java's ResolvingGrammarGenerator writes them: a union takes the first branch whose
// kind of JSON the default is, a fixed is cut or filled up, a record's missing fields take their own defaults.

#include <string_view>

#include "avro/schema.h"
#include "base/bytes.h"
#include "base/result.h"

namespace sluice::avro {

// Appends. Errors: rejected, when the default does not fit.
[[nodiscard]] Result<void> encode_default(const Node& type, std::string_view json, Bytes& out);

}  // namespace sluice::avro
