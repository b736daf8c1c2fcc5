#pragma once
// JSON as Java's Jackson prints it. Private to the module: it shows Boost.JSON.

#include <boost/json/value.hpp>
#include <string>

namespace sluice::avro {

[[nodiscard]] std::string json_text(const boost::json::value& value);

}  // namespace sluice::avro
