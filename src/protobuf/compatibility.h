#pragma once
// May data written by one schema be read by another? The rules are those of Confluent's registry
// (docs/schemas-protobuf.md lists them, and the two places where ours are stricter): messages are matched by their path
// of names, fields by number.

#include <string>
#include <vector>

#include "protobuf/schema.h"

namespace sluice::protobuf {

struct Incompatibility {
  std::string type;         // Confluent's: "FIELD_SCALAR_KIND_CHANGED"
  std::string path;         // "#/Order/Item/3": messages, then the field's number or the oneof's name
  std::string description;  // says "the new schema" of the reader, "the old schema" of the writer
};

// Empty: compatible. Compatible changes are not told.
[[nodiscard]] std::vector<Incompatibility> check_compatibility(const Schema& reader, const Schema& writer);

}  // namespace sluice::protobuf
