#pragma once
// Schemas from files, for the commands of the noun `avro`.

#include <string>

#include "avro/schema.h"
#include "base/result.h"

namespace sluice::cli {

// The schema in a file; "-" is standard input. Bad names and defaults are refused only with `strict`: data can
// be read in spite of them. Errors: wrong usage, with the name of the file.
[[nodiscard]] Result<avro::Schema> read_schema(const std::string& path, bool strict);

}  // namespace sluice::cli
