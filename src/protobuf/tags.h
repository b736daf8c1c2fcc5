#pragma once
// Confluent's tags inside a schema: of messages by the option (confluent.message_meta), of fields by
// (confluent.field_meta).

#include <span>
#include <string>
#include <vector>

#include "protobuf/schema.h"

namespace sluice::protobuf {

struct Tagged {
  std::string path;  // "Order.Line", "Order.Line.sku": names without the package
  bool is_field = false;
  std::vector<std::string> tags;
};

[[nodiscard]] std::vector<Tagged> tags_of(const Schema& schema);

// The text with more and fewer tags, and with the import that declares them. A path may begin with a dot, and name the
// oneof that the field is in. Errors: rejected, when there is no such message or field.
[[nodiscard]] Result<std::string> with_tags(const Schema& schema, std::span<const Tagged> add,
                                            std::span<const Tagged> remove);

}  // namespace sluice::protobuf
