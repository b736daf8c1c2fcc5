// Plain JSON of Avro values, both ways, over the values that Apache Avro for Java wrote (tests/golden/avro).

#include "avro/plain_json.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>

#include "avro/schema.h"

namespace sluice::avro {
namespace {

namespace json = boost::json;

std::string unhex(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) out.push_back(static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  return out;
}

// The JSON of a body; a failed expectation when it does not fit.
std::string shown(const Schema& schema, ByteView body) {
  ByteReader reader(body);
  std::string out;
  const auto done = to_plain_json(schema.root(), reader, out);
  EXPECT_TRUE(done.ok() && reader.at_end()) << schema.text() << (done.ok() ? "" : done.error().text());
  return out;
}

std::string encoded(const std::string& schema, const std::string& text) {
  const auto parsed = Schema::parse(schema).value();
  Bytes out;
  const auto done = from_plain_json(parsed.root(), text, out);
  EXPECT_TRUE(done.ok()) << done.error();
  return out;
}

std::string round(const std::string& schema, const std::string& text) {
  return shown(Schema::parse(schema).value(), encoded(schema, text));
}

bool refused(const std::string& schema, const std::string& text) {
  const auto parsed = Schema::parse(schema).value();
  Bytes out;
  return !from_plain_json(parsed.root(), text, out).ok();
}

TEST(AvroText, WhatIsShownCanBeReadAndShowsTheSame) {
  std::ifstream in("tests/golden/avro/binary.jsonl");
  ASSERT_TRUE(in.good()) << "run from the project's folder";
  int values = 0, told_by_branch = 0;
  for (std::string line; std::getline(in, line);) {
    boost::system::error_code error;
    const auto parsed = json::parse(line, error);
    if (error) continue;  // lone surrogates
    const auto schema = Schema::parse(std::string(parsed.at("schema").as_string()), {.validate_defaults = false});
    ASSERT_TRUE(schema.ok());
    const auto text = shown(*schema, unhex(parsed.at("hex").as_string()));
    // Java wrote random bytes as decimals, beyond the precision of their schema.
    if (schema->text().find("decimal") != std::string::npos) continue;
    Bytes again;
    const auto done = from_plain_json(schema->root(), text, again);
    ASSERT_TRUE(done.ok()) << done.error() << "\n" << schema->text() << "\n" << text;
    ++values;
    if (shown(*schema, again) == text) continue;
    // A union's value is shown without its branch: of ["int","double"] the first that takes it is read.
    EXPECT_NE(schema->text().find("[\"null\""), std::string::npos) << schema->text() << "\n" << text;
    ++told_by_branch;
  }
  EXPECT_GE(values, 300);
  EXPECT_LE(told_by_branch, 5);
}

TEST(AvroText, LogicalTypesAreWhatPeopleWrite) {
  EXPECT_EQ(round(R"({"type":"int","logicalType":"date"})", R"("1969-12-31")"), R"("1969-12-31")");
  EXPECT_EQ(round(R"({"type":"long","logicalType":"timestamp-micros"})", R"("2026-11-24T13:04:11.000001Z")"), R"("2026-11-24T13:04:11.000001Z")");
  EXPECT_EQ(round(R"({"type":"long","logicalType":"local-timestamp-micros"})", R"("2026-11-24T13:04:11")"), R"("2026-11-24T13:04:11")");
  EXPECT_EQ(round(R"({"type":"long","logicalType":"time-micros"})", R"("23:59:59.999999")"), R"("23:59:59.999999")");
  const std::string decimal = R"({"type":"bytes","logicalType":"decimal","precision":6,"scale":2})";
  for (const char* text : {R"("0.00")", R"("-0.01")", R"("9999.99")", R"("-9999.99")", R"("1.28")", R"("-1.28")"}) EXPECT_EQ(round(decimal, text), text);
  EXPECT_EQ(round(decimal, R"("3")"), R"("3.00")");
  EXPECT_EQ(round(decimal, "12.5"), R"("12.50")");  // exact enough for who writes numbers
  EXPECT_EQ(round(decimal, "-7"), R"("-7.00")");
  EXPECT_TRUE(refused(decimal, R"("10000.00")"));
  EXPECT_TRUE(refused(decimal, R"("0.001")"));
  EXPECT_TRUE(refused(R"({"type":"int","logicalType":"date"})", R"("2026-02-30")"));
}

TEST(AvroText, WhatDoesNotFitIsRefused) {
  EXPECT_TRUE(refused(R"("int")", "2147483648"));
  EXPECT_TRUE(refused(R"("int")", "1.5"));
  EXPECT_TRUE(refused(R"("string")", "7"));
  EXPECT_TRUE(refused(R"({"type":"fixed","name":"F","size":2})", R"("abc")"));
  EXPECT_TRUE(refused(R"({"type":"enum","name":"E","symbols":["A"]})", R"("B")"));
  EXPECT_TRUE(refused(R"(["null","string"])", "7"));
  const std::string record = R"({"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":"int","default":4}]})";
  EXPECT_TRUE(refused(record, "{}"));
  EXPECT_TRUE(refused(record, R"({"a":1,"c":2})")) << "a field that the schema does not have";
  EXPECT_EQ(round(record, R"({"a":1})"), R"({"a":1,"b":4})");
  const std::string decimal = R"({"type":"record","name":"R","fields":[{"name":"d","type":{"type":"bytes","logicalType":"decimal","precision":6,"scale":2},"default":"\u0001\u0000"}]})";
  EXPECT_EQ(round(decimal, "{}"), R"({"d":"2.56"})");
}

}  // namespace
}  // namespace sluice::avro
