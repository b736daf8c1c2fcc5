#include "avro/sort_order.h"

#include <gtest/gtest.h>

#include "avro/avro_testing.h"
#include "avro/json.h"

namespace sluice::avro {
namespace {

Program program(std::string_view schema) { return Program(Schema::parse(schema, {.validate_defaults = false}).value()); }

Bytes datum(const Program& by, std::string_view json) {
  Bytes out;
  const auto done = from_json(by.schema(), json, out);
  EXPECT_TRUE(done.ok()) << done.error() << json;
  return out;
}

// '<', '=' or '>'; and the other way round.
char order(const Program& by, ByteView a, ByteView b) {
  const auto found = compare(by, a, b);
  EXPECT_TRUE(found.ok()) << found.error();
  if (!found.ok()) return '?';
  EXPECT_TRUE(*compare(by, b, a) == 0 <=> *found);
  return *found < 0 ? '<' : *found > 0 ? '>' : '=';
}

// Data in their order.
void expect_ascending(std::string_view schema, const std::vector<std::string_view>& texts) {
  const auto by = program(schema);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for (std::size_t j = 0; j < texts.size(); ++j) {
      EXPECT_EQ(order(by, datum(by, texts[i]), datum(by, texts[j])), i < j ? '<' : i > j ? '>' : '=') << texts[i] << " " << texts[j];
    }
  }
}

TEST(SortOrder, IsThatOfTheSpecification) {
  expect_ascending(R"("null")", {"null"});
  expect_ascending(R"("boolean")", {"false", "true"});
  expect_ascending(R"("int")", {"-2147483648", "-1", "0", "1", "64", "2147483647"});
  expect_ascending(R"("long")", {"-9223372036854775808", "-2147483649", "-1", "0", "9223372036854775807"});
  for (const auto* type : {R"("float")", R"("double")"}) {
    expect_ascending(type, {R"("-Infinity")", "-1.5", "-1.0", "-0.0", "0.0", "0.5", "1e10", R"("Infinity")", R"("NaN")"});
  }
  expect_ascending(R"("bytes")", {R"("")", R"("\u0000")", R"("a")", R"("ab")", R"("b")", R"("\u0080")", R"("\u00ff")"});
  expect_ascending(R"("string")", {R"("")", R"("Z")", R"("a")", R"("a\u0000")", R"("é")", R"("€")", "\"\xef\xbf\xbd\"", R"("😀")"});  // by code points
  expect_ascending(R"({"type":"fixed","name":"F","size":2})", {R"("aa")", R"("ab")", R"("b\u0000")"});
  expect_ascending(R"({"type":"enum","name":"E","symbols":["Z","A","M"]})", {R"("Z")", R"("A")", R"("M")"});
  expect_ascending(R"(["string","null","int"])", {R"({"string":"a"})", R"({"string":"b"})", "null", R"({"int":-5})", R"({"int":3})"});
  expect_ascending(R"({"type":"array","items":"int"})", {"[]", "[1]", "[1,1]", "[1,2]", "[2]"});
}

TEST(SortOrder, FieldsAreComparedAsTheirOrderSays) {
  const std::string_view schema = R"({"type":"record","name":"R","fields":[{"name":"m","type":{"type":"map","values":"int"},"order":"ignore"},
      {"name":"d","type":"int","order":"descending"},{"name":"a","type":"string"}]})";
  expect_ascending(schema, {R"({"m":{"x":9},"d":2,"a":"a"})", R"({"m":{},"d":2,"a":"b"})", R"({"m":{"x":1,"y":2},"d":1,"a":"a"})"});
  const auto by = program(schema);
  EXPECT_EQ(order(by, datum(by, R"({"m":{"x":9},"d":2,"a":"a"})"), datum(by, R"({"m":{},"d":2,"a":"a"})")), '=');
}

TEST(SortOrder, BlocksMayBeCutDifferently) {
  const auto by = program(R"({"type":"array","items":"int"})");
  EXPECT_EQ(order(by, unhex("06" "020406" "00"), unhex("0102" "02" "04" "0406" "00")), '=');
  EXPECT_EQ(order(by, unhex("06" "020406" "00"), unhex("02" "02" "04" "0408" "00")), '<');
}

TEST(SortOrder, EveryGoldenDatumEqualsItself) {
  for (const auto& line : golden_lines("binary.jsonl")) {
    const auto by = program(text_of(line, "schema"));
    const auto plain = unhex(text_of(line, "hex"));
    const auto found = compare(by, plain, line.contains("hex_blocked") ? unhex(text_of(line, "hex_blocked")) : plain);
    if (found.ok()) {
      EXPECT_TRUE(*found == 0) << line;
    } else {
      EXPECT_NE(text_of(line, "schema").find("\"map\""), std::string::npos) << found.error() << line;
      EXPECT_EQ(found.error().code, ErrorCode::rejected) << line;
    }
  }
}

TEST(SortOrder, WrongBytesAndMapsAreRefused) {
  const auto maps = program(R"({"type":"map","values":"int"})");
  EXPECT_EQ(compare(maps, unhex("00"), unhex("00")).error().code, ErrorCode::rejected);
  const auto row = program(R"({"type":"record","name":"R","fields":[{"name":"a","type":"string"}]})");
  const auto wrong = compare(row, unhex("0261"), unhex("06"));
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().code, ErrorCode::corrupt);
  EXPECT_NE(wrong.error().message.find("second datum"), std::string::npos) << wrong.error();
  EXPECT_NE(wrong.error().message.find("/a"), std::string::npos) << wrong.error();
  const auto nulls = program(R"({"type":"array","items":"null"})");
  const auto flood = unhex("feffffffffffffff7f00");
  EXPECT_EQ(compare(nulls, flood, flood).error().code, ErrorCode::corrupt);
  int compared = 0;
  for (const auto& line : golden_lines("hostile.jsonl")) {
    const auto by = program(text_of(line, "schema"));
    const auto bytes = unhex(text_of(line, "hex"));
    const auto found = compare(by, bytes, bytes);
    EXPECT_TRUE(!found.ok() || *found == 0) << line;
    ++compared;
  }
  EXPECT_EQ(compared, 124);
}

}  // namespace
}  // namespace sluice::avro
