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

TEST(Values, CorruptBytesAreNamedByTheirPath) {
  const Program program(Schema::parse(R"({"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"m","type":{"type":"map","values":
      {"type":"array","items":["null",{"type":"record","name":"I","fields":[{"name":"x","type":"boolean"},{"name":"s","type":"string"}]}]}}}]})").value());
  const auto path_of = [&](std::string_view bytes, DecodeLimits limits = {}) {
    const auto done = check(program, unhex(bytes), limits);
    return done.ok() ? std::string("fine") : done.error().message;
  };
  EXPECT_EQ(path_of("02" "02026b" "04" "00" "02" "01" "0161" "00" "00").find("fine"), std::string::npos);
  EXPECT_EQ(path_of("02" "02026b" "04" "00" "02" "01" "0261" "00" "00"), "fine");
  EXPECT_NE(path_of("02" "02026b" "04" "00" "02" "07" "0261" "00" "00").find("neither 0 nor 1, at /m/k/1/x, byte 7"), std::string::npos);
  EXPECT_NE(path_of("02" "02026b" "04" "06").find("no such branch, at /m/k/0, byte"), std::string::npos);
  EXPECT_NE(path_of("ffffffffffff").find("at /a, byte 0"), std::string::npos);
  EXPECT_NE(path_of("02" "02026b" "04" "00" "02" "01" "02ff" "00" "00", {.utf8 = true}).find("no UTF-8, at /m/k/1/s"), std::string::npos);
  EXPECT_NE(path_of("02" "0202c0" "00" "00", {.utf8 = true}).find("no UTF-8, at /m"), std::string::npos);
}

TEST(Values, Utf8IsWhatTheSpecificationOfItSays) {
  for (const std::string_view good : {"", "plain ascii of some length", "\xc3\xa9", "twelve chars\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const std::string_view bad : {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "12345678\xff", "1234567\xe2\x82"}) {
    EXPECT_FALSE(is_utf8(bad)) << hex(bad);
  }
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
