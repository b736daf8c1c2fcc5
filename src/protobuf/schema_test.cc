#include "protobuf/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "protobuf/compatibility.h"
#include "protobuf/protobuf_testing.h"

namespace sluice::protobuf {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

std::string read_file(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::vector<std::string> told(const std::vector<Incompatibility>& found) {
  std::vector<std::string> lines;
  for (const auto& reason : found) lines.push_back(reason.type + " " + reason.path);
  return lines;
}

TEST(ProtobufGolden, ChangesAreJudgedAsTheTableSays) {
  int compared = 0;
  for (const auto& line : golden_lines("compat.jsonl")) {
    SCOPED_TRACE(text_of(line, "name"));
    const auto old = Schema::parse(text_of(line, "old"), imports_of(line, "old_references"));
    const auto now = Schema::parse(text_of(line, "new"), imports_of(line, "new_references"));
    ASSERT_TRUE(old.ok()) << old.error();
    ASSERT_TRUE(now.ok()) << now.error();
    const auto changes = boost::json::value_to<std::vector<std::string>>(line.at("changes"));
    EXPECT_THAT(told(check_compatibility(*now, *old)), UnorderedElementsAreArray(changes));
    EXPECT_THAT(told(check_compatibility(*now, *now)), IsEmpty());
    EXPECT_THAT(told(check_compatibility(*old, *old)), IsEmpty());
    ++compared;
  }
  EXPECT_GE(compared, 160);
}

TEST(ProtobufGolden, TextsAreThoseOfTheTable) {
  int compared = 0;
  for (const auto& line : golden_lines("canonical.jsonl")) {
    SCOPED_TRACE(text_of(line, "name"));
    const auto schema = Schema::parse(text_of(line, "schema"), imports_of(line, "references"));
    ASSERT_TRUE(schema.ok()) << schema.error();
    EXPECT_EQ(schema->text(), text_of(line, "text"));
    EXPECT_EQ(schema->normalized(), text_of(line, "normalized"));
    if (line.contains("without_extensions")) {
      EXPECT_EQ(schema->without_extensions(), text_of(line, "without_extensions"));
    }
    ++compared;
  }
  EXPECT_GE(compared, 20);
}

TEST(ProtobufGolden, WhatIsRefusedIsToldWithItsPlace) {
  for (const auto& line : golden_lines("invalid.jsonl")) {
    SCOPED_TRACE(text_of(line, "name"));
    const auto schema = Schema::parse(text_of(line, "schema"), imports_of(line, "references"));
    ASSERT_FALSE(schema.ok());
    EXPECT_EQ(schema.error().code, ErrorCode::rejected);
    EXPECT_TRUE(schema.error().message.starts_with(text_of(line, "at"))) << schema.error();
    EXPECT_THAT(schema.error().message, HasSubstr(text_of(line, "has")));
  }
}

// What is stored is read again at every start; a schema's own descriptor comes back from clients.
void expect_round_trips(const Schema& schema, std::span<const Import> imports) {
  const auto printed = Schema::parse(schema.text(), imports);
  ASSERT_TRUE(printed.ok()) << printed.error() << "\n" << schema.text();
  EXPECT_EQ(meaning(*printed), meaning(schema));
  EXPECT_EQ(printed->text(), schema.text());

  const auto normalized = Schema::parse(schema.normalized(), imports);
  ASSERT_TRUE(normalized.ok()) << normalized.error() << "\n" << schema.normalized();
  EXPECT_EQ(normalized->normalized(), schema.normalized());
  EXPECT_THAT(told(check_compatibility(*normalized, schema)), IsEmpty());
  EXPECT_THAT(told(check_compatibility(schema, *normalized)), IsEmpty());

  const auto sent = Schema::parse(schema.serialized(), imports);
  ASSERT_TRUE(sent.ok()) << sent.error();
  EXPECT_EQ(meaning(*sent), meaning(schema));
  const auto sent_printed = Schema::parse(sent->text(), imports);
  ASSERT_TRUE(sent_printed.ok()) << sent_printed.error() << "\n" << sent->text();
  EXPECT_EQ(meaning(*sent_printed), meaning(schema));
  EXPECT_THAT(told(check_compatibility(*sent_printed, schema)), IsEmpty());
}

TEST(ProtobufRoundTrip, RandomSchemasMeanTheSameAfterPrinting) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 200; ++i) {
    const auto text = random_schema(random);
    const auto schema = Schema::parse(text);
    ASSERT_TRUE(schema.ok()) << schema.error() << "\n" << text;
    ASSERT_NO_FATAL_FAILURE(expect_round_trips(*schema, {}));
    if (::testing::Test::HasFailure()) FAIL() << text;
  }
}

TEST(ProtobufRoundTrip, TheLibrarysOwnFilesMeanTheSameAfterPrinting) {
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("/usr/include/google/protobuf")) {
    if (entry.path().extension() != ".proto") continue;
    SCOPED_TRACE(entry.path());
    const auto schema = Schema::parse(read_file(entry.path()));
    ASSERT_TRUE(schema.ok()) << schema.error();
    ASSERT_NO_FATAL_FAILURE(expect_round_trips(*schema, {}));
    ++files;
  }
  EXPECT_GE(files, 11);
}

}  // namespace
}  // namespace sluice::protobuf
