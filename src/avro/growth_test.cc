#include "avro/growth.h"

#include <gtest/gtest.h>

#include "avro/avro_testing.h"
#include "avro/json.h"
#include "avro/json_text.h"
#include "avro/random_testing.h"
#include "avro/resolution.h"

namespace sluice::avro {
namespace {

Schema schema(std::string_view text) { return Schema::parse(text, {.validate_defaults = false}).value(); }
std::string row(const std::string& fields) { return R"({"type":"record","name":"Row","fields":[)" + fields + "]}"; }
std::string field(const std::string& type, const std::string& name = "f") { return R"({"name":")" + name + R"(","type":)" + type + "}"; }

std::string grown_text(std::initializer_list<std::string> schemas, GrowthOptions options = {}) {
  std::optional<Schema> grown;
  for (const auto& text : schemas) {
    auto more = grow(grown, schema(text), options);
    if (!more.ok()) return more.error().message;
    grown = *more;
  }
  return grown->text();
}

// The type of the one field of a row whose types were these.
std::string type_of(std::initializer_list<std::string> types) {
  std::optional<Schema> grown;
  for (const auto& type : types) {
    auto more = grow(grown, schema(row(field(type))));
    if (!more.ok()) return more.error().message;
    grown = *more;
  }
  return print_node(*grown->root().fields.front().type);
}

TEST(Growth, TheFirstSchemaIsNumberedAndNullable) {
  EXPECT_EQ(grown_text({row(field("\"long\"", "id") + "," + field(R"(["string","null"])", "s") + "," + field(R"({"type":"array","items":"int"})", "a") + "," +
                            field(R"({"type":"map","values":"int"})", "m"))},
                       {.first_field_id = 5}),
            R"({"type":"record","name":"Row","fields":[)"
            R"({"name":"id","type":["null","long"],"default":null,"field-id":5},)"
            R"({"name":"s","type":["null","string"],"default":null,"field-id":6},)"
            R"({"name":"a","type":["null",{"type":"array","items":"int","element-id":8}],"default":null,"field-id":7},)"
            R"({"name":"m","type":["null",{"type":"map","values":"int","key-id":10,"value-id":11}],"default":null,"field-id":9}]})");
}

TEST(Growth, NewFieldsComeLastAndNumbersStay) {
  EXPECT_EQ(grown_text({row(field("\"int\"", "a") + "," + field("\"int\"", "b")), row(field("\"string\"", "c") + "," + field("\"long\"", "b"))}),
            R"({"type":"record","name":"Row","fields":[{"name":"a","type":["null","int"],"default":null,"field-id":1},)"
            R"({"name":"b","type":["null","long"],"default":null,"field-id":2},{"name":"c","type":["null","string"],"default":null,"field-id":3}]})");
}

TEST(Growth, TypesWiden) {
  EXPECT_EQ(type_of({"\"int\"", "\"long\"", "\"int\""}), R"(["null","long"])");
  EXPECT_EQ(type_of({"\"float\"", "\"int\""}), R"(["null","double"])");
  EXPECT_EQ(type_of({"\"float\"", R"(["null","double"])"}), R"(["null","double"])");
  EXPECT_EQ(type_of({"\"null\"", "\"string\""}), R"(["null","string"])");
  EXPECT_EQ(type_of({R"({"type":"enum","name":"E","symbols":["A","B"]})", R"({"type":"enum","name":"E","symbols":["C","B"]})"}),
            R"(["null",{"type":"enum","name":"E","symbols":["A","B","C"]}])");
  const auto decimal = [](int precision, int scale) { return R"({"type":"bytes","logicalType":"decimal","precision":)" + std::to_string(precision) + R"(,"scale":)" + std::to_string(scale) + "}"; };
  EXPECT_EQ(type_of({decimal(10, 2), decimal(12, 2), decimal(11, 2)}), "[\"null\"," + decimal(12, 2) + "]");
  EXPECT_EQ(type_of({R"(["int","string"])", "\"long\"", "\"int\""}), R"(["null","int","string","long"])");
}

TEST(Growth, SaysWhatCannotBeMerged) {
  const auto refused = [](const std::string& a, const std::string& b, const std::string& words) {
    const auto said = type_of({a, b});
    EXPECT_NE(said.find("/fields/f: " + words), std::string::npos) << said;
  };
  refused("\"long\"", "\"double\"", "long and double");
  refused("\"string\"", "\"bytes\"", "string and bytes");
  refused(R"({"type":"bytes","logicalType":"decimal","precision":10,"scale":2})", "\"string\"", "bytes decimal(10,2) and string");
  refused(R"({"type":"bytes","logicalType":"decimal","precision":10,"scale":2})", R"({"type":"bytes","logicalType":"decimal","precision":10,"scale":3})",
          "bytes decimal(10,2) and bytes decimal(10,3)");
  refused(R"({"type":"long","logicalType":"timestamp-millis"})", R"({"type":"long","logicalType":"timestamp-micros"})", "long timestamp-millis and long timestamp-micros");
  refused(R"({"type":"fixed","name":"F","size":2})", R"({"type":"fixed","name":"F","size":3})", "fixed F of 2 bytes and fixed F of 3 bytes");
  refused(R"({"type":"fixed","name":"F","size":2})", R"({"type":"enum","name":"F","symbols":["A"]})", "fixed F of 2 bytes and enum F");
  EXPECT_NE(type_of({R"({"type":"array","items":"int"})", R"({"type":"array","items":"string"})"}).find("/fields/f/items: int and string"), std::string::npos);
  EXPECT_NE(grown_text({"\"int\""}).find("rows are records"), std::string::npos);
}

TEST(Growth, RecordsWithinKeepWhatBothHave) {
  const auto inner = [](const std::string& fields) { return field(R"({"type":"record","name":"I","fields":[)" + fields + "]}"); };
  EXPECT_EQ(grown_text({row(inner(field("\"int\"", "a") + "," + field("\"int\"", "b"))), row(inner(field("\"int\"", "a") + "," + field("\"int\"", "c")))}),
            R"({"type":"record","name":"Row","fields":[{"name":"f","type":["null",{"type":"record","name":"I","fields":[)"
            R"({"name":"a","type":"int","field-id":2},{"name":"b","type":["null","int"],"default":null,"field-id":3},)"
            R"({"name":"c","type":["null","int"],"default":null,"field-id":4}]}],"default":null,"field-id":1}]})");
}

TEST(Growth, TheNewestDocsAndPropertiesWin) {
  const auto text = grown_text({R"({"type":"record","name":"Row","doc":"old","fields":[{"name":"a","type":{"type":"int","unit":"m"},"doc":"x","field-id":77,"p":1}],"q":1})",
                                R"({"type":"record","name":"Row","doc":"new","fields":[{"name":"a","type":{"type":"int","unit":"km"},"field-id":99,"p":2,"r":3}]})"});
  EXPECT_EQ(text, R"({"type":"record","name":"Row","doc":"new","fields":[{"name":"a","type":["null",{"type":"int","unit":"km"}],"doc":"x","default":null,"p":2,"field-id":1,"r":3}],"q":1})");
}

TEST(Growth, AnEqualSchemaOfNullablesResolvesByCopying) {
  const auto nullables = row(R"({"name":"a","type":["null","long"],"default":null},{"name":"b","type":["null",{"type":"array","items":{"type":"record","name":"I","fields":[{"name":"x","type":"int"}]}}]})");
  const auto grown = grow(std::nullopt, schema(nullables)).value();
  EXPECT_TRUE(Resolution::compile(schema(nullables), grown)->is_identity());
}

// Resolves data of `from` and compares them with what they were.
void expect_data_pass(RandomAvro& random, const Schema& from, const Schema& to) {
  const auto resolution = Resolution::compile(from, to);
  ASSERT_TRUE(resolution.ok()) << resolution.error() << "\n" << from.text() << "\n" << to.text();
  const Program reader(to);
  for (int i = 0; i < 5; ++i) {
    const auto json = random.datum(from.root());
    Bytes datum;
    const auto encoded = from_json(from, json, datum);
    ASSERT_TRUE(encoded.ok()) << encoded.error() << json;
    Bytes out;
    const auto done = resolution->resolve(datum, out);
    ASSERT_TRUE(done.ok()) << done.error() << "\n" << from.text() << "\n" << to.text() << "\n" << json;
    ByteView rest = out;
    std::string text;
    const auto read = to_json(reader, rest, text);
    ASSERT_TRUE(read.ok() && rest.empty()) << from.text() << "\n" << to.text() << "\n" << json;
    ASSERT_TRUE(says_the_same(from.root(), boost::json::parse(json), to.root(), boost::json::parse(text)))
        << from.text() << "\n" << to.text() << "\n" << json << "\n" << text;
    for (std::size_t cut = 0; cut < datum.size(); ++cut) EXPECT_FALSE(resolution->resolve(datum.substr(0, cut), out).ok());
    if (resolution->is_identity()) {
      EXPECT_EQ(hex(out), hex(datum));
    }
  }
}

TEST(Growth, EveryDatumOfEverySchemaPasses) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  int merged = 0;
  int refused = 0;
  for (unsigned round = 0; round < 150 && !::testing::Test::HasFatalFailure(); ++round) {
    RandomAvro random(seed + round);
    std::optional<Schema> grown;
    std::vector<Schema> all;
    for (int step = 0; step < 8 && !::testing::Test::HasFatalFailure(); ++step) {
      const auto text = random.schema(random.below(4) != 0);
      const auto parsed = Schema::parse(text);
      ASSERT_TRUE(parsed.ok()) << parsed.error() << text;
      const auto& added = *parsed;
      const auto more = grow(grown, added);
      if (!more.ok()) {
        ++refused;
        continue;
      }
      ++merged;
      const auto again = grow(*more, added);
      ASSERT_TRUE(again.ok()) << again.error() << "\n" << more->text() << "\n" << added.text();
      EXPECT_EQ(again->text(), more->text());
      all.push_back(added);
      if (grown) all.push_back(*grown);
      grown = *more;
      for (const auto& one : all) expect_data_pass(random, one, *grown);
    }
  }
  EXPECT_GE(merged, 300);
  EXPECT_GE(refused, 30);
}

}  // namespace
}  // namespace sluice::avro
