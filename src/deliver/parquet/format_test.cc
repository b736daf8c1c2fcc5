#include "deliver/parquet/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "avro/json.h"
#include "pipeline/memory_store_testing.h"

namespace sluice::deliver::parquet {
namespace {

using testing::HasSubstr;

std::string record(const std::string& fields) { return R"({"type":"record","name":"Row","fields":[)" + fields + "]}"; }
std::string field(const std::string& type) { return record(R"({"name":"v","type":)" + type + "}"); }

Bytes bytes_of(const std::string& schema, const std::string& json) {
  Bytes bytes;
  const auto made = avro::from_json(avro::Schema::parse(schema).value(), json, bytes);
  EXPECT_TRUE(made.ok()) << made.error() << "\n" << json;
  return bytes;
}

Result<std::string> write(pipeline::MemoryStore& store, const std::string& schema, const std::vector<Bytes>& rows,
                          const ParquetOptions& options = {}) {
  SLUICE_TRY(const auto format, create_format(options));
  SLUICE_TRY(auto out, store.create("f.parquet", "f.parquet"));
  SLUICE_TRY(auto writer, format->create(std::move(out), schema));
  for (const auto& row : rows) SLUICE_RETURN_IF_ERROR(writer->append(row));
  return writer->finish();
}

struct Read {
  std::string schema;
  std::int64_t count = 0;
  Bytes bytes;
};

Result<Read> read(pipeline::MemoryStore& store, const std::vector<std::string>& columns = {}) {
  SLUICE_TRY(const auto format, create_format({}));
  SLUICE_TRY(const auto reader, format->open(store, "f.parquet", columns));
  Read all;
  all.schema = reader->schema();
  while (true) {
    SLUICE_TRY(const auto rows, reader->next());
    if (rows.count == 0) return all;
    all.count += rows.count;
    all.bytes += rows.bytes;
  }
}

std::vector<std::string> in_json(const Read& read) {
  const avro::Program program(avro::Schema::parse(read.schema).value());
  std::vector<std::string> rows;
  for (ByteView bytes = read.bytes; !bytes.empty();) EXPECT_TRUE(avro::to_json(program, bytes, rows.emplace_back()).ok());
  return rows;
}

std::string repeated(int count, const std::string& text) {
  std::string all;
  while (count-- > 0) all += text;
  return all;
}

// Writes values of column v, reads them, and expects the same bytes.
void round_trip(const std::string& type, const std::vector<std::string>& values) {
  SCOPED_TRACE(type);
  const auto schema = field(type);
  std::vector<Bytes> rows;
  Bytes all;
  for (const auto& value : values) all += rows.emplace_back(bytes_of(schema, R"({"v":)" + value + "}"));
  for (const char* codec : {"zstd", "none"}) {
    pipeline::MemoryStore store;
    const auto written = write(store, schema, rows, {.codec = codec});
    ASSERT_TRUE(written.ok()) << written.error();
    const auto back = read(store);
    ASSERT_TRUE(back.ok()) << back.error();
    EXPECT_EQ(back->count, static_cast<std::int64_t>(rows.size()));
    EXPECT_EQ(back->bytes, all) << testing::PrintToString(in_json(*back));
  }
}

Error refused(const std::string& type, ByteView row) {
  pipeline::MemoryStore store;
  const auto format = create_format({}).value();
  auto writer = format->create(store.create("f.parquet", "f.parquet").value(), field(type));
  if (!writer.ok()) return writer.error();
  const auto first = (*writer)->append(row);
  EXPECT_FALSE(first.ok()) << type;
  EXPECT_FALSE((*writer)->append(row).ok()) << "the file can be used no more";
  EXPECT_FALSE((*writer)->finish().ok());
  EXPECT_TRUE(store.objects().empty());
  return first.ok() ? Error{} : first.error();
}

TEST(ParquetRoundTrip, PlainTypes) {
  round_trip(R"("null")", {"null", "null"});
  round_trip(R"("boolean")", {"true", "false", "true"});
  round_trip(R"("int")", {"0", "-2147483648", "2147483647"});
  round_trip(R"("long")", {"0", "-9223372036854775808", "9223372036854775807"});
  round_trip(R"("float")", {"0.0", "-1.5", "\"NaN\"", "\"Infinity\""});
  round_trip(R"("double")", {"0.0", "-1.25e300", "\"NaN\"", "\"-Infinity\""});
  round_trip(R"("bytes")", {R"("")", R"("\u0000\u00ff")"});
  round_trip(R"("string")", {R"("")", R"("grün, 緑, 💚 and ascii")", R"("plain")"});
  round_trip(R"({"type":"fixed","name":"F","size":3})", {R"("abc")", R"("\u00ff\u0000\u0001")"});
  round_trip(R"({"type":"enum","name":"E","symbols":["red","green"]})", {R"("green")", R"("red")"});
}

TEST(ParquetRoundTrip, LogicalTypes) {
  for (const char* logical : {"date", "time-millis"}) round_trip(R"({"type":"int","logicalType":")" + std::string(logical) + "\"}", {"0", "-1", "19000"});
  for (const char* logical : {"time-micros", "timestamp-millis", "timestamp-micros", "timestamp-nanos", "local-timestamp-millis",
                              "local-timestamp-micros", "local-timestamp-nanos"}) {
    round_trip(R"({"type":"long","logicalType":")" + std::string(logical) + "\"}", {"0", "-1", "1700000000000000"});
  }
  round_trip(R"({"type":"string","logicalType":"uuid"})", {R"("4f3a7bd0-6f2e-4d7c-8b9a-1c2d3e4f5a6b")"});
  round_trip(R"({"type":"fixed","name":"U","size":16,"logicalType":"uuid"})", {R"("0123456789abcdef")"});
  round_trip(R"({"type":"fixed","name":"D","size":12,"logicalType":"duration"})", {R"("0123456789ab")"});
}

TEST(ParquetRoundTrip, DecimalsOfEverySize) {
  for (const char* precision : {"4", "9", "10", "18", "19", "38", "39", "76", "77"}) {
    const auto type = R"("logicalType":"decimal","precision":)" + std::string(precision) + R"(,"scale":2)";
    round_trip(R"({"type":"bytes",)" + type + "}", {R"("\u0000")", R"("\u0004\u00d2")", R"("\u00fb\u002e")", R"("\u00ff")", R"("\u0000\u00ff")"});
    round_trip(R"({"type":"fixed","name":"D","size":33,)" + type + "}",
               {R"(")" + repeated(31, R"(\u0000)") + R"(\u0004\u00d2")", R"(")" + repeated(32, R"(\u00ff)") + R"(\u00fe")"});
  }
}

TEST(ParquetRoundTrip, NestedTypesAndNullsAtEveryLevel) {
  round_trip(R"(["null","long"])", {"null", R"({"long":7})", "null"});
  round_trip(R"(["string","null"])", {"null", R"({"string":"x"})"});
  round_trip(R"(["long"])", {R"({"long":7})"});
  round_trip(R"({"type":"array","items":"int"})", {"[]", "[1]", "[1,2,3]"});
  round_trip(R"(["null",{"type":"array","items":["null","string"]}])",
             {"null", R"({"array":[]})", R"({"array":[null]})", R"({"array":[{"string":"a"},null,{"string":"b"}]})"});
  round_trip(R"({"type":"array","items":{"type":"array","items":{"type":"array","items":"int"}}})",
             {"[]", "[[]]", "[[[]]]", "[[[1,2],[]],[],[[3]]]"});
  round_trip(R"({"type":"map","values":["null","long"]})", {"{}", R"({"a":{"long":1}})", R"({"a":null,"b":{"long":2}})"});
  round_trip(R"({"type":"map","values":{"type":"map","values":{"type":"array","items":"string"}}})",
             {"{}", R"({"a":{}})", R"({"a":{"b":[]},"c":{"d":["x","y"],"e":["z"]}})"});
  round_trip(R"({"type":"array","items":"null"})", {"[]", "[null,null]"});
  round_trip(R"(["null",{"type":"record","name":"P","fields":[{"name":"x","type":["null","int"]},{"name":"y","type":
             {"type":"array","items":{"type":"record","name":"Q","fields":[{"name":"n","type":"null"},{"name":"s","type":"string"}]}}}]}])",
             {"null", R"({"P":{"x":null,"y":[]}})", R"({"P":{"x":{"int":3},"y":[{"n":null,"s":"a"},{"n":null,"s":"b"}]}})"});
}

TEST(ParquetRoundTrip, UnionsOfSeveralTypes) {
  round_trip(R"(["int","string"])", {R"({"int":1})", R"({"string":"x"})"});
  round_trip(R"(["int","null",{"type":"array","items":["null","string","double"]},{"type":"map","values":"int"}])",
             {"null", R"({"int":1})", R"({"array":[]})", R"({"array":[null,{"double":0.5},{"string":"x"}]})", R"({"map":{}})",
              R"({"map":{"k":9}})"});
}

TEST(ParquetFile, RowsGoThroughManyRowGroupsAndBatches) {
  const auto schema = record(R"({"name":"id","type":"long"},{"name":"tags","type":{"type":"array","items":"string"}})");
  std::vector<Bytes> rows;
  Bytes all;
  for (int i = 0; i < 30'000; ++i) {
    all += rows.emplace_back(bytes_of(schema, R"({"id":)" + std::to_string(i) + R"(,"tags":["a)" + std::to_string(i) + R"(","b"]})"));
  }
  for (const auto& options : {ParquetOptions{}, ParquetOptions{.row_group_bytes = 10'000}, ParquetOptions{.memory_bytes = 1},
                              ParquetOptions{.codec = "snappy", .page_bytes = 100}, ParquetOptions{.codec = "gzip"},
                              ParquetOptions{.codec = "lz4_raw"}}) {
    pipeline::MemoryStore store;
    ASSERT_TRUE(write(store, schema, rows, options).ok());
    const auto back = read(store);
    ASSERT_TRUE(back.ok()) << back.error();
    EXPECT_EQ(back->count, 30'000);
    EXPECT_EQ(back->bytes, all);
  }
}

TEST(ParquetFile, OfNoRowsHasItsSchema) {
  pipeline::MemoryStore store;
  ASSERT_TRUE(write(store, field(R"("long")"), {}).ok());
  const auto back = read(store);
  ASSERT_TRUE(back.ok()) << back.error();
  EXPECT_EQ(back->count, 0);
  EXPECT_EQ(back->schema, field(R"("long")"));
}

TEST(ParquetFile, GivesTheColumnsAskedFor) {
  const auto schema = record(R"({"name":"a","type":{"type":"fixed","name":"F","size":1}},{"name":"b","type":"long"},{"name":"c","type":["null","F"]})");
  pipeline::MemoryStore store;
  ASSERT_TRUE(write(store, schema, {bytes_of(schema, R"({"a":"x","b":5,"c":{"F":"y"}})")}).ok());
  const auto back = read(store, {"c", "b"});
  ASSERT_TRUE(back.ok()) << back.error();
  EXPECT_EQ(back->schema, record(R"({"name":"b","type":"long"},{"name":"c","type":["null",{"type":"fixed","name":"F","size":1}]})"));
  EXPECT_EQ(back->bytes, Bytes("\x0a\x02y"));
  EXPECT_EQ(read(store, {"b", "d"}).error().code, ErrorCode::not_found);
}

TEST(ParquetFile, RefusesSchemasWithoutAForm) {
  const auto why = [](const std::string& schema) {
    pipeline::MemoryStore store;
    const auto written = write(store, schema, {});
    EXPECT_EQ(written.error().code, ErrorCode::rejected);
    return written.error().message;
  };
  EXPECT_THAT(why(R"("string")"), HasSubstr("string"));
  EXPECT_THAT(why("{"), HasSubstr(""));
  EXPECT_THAT(why(field(R"({"type":"record","name":"N","fields":[{"name":"next","type":["null","N"]}]})")), HasSubstr("'v.next'"));
  EXPECT_THAT(why(field(R"({"type":"array","items":{"type":"record","name":"N","fields":[]}})")), HasSubstr("'v'"));
  EXPECT_THAT(why(field(R"({"type":"fixed","name":"N","size":0})")), HasSubstr("'v'"));
  // A record of records of records, each used twice.
  std::string doubling = R"("int")";
  for (int i = 0; i < 20; ++i) {
    const auto name = "R" + std::to_string(i);
    doubling = R"({"type":"record","name":")" + name + R"(","fields":[{"name":"a","type":)" + doubling + R"(},{"name":"b","type":)" +
               (i == 0 ? R"("int")" : "\"R" + std::to_string(i - 1) + "\"") + "}]}";
  }
  EXPECT_THAT(why(field(doubling)), HasSubstr("columns"));
}

TEST(ParquetFile, RefusesRowsThatAreNoneAndNamesTheColumn) {
  EXPECT_THAT(refused(R"("string")", "\x04\xc3\x28").message, HasSubstr("'v'"));
  EXPECT_THAT(refused(R"({"type":"map","values":"int"})", ByteView("\x02\x02\xff\x02\x00", 5)).message, HasSubstr("UTF-8"));
  EXPECT_EQ(refused(R"("long")", "").code, ErrorCode::rejected);
  EXPECT_EQ(refused(R"("long")", "\x02\x02").code, ErrorCode::rejected);
  EXPECT_EQ(refused(R"("int")", ByteView("\xfe\xff\xff\xff\x1f", 5)).code, ErrorCode::rejected);
  EXPECT_EQ(refused(R"("boolean")", "\x02").code, ErrorCode::rejected);
  EXPECT_EQ(refused(R"("bytes")", "\x01").code, ErrorCode::rejected);
  EXPECT_EQ(refused(R"("bytes")", "\x7f").code, ErrorCode::rejected);
  EXPECT_EQ(refused(R"(["null","int"])", "\x04").code, ErrorCode::rejected);
  EXPECT_EQ(refused(R"(["null","int","string"])", "\x06").code, ErrorCode::rejected);
  EXPECT_EQ(refused(R"({"type":"enum","name":"E","symbols":["a"]})", "\x02").code, ErrorCode::rejected);
  EXPECT_EQ(refused(R"({"type":"fixed","name":"F","size":3})", "ab").code, ErrorCode::rejected);
  EXPECT_EQ(refused(R"("double")", "abc").code, ErrorCode::rejected);
  EXPECT_EQ(refused(R"({"type":"array","items":"int"})", "\x02\x02").code, ErrorCode::rejected);
  EXPECT_EQ(refused(R"({"type":"array","items":"null"})", ByteView("\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10)).code, ErrorCode::rejected);
  const std::string decimal = R"({"type":"bytes","logicalType":"decimal","precision":)";
  EXPECT_EQ(refused(decimal + "2}", "\x02\x64").code, ErrorCode::rejected);
  EXPECT_EQ(refused(decimal + "2}", ByteView("\x00", 1)).code, ErrorCode::rejected);
  EXPECT_EQ(refused(decimal + "20}", "\x16\x7fxxxxxxxxxx").code, ErrorCode::rejected);
}

TEST(ParquetFile, AnArrayOfWideItemsHasAnEnd) {
  std::string branches = R"("null")";
  for (int i = 0; i < 5'000; ++i) branches += R"(,{"type":"enum","name":"E)" + std::to_string(i) + R"(","symbols":["a"]})";
  Bytes row;
  ByteWriter out(row);
  out.zigzag(100'000);
  row.append(100'000, '\0');
  out.zigzag(0);
  EXPECT_THAT(refused(R"({"type":"array","items":[)" + branches + "]}", row).message, HasSubstr("too many items"));
}

// A place with room for so many bytes.
class FullPlace final : public pipeline::StoreWriter {
 public:
  explicit FullPlace(std::size_t& room) : room_(room) {}
  Result<void> append(ByteView bytes) override {
    if (bytes.size() > room_) return Error{ErrorCode::out_of_space, "the place is full"};
    room_ -= bytes.size();
    return {};
  }
  Result<std::string> finish() override { return std::string("finished"); }

 private:
  std::size_t& room_;
};

TEST(ParquetFile, KeepsTheStoresOwnErrors) {
  const auto schema = field(R"("string")");
  const std::vector<Bytes> rows(1000, bytes_of(schema, R"({"v":"some text"})"));
  const auto format = create_format({.row_group_bytes = 1000}).value();
  for (std::size_t room : {0, 10, 100, 2000}) {
    auto writer = format->create(std::make_unique<FullPlace>(room), schema);
    if (!writer.ok()) {
      EXPECT_EQ(writer.error().code, ErrorCode::out_of_space);
      continue;
    }
    for (const auto& row : rows) static_cast<void>((*writer)->append(row).ok());
    EXPECT_EQ((*writer)->finish().error().code, ErrorCode::out_of_space);
  }
  pipeline::MemoryStore store;
  EXPECT_EQ(read(store).error().code, ErrorCode::not_found);
  ASSERT_TRUE(write(store, schema, rows).ok());
  auto reader = format->open(store, "f.parquet", {}).value();
  store.die_at(1, false);
  const auto death = store.remove("f.parquet");
  ASSERT_TRUE(store.dead());
  EXPECT_EQ(reader->next().error().code, death.error().code);
}

TEST(ParquetFile, LeftUnfinishedIsGivenNoEnd) {
  std::size_t room = SIZE_MAX;
  const auto schema = field(R"("string")");
  const auto row = bytes_of(schema, R"({"v":"some text"})");
  const auto format = create_format({.row_group_bytes = 1}).value();
  auto writer = format->create(std::make_unique<FullPlace>(room), schema).value();
  ASSERT_TRUE(writer->append(row).ok());
  const auto before = room;
  writer.reset();
  EXPECT_EQ(room, before);
}

TEST(ParquetFile, OfOthersIsUnsupported) {
  pipeline::MemoryStore store;
  ASSERT_TRUE(write(store, field(R"("long")"), {"\x02"}).ok());
  auto file = store.objects()["f.parquet"];
  file[file.find("parquet.avro.schema")] = 'q';
  store.plant("f.parquet", file);
  EXPECT_EQ(read(store).error().code, ErrorCode::unsupported);
}

// Every byte of a file changed, and every length: an error or the same rows; what a changed footer says of rows that are
// not read is nobody's loss.
TEST(ParquetFile, DamagedIsCorruptOrTheSame) {
  const auto schema = record(R"({"name":"id","type":"long"},{"name":"v","type":["null",{"type":"array","items":["int","string"]}]})");
  std::vector<Bytes> rows;
  for (int i = 0; i < 50; ++i) {
    rows.push_back(bytes_of(schema, R"({"id":)" + std::to_string(i) + (i % 3 == 0 ? R"(,"v":null})" : R"(,"v":{"array":[{"int":1},{"string":"x"}]}})")));
  }
  pipeline::MemoryStore store;
  ASSERT_TRUE(write(store, schema, rows, {.codec = "snappy"}).ok());
  const auto whole = store.objects()["f.parquet"];
  const auto bytes = read(store)->bytes;
  std::size_t corrupt = 0, same = 0, other = 0;
  const auto look = [&](const Bytes& file) {
    store.plant("f.parquet", file);
    const auto back = read(store);
    if (!back.ok()) ++corrupt;
    else ++(back->bytes == bytes ? same : other);
  };
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      auto changed = whole;
      changed[at] = static_cast<char>(whole[at] ^ flip);
      look(changed);
    }
  }
  for (std::size_t size = 0; size < whole.size(); ++size) look(whole.substr(0, size));
  std::cout << corrupt << " corrupt, " << same << " the same, " << other << " other rows\n";
  EXPECT_GT(corrupt, whole.size());
  EXPECT_EQ(other, 0U);
}

TEST(ParquetFormat, RefusesOptionsThatDoNotExist) {
  EXPECT_EQ(create_format({.codec = "brotli"}).error().code, ErrorCode::rejected);
  EXPECT_EQ(create_format({.level = 23}).error().code, ErrorCode::rejected);
  EXPECT_EQ(create_format({.page_bytes = 0}).error().code, ErrorCode::rejected);
  EXPECT_EQ(create_format({}).value()->text(), "parquet, zstd");
  EXPECT_EQ(create_format({}).value()->suffix(), "parquet");
}

}  // namespace
}  // namespace sluice::deliver::parquet
