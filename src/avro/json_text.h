#pragma once
// JSON as Java's Jackson prints it. Private to the module: it shows Boost.JSON.

#include <boost/json/value.hpp>
#include <string>

namespace sluice::avro {

struct Node;
// As Schema::text(), of a part.
[[nodiscard]] std::string print_node(const Node& node);
[[nodiscard]] std::string json_text(const boost::json::value& value);

}  // namespace sluice::avro
