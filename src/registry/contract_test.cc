// What bites in Confluent's contract: identity, what a registration takes over, deletion, IMPORT, normalization.
#include "registry/registry_testing.h"

namespace sluice::registry {
namespace {

namespace json = boost::json;

using Contract = RegistryFixture;

std::string record_of(const std::string& fields, const std::string& more = {}) {
  return R"({"type":"record","name":"R","namespace":"n")" + more + R"(,"fields":[)" + fields + "]}";
}
const std::string kA = record_of(R"({"name":"a","type":"int"})");
const std::string kAB = record_of(R"({"name":"a","type":"int"},{"name":"b","type":"int","default":0})");
const std::string kInner = R"({"type":"record","name":"Inner","namespace":"n","fields":[{"name":"x","type":"int"}]})";
const std::string kOuter = R"({"type":"record","name":"Outer","namespace":"n","fields":[{"name":"i","type":"Inner"}]})";
const json::object kToInner{
    {"references", json::array{json::object{{"name", "n.Inner"}, {"subject", "inner"}, {"version", 1}}}}};

std::string text_at(const json::value& object, const char* name) {
  return json::value_to<std::string>(object.at(name));
}

// --- identity. The GUIDs are Python's hashlib's.

TEST_F(Contract, AGuidIsTheMd5OfTheCanonicalText) {
  EXPECT_EQ(text_at(ask("POST", "/subjects/s/versions", body_of(R"({"type":"string"})")), "guid"),
            "095d71cf-1255-6b9d-5e33-0ad575b3df5d");
}

TEST_F(Contract, MetadataIsPartOfTheIdentity) {
  const json::object metadata{{"tags", json::object{{"k", json::array{"v"}}}},
                              {"properties", json::object{{"owner", "me"}}},
                              {"sensitive", json::array{"s"}}};
  ask("POST", "/subjects/s/versions", body_of("\"string\""));
  const auto second = ask("POST", "/subjects/s/versions", body_of("\"string\"", {{"metadata", metadata}}));
  EXPECT_EQ(second.at("id"), 2);
  EXPECT_EQ(second.at("version"), 2);
  EXPECT_EQ(text_at(second, "guid"), "2ad7768d-fb98-f243-9f80-0ec4e982c2cd");
  EXPECT_EQ(second.at("metadata"), metadata);
}

TEST_F(Contract, RulesArePartOfTheIdentity) {
  const json::object rule{
      {"name", "r"},     {"type", "CEL"},   {"tags", json::array{"a"}}, {"params", json::object{{"k", "v"}}},
      {"expr", "x > 1"}, {"disabled", true}};
  const auto added = ask("POST", "/subjects/s/versions",
                         body_of("\"string\"", {{"ruleSet", json::object{{"domainRules", json::array{rule}}}}}));
  EXPECT_EQ(text_at(added, "guid"), "7c22c0cf-a23c-d323-b56a-863252b5f9da");
  EXPECT_EQ(added.at("ruleSet").at("domainRules").at(0).at("mode"), "WRITEREAD");
}

TEST_F(Contract, ReferencesArePartOfTheIdentityAndStayNames) {
  ask("POST", "/subjects/inner/versions", body_of(kInner));
  const auto added = ask("POST", "/subjects/outer/versions", body_of(kOuter, kToInner));
  EXPECT_EQ(text_at(added, "schema"), kOuter);
  EXPECT_EQ(text_at(added, "guid"), "09c38ae5-6177-77de-a4b6-58dc96dc4e55");
  const auto answer = ask("GET", "/schemas/guids/09c38ae5-6177-77de-a4b6-58dc96dc4e55");
  EXPECT_EQ(answer.at("references"), kToInner.at("references"));
  expect("GET", "/schemas/guids/09c38ae5617777dea4b658dc96dc4e55/ids", "", 200, R"([{"context":".","id":2}])");
  expect_error("GET", "/schemas/guids/09c38ae5-6177-77de-a4b6-58dc96dc4e56", "", 40403);
  expect_error("GET", "/schemas/guids/nonsense", "", 40403);
}

TEST_F(Contract, TheSameContentInAnotherSubjectKeepsItsId) {
  expect_registered("/subjects/s/versions", body_of(kA), 1);
  expect_registered("/subjects/s/versions", body_of(kAB), 2);
  expect_registered("/subjects/t/versions", body_of(kAB), 2);
  EXPECT_EQ(ask("POST", "/subjects/t", body_of(kAB)).at("version"), 1);
}

// --- references

TEST_F(Contract, AReferenceMustBeThere) {
  expect_error("POST", "/subjects/outer/versions", body_of(kOuter, kToInner), 42201);
  EXPECT_NE(message_of("POST", "/subjects/outer/versions", body_of(kOuter, kToInner))
                .find("No schema reference found for subject \"inner\" and version 1"),
            std::string::npos);
}

TEST_F(Contract, WhatIsReferredToIsNotDeleted) {
  ask("POST", "/subjects/inner/versions", body_of(kInner));
  ask("POST", "/subjects/outer/versions", body_of(kOuter, kToInner));
  expect("GET", "/subjects/inner/versions/1/referencedby", "", 200, "[2]");
  expect_error("DELETE", "/subjects/inner/versions/1", "", 42206);
  expect_error("DELETE", "/subjects/inner", "", 42206);
  ask("DELETE", "/subjects/outer");
  reopen();
  expect("GET", "/subjects/inner/versions/1/referencedby", "", 200, "[]");
  expect("DELETE", "/subjects/inner", "", 200, "[1]");
}

TEST_F(Contract, ASchemaWithItsReferencesWrittenOutIsFound) {
  ask("POST", "/subjects/inner/versions", body_of(kInner));
  ask("POST", "/subjects/outer/versions", body_of(kOuter, kToInner));
  const auto resolved = text_at(ask("GET", "/schemas/ids/2?format=resolved"), "schema");
  EXPECT_NE(resolved.find(R"("fields":[{"name":"x","type":"int"}])"), std::string::npos);
  EXPECT_EQ(ask("POST", "/subjects/outer", body_of(resolved)).at("id"), 2);
  expect_registered("/subjects/outer/versions", body_of(resolved), 2);
  expect("GET", "/subjects/outer/versions", "", 200, "[1]");
}

TEST_F(Contract, AReferenceToTheLatestIsKeptAsItsNumber) {
  ask("POST", "/subjects/inner/versions", body_of(kInner));
  const auto added = ask(
      "POST", "/subjects/outer/versions",
      body_of(kOuter,
              {{"references", json::array{json::object{{"name", "n.Inner"}, {"subject", "inner"}, {"version", -1}}}}}));
  EXPECT_EQ(added.at("references").at(0).at("version"), 1);
}

// --- versions

TEST_F(Contract, ANewVersionIsOneMoreThanAllThatAreThere) {
  ask("POST", "/subjects/s/versions", body_of(kA));
  ask("POST", "/subjects/s/versions", body_of(kAB));
  ask("DELETE", "/subjects/s/versions/2");
  EXPECT_EQ(ask("POST", "/subjects/s/versions", body_of(record_of(R"({"name":"a","type":"long"})"))).at("version"), 3);
  expect("GET", "/subjects/s/versions?deletedAsNegative=true", "", 200, "[1,-2,3]");
}

TEST_F(Contract, ADeletedVersionWithTheSameIdIsReplaced) {
  ask("POST", "/subjects/s/versions", body_of(kA));
  ask("POST", "/subjects/s/versions", body_of(kAB));
  ask("DELETE", "/subjects/s/versions/2");
  expect_registered("/subjects/s/versions", body_of(kAB), 2);
  expect("GET", "/subjects/s/versions?deleted=true", "", 200, "[1,3]");
}

TEST_F(Contract, CompatibilityIgnoresSoftlyDeletedVersions) {
  ask("POST", "/subjects/s/versions", body_of(kA));
  ask("DELETE", "/subjects/s/versions/1");
  expect_registered("/subjects/s/versions", body_of("\"string\""), 2);
  EXPECT_EQ(call("GET", "/schemas/ids/1").status, 200);  // ids stay
}

TEST_F(Contract, VersionMinusOneMustBeTheLatest) {
  ask("POST", "/subjects/s/versions", body_of(kA));
  ask("POST", "/subjects/s/versions", body_of(kAB));
  expect_registered("/subjects/s/versions", body_of(kAB, {{"version", -1}}), 2);
  const auto again = ask("POST", "/subjects/s/versions", body_of(kA, {{"version", -1}}));
  EXPECT_EQ(again.at("version"), 3);
  EXPECT_EQ(again.at("metadata").at("properties").at("confluent:version"), "3");
  EXPECT_EQ(ask("POST", "/subjects/s", body_of(kA, {{"version", -1}})).at("version"), 3);
  expect_error("POST", "/subjects/s", body_of(kAB, {{"version", -1}}), 40403);
  expect_error("POST", "/subjects/s/versions", body_of("\"int\"", {{"version", 9}}), 409);
  call("PUT", "/config/s", R"({"compatibility":"NONE"})");
  expect_error("POST", "/subjects/s/versions", body_of("\"int\"", {{"version", 9}}), 42201);
}

// --- metadata and rules

TEST_F(Contract, AnEmptySchemaTakesThePreviousOne) {
  expect_error("POST", "/subjects/s/versions", R"({"metadata":{"properties":{"k":"v"}}})", 42201);
  ask("POST", "/subjects/s/versions", body_of(kA));
  const auto added = ask("POST", "/subjects/s/versions", R"({"metadata":{"properties":{"k":"v"}}})");
  EXPECT_EQ(added.at("version"), 2);
  EXPECT_EQ(text_at(added, "schema"), kA);
}

TEST_F(Contract, MetadataIsTakenOverFromTheLatestVersion) {
  const json::object metadata{{"properties", json::object{{"k", "v"}}}};
  ask("POST", "/subjects/s/versions", body_of(kA, {{"metadata", metadata}}));
  EXPECT_EQ(ask("POST", "/subjects/s/versions", body_of(kAB)).at("metadata"), metadata);
  EXPECT_EQ(ask("POST", "/subjects/s", body_of(kA)).at("version"), 1);  // looked up with them, too
}

TEST_F(Contract, DefaultsAndOverridesAreMergedIn) {
  ask("PUT", "/config/s",
      R"({"defaultMetadata":{"properties":{"a":"1","b":"1"}},"overrideMetadata":{"properties":{"c":"3"}},
    "defaultRuleSet":{"domainRules":[{"name":"d","type":"CEL","mode":"WRITE"}]}})");
  const auto added =
      ask("POST", "/subjects/s/versions",
          body_of(kA, {{"metadata", json::object{{"properties", json::object{{"b", "2"}, {"c", "2"}}}}}}));
  EXPECT_EQ(json::serialize(added.at("metadata")), R"({"properties":{"a":"1","b":"2","c":"3"}})");
  EXPECT_EQ(added.at("ruleSet").at("domainRules").at(0).at("name"), "d");
  expect("GET", "/schemas?ruleType=NONE", "", 200, "[]");
  EXPECT_EQ(ask("GET", "/schemas?ruleType=CEL").as_array().size(), 1U);
}

TEST_F(Contract, RulesOfABadShapeAreRefused) {
  const auto with = [](const std::string& rule) {
    return R"({"schema":"\"int\"","ruleSet":{"domainRules":[)" + rule + "]}}";
  };
  expect_error("POST", "/subjects/s/versions", with(R"({"name":"r"})"), 42210);
  expect_error("POST", "/subjects/s/versions", with(R"({"name":"1r","type":"CEL"})"), 42210);
  expect_error("POST", "/subjects/s/versions", with(R"({"name":"r","type":"CEL","mode":"UPGRADE"})"), 42210);
  expect_error("POST", "/subjects/s/versions", with(R"({"name":"r","type":"CEL"},{"name":"r","type":"CEL"})"), 42210);
  expect_error("POST", "/subjects/s/versions", R"({"schema":"\"int\"","metadata":{"properties":{"k":1}}})", 42201);
}

TEST_F(Contract, TheLatestWithMetadataIsFound) {
  const auto with = [](const std::string& value) {
    return json::object{{"metadata", json::object{{"properties", json::object{{"k", value}, {"all", "x"}}}}}};
  };
  ask("POST", "/subjects/s/versions", body_of(kA, with("1")));
  ask("POST", "/subjects/s/versions", body_of(kAB, with("2")));
  EXPECT_EQ(ask("GET", "/subjects/s/metadata?key=k&value=1").at("version"), 1);
  EXPECT_EQ(ask("GET", "/subjects/s/metadata?key=all&value=x").at("version"), 2);
  EXPECT_EQ(ask("GET", "/subjects/s/metadata?key=all&value=x&key=k&value=1").at("version"), 1);
  expect_error("GET", "/subjects/s/metadata?key=k&value=3", "", 40403);
  expect_error("GET", "/subjects/t/metadata?key=k&value=3", "", 40401);
}

TEST_F(Contract, OnlyVersionsOfOneCompatibilityGroupAreCompared) {
  const auto group = [](const std::string& value) {
    return json::object{{"metadata", json::object{{"properties", json::object{{"major", value}}}}}};
  };
  ask("PUT", "/config/s", R"({"compatibilityGroup":"major"})");
  ask("POST", "/subjects/s/versions", body_of(kA, group("1")));
  expect_error("POST", "/subjects/s/versions", body_of("\"string\"", group("1")), 409);
  expect_registered("/subjects/s/versions", body_of("\"string\"", group("2")), 2);
}

TEST_F(Contract, ReservedFieldsAreKeptFree) {
  const json::object reserved{{"metadata", json::object{{"properties", json::object{{"confluent:reserved", "b, c"}}}}}};
  ask("PUT", "/config/s", R"({"validateFields":true})");
  ask("POST", "/subjects/s/versions", body_of(kA, reserved));
  expect_error("POST", "/subjects/s/versions", body_of(kAB, reserved), 409);
  EXPECT_NE(message_of("POST", "/subjects/s/versions", body_of(kAB, reserved))
                .find("{validateFields: 'true', compatibility: 'BACKWARD'}"),
            std::string::npos);
  expect_error("POST", "/subjects/s/versions",
               body_of(kA, {{"metadata", json::object{{"properties", json::object{{"x", "y"}}}}}}), 409);
}

// --- tags

TEST_F(Contract, TagsAreAddedFoundAndTakenAway) {
  ask("POST", "/subjects/s/versions", body_of(kA));
  const std::string entity = R"("schemaEntity":{"entityPath":"n.R.a","entityType":"sr_field"})";
  const auto added =
      ask("POST", "/subjects/s/versions/1/tags", R"({"tagsToAdd":[{)" + entity + R"(,"tags":["PII","X"]}]})");
  EXPECT_EQ(added.at("version"), 2);
  EXPECT_NE(text_at(added, "schema").find(R"("confluent:tags":["PII","X"])"), std::string::npos);
  const auto found = ask("GET", "/schemas/ids/2?findTags=PII");
  EXPECT_EQ(found.at("schemaTags").at(0).at("schemaEntity").at("entityPath"), "n.R.a");
  EXPECT_EQ(ask("GET", "/schemas/ids/2?findTags=Z").at("schemaTags").as_array().size(), 0U);
  const auto less =
      ask("POST", "/subjects/s/versions", R"({"schemaTagsToRemove":[{)" + entity + R"(,"tags":["PII","X"]}]})");
  EXPECT_EQ(text_at(less, "schema"), kA);
  expect_error("POST", "/subjects/s/versions/1/tags",
               R"({"tagsToAdd":[{"schemaEntity":{"entityPath":"n.R.z","entityType":"sr_field"},"tags":["X"]}]})",
               42201);
}

// --- normalization

TEST_F(Contract, NormalizationMakesOneTextOfOneMeaning) {
  const auto one = R"({"type":"record","name":"R","namespace":"n","doc":"","zeta":1,"alpha":{"b":2},"fields":[
    {"type":{"type":"bytes","scale":2,"precision":9,"logicalType":"decimal"},"name":"d","aliases":["y","x"],"order":"ascending"},
    {"name":"f","type":"double","default":1}]})";
  const auto other = R"({"name":"n.R","type":"record","alpha":{"b":2},"zeta":1,"fields":[
    {"name":"d","aliases":["x","y"],"type":{"logicalType":"decimal","type":"bytes","precision":9,"scale":2}},
    {"name":"f","default":1.0,"type":"double"}]})";
  expect_registered("/subjects/s/versions?normalize=true", body_of(one), 1);
  expect_registered("/subjects/s/versions?normalize=true", body_of(other), 1);
  EXPECT_EQ(ask("POST", "/subjects/s?normalize=true", body_of(other)).at("version"), 1);
  expect_error("POST", "/subjects/s", body_of(one), 40403);  // not by itself
  expect(
      "GET", "/schemas/ids/1/schema", "", 200,
      R"({"type":"record","name":"R","namespace":"n","fields":[{"name":"d","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2},)"
      R"("aliases":["x","y"]},{"name":"f","type":"double","default":1.0}],"alpha":{"b":2},"zeta":1})");
}

TEST_F(Contract, NormalizationMayBeConfigured) {
  ask("PUT", "/config/s", R"({"normalize":true})");
  expect_registered("/subjects/s/versions", body_of(R"({"type":"record","name":"R","b":1,"a":1,"fields":[]})"), 1);
  expect_registered("/subjects/s/versions", body_of(R"({"type":"record","name":"R","a":1,"b":1,"fields":[]})"), 1);
}

// --- modes

TEST_F(Contract, ImportTakesIdsAndVersionsAsTheyAre) {
  expect_error("POST", "/subjects/s/versions", body_of(kA, {{"id", 77}}), 42205);
  ask("PUT", "/mode", R"({"mode":"IMPORT"})");
  const auto added = ask("POST", "/subjects/s/versions", body_of(kA, {{"id", 77}, {"version", 5}}));
  EXPECT_EQ(added.at("version"), 5);
  expect_registered("/subjects/s/versions", body_of("\"string\"", {{"id", 70}, {"version", 7}}),
                    70);                                                                  // compatible or not
  expect_error("POST", "/subjects/s/versions", body_of("\"int\"", {{"id", 70}}), 42205);  // another content
  expect_error("POST", "/subjects/s/versions", body_of("\"int\""), 42205);                // no id
  expect_error("POST", "/subjects/s/versions", body_of("\"int\"", {{"id", 90}, {"version", 7}}), 42205);
  ask("PUT", "/mode", R"({"mode":"READWRITE"})");
  expect_registered("/subjects/t/versions", body_of("\"int\""), 78);
  expect("GET", "/subjects/s/versions", "", 200, "[5,7]");
}

TEST_F(Contract, ImportIsEnteredOnlyWithoutLiveSubjectsOrByForce) {
  ask("POST", "/subjects/s/versions", body_of(kA));
  expect_error("PUT", "/mode", R"({"mode":"IMPORT"})", 42205);
  expect("PUT", "/mode/other", R"({"mode":"import"})", 200, R"({"mode":"IMPORT"})");
  expect("PUT", "/mode?force=true", R"({"mode":"IMPORT"})", 200, R"({"mode":"IMPORT"})");
  ask("PUT", "/mode", R"({"mode":"READWRITE"})");
  ask("DELETE", "/subjects/s");
  expect("PUT", "/mode", R"({"mode":"IMPORT"})", 200, R"({"mode":"IMPORT"})");
  expect("GET", "/subjects?deleted=true", "", 200, "[]");  // the rest went, too
}

TEST_F(Contract, ReadOnlyRefusesChangesAndAnswersQuestions) {
  ask("POST", "/subjects/s/versions", body_of(kA));
  ask("PUT", "/mode/s", R"({"mode":"READONLY"})");
  expect_registered("/subjects/s/versions", body_of(kA), 1);  // it is there
  expect_error("POST", "/subjects/s/versions", body_of(kAB), 42205);
  expect_error("DELETE", "/subjects/s", "", 42205);
  expect_error("DELETE", "/subjects/s/versions/1", "", 42205);
  expect_registered("/subjects/t/versions", body_of(kAB), 2);
  expect("DELETE", "/mode/s", "", 200, R"({"mode":"READONLY"})");
  expect_registered("/subjects/s/versions", body_of(kAB), 2);
}

TEST_F(Contract, ReadOnlyOverrideCountsMoreThanASubjectsMode) {
  ask("PUT", "/mode/s", R"({"mode":"READWRITE"})");
  ask("PUT", "/mode", R"({"mode":"READONLY_OVERRIDE"})");
  expect_error("POST", "/subjects/s/versions", body_of(kA), 42205);
  expect("GET", "/mode/s?defaultToGlobal=true", "", 200, R"({"mode":"READONLY_OVERRIDE"})");
  ask("PUT", "/mode?recursive=true", R"({"mode":"READONLY"})");
  expect_error("GET", "/mode/s", "", 40409);
  expect_error("PUT", "/mode", R"({"mode":"SOMETIMES"})", 42204);
}

TEST_F(Contract, ModesSurviveARestart) {
  ask("PUT", "/mode/s", R"({"mode":"FORWARD"})");
  reopen();
  expect("GET", "/mode/s", "", 200, R"({"mode":"FORWARD"})");
}

// --- deletion

TEST_F(Contract, WhatWasConfiguredGoesWithTheLastVersion) {
  ask("POST", "/subjects/s/versions", body_of(kA));
  ask("PUT", "/config/s", R"({"compatibility":"NONE"})");
  ask("PUT", "/mode/s", R"({"mode":"READWRITE"})");
  ask("DELETE", "/subjects/s/versions/1");
  expect_error("GET", "/config/s", "", 40408);
  expect_error("GET", "/mode/s", "", 40409);
}

TEST_F(Contract, ASchemaThatItsTopicMayHoldIsDeletedForGoodByForceOnly) {
  ASSERT_TRUE(log.ensure_topic({"t", 1, {}, false}).ok());
  ask("POST", "/subjects/t-value/versions", body_of(kA));
  ask("POST", "/subjects/t-value/versions", body_of(kAB));
  ask("POST", "/subjects/other/versions", body_of(kAB));
  ask("DELETE", "/subjects/t-value");
  log.put("t", "k", "v");
  expect_error("DELETE", "/subjects/t-value/versions/1?permanent=true", "", 42205);
  EXPECT_NE(message_of("DELETE", "/subjects/t-value/versions/1?permanent=true").find("force=true"), std::string::npos);
  expect("DELETE", "/subjects/t-value/versions/2?permanent=true", "", 200, "2");  // the other subject still has the id
  expect("DELETE", "/subjects/t-value/versions/1?permanent=true&force=true", "", 200, "1");
  expect_error("GET", "/schemas/ids/1", "", 40403);
}

TEST_F(Contract, AnEmptyTopicAndNoTopicHoldNothing) {
  ASSERT_TRUE(log.ensure_topic({"empty", 1, {}, false}).ok());
  for (const std::string subject : {"empty-value", "none-key"}) {
    ask("POST", "/subjects/" + subject + "/versions", body_of(kA));
    ask("DELETE", "/subjects/" + subject);
    expect("DELETE", "/subjects/" + subject + "?permanent=true", "", 200, "[1]");
  }
}

TEST_F(Contract, WhoKnowsMoreOfATopicIsAsked) {
  reopen({.languages = {},
          .may_hold = [](const std::string& topic, SchemaId id) { return topic == "t" && id == SchemaId{2}; }});
  ask("POST", "/subjects/t-value/versions", body_of(kA));
  ask("POST", "/subjects/t-value/versions", body_of(kAB));
  ask("DELETE", "/subjects/t-value");
  expect("DELETE", "/subjects/t-value/versions/1?permanent=true", "", 200, "1");
  expect_error("DELETE", "/subjects/t-value/versions/2?permanent=true", "", 42205);
}

// --- compatibility

TEST_F(Contract, FullSaysBothDirectionsInTheirWords) {
  ask("PUT", "/config/s", R"({"compatibility":"FULL"})");
  ask("POST", "/subjects/s/versions", body_of(kA));
  const auto verdict = ask("POST", "/compatibility/subjects/s/versions?verbose=true",
                           body_of(record_of(R"({"name":"b","type":"int"})")));
  const auto& messages = verdict.at("messages").as_array();
  ASSERT_EQ(messages.size(), 5U);
  EXPECT_EQ(messages[0],
            "{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE', description:'The field 'a' at path '/fields/0' in the "
            "old schema has no "
            "default value and is missing in the new schema', additionalInfo:'a'}");
  EXPECT_EQ(messages[1],
            "{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE', description:'The field 'b' at path '/fields/0' in the "
            "new schema has no "
            "default value and is missing in the old schema', additionalInfo:'b'}");
  EXPECT_EQ(messages[2], "{oldSchemaVersion: 1}");
  EXPECT_EQ(messages[4], "{validateFields: 'false', compatibility: 'FULL'}");
}

TEST_F(Contract, AParseErrorIsAMessageOfAVerboseCheck) {
  ask("POST", "/subjects/s/versions", body_of(kA));
  expect_error("POST", "/compatibility/subjects/s/versions/latest", body_of("{"), 42201);
  const auto verdict = ask("POST", "/compatibility/subjects/s/versions/latest?verbose=true", body_of("{"));
  EXPECT_EQ(verdict.at("is_compatible"), false);
  EXPECT_EQ(verdict.at("messages").as_array().size(), 1U);
}

TEST_F(Contract, TheCodeOfAnIncompatibleSchemaMayBeTheNewerOne) {
  reopen({.languages = {}, .incompatible = Code::incompatible_schema});
  ask("POST", "/subjects/s/versions", body_of(kA));
  expect_error("POST", "/subjects/s/versions", body_of("\"string\""), 40901);
}

TEST_F(Contract, DefaultsOfNewSchemasFitTheirTypesUnlessConfiguredOtherwise) {
  const auto bad = record_of(R"({"name":"a","type":"int","default":"x"})");
  expect_error("POST", "/subjects/s/versions", body_of(bad), 42201);
  ask("PUT", "/config/s", R"({"validateNewSchemas":false})");
  expect_registered("/subjects/s/versions", body_of(bad), 1);
}

TEST_F(Contract, LogicalTypesAreComparedWhereRestAsksForIt) {
  const auto decimal = [](int scale) {
    return R"({"type":"bytes","logicalType":"decimal","precision":9,"scale":)" + std::to_string(scale) + "}";
  };
  expect("PUT", "/config/s", R"({"compareLogicalTypes":true})", 200, R"({"compareLogicalTypes":true})");
  ask("POST", "/subjects/s/versions", body_of(decimal(2)));
  expect_error("POST", "/subjects/s/versions", body_of(decimal(4)), 409);
  reopen();
  expect("GET", "/config/s", "", 200, R"({"compareLogicalTypes":true})");
  expect("PUT", "/config/s", R"({"compareLogicalTypes":null,"compatibility":"full"})", 200,
         R"({"compatibility":"FULL"})");
  expect("GET", "/config/s", "", 200, R"({"compatibilityLevel":"FULL"})");
}

}  // namespace
}  // namespace sluice::registry
