#pragma once
// JSON as Java's Jackson prints it, and read exactly. For those who have Boost.JSON themselves: it shows it.

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::avro {

struct Node;
// As Schema::text(), of a part.
[[nodiscard]] std::string print_node(const Node& node);
// The same for nodes that are equal to Java: without docs, aliases, and defaults of enums.
[[nodiscard]] std::string print_equality(const Node& node);
[[nodiscard]] std::string json_text(const boost::json::value& value);
// Numbers exact; comments are allowed. Errors: rejected, with the place in the text.
[[nodiscard]] Result<boost::json::value> parse_json(std::string_view text);

}  // namespace sluice::avro
