// Against what Apache Avro for Java 1.12.2 says; tests/golden/avro/README.md tells where the files come from.

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "avro/avro_testing.h"
#include "avro/compatibility.h"
#include "avro/schema.h"
#include "base/bytes.h"

namespace sluice::avro {
namespace {

namespace json = boost::json;

TEST(Golden, TextsAndFingerprintsAreThoseOfJava) {
  int compared = 0;
  for (const auto& line : golden_lines("canonical.jsonl")) {
    const auto schema = Schema::parse(text_of(line, "input"));
    ASSERT_TRUE(schema.ok()) << line << "\n" << schema.error();
    EXPECT_EQ(schema->text(), text_of(line, "java_toString"));
    EXPECT_EQ(schema->canonical(), text_of(line, "pcf"));
    char rabin[32];
    std::snprintf(rabin, sizeof rabin, "%016llx", static_cast<unsigned long long>(rabin_fingerprint(schema->canonical())));
    EXPECT_EQ(rabin, text_of(line, "rabin64"));
    EXPECT_EQ(hex(md5(schema->canonical())), text_of(line, "md5"));
    EXPECT_EQ(hex(sha256(schema->canonical())), text_of(line, "sha256"));
    ++compared;
  }
  EXPECT_GE(compared, 130);
}

TEST(Golden, RefusesWhatJavaRefusesAndTakesWhatItTakes) {
  int differ = 0;
  for (const auto& line : golden_lines("invalid.jsonl")) {
    const auto schema = Schema::parse(text_of(line, "schema"));
    const bool accepted = line.at("accepted").as_bool();
    if (schema.ok() == accepted) {
      if (accepted) {
        EXPECT_EQ(schema->text(), text_of(line, "java_toString")) << text_of(line, "name");
      }
      continue;
    }
    ++differ;
    ADD_FAILURE() << text_of(line, "name") << ": " << text_of(line, "schema") << (schema.ok() ? " is taken" : " is refused: " + schema.error().message);
  }
  EXPECT_EQ(differ, 0);
}

TEST(Golden, CompatibilityIsJudgedAsJavaJudgesIt) {
  int compared = 0;
  for (const auto& line : golden_lines("compat.jsonl")) {
    const auto reader = Schema::parse(text_of(line, "reader"), {.validate_defaults = false});
    const auto writer = Schema::parse(text_of(line, "writer"), {.validate_defaults = false});
    ASSERT_TRUE(reader.ok() && writer.ok()) << line;
    const auto found = check_compatibility(*reader, *writer);
    const auto result = text_of(line, "result");
    ++compared;
    if (!found.ok()) {
      EXPECT_EQ(result, "EXCEPTION") << text_of(line, "name") << found.error();
      continue;
    }
    EXPECT_EQ(found->empty() ? "COMPATIBLE" : "INCOMPATIBLE", result) << text_of(line, "name");
    if (result != "INCOMPATIBLE") continue;
    json::array got;
    for (const auto& one : *found) got.push_back(json::object{{"type", one.type}, {"location", one.location}, {"message", one.message}});
    EXPECT_EQ(json::serialize(got), json::serialize(line.at("incompatibilities"))) << text_of(line, "name");
  }
  EXPECT_EQ(compared, 294);
}

// As Java's equals() has it.
TEST(Schema, ATypeMayBeDefinedAgainWithOtherDocsAndAliases) {
  const auto with = [](const std::string& again) {
    return Schema::parse(R"({"type":"record","name":"R","fields":[{"name":"a","type":{"type":"fixed","name":"F","size":1,"doc":"x","aliases":["Old"]}},)"
                         R"({"name":"b","type":)" + again + "}]}");
  };
  const auto same = with(R"({"type":"fixed","name":"F","size":1,"aliases":["Older"]})");
  ASSERT_TRUE(same.ok()) << same.error();
  EXPECT_NE(same->text().find(R"({"name":"b","type":"F"})"), std::string::npos) << same->text();
  EXPECT_FALSE(with(R"({"type":"fixed","name":"F","size":2})").ok());
  EXPECT_FALSE(with(R"({"type":"fixed","name":"F","size":1,"own":1})").ok());
}

TEST(Schema, AUnionKnowsABranchThatIsDefinedLater) {
  const auto record = [](const std::string& branches) {
    return Schema::parse(R"({"type":"record","name":"R","fields":[{"name":"u","type":)" + branches + R"(},{"name":"f","type":{"type":"fixed","name":"F","size":2}}]})");
  };
  EXPECT_TRUE(record(R"(["null","F"])").ok());
  EXPECT_FALSE(record(R"(["F","F"])").ok());
  EXPECT_FALSE(record(R"(["F",{"type":"fixed","name":"F","size":2}])").ok());
}

TEST(Compatibility, ComparesLogicalTypesWhenAsked) {
  const auto decimal = [](int precision, int scale) {
    return Schema::parse(R"({"type":"bytes","logicalType":"decimal","precision":)" + std::to_string(precision) + R"(,"scale":)" + std::to_string(scale) + "}").value();
  };
  const CompatibilityOptions strict{.compare_logical_types = true};
  EXPECT_TRUE(check_compatibility(decimal(12, 2), decimal(10, 2), strict)->empty());
  EXPECT_FALSE(check_compatibility(decimal(10, 2), decimal(12, 2), strict)->empty());
  EXPECT_FALSE(check_compatibility(decimal(12, 4), decimal(10, 2), strict)->empty());
  EXPECT_TRUE(check_compatibility(decimal(12, 4), decimal(10, 2))->empty());
}

}  // namespace
}  // namespace sluice::avro
