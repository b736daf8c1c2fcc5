#pragma once
// May data written by one schema be read by another? As Java's SchemaCompatibility.checkReaderWriterCompatibility says, its
// oddities included, since that is what every registry's users know.

#include <string>
#include <vector>

#include "avro/schema.h"

namespace sluice::avro {

struct Incompatibility {
  std::string type;      // "READER_FIELD_MISSING_DEFAULT_VALUE"
  std::string location;  // a JSON pointer into the reader: "/fields/1"
  std::string message;   // Java's: what is wrong there
};

struct CompatibilityOptions {
  // Ours: a changed logical type, decimal scale or smaller decimal precision is incompatible (LOGICAL_TYPE_MISMATCH).
  bool compare_logical_types = false;
};

// Empty: compatible. Errors: rejected, where Java throws (a field matches by name and alias at once).
[[nodiscard]] Result<std::vector<Incompatibility>> check_compatibility(const Schema& reader, const Schema& writer,
                                                                       CompatibilityOptions options = {});

}  // namespace sluice::avro
