#include "deliver/archive/filter/filter.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "avro/json.h"
#include "deliver/archive/rows/row_columns.h"

namespace sluice::deliver::archive {
namespace {

struct Column {
  const char* name;
  const char* type;    // of its values
  const char* branch;  // as Avro's JSON names it
};
const Column kColumns[] = {
    {"id", R"("long")", "long"},
    {"n", R"("int")", "int"},
    {"price", R"({"type":"bytes","logicalType":"decimal","precision":10,"scale":2})", "bytes"},
    {"huge", R"({"type":"fixed","name":"F","size":12,"logicalType":"decimal","precision":28,"scale":4})", "F"},
    {"ratio", R"("double")", "double"},
    {"real", R"("float")", "float"},
    {"region", R"("string")", "string"},
    {"active", R"("boolean")", "boolean"},
    {"day", R"({"type":"int","logicalType":"date"})", "int"},
    {"at", R"({"type":"long","logicalType":"timestamp-micros"})", "long"},
    {"local", R"({"type":"long","logicalType":"local-timestamp-micros"})", "long"},
    {"hour", R"({"type":"long","logicalType":"time-micros"})", "long"},
    {"who", R"({"type":"string","logicalType":"uuid"})", "string"},
    {"mood", R"({"type":"enum","name":"Mood","symbols":["sad","ok","happy"]})", "Mood"},
    {"Tag", R"("string")", "string"},
    {"blob", R"("bytes")", "bytes"},
    {"list", R"({"type":"array","items":"int"})", "array"},
};

avro::Schema row_schema() {
  std::string text = R"({"type":"record","name":"Value","fields":[)";
  for (const auto& column : kColumns) {
    text += std::string(column.name == kColumns[0].name ? "" : ",") + R"({"name":")" + column.name + R"(","type":["null",)" +
            column.type + R"(],"default":null})";
  }
  const auto own = avro::Schema::parse(text + "]}").value();
  return avro::Schema::parse(row_text(own)).value();
}

// Values as JSON, by column; others are null.
Bytes row(const std::map<std::string, std::string>& values) {
  std::string json = "{";
  for (const auto& column : kColumns) {
    const auto found = values.find(column.name);
    json += std::string("\"") + column.name + "\":" +
            (found == values.end() ? "null" : std::string("{\"") + column.branch + "\":" + found->second + "}") + ",";
  }
  json += R"("_topic":"t","_partition":3,"_offset":77,"_timestamp":1795526400000,"_key":null,"_op":{"string":"u"},)"
          R"("_lsn":null,"_seq":null,"_txid":{"long":5},"_unchanged":null,"_special":null})";
  Bytes out;
  const auto encoded = avro::from_json(row_schema(), json, out);
  EXPECT_TRUE(encoded.ok()) << encoded.error() << json;
  return out;
}

const Bytes& full() {
  static const auto bytes = row({{"id", "9007199254740993"},  // no double
                                 {"n", "-5"},
                                 {"price", R"("\u0004\u00e2")"},  // 12.50
                                 {"huge", R"("\u0000\u0000\u0001\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0001")"},
                                 {"ratio", "0.1"},
                                 {"real", "0.1"},
                                 {"region", R"("E\u00fc_100%")"},
                                 {"active", "true"},
                                 {"day", "20781"},                  // 2026-11-24
                                 {"at", "1795526400250000"},        // 2026-11-24 13:20:00.25
                                 {"local", "1795478400000000"},     // 2026-11-24
                                 {"hour", "48000000000"},           // 13:20
                                 {"who", R"("5bb1f2a4-0c0e-4b6c-9a54-0d2f3a1c6e11")"},
                                 {"mood", R"("ok")"},
                                 {"Tag", R"("x")"},
                                 {"blob", R"("z")"},
                                 {"list", "[1]"}});
  return bytes;
}

enum class Truth : std::uint8_t { no, unknown, yes };

// Whether it is true of the row; else why it fails for it.
std::string outcome(const std::string& text, const Bytes& bytes) {
  auto filter = RowFilter::compile(Filter::parse(text).value(), row_schema());
  if (!filter.ok()) return filter.error().message;
  const auto passes = filter->passes(bytes);
  return !passes.ok() ? passes.error().message : *passes ? "yes" : "no";
}

Truth verdict(const std::string& text, const Bytes& bytes) {
  const auto filter = Filter::parse(text);
  EXPECT_TRUE(filter.ok()) << text << ": " << filter.error();
  auto yes = RowFilter::compile(*filter, row_schema());
  auto no = RowFilter::compile(Filter::parse("NOT (" + text + ")").value(), row_schema());
  EXPECT_TRUE(yes.ok() && no.ok()) << text << ": " << yes.error();
  if (!yes.ok() || !no.ok()) return Truth::unknown;
  const bool passes = yes->passes(bytes).value();
  const bool fails = no->passes(bytes).value();
  EXPECT_FALSE(passes && fails) << text;
  return passes ? Truth::yes : fails ? Truth::no : Truth::unknown;
}

TEST(Filter, IsTrueOfTheRow) {
  for (const auto* text : {
           "id = 9007199254740993", "id > 9007199254740992", "id < 9007199254740993.5", "id <> 9007199254740992", "n = -5",
           "n >= -5.0", "n < 0", "n BETWEEN -5 AND 0", "n NOT BETWEEN 0 AND 5", "n IN (1, -5)", "n IN (-5, NULL)",
           "price = 12.5", "price = 12.500", "price > 12", "price < 12.501", "price > n", "n <= price", "price < id",
           "huge > 99999999999", "huge = 1844674407370955161600000000000000001e-4 OR huge > 0",
           "ratio = 0.1", "ratio <= 0.1", "real <> 0.1", "ratio < price", "real > ratio", "ratio > n",
           "region = 'Eü_100%'", "region > 'E'", "region < 'F'", "region LIKE 'E%'", "region LIKE '_ü%'",
           "region LIKE 'E__100_'", "region LIKE 'E_\\_100\\%'", "region LIKE '%'", "region LIKE '%1%0%'",
           "region NOT LIKE 'E'", "region NOT LIKE '%2%'", "region LIKE '%%%%0_'",
           "active", "active = TRUE", "active IS TRUE", "active IS NOT UNKNOWN", "(n = 5) IS FALSE", "(n = NULL) IS UNKNOWN",
           "day = '2026-11-24'", "day > '2026-11-23'", "at > '2026-11-24'", "at = '2026-11-24 13:20:00.25Z'",
           "at = '2026-11-24 14:20:00.250+01'", "at < '2026-11-24T13:20:01'", "local = '2026-11-24'", "local = day",
           "day < at", "hour = '13:20'", "hour < '13:20:00.000001'", "who = '5BB1F2A4-0C0E-4B6C-9A54-0D2F3A1C6E11'",
           "mood = 'ok'", "mood IN ('ok', 'bored')", "mood <> 'sad'", "\"Tag\" = 'x'", "blob IS NOT NULL", "list IS NOT NULL",
           "_op = 'u'", "_partition = 3", "_offset >= 77", "_timestamp = '2026-11-24 13:20'", "_lsn IS NULL", "_txid = 5",
           "TRUE", "NULL OR TRUE", "region = 'x' OR price > 1 AND active", "NOT (region = 'x')"}) {
    EXPECT_EQ(verdict(text, full()), Truth::yes) << text;
  }
}

TEST(Filter, IsFalseOfTheRow) {
  for (const auto* text : {"id = 9007199254740992", "n > -4.9999", "price <> 12.5", "price IN (12, 13)", "ratio = 0.10000000000000002",
                           "region = 'eü_100%'", "region LIKE 'E_100%'", "region LIKE 'e%'", "region LIKE ''", "NOT active", "active = FALSE",
                           "day <> '2026-11-24'", "at > '2026-11-24 13:20:00.25'", "hour > '13:20'", "mood = 'sad'", "_op = 'd'",
                           "FALSE", "NULL AND FALSE", "n IS NULL", "active IS UNKNOWN", "n NOT IN (-5, NULL)"}) {
    EXPECT_EQ(verdict(text, full()), Truth::no) << text;
  }
}

TEST(Filter, NullIsUnknown) {
  const auto empty = row({});
  for (const auto* text : {"n = 1", "n <> 1", "n = NULL", "n IN (1, 2)", "n NOT IN (1)", "n BETWEEN 1 AND 2", "region LIKE '%'",
                           "active", "NOT active", "price > ratio", "day = '2026-11-24'", "n = 1 OR FALSE", "n = 1 AND TRUE", "NULL"}) {
    EXPECT_EQ(verdict(text, empty), Truth::unknown) << text;
  }
  for (const auto* text : {"n IN (7, NULL)", "n NOT IN (7, NULL)", "region LIKE NULL", "n > NULL", "n = NULL OR active = FALSE"}) {
    EXPECT_EQ(verdict(text, full()), Truth::unknown) << text;
  }
  EXPECT_EQ(verdict("n IS NULL AND list IS NULL AND active IS NOT TRUE", empty), Truth::yes);
  EXPECT_EQ(verdict("n = 1 AND FALSE", empty), Truth::no);
}

TEST(Filter, DoublesAreOrderedAsPostgreSqlOrdersThem) {
  const auto nan = row({{"ratio", "\"NaN\""}});
  EXPECT_EQ(verdict("ratio > 1e300", nan), Truth::yes);
  EXPECT_EQ(verdict("ratio = ratio", nan), Truth::yes);
  EXPECT_EQ(verdict("ratio = 0", row({{"ratio", "-0.0"}})), Truth::yes);
}

TEST(Filter, IsWhatTheWhereOfAViewIs) {
  for (const auto* text : {
           "lower(region) LIKE 'eü%'", "length(region) = 7", "n + 5 = 0", "price * 2 = 25.00", "n % 2 = -1", "abs(n) > 4",
           "CASE WHEN active THEN n ELSE 0 END = -5", "coalesce(NULL, n) = -5", "n::text = '-5'", "CAST(price AS int) = 13",
           "day = DATE '2026-11-24'", "at - interval '1 day' < '2026-11-24'", "extract(year FROM day) = 2026",
           "at AT TIME ZONE 'UTC' = '2026-11-24 13:20:00.25'", "region ~ '^E.*%$'", "region !~* 'x'", "region ILIKE 'eÜ%'",
           "('{\"a\": {\"b\": 7}}'::json #>> '{a,b}')::int = 7", "n IS DISTINCT FROM NULL", "greatest(n, 3) = 3", "(n = -5) = active",
           "1 = 1", "n = '-5'", "day = '2026-11-24 10:00'", "region = 'a\\' OR TRUE", "blob = 'z'", "_key IS NULL",
           "mood::text > 'happy'", "mood || '!' = 'ok!'", "date_trunc('hour', _timestamp) = '2026-11-24 13:00Z'",
           "real IN (0.1, 2)", "real NOT IN (0.1)"}) {
    EXPECT_EQ(outcome(text, full()), "yes") << text;
  }
}

TEST(Filter, FailsForARowInPostgreSqlsWords) {
  EXPECT_EQ(outcome("10 / (n + 5) = 1", full()), "division by zero");
  EXPECT_EQ(outcome("n + 5 <> 0 AND 10 / (n + 5) = 1", full()), "no");
  EXPECT_EQ(outcome("region::int = 1", full()), "invalid input syntax for type integer: \"Eü_100%\"");
  EXPECT_EQ(outcome("id * 9007199254740993 > 0", full()), "bigint out of range");
  EXPECT_EQ(outcome("region LIKE 'Eü\\_100\\%\\'", full()), "no");
  EXPECT_EQ(outcome("region LIKE 'E%\\'", full()), "LIKE pattern must not end with escape character");
  EXPECT_EQ(outcome("who IS NOT NULL", row({{"who", "\"me\""}})), "field who: invalid input syntax for type uuid: \"me\"");
}

std::string told(const std::string& text) {
  const auto filter = Filter::parse(text);
  if (!filter.ok()) return filter.error().message + " | " + filter.error().hint;
  const auto compiled = RowFilter::compile(*filter, row_schema());
  return compiled.ok() ? "" : compiled.error().message + " | " + compiled.error().hint;
}

TEST(Filter, RefusesWithThePlaceAndAHint) {
  EXPECT_EQ(told("region = 5"),
            "where: line 1, column 8: operator does not exist: text = integer | write casts, so that both sides have types that = takes");
  EXPECT_EQ(told("n =\n 'five'"), "where: line 2, column 2: invalid input syntax for type integer: \"five\" | ");
  EXPECT_EQ(told("day = '24.11.2026'"), "where: line 1, column 7: invalid input syntax for type date: \"24.11.2026\" | ");
  EXPECT_EQ(told("mood > 'sad'"), "where: line 1, column 6: an enum has no order here | compare its text: CAST(x AS text)");
  EXPECT_EQ(told("n = 1 OR coalesce(mood, 'ok') BETWEEN 'a' AND 'b'"),
            "where: line 1, column 31: an enum has no order here | compare its text: CAST(x AS text)");
  EXPECT_EQ(told("list = '{1}'"),
            "where: line 1, column 6: operator does not exist: opaque = unknown | an array, a map or a record is only asked whether it IS NULL");
  EXPECT_EQ(told("list::text = '{1}'"), "where: line 1, column 5: cannot cast type opaque to text | ");
  EXPECT_EQ(told("concat(list) = ''"), "where: line 1, column 8: cannot cast type opaque to text | ");
  EXPECT_EQ(told("n"), "where: line 1, column 1: argument of WHERE must be type boolean, not type integer | ");
  EXPECT_EQ(told("tag = 'x'"),
            "where: line 1, column 1: there is no column tag | write \"Tag\", with the quotes: a name without is lower case");
  EXPECT_EQ(told("ü = 1"),
            "where: line 1, column 1: there is no column ü in the archive of this topic | a column that is left out of the archive cannot be asked for");
  EXPECT_EQ(told("regoin = 'x'"),
            "where: line 1, column 1: there is no column regoin in the archive of this topic | did you mean \"region\"?");
  EXPECT_EQ(told("lowr(region) = 'x'"),
            "where: line 1, column 1: function lowr(text) does not exist | did you mean lower?");
  EXPECT_EQ(told("at > now()"),
            "where: line 1, column 6: now() is not supported | event time only: use a column, or _timestamp");
  EXPECT_EQ(told("orders.n = 1"),
            "where: line 1, column 1: there is one topic here, and its columns have no prefix | write n");
}

TEST(Filter, RefusesWhatIsNoValueOfARowWhenItIsRead) {
  for (const auto* text : {"n = max(n)", "count(*) > 1", "n = (SELECT 1)", "n IN (SELECT 1)", "rank() OVER () = 1",
                           "tumble(at, '1 minute') IS NULL", "EXISTS (SELECT 1)", "n = 1; SELECT 2"}) {
    const auto filter = Filter::parse(text);
    ASSERT_FALSE(filter.ok()) << text;
    EXPECT_TRUE(filter.error().message.starts_with("where: line 1, column ")) << filter.error();
  }
}

TEST(Filter, AColumnThatComesLaterIsNullTillThen) {
  const auto filter = Filter::parse("colour = 'red' OR colour IS NULL").value();
  EXPECT_FALSE(RowFilter::compile(filter, row_schema()).ok());
  const auto later = avro::Schema::parse(R"({"type":"record","name":"V","fields":[{"name":"colour","type":"string"}]})").value();
  auto compiled = RowFilter::compile(filter, row_schema(), &later);
  ASSERT_TRUE(compiled.ok()) << compiled.error();
  EXPECT_TRUE(compiled->passes(full()).value());
  EXPECT_FALSE(RowFilter::compile(Filter::parse("colour = 5").value(), row_schema(), &later).ok());
}

// What Avro has as a text may be a number to SQL, and what it has in nanoseconds has microseconds.
TEST(Filter, ColumnsHaveTheirTypesOfSql) {
  const auto schema = avro::Schema::parse(R"({"type":"record","name":"V","fields":[)"
                                          R"({"name":"amount","type":["null","string"],"sqlType":"numeric"},)"
                                          R"({"name":"doc","type":["string","null"],"sqlType":"jsonb"},)"
                                          R"({"name":"at","type":{"type":"long","logicalType":"timestamp-nanos"}},)"
                                          R"({"name":"either","type":["int","null","string"]}]})").value();
  Bytes row;
  const auto encoded = avro::from_json(schema, R"({"amount":{"string":"100.50"},"doc":{"string":"{\"a\": 7}"},)"
                                               R"("at":1795526400250000999,"either":null})", row);
  ASSERT_TRUE(encoded.ok()) << encoded.error();
  for (const auto* text : {"amount = 100.5 AND amount > 99", "doc ->> 'a' = '7'", "doc::text LIKE '{%'", "either IS NULL",
                           "at = '2026-11-24 13:20:00.25Z'"}) {
    auto filter = RowFilter::compile(Filter::parse(text).value(), schema);
    ASSERT_TRUE(filter.ok()) << text << ": " << filter.error();
    const auto passes = filter->passes(row);
    EXPECT_TRUE(passes.ok() && *passes) << text;
  }
  EXPECT_FALSE(RowFilter::compile(Filter::parse("doc LIKE '{%'").value(), schema).ok());
}

TEST(Filter, DecidesDeletesOnlyByTheArchivesColumns) {
  EXPECT_TRUE(Filter::parse("_op <> 'd' AND _timestamp > '2026-01-01'")->decides_deletes());
  EXPECT_FALSE(Filter::parse("_op <> 'd' AND region = 'EU'")->decides_deletes());
}

}  // namespace
}  // namespace sluice::deliver::archive
