// Against data of others and of our own; tests/golden/json_schema/README.md tells where it comes from.

#include <gtest/gtest.h>

#include <fstream>

#include "json_schema/compatibility.h"
#include "json_schema/json.h"
#include "json_schema/schema.h"

namespace sluice::json_schema {
namespace {

std::vector<Json> golden_lines(const std::string& name) {
  std::ifstream file("tests/golden/json_schema/" + name);
  EXPECT_TRUE(file.good()) << "run from the project's folder";
  std::vector<Json> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(parse_json(line).value());
  return lines;
}

const std::string& text_of(const Json& line, std::string_view name) { return line.find(name)->text; }

Result<Schema> schema_of(const Json& line, std::string_view name) {
  std::vector<ReferencedText> references;
  if (const auto* given = line.find("references")) {
    for (const auto& member : given->members) references.push_back({member.name, print_json(member.value)});
  }
  return Schema::parse(print_json(*line.find(name)), references);
}

std::vector<std::string> reasons(const Schema& reader, const Schema& writer, bool lenient = false) {
  std::vector<std::string> out;
  for (const auto& found : check_compatibility(reader, writer, {.lenient = lenient})) {
    EXPECT_FALSE(found.message.empty()) << found.type;
    out.push_back(found.type + " " + found.path);
  }
  return out;
}

std::vector<std::string> texts(const Json& list) {
  std::vector<std::string> out;
  for (const auto& item : list.items) out.push_back(item.text);
  return out;
}

TEST(Golden, TextsAreThoseOfJackson) {
  const auto lines = golden_lines("jackson.jsonl");
  ASSERT_GE(lines.size(), 350U);
  for (const auto& line : lines) {
    const auto json = parse_json(text_of(line, "input"));
    ASSERT_TRUE(json.ok()) << text_of(line, "input") << json.error();
    EXPECT_EQ(print_json(*json), text_of(line, "text"));
    EXPECT_EQ(print_json(*json, true), text_of(line, "normalized"));
  }
}

TEST(Golden, ValuesAreValidAsTheJsonSchemaTestSuiteHasIt) {
  std::size_t values = 0;
  for (const auto& line : golden_lines("suite.jsonl")) {
    const auto schema = schema_of(line, "schema");
    ASSERT_TRUE(schema.ok()) << text_of(line, "about") << ": " << schema.error();
    for (const auto& test : line.find("tests")->items) {
      const auto value = print_json(test.items[0]);
      const auto valid = schema->validate(value);
      EXPECT_EQ(valid.ok(), test.items[1].truth)
          << text_of(line, "about") << ": " << value << (valid.ok() ? "" : valid.error().text());
      ++values;
    }
  }
  EXPECT_EQ(values, 5030U);
}

TEST(Golden, CompatibilityIsJudgedByTheRules) {
  const auto lines = golden_lines("compat.jsonl");
  ASSERT_GE(lines.size(), 297U);
  for (const auto& line : lines) {
    const auto writer = schema_of(line, "writer"), reader = schema_of(line, "reader");
    ASSERT_TRUE(writer.ok() && reader.ok()) << text_of(line, "about");
    EXPECT_EQ(reasons(*reader, *writer), texts(*line.find("reasons"))) << text_of(line, "about");
    if (const auto* lenient = line.find("lenient")) {
      EXPECT_EQ(reasons(*reader, *writer, true), texts(*lenient)) << text_of(line, "about") << ", leniently";
    }
  }
}

// Of every schema in the golden data: it reads what it writes, its text means the same, and sorting it changes nothing.
TEST(Golden, EverySchemaIsCompatibleWithItself) {
  std::size_t schemas = 0;
  for (const auto* file : {"compat.jsonl", "suite.jsonl"}) {
    for (const auto& line : golden_lines(file)) {
      for (const auto* name : {"schema", "writer", "reader"}) {
        if (line.find(name) == nullptr) continue;
        const auto schema = schema_of(line, name);
        ASSERT_TRUE(schema.ok());
        EXPECT_EQ(reasons(*schema, *schema), std::vector<std::string>{}) << schema->text();
        if (line.find("references") != nullptr) continue;
        const auto again = Schema::parse(schema->text()), sorted = Schema::parse(schema->normalized());
        ASSERT_TRUE(again.ok() && sorted.ok()) << schema->text();
        EXPECT_EQ(again->text(), schema->text());
        EXPECT_EQ(sorted->normalized(), sorted->text());
        EXPECT_EQ(reasons(*sorted, *schema), std::vector<std::string>{}) << schema->text();
        EXPECT_EQ(reasons(*schema, *sorted), std::vector<std::string>{}) << schema->text();
        ++schemas;
      }
    }
  }
  EXPECT_GE(schemas, 1900U);
}

}  // namespace
}  // namespace sluice::json_schema
