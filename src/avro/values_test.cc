// Values against what Java made of them: bytes to JSON and back, hostile bytes, limits.

#include <gtest/gtest.h>

#include "avro/avro_testing.h"
#include "avro/json.h"
#include "avro/program.h"

namespace sluice::avro {
namespace {

void expect_value(const Program& program, const std::string& bytes, const std::string& value) {
  ByteView rest = bytes;
  std::string text;
  const auto done = to_json(program, rest, text);
  ASSERT_TRUE(done.ok()) << done.error() << " " << program.schema().text();
  EXPECT_TRUE(rest.empty());
  EXPECT_TRUE(same_json(text, value)) << text << "\n" << value;
}

TEST(Values, AreReadAndWrittenAsJavaDoes) {
  int compared = 0;
  for (const auto& line : golden_lines("binary.jsonl")) {
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
  for (const auto& line : golden_lines("hostile.jsonl")) {
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
    EXPECT_TRUE(expect == "either" || same_json(text, text_of(line, "json_value"))) << text_of(line, "name") << "\n" << text;
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
