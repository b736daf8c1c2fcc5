#pragma once
// For tests of what Java says: lines of golden data, and values compared as JSON.

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace sluice::avro {

// Of tests/golden/avro/<name>; the lines that UTF-8 can say.
[[nodiscard]] std::vector<boost::json::object> golden_lines(const std::string& name);
[[nodiscard]] std::string text_of(const boost::json::object& object, const char* key);
[[nodiscard]] Bytes unhex(std::string_view text);
// Whether two texts say the same: Java does not print the shortest form of every number, and maps have no order.
[[nodiscard]] bool same_json(std::string_view a, std::string_view b);

}  // namespace sluice::avro
