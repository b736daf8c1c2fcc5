#include "flow/rows/rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "flow/value/function.h"

namespace sluice::flow {
namespace {

avro::Schema schema_of(std::string_view fields) {
  const auto text = R"({"type":"record","name":"Value","namespace":"s.t","fields":[)" + std::string(fields) + "]}";
  auto schema = avro::Schema::parse(text);
  SLUICE_CHECK(schema.ok());
  return *std::move(schema);
}

Column column(std::string name, TypeKind kind, int precision = -1, int scale = -1) {
  return {std::move(name), {.kind = kind, .precision = precision, .scale = scale, .avro = {}}};
}

Value wide(std::string_view big_endian, std::int32_t scale) {
  auto value = Value::of_numeric(0, scale);
  value.text = big_endian;
  return value;
}

// Values as text, with `-` for null.
std::vector<std::string> texts(const std::vector<Column>& columns, Row row) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const auto kind = columns[i].type.kind;
    out.push_back(row[i].null                    ? "-"
                  : kind == TypeKind::boolean    ? (row[i].boolean ? "t" : "f")
                  : kind == TypeKind::float4 || kind == TypeKind::float8 ? std::to_string(row[i].floating)
                  : kind == TypeKind::numeric    ? value_text(columns[i].type, row[i])
                  : !row[i].text.empty() || kind == TypeKind::text ? std::string(row[i].text)
                                                 : std::to_string(row[i].integer));
  }
  return out;
}

struct Rows {
  Arena arena;
  std::vector<Column> columns;
  std::unique_ptr<RowReader> reader;
  std::vector<Value> row;

  Rows(const avro::Schema& writer, std::vector<Column> wanted) : columns(std::move(wanted)), row(columns.size()) {
    auto opened = RowReader::open(writer, columns);
    EXPECT_TRUE(opened.ok()) << opened.error();
    if (opened.ok()) reader = *std::move(opened);
  }
  std::vector<std::string> read(ByteView body) {
    const auto outcome = reader->read(body, row, arena);
    if (!outcome.ok()) return {std::string(to_string(outcome.error().code))};
    return texts(columns, row);
  }
};

using ::testing::ElementsAre;

TEST(Rows, AColumnHasTheTypeThatItsFieldHas) {
  const auto schema = schema_of(
      R"({"name":"a","type":"int"},{"name":"b","type":["null","int"],"sqlType":"smallint"},{"name":"c","type":["long","null"]},
         {"name":"d","type":{"type":"bytes","logicalType":"decimal","precision":10,"scale":2}},
         {"name":"e","type":["null","string"],"sqlType":"numeric"},{"name":"f","type":"string","sqlType":"jsonb","sqlName":"Ünd"},
         {"name":"g","type":{"type":"string","logicalType":"uuid"}},{"name":"h","type":{"type":"long","logicalType":"timestamp-millis"}},
         {"name":"i","type":{"type":"long","logicalType":"local-timestamp-micros"}},{"name":"j","type":{"type":"enum","name":"E","symbols":["x"]}},
         {"name":"k","type":["null",{"type":"array","items":"int"}]},{"name":"l","type":["null","int","string"]},
         {"name":"m","type":["null","s.t.Value"]},{"name":"n","type":{"type":"int","logicalType":"date"}})");
  const auto columns = columns_of_schema(schema);
  ASSERT_TRUE(columns.ok()) << columns.error();
  std::string all;
  for (const auto& [name, type] : *columns) all += name + " " + type_text(type) + (type.avro ? " " + *type.avro : "") + "\n";
  EXPECT_EQ(all,
            "a integer\nb smallint\nc bigint\nd numeric(10,2)\ne numeric\nÜnd json\ng uuid\nh timestamp with time zone\n"
            "i timestamp without time zone\nj text\nk opaque {\"type\":\"array\",\"items\":\"int\"}\nl opaque [\"int\",\"string\"]\nn date\n");
}

TEST(Rows, WhatIsWrittenIsReadBack) {
  const std::vector<Column> columns{
      column("b", TypeKind::boolean), column("s", TypeKind::int2), column("i", TypeKind::int4), column("l", TypeKind::int8),
      column("n", TypeKind::numeric), column("d", TypeKind::numeric, 12, 3), column("w", TypeKind::numeric, 30, 0),
      column("f", TypeKind::float4), column("g", TypeKind::float8), column("Text %", TypeKind::text), column("y", TypeKind::bytea),
      column("at", TypeKind::timestamptz), column("local", TypeKind::timestamp), column("day", TypeKind::date), column("u", TypeKind::uuid)};
  const auto schema = RowWriter::schema_of(columns, "shop.v", "Value", false);
  ASSERT_TRUE(schema.ok()) << schema.error();
  const auto writer = RowWriter::open(*schema, columns);
  ASSERT_TRUE(writer.ok()) << writer.error();
  const std::string wide_number = "\x01" + std::string(8, '\0');  // 2^64
  const std::vector<Value> row{Value::of(true), Value::of_integer(-5), Value::of_integer(1 << 30), Value::of_integer(-(std::int64_t{1} << 60)),
                               Value::of_numeric(-150, 2), Value::of_numeric(-12345, 2), wide(wide_number, 0), Value::of_double(0.5), Value::of_double(-2.25),
                               Value::of_text("zwölf"), Value::of_text(std::string_view("\0\xff", 2)), Value::of_integer(-7), Value::of_integer(8),
                               Value::of_integer(19000), Value::of_text("00112233-4455-6677-8899-aabbccddeeff")};
  Bytes body = "frame";
  ASSERT_TRUE((*writer)->write(row, body).ok());
  Rows rows(*schema, columns);
  EXPECT_THAT(rows.read(ByteView(body).substr(5)),
              ElementsAre("t", "-5", "1073741824", "-1152921504606846976", "-1.50", "-123.450", "18446744073709551616", "0.500000", "-2.250000", "zwölf",
                          std::string("\0\xff", 2), "-7", "8", "19000", "00112233-4455-6677-8899-aabbccddeeff"));
  const std::vector<Value> nulls(columns.size());
  body.clear();
  ASSERT_TRUE((*writer)->write(nulls, body).ok());
  EXPECT_EQ(body, std::string(columns.size(), '\0'));
  EXPECT_THAT(rows.read(body), ::testing::Each("-"));
  const auto read_back = columns_of_schema(*schema);
  ASSERT_TRUE(read_back.ok());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    EXPECT_EQ((*read_back)[i].name, columns[i].name);
    EXPECT_EQ((*read_back)[i].type, columns[i].type) << columns[i].name;
  }
}

TEST(Rows, AKeyHasNoNulls) {
  const std::vector<Column> columns{column("id", TypeKind::int8), column("t", TypeKind::text)};
  const auto schema = RowWriter::schema_of(columns, "v", "Key", true);
  ASSERT_TRUE(schema.ok()) << schema.error();
  EXPECT_EQ(schema->text(), R"({"type":"record","name":"Key","namespace":"v","fields":[{"name":"id","type":"long"},{"name":"t","type":"string"}]})");
  const auto writer = RowWriter::open(*schema, columns);
  ASSERT_TRUE(writer.ok());
  Bytes out = "x";
  EXPECT_EQ((*writer)->write(std::vector<Value>{Value::of_integer(1), Value::none()}, out).error().code, ErrorCode::rejected);
  EXPECT_EQ(out, "x");
  ASSERT_TRUE((*writer)->write(std::vector<Value>{Value::of_integer(-1), Value::of_text("ab")}, out).ok());
  EXPECT_EQ(out, "x\x01\x04"
                 "ab");
}

TEST(Rows, FieldsAreFoundByNameAndPassedOverOrNull) {
  const auto writer = schema_of(R"({"name":"skip","type":{"type":"map","values":"long"}},{"name":"b","type":["string","null"]},{"name":"a","type":"int"})");
  Rows rows(writer, {column("a", TypeKind::int8), column("none", TypeKind::text), column("b", TypeKind::text)});
  EXPECT_THAT(rows.read(std::string_view("\x02\x02k\x08\x00\x00\x04hi\x0e", 10)), ElementsAre("7", "-", "hi"));
  EXPECT_THAT(rows.read(std::string_view("\x00\x02\x0e", 3)), ElementsAre("7", "-", "-"));
}

TEST(Rows, NestedValuesAreTheColumnsOwnBytes) {
  const auto schema = schema_of(R"({"name":"k","type":["null",{"type":"array","items":"int"}]},{"name":"u","type":["null","int","string"]})");
  const auto columns = columns_of_schema(schema);
  ASSERT_TRUE(columns.ok()) << columns.error();
  Rows rows(schema, *columns);
  const std::string_view body("\x02\x04\x02\x04\x00\x04\x02z", 8);
  EXPECT_THAT(rows.read(body), ElementsAre(std::string("\x04\x02\x04\x00", 4), std::string("\x02\x02z", 3)));
  const auto made = RowWriter::schema_of(*columns, "v", "Value", false);
  ASSERT_TRUE(made.ok()) << made.error();
  const auto writer = RowWriter::open(*made, *columns);
  ASSERT_TRUE(writer.ok());
  Bytes out;
  ASSERT_TRUE((*writer)->write(rows.row, out).ok());
  EXPECT_EQ(out, body);
  Rows others(schema_of(R"({"name":"k","type":{"type":"array","items":"string"}})"), *columns);  // only an empty one is of both
  EXPECT_THAT(others.read(std::string_view("\x00", 1)), ElementsAre(std::string(1, '\0'), "-"));
  EXPECT_THAT(others.read(std::string_view("\x02\x02x\x00", 4)), ElementsAre("rejected"));
  Rows plain(schema_of(R"({"name":"k","type":{"type":"array","items":"int"}})"), *columns);
  EXPECT_THAT(plain.read(std::string_view("\x02\x02\x00", 3)), ElementsAre(std::string("\x02\x02\x00", 3), "-"));
}

TEST(Rows, WhatDoesNotFitIsRefused) {
  const auto writer = schema_of(R"({"name":"a","type":"long"},{"name":"t","type":["null","string"]})");
  Rows rows(writer, {column("a", TypeKind::int4), column("t", TypeKind::text)});
  EXPECT_THAT(rows.read(std::string_view("\x02\x02\x02x", 4)), ElementsAre("1", "x"));
  for (std::size_t cut = 0; cut < 4; ++cut) EXPECT_THAT(rows.read(std::string_view("\x02\x02\x02x", cut)), ElementsAre("corrupt")) << cut;
  EXPECT_THAT(rows.read(std::string_view("\x02\x02\x02xy", 5)), ElementsAre("corrupt"));
  EXPECT_THAT(rows.read(std::string_view("\x02\x04\x02x", 4)), ElementsAre("corrupt"));
  EXPECT_THAT(rows.read(std::string_view("\x02\x02\x02\xff", 4)), ElementsAre("corrupt"));
  EXPECT_THAT(rows.read(std::string_view("\x80\x80\x80\x80\x20\x00", 6)), ElementsAre("rejected"));
  EXPECT_EQ(RowReader::open(writer, {column("t", TypeKind::boolean), column("a", TypeKind::bytea)}).error().code, ErrorCode::rejected);
}

TEST(Rows, ADecimalHoldsItsPrecision) {
  const std::vector<Column> columns{column("d", TypeKind::numeric, 5, 2)};
  const auto schema = RowWriter::schema_of(columns, "v", "Value", false);
  const auto writer = RowWriter::open(*schema, columns);
  ASSERT_TRUE(writer.ok());
  Rows rows(*schema, columns);
  const auto there_and_back = [&](const Value& value) -> std::string {
    Bytes out;
    if (auto written = (*writer)->write(std::vector{value}, out); !written.ok()) return std::string(to_string(written.error().code));
    return rows.read(out).front();
  };
  EXPECT_EQ(there_and_back(Value::of_numeric(99999, 2)), "999.99");
  EXPECT_EQ(there_and_back(Value::of_numeric(-999, 0)), "-999.00");
  EXPECT_EQ(there_and_back(Value::of_numeric(1500, 4)), "0.15");
  EXPECT_EQ(there_and_back(Value::of_numeric(1000, 0)), "rejected");
  EXPECT_EQ(there_and_back(Value::of_numeric(1501, 4)), "rejected");
  EXPECT_EQ(there_and_back(Value::of_numeric(0, Value::kNaN)), "rejected");
  for (const int n : {0, 1, -1, 127, 128, -128, -129, 255, 32767, -32769}) EXPECT_EQ(there_and_back(Value::of_numeric(n, 2)), value_text({.kind = TypeKind::numeric}, Value::of_numeric(n, 2)));
}

}  // namespace
}  // namespace sluice::flow
