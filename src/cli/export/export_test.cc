#include <gtest/gtest.h>

#include "cli/export/export_place.h"
#include "cli/export/export_text.h"
#include "deliver/archive/rows/row_columns.h"

namespace sluice::cli {
namespace {

constexpr std::string_view kOrders = R"({"type":"record","name":"Value","fields":[
  {"name":"id","type":["null","int"],"default":null,"sqlType":"integer"},
  {"name":"price","type":["null",{"type":"bytes","logicalType":"decimal","precision":10,"scale":2}],"default":null},
  {"name":"huge","type":["null",{"type":"bytes","logicalType":"decimal","precision":50,"scale":5}],"default":null},
  {"name":"at","type":["null",{"type":"long","logicalType":"timestamp-micros"}],"default":null},
  {"name":"local","type":["null",{"type":"long","logicalType":"local-timestamp-micros"}],"default":null},
  {"name":"day","type":["null",{"type":"int","logicalType":"date"}],"default":null},
  {"name":"clock","type":["null",{"type":"long","logicalType":"time-micros"}],"default":null},
  {"name":"u","type":["null",{"type":"string","logicalType":"uuid"}],"default":null,"sqlType":"uuid"},
  {"name":"note","type":["null","string"],"default":null,"sqlType":"text","sqlName":"a note"},
  {"name":"raw","type":["null","bytes"],"default":null},
  {"name":"tags","type":["null",{"type":"array","items":["null","string"]}],"default":null},
  {"name":"more","type":["null",{"type":"record","name":"More","fields":[{"name":"a","type":"double"},
    {"name":"m","type":{"type":"map","values":"float"}}]}],"default":null}]})";

ExportedTopic orders(const std::string& place = "/data/archive", const std::string& format = "avro") {
  const auto own = *avro::Schema::parse(kOrders, {.validate_defaults = false});
  return {.topic = "shop.public.orders",
          .place = place,
          .folder = "shop.public.orders",
          .format = format,
          .older_format = "",
          .levels = {"dt", "hour"},
          .version = 3,
          .row = *avro::Schema::parse(deliver::archive::row_text(own), {.validate_defaults = false}),
          .own = own,
          .ends = {{0, 412941}, {1, 7}},
          .broker = "127.0.0.1:9092",
          .registry = "http://127.0.0.1:8081"};
}

std::string types(Reader reader, std::string_view format = "parquet") {
  std::string out;
  const auto columns = reader_columns({reader, format}, orders().own.root());
  for (const auto& [name, type] : *columns) out += type + "; ";
  return out;
}

TEST(ExportTypes, EachReaderHasATypeForEachColumn) {
  EXPECT_EQ(types(Reader::spark),
            "INT; DECIMAL(10,2); BINARY; TIMESTAMP; TIMESTAMP_NTZ; DATE; BIGINT; STRING; STRING; BINARY; ARRAY<STRING>; "
            "STRUCT<`a`: DOUBLE, `m`: MAP<STRING, FLOAT>>; ");
  EXPECT_EQ(types(Reader::duckdb),
            "INTEGER; DECIMAL(10,2); BLOB; TIMESTAMPTZ; TIMESTAMP; DATE; TIME; VARCHAR; VARCHAR; BLOB; VARCHAR[]; "
            "STRUCT(\"a\" DOUBLE, \"m\" MAP(VARCHAR, FLOAT)); ");
  EXPECT_EQ(types(Reader::flink),
            "INT; DECIMAL(10,2); BYTES; BIGINT; BIGINT; DATE; BIGINT; STRING; STRING; BYTES; ARRAY<STRING>; "
            "ROW<`a` DOUBLE, `m` MAP<STRING, FLOAT>>; ");
  EXPECT_EQ(types(Reader::trino),
            "integer; decimal(10,2); varbinary; timestamp(6); timestamp(6); date; bigint; varchar; varchar; varbinary; "
            "array(varchar); row(\"a\" double, \"m\" map(varchar, real)); ");
  EXPECT_EQ(types(Reader::python),
            "pa.int32(); pa.decimal128(10, 2); pa.decimal256(50, 5); pa.timestamp(\"us\", \"UTC\"); pa.timestamp(\"us\"); pa.date32(); "
            "pa.time64(\"us\"); pa.string(); pa.string(); pa.binary(); pa.list_(pa.string()); "
            "pa.struct([(\"a\", pa.float64()), (\"m\", pa.map_(pa.string(), pa.float32()))]); ");
}

TEST(ExportTypes, TimesOfHiveAreNumbersInBothFormats) {
  for (const auto* format : {"parquet", "avro"}) {
    EXPECT_NE(types(Reader::hive, format).find("bigint; bigint; date; bigint; string"), std::string::npos) << format;
  }
}

TEST(ExportTypes, ARecursiveRecordIsRefusedByName) {
  const auto schema = *avro::Schema::parse(
      R"({"type":"record","name":"V","fields":[{"name":"list","type":{"type":"record","name":"L","fields":[{"name":"next","type":["null","L"]}]}}]})");
  const auto columns = reader_columns({Reader::spark, "avro"}, schema.root());
  ASSERT_FALSE(columns.ok());
  EXPECT_EQ(columns.error().code, ErrorCode::unsupported);
  EXPECT_NE(columns.error().message.find("list"), std::string::npos);
}

TEST(ExportTypes, SparkReadsLargeDecimalsAsBytes) {
  const auto schema = schema_for_spark(orders().own);
  EXPECT_TRUE(schema.large_decimals);
  EXPECT_EQ(schema.text.find("\"precision\":50"), std::string::npos);
  EXPECT_NE(schema.text.find("\"precision\":10"), std::string::npos);
}

TEST(ExportText, LargeColumnsAreThoseThatPostgresMayLeaveOut) {
  const auto large = large_columns(orders());
  ASSERT_EQ(large.size(), 1U);
  EXPECT_EQ(large[0], (std::pair<std::string, std::string>{"note", "\"a note\""}));
}

TEST(ExportText, AColumnOfAnotherNameInTheDatabaseIsFoundByIt) {
  EXPECT_NE(export_python(orders(), false)->find(R"(COLUMN_OF = {"a note": "note"})"), std::string::npos);
}

TEST(ExportText, TheBoundaryIsTheSameInTheFilesAndInTheTopic) {
  const auto topic = orders();
  EXPECT_EQ(archived_rows(topic), "(_partition = 0 AND _offset < 412941) OR (_partition = 1 AND _offset < 7)");
  EXPECT_EQ(later_rows(topic, "p", "o"), "(p = 0 AND o >= 412941) OR (p = 1 AND o >= 7)");
  const auto flink = *export_flink(topic, true);
  EXPECT_NE(flink.find("'scan.startup.specific-offsets' = 'partition:0,offset:412941;partition:1,offset:7'"), std::string::npos);
  const auto spark = *export_spark(topic, true);
  EXPECT_NE(spark.find(R"('{"shop.public.orders": {"0": 412941, "1": 7}}')"), std::string::npos);
}

TEST(ExportText, WithoutTheTopicNothingNamesTheBroker) {
  for (auto* const print : {export_python, export_spark, export_duckdb, export_flink, export_trino, export_hive}) {
    const auto text = print(orders(), false);
    ASSERT_TRUE(text.ok());
    EXPECT_EQ(text->find("9092"), std::string::npos) << *text;
    EXPECT_EQ(text->find('@'), std::string::npos) << *text;
  }
}

TEST(ExportText, DuckdbReadsFilesExactlyAsDeepAsRowsLie) {
  const auto sql = *export_duckdb(orders("/data/archive", "parquet"), false);
  EXPECT_NE(sql.find("'/data/archive/shop.public.orders/dt=*/hour=*/*.parquet'"), std::string::npos) << sql;
  auto plain = orders("/data/archive", "parquet");
  plain.levels = {"", "kind"};
  EXPECT_NE(export_duckdb(plain, false)->find("/shop.public.orders/*/kind=*/*.parquet'"), std::string::npos);
}

TEST(ExportText, AFolderThatIsAColumnIsNamedOnce) {
  auto topic = orders();
  topic.levels = {"note", "dt"};
  EXPECT_EQ(folder_columns(topic), std::vector<std::string>{"dt"});
}

TEST(ExportPlace, ABucketHasItsEndpointInEachReadersWords) {
  const auto topic = orders("s3://lake/shop?region=eu-central-1&endpoint=http://10.0.0.1:9000");
  const auto spark = location_for(Reader::spark, topic);
  EXPECT_EQ(spark.path, "s3a://lake/shop");
  EXPECT_EQ(joined(spark.setup, " "), R"(.config("spark.hadoop.fs.s3a.endpoint.region", "eu-central-1") )"
                                      R"(.config("spark.hadoop.fs.s3a.endpoint", "http://10.0.0.1:9000") )"
                                      R"(.config("spark.hadoop.fs.s3a.path.style.access", "true"))");
  const auto python = location_for(Reader::python, topic);
  EXPECT_EQ(python.path, "lake/shop");
  EXPECT_NE(python.setup.at(0).find(R"(fs.S3FileSystem(region="eu-central-1", endpoint_override="10.0.0.1:9000", scheme="http"))"), std::string::npos);
  const auto duckdb = location_for(Reader::duckdb, topic);
  EXPECT_NE(duckdb.setup.back().find("REGION 'eu-central-1', ENDPOINT '10.0.0.1:9000', USE_SSL false, URL_STYLE 'path'"), std::string::npos);
  EXPECT_EQ(location_for(Reader::trino, topic).path, "s3://lake/shop");
}

TEST(ExportPlace, HdfsIsReadByWebHdfsOrByItsOwnAddress) {
  const auto topic = orders("hdfs://namenode:9870/archive?user=etl");
  EXPECT_EQ(location_for(Reader::spark, topic).path, "webhdfs://namenode:9870/archive");
  EXPECT_EQ(location_for(Reader::trino, topic).path, "hdfs://namenode:8020/archive");
  const auto python = location_for(Reader::python, topic);
  EXPECT_EQ(python.path, "/archive");
  EXPECT_NE(python.setup.back().find(R"(WebHDFS("namenode", 9870, user="etl"))"), std::string::npos);
  EXPECT_EQ(location_for(Reader::hive, orders("hdfs+https://nn/a")).path, "swebhdfs://nn:9871/a");
}

TEST(ExportPlace, AFolderIsAFileUrlWhereAReaderWantsOne) {
  EXPECT_EQ(location_for(Reader::spark, orders()).path, "file:///data/archive");
  EXPECT_EQ(location_for(Reader::duckdb, orders()).path, "/data/archive");
}

}  // namespace
}  // namespace sluice::cli
