// `_schemas` as Confluent's registry writes and reads it, and another registry's topic taken over.
#include "registry/records.h"

#include "registry/registry_testing.h"

namespace sluice::registry {
namespace {

namespace json = boost::json;

using Records = RegistryFixture;

TEST(RecordKeys, AreInConfluentsOrder) {
  const auto bytes = [](KeyType type, const std::string& subject, std::int32_t version = 0) {
    return Key{type, subject, version}.bytes();
  };
  EXPECT_EQ(bytes(KeyType::schema, "s", 1), R"({"keytype":"SCHEMA","subject":"s","version":1,"magic":1})");
  EXPECT_EQ(bytes(KeyType::config, ""), R"({"keytype":"CONFIG","subject":null,"magic":0})");
  EXPECT_EQ(bytes(KeyType::mode, "s"), R"({"keytype":"MODE","subject":"s","magic":0})");
  EXPECT_EQ(bytes(KeyType::delete_subject, "s"), R"({"keytype":"DELETE_SUBJECT","subject":"s","magic":0})");
  EXPECT_EQ(bytes(KeyType::clear_subject, "s"), R"({"keytype":"CLEAR_SUBJECT","subject":"s","magic":0})");
  EXPECT_EQ(bytes(KeyType::context, ".a"), R"({"keytype":"CONTEXT","tenant":"default","context":".a","magic":0})");
  EXPECT_EQ(bytes(KeyType::noop, ""), R"({"keytype":"NOOP","magic":0})");
}

TEST(RecordKeys, AreReadInAnyOrderAndOfTypesToCome) {
  EXPECT_EQ(Key::parse(R"({"magic":1,"version":3,"keytype":"SCHEMA","subject":"s"})"), (Key{KeyType::schema, "s", 3}));
  EXPECT_EQ(Key::parse(R"({"keytype":"CONFIG","magic":0})"), (Key{KeyType::config, "", 0}));
  EXPECT_EQ(Key::parse(R"({"keytype":"ASSOC","tenant":"default","magic":0})")->type, KeyType::other);
  EXPECT_EQ(Key::parse("[]"), std::nullopt);
  EXPECT_EQ(Key::parse(""), std::nullopt);
}

TEST_F(Records, AValueSaysAllOfAVersion) {
  ask("POST", "/subjects/f/versions", body_of(R"({"type":"fixed","name":"F","size":4})"));
  const json::object more{
      {"references", json::array{json::object{{"name", "F"}, {"subject", "f"}, {"version", 1}}}},
      {"metadata", json::object{{"properties", json::object{{"k", "v"}}}}},
      {"ruleSet", json::object{{"domainRules", json::array{json::object{{"name", "r"}, {"type", "CEL"}}}}}}};
  ask("POST", "/subjects/s/versions", body_of("\"F\"", more));
  EXPECT_EQ(
      log.records(kSchemasTopic).at(1).value,
      R"({"subject":"s","version":1,"id":2,"md5":"EoijrdXnEU+lcP/oCvIXYg==","references":[{"name":"F","subject":"f","version":1}],)"
      R"("metadata":{"properties":{"k":"v"}},"ruleSet":{"domainRules":[{"name":"r","kind":"TRANSFORM","mode":"WRITEREAD","type":"CEL","disabled":false}]},)"
      R"("schema":"\"F\"","deleted":false})");
}

// #4420: compaction keeps each spelling of a key; what is deleted under one must not come back under the other.
TEST_F(Records, AKeyIsDeletedInTheBytesInWhichItWasWritten) {
  const std::string odd = R"({"magic":1,"keytype":"SCHEMA","subject":"s","version":1})";
  log.put(kSchemasTopic, odd, R"({"subject":"s","version":1,"id":5,"schema":"\"int\"","deleted":false})");
  log.put(kSchemasTopic, R"({"keytype":"CONFIG","magic":0})", R"({"compatibilityLevel":"FULL"})");
  reopen();
  ask("DELETE", "/subjects/s");
  ask("DELETE", "/subjects/s?permanent=true");
  ask("DELETE", "/config");
  std::map<std::string, std::optional<std::string>> compacted;
  for (const auto& record : log.records(kSchemasTopic)) compacted[*record.key] = record.value;
  for (const auto& [key, value] : compacted) {
    if (key == R"({"keytype":"NOOP","magic":0})") continue;  // the greatest id stays
    EXPECT_EQ(value, std::nullopt) << key;
  }
  EXPECT_TRUE(compacted.contains(odd));
  reopen();
  expect("GET", "/subjects?deleted=true", "", 200, "[]");
  expect("GET", "/config", "", 200, R"({"compatibilityLevel":"BACKWARD"})");
  expect_registered("/subjects/s/versions", body_of("\"int\""), 6);
}

TEST_F(Records, ASecondSchemaUnderAUsedIdIsRejectedOnReplay) {
  log.put(kSchemasTopic, Key{KeyType::schema, "a", 1}.bytes(),
          R"({"subject":"a","version":1,"id":5,"schema":"\"int\"","deleted":false})");
  log.put(kSchemasTopic, Key{KeyType::schema, "b", 1}.bytes(),
          R"({"subject":"b","version":1,"id":5,"schema":"\"string\"","deleted":false})");
  log.put(kSchemasTopic, Key{KeyType::schema, "c", 1}.bytes(),
          R"({"subject":"c","version":1,"id":5,"schema":"\"int\"","deleted":false})");
  reopen();
  expect("GET", "/subjects", "", 200, R"(["a","c"])");
  expect("GET", "/schemas/ids/5/schema", "", 200, "\"int\"");
}

TEST_F(Records, ClearSubjectForgetsWhatIsSoftlyDeleted) {
  log.put(kSchemasTopic, Key{KeyType::schema, "a", 1}.bytes(),
          R"({"subject":"a","version":1,"id":5,"schema":"\"int\"","deleted":true})");
  log.put(kSchemasTopic, Key{KeyType::schema, "a", 2}.bytes(),
          R"({"subject":"a","version":2,"id":6,"schema":"\"long\"","deleted":false})");
  log.put(kSchemasTopic, Key{KeyType::clear_subject, "a", 0}.bytes(), R"({"subject":"a"})");
  reopen();
  expect("GET", "/subjects/a/versions?deleted=true", "", 200, "[2]");
}

// As kafka-console-consumer prints the topic of a Confluent registry: Confluent's own way to back it up.
const std::string kBackup =
    R"({"keytype":"NOOP","magic":0}	null
{"keytype":"CONFIG","subject":null,"magic":0}	{"compatibilityLevel":"FULL"}
{"keytype":"SCHEMA","subject":"orders-value","version":1,"magic":1}	{"subject":"orders-value","version":1,"id":12,"md5":"x","schema":"\"int\"","deleted":false}
{"keytype":"SCHEMA","subject":"orders-value","version":2,"magic":1}	{"subject":"orders-value","version":2,"id":13,"schema":"\"long\"","deleted":true}
{"keytype":"SCHEMA","subject":"gone","version":1,"magic":1}	{"subject":"gone","version":1,"id":14,"schema":"\"float\"","deleted":false}
{"keytype":"SCHEMA","subject":"gone","version":1,"magic":1}	null
{"magic":1,"keytype":"SCHEMA","subject":"old","version":1}	{"subject":"old","version":1,"id":15,"schemaType":"PROTOBUF","schema":"syntax = \"proto3\";","deleted":false}
{"keytype":"CONTEXT","tenant":"default","context":".c","magic":0}	{"tenant":"default","context":".c"}
{"keytype":"MODE","subject":":.c:","magic":0}	{"subject":":.c:","mode":"READONLY"}
)";

TEST_F(Records, AnotherRegistrysTopicIsTakenOver) {
  expect("POST", "/import", kBackup, 200, R"({"records":9,"subjects":2})");
  for (int pass = 0; pass < 2; ++pass, reopen()) {
    expect("GET", "/subjects", "", 200, R"(["old","orders-value"])");
    expect("GET", "/subjects/orders-value/versions?deletedAsNegative=true", "", 200, "[1,-2]");
    expect("GET", "/schemas/ids/13/schema", "", 200, "\"long\"");
    expect_error("GET", "/schemas/ids/14", "", 40403);
    EXPECT_EQ(ask("GET", "/schemas/ids/15").at("schemaType"), "PROTOBUF");
    expect("GET", "/config", "", 200, R"({"compatibilityLevel":"FULL"})");
    expect("GET", "/contexts", "", 200, R"([".",".c"])");
    expect("GET", "/mode/:.c:", "", 200, R"({"mode":"READONLY"})");
  }
  expect_registered("/subjects/new/versions", body_of("\"float\""), 16);
  expect_error("POST", "/import", kBackup, 42205);
}

TEST_F(Records, ABackupOfAnotherFormIsNotTaken) {
  expect_error("POST", "/import", "no tab", 42201);
  expect_error("POST", "/import", "no json\t{}", 42201);
  expect("GET", "/subjects", "", 200, "[]");
}

}  // namespace
}  // namespace sluice::registry
