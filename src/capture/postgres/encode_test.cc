#include "capture/postgres/encode.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace sluice::capture::postgres {
namespace {

Bytes encoded(const ColumnType& type, std::string_view text) {
  Bytes out;
  const auto held = encode_text(type, text, out);
  EXPECT_TRUE(held.ok()) << held.error();
  EXPECT_TRUE(held.ok() && *held) << text;
  return out;
}

std::int64_t number(Kind kind, std::string_view text) {
  const auto bytes = encoded({.kind = kind}, text);
  ByteReader in(bytes);
  const auto value = in.zigzag();
  EXPECT_TRUE(in.ok() && in.at_end()) << text;
  return value;
}

bool cannot_be_held(const ColumnType& type, std::string_view text) {
  Bytes out = "before";
  const auto held = encode_text(type, text, out);
  EXPECT_TRUE(held.ok()) << text << ": " << held.error();
  return held.ok() && !*held;
}

bool refused(const ColumnType& type, std::string_view text) {
  Bytes out;
  const auto held = encode_text(type, text, out);
  return !held.ok() && held.error().code == ErrorCode::corrupt;
}

TEST(Encode, Integers) {
  EXPECT_EQ(number(Kind::int32, "-2147483648"), std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(number(Kind::int64, "9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  EXPECT_TRUE(refused({.kind = Kind::int32}, "2147483648"));
  EXPECT_TRUE(refused({.kind = Kind::int64}, "1x"));
  EXPECT_TRUE(refused({.kind = Kind::int64}, ""));
}

TEST(Encode, Booleans) {
  EXPECT_EQ(encoded({.kind = Kind::boolean}, "t"), Bytes("\1", 1));
  EXPECT_EQ(encoded({.kind = Kind::boolean}, "f"), Bytes("\0", 1));
  EXPECT_TRUE(refused({.kind = Kind::boolean}, "true"));
}

template <typename T>
T floating(Kind kind, std::string_view text) {
  const auto bytes = encoded({.kind = kind}, text);
  T value{};
  EXPECT_EQ(bytes.size(), sizeof value);
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

TEST(Encode, FloatsKeepEveryBit) {
  EXPECT_EQ(floating<float>(Kind::float32, "1e-45"), std::numeric_limits<float>::denorm_min());
  EXPECT_EQ(floating<float>(Kind::float32, "3.4028235e+38"), std::numeric_limits<float>::max());
  EXPECT_EQ(floating<double>(Kind::float64, "5e-324"), std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(floating<double>(Kind::float64, "2.225073858507201e-308"), 2.225073858507201e-308);
  EXPECT_EQ(floating<double>(Kind::float64, "-Infinity"), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(floating<double>(Kind::float64, "NaN")));
  EXPECT_TRUE(std::signbit(floating<double>(Kind::float64, "-0")));
}

std::string decimal_hex(std::string_view text, std::int32_t scale) {
  const auto bytes = encoded({.kind = Kind::decimal, .precision = 38, .scale = scale}, text);
  ByteReader in(bytes);
  const auto size = in.zigzag();
  EXPECT_EQ(static_cast<std::size_t>(size), in.remaining());
  return hex(in.rest());
}

// The least two's complement, as Java's BigInteger.toByteArray() gives it.
TEST(Encode, DecimalsAreTheLeastTwosComplement) {
  EXPECT_EQ(decimal_hex("0.00", 2), "00");
  EXPECT_EQ(decimal_hex("1.27", 2), "7f");
  EXPECT_EQ(decimal_hex("1.28", 2), "0080");
  EXPECT_EQ(decimal_hex("-1.28", 2), "80");
  EXPECT_EQ(decimal_hex("-1.29", 2), "ff7f");
  EXPECT_EQ(decimal_hex("-0.01", 2), "ff");
  EXPECT_EQ(decimal_hex("327.68", 2), "008000");
  EXPECT_EQ(decimal_hex("7", 2), "02bc") << "as many digits as the scale has";
  EXPECT_EQ(decimal_hex("18446744073709551616", 0), "010000000000000000");
  EXPECT_EQ(decimal_hex("-18446744073709551616", 0), "ff0000000000000000");
  EXPECT_TRUE(cannot_be_held({.kind = Kind::decimal, .scale = 2}, "NaN"));
  EXPECT_TRUE(cannot_be_held({.kind = Kind::decimal, .scale = 2}, "-Infinity"));
  EXPECT_TRUE(cannot_be_held({.kind = Kind::decimal, .scale = 2}, "1.001"));
  EXPECT_TRUE(refused({.kind = Kind::decimal, .scale = 2}, "1,5"));
}

TEST(Encode, DatesAreDaysSince1970) {
  EXPECT_EQ(number(Kind::date, "1970-01-01"), 0);
  EXPECT_EQ(number(Kind::date, "1969-12-31"), -1);
  EXPECT_EQ(number(Kind::date, "2000-02-29"), 11016);
  EXPECT_EQ(number(Kind::date, "0001-01-01"), -719162);
  EXPECT_EQ(number(Kind::date, "0001-12-31 BC"), -719163);
  EXPECT_EQ(number(Kind::date, "4714-11-24 BC"), -2440588);  // PostgreSQL's first
  EXPECT_EQ(number(Kind::date, "5874897-12-31"), 2145042905) << "PostgreSQL's last";
  EXPECT_TRUE(cannot_be_held({.kind = Kind::date}, "infinity"));
  EXPECT_TRUE(refused({.kind = Kind::date}, "01/02/2003"));
}

TEST(Encode, TimesAreMicroseconds) {
  EXPECT_EQ(number(Kind::time, "23:59:59.999999"), 86'399'999'999);
  EXPECT_EQ(number(Kind::time, "00:00:00.5"), 500'000);
  EXPECT_TRUE(cannot_be_held({.kind = Kind::time}, "24:00:00"));
  EXPECT_EQ(number(Kind::local_timestamp, "1970-01-01 00:00:00"), 0);
  EXPECT_EQ(number(Kind::local_timestamp, "1969-12-31 23:59:59.999999"), -1);
  EXPECT_EQ(number(Kind::timestamp, "2026-01-02 03:04:05.678901+00"), 1'767'323'045'678'901);
  EXPECT_EQ(number(Kind::local_timestamp, "294247-01-10 04:00:54.775807"), std::numeric_limits<std::int64_t>::max());
  EXPECT_TRUE(cannot_be_held({.kind = Kind::local_timestamp}, "294247-01-10 04:00:54.775808"));
  EXPECT_TRUE(cannot_be_held({.kind = Kind::timestamp}, "-infinity"));
  EXPECT_TRUE(refused({.kind = Kind::time}, "0388888888888888888:04:05")) << "no hour (found by the fuzzer)";
  EXPECT_TRUE(refused({.kind = Kind::timestamp}, "2026-01-02 03:04:05+02")) << "a connection that is not in UTC";
}

TEST(Encode, BytesFromHex) {
  EXPECT_EQ(encoded({.kind = Kind::bytes}, "\\x00fF"), Bytes("\4\0\xff", 3));
  EXPECT_EQ(encoded({.kind = Kind::bytes}, "\\x"), Bytes("\0", 1));
  EXPECT_TRUE(refused({.kind = Kind::bytes}, "\\x0"));
  EXPECT_TRUE(refused({.kind = Kind::bytes}, "\\xzz"));
  EXPECT_TRUE(refused({.kind = Kind::bytes}, "a\\000")) << "bytea_output = escape";
}

TEST(Encode, ArraysOfOneDimension) {
  const ColumnType texts{.kind = Kind::array, .element = Kind::text};
  EXPECT_EQ(encoded(texts, "{}"), Bytes("\0", 1));
  EXPECT_EQ(encoded(texts, "{a,NULL,\"NULL\",\"\",\"x\\\"y\\\\\",\"b,c\"}"),
            Bytes("\x0c" "\2\2a" "\0" "\2\x08NULL" "\2\0" "\2\x08x\"y\\" "\2\6b,c" "\0", 25));
  const ColumnType numbers{.kind = Kind::array, .element = Kind::int32};
  EXPECT_EQ(encoded(numbers, "{1,NULL}"), Bytes("\4\2\2\0\0", 5));
  EXPECT_TRUE(cannot_be_held(numbers, "{{1,2},{3,4}}"));
  EXPECT_TRUE(cannot_be_held(numbers, "[0:1]={1,2}"));
  EXPECT_TRUE(cannot_be_held({.kind = Kind::array, .element = Kind::date}, "{2026-01-01,infinity}"));
}

Table two_columns() {
  Table table;
  table.columns = {{.name = "id", .type = {.kind = Kind::int64}}, {.name = "a\"b", .type = {.kind = Kind::date}}};
  table.key = {0};
  return table;
}

TEST(RowEncoder, FramesNullsAndValues) {
  RowEncoder encoder(two_columns(), SchemaId{7}, SchemaId{258});
  const Cell cells[] = {{Cell::Is::text, "-1"}, {Cell::Is::null, {}}};
  Bytes value, key;
  ASSERT_TRUE(encoder.value(cells, value).ok());
  EXPECT_EQ(value, Bytes("\0\0\0\1\2" "\2\1" "\0", 8));
  ASSERT_TRUE(encoder.key(cells, key).ok());
  EXPECT_EQ(key, Bytes("\0\0\0\0\7" "\1", 6));
  EXPECT_TRUE(encoder.special().empty());
  EXPECT_TRUE(encoder.unchanged().empty());
}

TEST(RowEncoder, WhatAvroCannotHoldIsNullAndTold) {
  RowEncoder encoder(two_columns(), SchemaId{1}, SchemaId{2});
  const Cell cells[] = {{Cell::Is::text, "1"}, {Cell::Is::text, "infinity"}};
  Bytes value;
  ASSERT_TRUE(encoder.value(cells, value).ok());
  EXPECT_EQ(value.substr(5), Bytes("\2\2\0", 3));
  EXPECT_EQ(encoder.special(), R"({"a\"b":"infinity"})");
  const Cell toasted[] = {{Cell::Is::text, "1"}, {Cell::Is::unchanged, {}}};
  value.clear();
  ASSERT_TRUE(encoder.value(toasted, value).ok());
  EXPECT_EQ(value.substr(5), Bytes("\2\2\0", 3));
  EXPECT_EQ(encoder.unchanged(), R"(["a\"b"])");
  EXPECT_TRUE(encoder.special().empty());
}

TEST(RowEncoder, AKeyMustBeThere) {
  RowEncoder encoder(two_columns(), SchemaId{1}, SchemaId{2});
  Bytes out;
  const Cell null[] = {{Cell::Is::null, {}}, {Cell::Is::null, {}}};
  EXPECT_EQ(encoder.key(null, out).error().code, ErrorCode::rejected);
  const Cell toasted[] = {{Cell::Is::unchanged, {}}, {Cell::Is::null, {}}};
  EXPECT_EQ(encoder.key(toasted, out).error().code, ErrorCode::rejected);
  const Cell short_row[] = {{Cell::Is::text, "1"}};
  EXPECT_EQ(encoder.value(short_row, out).error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace sluice::capture::postgres
