#include "avro/avro_testing.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

namespace sluice::avro {
namespace json = boost::json;

std::vector<json::object> golden_lines(const std::string& name) {
  std::ifstream file("tests/golden/avro/" + name);
  EXPECT_TRUE(file.good()) << "run from the project's folder";
  std::vector<json::object> lines;
  for (std::string line; std::getline(file, line);) {
    boost::system::error_code error;  // lone surrogates, which UTF-8 cannot say
    auto value = json::parse(line, error);
    if (!error) lines.push_back(value.as_object());
  }
  EXPECT_FALSE(lines.empty()) << name;
  return lines;
}

std::string text_of(const json::object& object, const char* key) { return json::value_to<std::string>(object.at(key)); }

Bytes unhex(std::string_view text) {
  Bytes out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) out.push_back(static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  return out;
}

namespace {

bool same(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) {
    if (!a.is_double() && !b.is_double()) return a == b;
    const auto x = a.to_number<double>();
    const auto y = b.to_number<double>();
    return x == y || static_cast<float>(x) == static_cast<float>(y) || std::abs(x - y) <= 1e-14 * std::abs(x);
  }
  if (a.kind() != b.kind()) return false;
  if (a.is_array()) {
    const auto& x = a.get_array();
    const auto& y = b.get_array();
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), same);
  }
  if (a.is_object()) {
    if (a.get_object().size() != b.get_object().size()) return false;
    for (const auto& item : a.get_object()) {
      const auto* other = b.get_object().if_contains(item.key());
      if (other == nullptr || !same(item.value(), *other)) return false;
    }
    return true;
  }
  return a == b;
}

json::value parsed(std::string_view text) {
  json::parse_options deep;
  deep.max_depth = 1000;
  return json::parse({text.data(), text.size()}, {}, deep);
}

}  // namespace

bool same_json(std::string_view a, std::string_view b) { return same(parsed(a), parsed(b)); }

}  // namespace sluice::avro
