#pragma once
// How a field of an Avro record is a column. Private to the module.

#include <optional>
#include <string>
#include <string_view>

#include "avro/schema.h"
#include "base/result.h"
#include "flow/value/type.h"

namespace sluice::flow {

// A field's type, with null apart.
struct FieldType {
  const avro::Node* node = nullptr;  // of what is not null; of a union of several others, the union
  int null_branch = -1;              // the index of null in the field's union
};

[[nodiscard]] FieldType field_type(const avro::Field& field);
// As SQL names it: the property sqlName, else its own name.
[[nodiscard]] std::string column_name(const avro::Field& field);
// The JSON text of a string property.
[[nodiscard]] std::string text_property(const avro::Field& field, std::string_view name);

}  // namespace sluice::flow
