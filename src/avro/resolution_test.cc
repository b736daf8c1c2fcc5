// Schema resolution against what Java does, and its promises.

#include "avro/resolution.h"

#include <gtest/gtest.h>

#include "avro/avro_testing.h"
#include "avro/json.h"

namespace sluice::avro {
namespace {

Schema schema(std::string_view text) { return Schema::parse(text, {.validate_defaults = false}).value(); }
Resolution resolution(std::string_view writer, std::string_view reader) { return Resolution::compile(schema(writer), schema(reader)).value(); }

std::string record(const std::string& fields) { return R"({"type":"record","name":"R","fields":[)" + fields + "]}"; }

std::string json_of(const Schema& by, ByteView bytes) {
  std::string text;
  const auto done = to_json(Program(by), bytes, text);
  EXPECT_TRUE(done.ok()) << done.error();
  EXPECT_TRUE(bytes.empty());
  return text;
}

// Bytes that are no UTF-8, read as a string, become one U+FFFD or several.
std::string mended_once(std::string text) {
  const std::string_view twice = "\xef\xbf\xbd\xef\xbf\xbd";
  for (auto at = text.find(twice); at != std::string::npos; at = text.find(twice)) text.erase(at, 3);
  return text;
}

TEST(Resolution, IsJavas) {
  int compared = 0;
  for (const auto& line : golden_lines("resolve.jsonl")) {
    SCOPED_TRACE(text_of(line, "name") + "\nW " + text_of(line, "writer") + "\nR " + text_of(line, "reader") + "\n" + text_of(line, "hex"));
    ++compared;
    const auto reader = schema(text_of(line, "reader"));
    const auto compiled = Resolution::compile(schema(text_of(line, "writer")), reader);
    const bool wrong = line.contains("error");
    if (!compiled.ok()) {
      EXPECT_TRUE(wrong) << compiled.error();
      continue;
    }
    Bytes out = "kept";
    const auto datum = unhex(text_of(line, "hex"));
    const auto done = compiled->resolve(datum, out);
    EXPECT_EQ(done.ok(), !wrong) << (done.ok() ? "" : done.error().message);
    ASSERT_EQ(out.substr(0, 4), "kept");
    if (!done.ok() || wrong) continue;
    const auto text = json_of(reader, out.substr(4));
    const auto java = text_of(line, "json_value");
    EXPECT_TRUE(same_json(mended_once(text), mended_once(java))) << text << "\n" << java;
    if (compiled->is_identity()) {
      EXPECT_EQ(hex(out.substr(4)), text_of(line, "hex"));
    }
  }
  EXPECT_EQ(compared, 233);
}

TEST(Resolution, NoBytesAreTheDatumOfARecordWithoutFields) {
  Bytes out;
  const auto done = resolution(record(""), record(R"({"name":"a","type":["null","int"],"default":null})")).resolve({}, out);
  ASSERT_TRUE(done.ok()) << done.error();
  EXPECT_EQ(out, std::string(1, '\0'));
}

TEST(Resolution, ToTheSameSchemaKeepsTheBytes) {
  for (const auto& line : golden_lines("binary.jsonl")) {
    const auto same = schema(text_of(line, "schema"));
    const auto identity = Resolution::compile(same, same).value();
    EXPECT_TRUE(identity.is_identity());
    for (const auto* key : {"hex", "hex_blocked"}) {
      if (!line.contains(key)) continue;
      Bytes out;
      ASSERT_TRUE(identity.resolve(unhex(text_of(line, key)), out).ok());
      EXPECT_EQ(hex(out), text_of(line, key));
    }
  }
}

TEST(Resolution, ProvesTheWritersBytes) {
  int compared = 0;
  for (const auto& line : golden_lines("hostile.jsonl")) {
    const auto by = schema(text_of(line, "schema"));
    const auto compiled = Resolution::compile(by, by);
    ASSERT_TRUE(compiled.ok()) << compiled.error();
    const auto bytes = unhex(text_of(line, "hex"));
    ByteView rest = bytes;
    Bytes out;
    const auto done = compiled->resolve_front(rest, out);
    ++compared;
    if (text_of(line, "expect") != "either") {
      EXPECT_EQ(done.ok(), text_of(line, "expect") == "ok") << text_of(line, "name") << (done.ok() ? "" : done.error().message);
    }
    if (!done.ok()) {
      EXPECT_TRUE(out.empty());
      continue;
    }
    if (text_of(line, "expect") == "ok") {
      EXPECT_EQ(rest.size(), line.at("rest").as_int64());
    }
    EXPECT_EQ(out + std::string(rest), bytes);
  }
  EXPECT_EQ(compared, 124);
}

constexpr const char* kA = R"({"name":"a","type":"int"})";
constexpr const char* kB = R"({"name":"b","type":"string"})";

TEST(Resolution, WritesFieldsInTheReadersOrder) {
  const auto writer = record(std::string(kA) + "," + kB + R"(,{"name":"c","type":{"type":"array","items":"long"}})");
  const auto reader = record(std::string(R"({"name":"c","type":{"type":"array","items":"double"}},{"name":"n","type":["null","int"],"default":null},)") + kB + R"(,{"name":"a","type":"long"})");
  const auto by = resolution(writer, reader);
  EXPECT_FALSE(by.is_identity());
  Bytes datum;
  ASSERT_TRUE(from_json(schema(writer), R"({"a":-7,"b":"text","c":[1,2,3]})", datum).ok());
  Bytes out;
  ASSERT_TRUE(by.resolve(datum, out).ok());
  EXPECT_TRUE(same_json(json_of(schema(reader), out), R"({"c":[1.0,2.0,3.0],"n":null,"b":"text","a":-7})"));
}

TEST(Resolution, OfManyFieldsBackwards) {
  std::string forwards;
  std::string backwards;
  std::string value;
  for (int i = 0; i < 100; ++i) {
    const auto name = "\"f" + std::to_string(i) + "\"";
    const auto field = [&](const char* type) { return "{\"name\":" + name + ",\"type\":\"" + type + "\"}"; };
    forwards += (i > 0 ? "," : "") + field("int");
    backwards.insert(0, field(i % 2 == 0 ? "int" : "double") + (i > 0 ? "," : ""));
    value += (i > 0 ? "," : "{") + name + ":" + std::to_string(i * 1000);
  }
  Bytes datum;
  ASSERT_TRUE(from_json(schema(record(forwards)), value + "}", datum).ok());
  Bytes out;
  ASSERT_TRUE(resolution(record(forwards), record(backwards)).resolve(datum, out).ok());
  EXPECT_TRUE(same_json(json_of(schema(record(backwards)), out), value + "}"));
}

TEST(Resolution, OfARecursiveRecord) {
  const auto list = [](const char* more) { return R"({"type":"record","name":"L","fields":[{"name":"v","type":"int"},{"name":"next","type":["null","L"]})" + std::string(more) + "]}"; };
  const auto reader = list(R"(,{"name":"w","type":"string","default":"new"})");
  Bytes datum;
  ASSERT_TRUE(from_json(schema(list("")), R"({"v":1,"next":{"L":{"v":2,"next":null}}})", datum).ok());
  Bytes out;
  ASSERT_TRUE(resolution(list(""), reader).resolve(datum, out).ok());
  EXPECT_EQ(json_of(schema(reader), out), R"({"v":1,"next":{"L":{"v":2,"next":null,"w":"new"}},"w":"new"})");
  // Deeper than is allowed.
  Bytes deep;
  for (int i = 0; i < 1'000'000; ++i) deep += "\2\2";
  const auto done = resolution(list(""), reader).resolve(deep, out);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, ErrorCode::corrupt);
}

TEST(Resolution, BlocksWithTheirSizeAreCutAnew) {
  const auto by = resolution(R"({"type":"map","values":"int"})", R"({"type":"map","values":"float"})");
  // Two items in 6 bytes, then one without a size.
  Bytes out;
  ASSERT_TRUE(by.resolve(unhex("030c" "026102" "026204" "02" "026306" "00"), out).ok());
  EXPECT_EQ(hex(out), "04" "02610000803f" "026200000040" "02" "026300004040" "00");
  EXPECT_FALSE(by.resolve(unhex("030e" "026102" "026204" "02" "026306" "00"), out).ok());
}

TEST(Resolution, NamesThePathOfWhatIsWrong) {
  const auto item = record(R"({"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}})");
  const auto reader_item = record(R"({"name":"e","type":{"type":"enum","name":"E","symbols":["A"]}})");
  const auto outer = [](const std::string& inner) { return R"({"type":"record","name":"O","fields":[{"name":"list","type":{"type":"array","items":)" + inner + "}}]}"; };
  const auto by = resolution(outer(item), outer(reader_item));
  Bytes out;
  const auto refused = by.resolve(unhex("04000200"), out);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::rejected);
  EXPECT_NE(refused.error().message.find("/list/1/e"), std::string::npos) << refused.error();
  const auto corrupt = by.resolve(unhex("04000600"), out);
  ASSERT_FALSE(corrupt.ok());
  EXPECT_EQ(corrupt.error().code, ErrorCode::corrupt);
  EXPECT_NE(corrupt.error().message.find("/list/1/e"), std::string::npos) << corrupt.error();

  const auto types = Resolution::compile(schema(record(kA)), schema(record(R"({"name":"a","type":"string"})")));
  ASSERT_FALSE(types.ok());
  EXPECT_EQ(types.error().code, ErrorCode::rejected);
  EXPECT_NE(types.error().message.find("/fields/a: int cannot be read as string"), std::string::npos) << types.error();
}

TEST(Resolution, LimitsHold) {
  const auto nulls = resolution(R"({"type":"array","items":"null"})", R"({"type":"array","items":"null"})");
  Bytes out;
  EXPECT_TRUE(nulls.resolve(unhex("d00f00"), out).ok());
  EXPECT_FALSE(nulls.resolve(unhex("d00f00"), out, {.items_of_no_bytes = 999}).ok());
  EXPECT_FALSE(nulls.resolve(unhex("d00fd00f00"), out, {.items_of_no_bytes = 1999}).ok());
  // Much out of little.
  const auto empty = record("");
  const auto full = record(R"({"name":"a","type":"string","default":")" + std::string(1000, 'x') + "\"}");
  const auto grows = resolution(R"({"type":"array","items":)" + empty + "}", R"({"type":"array","items":)" + full + "}");
  out.clear();
  ASSERT_TRUE(grows.resolve(unhex("d00f00"), out).ok());
  EXPECT_EQ(out.size(), 3U + 1000 * 1002);
  const auto done = grows.resolve(unhex("d00f00"), out, {.output_bytes = 500'000});
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, ErrorCode::rejected);
  EXPECT_EQ(out.size(), 3U + 1000 * 1002);
}

TEST(Resolution, TakesADatumOfNoBytesThatIsNowhere) {
  const auto writer = *Schema::parse(R"({"type":"record","name":"R","fields":[]})");
  const auto reader = *Schema::parse(R"({"type":"record","name":"R","fields":[{"name":"a","type":["null","int"],"default":null}]})");
  Bytes out;
  ASSERT_TRUE(Resolution::compile(writer, reader)->resolve({}, out).ok());
  EXPECT_EQ(out, Bytes(1, '\0'));
}

}  // namespace
}  // namespace sluice::avro
