// Values against what Java made of them: bytes to JSON and back, hostile bytes, limits.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>
#include <fstream>

#include "avro/json.h"
#include "avro/program.h"

namespace sluice::avro {
namespace {

namespace json = boost::json;

std::vector<json::object> lines_of(const std::string& name) {
  std::ifstream file("tests/golden/avro/" + name);
  std::vector<json::object> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(json::parse(line).as_object());
  EXPECT_FALSE(lines.empty()) << name;
  return lines;
}

std::string text_of(const json::object& object, const char* key) { return json::value_to<std::string>(object.at(key)); }

Bytes unhex(std::string_view text) {
  Bytes out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) out.push_back(static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  return out;
}

// Java does not print the shortest form of every number, and maps have no order.
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

void expect_value(const Program& program, const std::string& bytes, const std::string& value) {
  ByteView rest = bytes;
  std::string text;
  const auto done = to_json(program, rest, text);
  ASSERT_TRUE(done.ok()) << done.error() << " " << program.schema().text();
  EXPECT_TRUE(rest.empty());
  EXPECT_TRUE(same(parsed(text), parsed(value))) << text << "\n" << value;
}

TEST(Values, AreReadAndWrittenAsJavaDoes) {
  int compared = 0;
  for (const auto& line : lines_of("binary.jsonl")) {
    const Program program(Schema::parse(text_of(line, "schema")).value());
    const auto bytes = unhex(text_of(line, "hex"));
    const auto value = text_of(line, "json_value");
    expect_value(program, bytes, value);
    if (line.contains("hex_blocked")) expect_value(program, unhex(text_of(line, "hex_blocked")), value);
    Bytes written;
    const auto done = from_json(program.schema(), value, written);
    ASSERT_TRUE(done.ok()) << done.error() << " " << value;
    EXPECT_EQ(hex(written), text_of(line, "hex")) << program.schema().text() << "\n" << value;
    ++compared;
  }
  EXPECT_EQ(compared, 380);
}

TEST(Values, HostileBytesAreRefusedWhereJavaRefusesThem) {
  int compared = 0;
  for (const auto& line : lines_of("hostile.jsonl")) {
    const auto schema = Schema::parse(text_of(line, "schema"), {.validate_defaults = false});
    ASSERT_TRUE(schema.ok()) << schema.error();
    const Program program(*schema);
    const auto bytes = unhex(text_of(line, "hex"));
    ByteView rest = bytes;
    std::string text;
    const auto done = to_json(program, rest, text);
    const auto expect = text_of(line, "expect");
    ++compared;
    if (expect != "either") {
      EXPECT_EQ(done.ok(), expect == "ok") << text_of(line, "name");
    }
    if (!done.ok() || text_of(line, "java_outcome") != "ok" || !line.contains("json_value")) continue;
    EXPECT_EQ(rest.size(), line.at("rest").as_int64()) << text_of(line, "name");
    EXPECT_TRUE(expect == "either" || same(parsed(text), parsed(text_of(line, "json_value")))) << text_of(line, "name") << "\n" << text;
  }
  EXPECT_EQ(compared, 124);
}

TEST(Values, SplitGivesTheBytesOfEachField) {
  const Program program(Schema::parse(R"({"type":"record","name":"R","fields":[{"name":"a","type":"long"},{"name":"b","type":{"type":"array","items":"int"}},{"name":"c","type":["null","string"]}]})").value());
  const auto bytes = unhex("d00f0402040002026b");
  std::vector<ByteView> fields;
  ASSERT_TRUE(split(program, bytes, fields).ok());
  ASSERT_EQ(fields.size(), 3U);
  EXPECT_EQ(hex(fields[0]), "d00f");
  EXPECT_EQ(hex(fields[1]), "04020400");
  EXPECT_EQ(hex(fields[2]), "02026b");
  EXPECT_TRUE(check(program, bytes).ok());
  EXPECT_FALSE(check(program, bytes + "x").ok());
  EXPECT_FALSE(split(program, bytes.substr(0, 5), fields).ok());
}

TEST(Values, LimitsHold) {
  const Program nulls(Schema::parse(R"({"type":"array","items":"null"})").value());
  const auto thousand = unhex("d00f00");
  EXPECT_TRUE(check(nulls, thousand).ok());
  EXPECT_FALSE(check(nulls, thousand, {.items_of_no_bytes = 999}).ok());
  // Many blocks count together.
  EXPECT_FALSE(check(nulls, unhex("d00fd00f00"), {.items_of_no_bytes = 1999}).ok());
  const Program list(Schema::parse(R"({"type":"record","name":"L","fields":[{"name":"next","type":["null","L"]}]})").value());
  Bytes deep(50, '\2');
  deep.push_back('\0');
  EXPECT_TRUE(check(list, deep).ok());
  EXPECT_FALSE(check(list, deep, {.depth = 100}).ok());
  EXPECT_FALSE(check(list, Bytes(1'000'000, '\2')).ok());
}

TEST(Values, WhatDoesNotFitIsNamedByItsPath) {
  const auto schema = Schema::parse(R"({"type":"record","name":"R","fields":[{"name":"a","type":{"type":"array","items":"int"}}]})").value();
  Bytes out = "kept";
  const auto done = from_json(schema, R"({"a":[1,"two"]})", out);
  ASSERT_FALSE(done.ok());
  EXPECT_NE(done.error().message.find("/a/1"), std::string::npos) << done.error();
  EXPECT_EQ(out, "kept");
}

}  // namespace
}  // namespace sluice::avro
