#pragma once
// For tests: lines of golden data, random schemas, and what a schema means apart from the order of its text.

#include <boost/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "protobuf/schema.h"

namespace sluice::protobuf {

// Of tests/golden/protobuf/<name>.
[[nodiscard]] std::vector<boost::json::object> golden_lines(const std::string& name);
[[nodiscard]] std::string text_of(const boost::json::object& object, const char* key);
[[nodiscard]] std::vector<Import> imports_of(const boost::json::object& object, const char* key);

// The descriptor as text, its fields, oneofs, nested messages and options in one order.
[[nodiscard]] std::string meaning(const Schema& schema);

// A .proto text with messages, enums, oneofs, maps, groups, options, services; imports only what is built in.
[[nodiscard]] std::string random_schema(std::mt19937_64& random);

}  // namespace sluice::protobuf
