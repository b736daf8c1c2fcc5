#include "avro/difference.h"

#include <gmock/gmock.h>

#include "avro/lint.h"

namespace sluice::avro {
namespace {

using testing::HasSubstr;

Schema record(const std::string& fields, const std::string& more = "") {
  return Schema::parse(R"({"type":"record","name":"R","namespace":"n",)" + more + R"("fields":[)" + fields + "]}").value();
}

// "path: change | new_reads_old | old_reads_new", a line each.
std::string told(const Schema& before, const Schema& after) {
  std::string out;
  for (const auto& each : differences(before, after)) out += each.path + ": " + each.change + " | " + each.new_reads_old + " | " + each.old_reads_new + "\n";
  return out;
}

constexpr const char* kId = R"({"name":"id","type":"long"})";

TEST(Difference, SameSchemasHaveNone) {
  const auto recursive = record(R"({"name":"next","type":["null","R"],"default":null})");
  EXPECT_EQ(told(recursive, record(R"({"name":"next","type":["null","n.R"],"default":null})")), "");
}

TEST(Difference, ANewFieldTellsWhatOldRecordsGive) {
  const std::string with = std::string(kId) + R"(,{"name":"note","type":["null","string"],"default":null})";
  EXPECT_EQ(told(record(kId), record(with)), "note: new: null or string, default null | see null | do not see it\n");
  EXPECT_EQ(told(record(with), record(kId)), "note: gone: was null or string | do not see it | see null\n");
  const std::string without = std::string(kId) + R"(,{"name":"n","type":"int"})";
  EXPECT_THAT(told(record(kId), record(without)), HasSubstr("n: new: int, without a default | FAIL"));
  EXPECT_THAT(told(record(without), record(kId)), HasSubstr("| FAIL: new records have none"));
}

TEST(Difference, ARenamedFieldIsFoundByItsAlias) {
  EXPECT_THAT(told(record(kId), record(R"({"name":"key","type":"long","aliases":["id"]})")), HasSubstr("key: renamed: was \"id\", which is an alias now |  | FAIL"));
  EXPECT_THAT(told(record(R"({"name":"id","type":"long","default":0})"), record(R"({"name":"key","type":"long","aliases":["id"],"default":0})")), HasSubstr("see 0 in \"id\""));
}

TEST(Difference, TypesAreToldInWordsWithinEachOther) {
  const auto list = [](const std::string& item) { return record(R"({"name":"a","type":{"type":"array","items":)" + item + "}}"); };
  EXPECT_THAT(told(list("\"int\""), list("\"long\"")), HasSubstr("a: was list of int, is list of long"));
  const std::string decimal = R"({"type":"bytes","logicalType":"decimal","precision":10,"scale":)";
  EXPECT_THAT(told(record(R"({"name":"a","type":)" + decimal + "2}}"), record(R"({"name":"a","type":)" + decimal + "4}}")), HasSubstr("a: was decimal(10,2), is decimal(10,4)"));
  const auto inner = [](const std::string& type) { return record(R"({"name":"a","type":["null",{"type":"record","name":"I","fields":[{"name":"b","type":")" + type + R"("}]}]})"); };
  EXPECT_THAT(told(inner("int"), inner("string")), HasSubstr("a.b: was int, is string"));
}

TEST(Difference, SymbolsOfAnEnumTellWhoFails) {
  const auto of = [](const std::string& symbols, const std::string& more) { return record(R"({"name":"e","type":{"type":"enum","name":"E","symbols":[)" + symbols + "]" + more + "}}"); };
  EXPECT_THAT(told(of(R"("A")", ""), of(R"("A","B")", "")), HasSubstr("e: new symbols: B |  | FAIL at B"));
  EXPECT_THAT(told(of(R"("A")", R"(,"default":"A")"), of(R"("A","B")", R"(,"default":"A")")), HasSubstr("| see A for B"));
}

TEST(Difference, PropertiesDocsAndDefaultsAreTold) {
  EXPECT_EQ(told(record(R"({"name":"a","type":"int","sqlType":"integer"})"), record(R"({"name":"a","type":"int","sqlType":"smallint","doc":"d","default":1})")),
            "a: the default was none, is 1 |  | \na: has a doc now |  | \na: sqlType was \"integer\", is \"smallint\" |  | \n");
}

std::vector<std::string> rules_of(const Schema& schema) {
  std::vector<std::string> rules;
  for (const auto& finding : lint(schema)) rules.push_back(std::string(finding.rule) + " " + finding.path);
  return rules;
}

TEST(Lint, ACarefulSchemaHasNoFindings) {
  EXPECT_THAT(rules_of(record(R"({"name":"id","type":"long","doc":"d"},{"name":"note","type":["null","string"],"default":null,"doc":"d"},
    {"name":"status","doc":"d","type":{"type":"enum","name":"Status","doc":"d","symbols":["UNKNOWN","PAID"],"default":"UNKNOWN"}},
    {"name":"created_at","doc":"d","type":{"type":"long","logicalType":"timestamp-micros"}}
  )", R"("doc":"d",)")), testing::IsEmpty());
}

TEST(Lint, EachRuleFindsItsOwn) {
  const auto found = rules_of(Schema::parse(R"(["null",{"type":"record","name":"OrderV2","fields":[
    {"name":"orderStatus","type":"string","doc":"d"},{"name":"created_at","type":"long","doc":"d"},{"name":"price","type":"double","doc":"d"},
    {"name":"note","type":["null","string"],"doc":"d"},{"name":"bare","type":"int"},
    {"name":"e","doc":"d","type":{"type":"enum","name":"n.E","doc":"d","symbols":["A"]}}]}])").value());
  EXPECT_THAT(found, testing::UnorderedElementsAre("one-type ", "doc ", "stable-name ", "stable-name ", "stable-name ", "enum orderStatus", "time created_at", "money price",
                                                   "default note", "doc bare", "enum-default e"));
}

}  // namespace
}  // namespace sluice::avro
