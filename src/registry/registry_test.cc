// The registry through its REST face: what Confluent's clients see.

#include "registry/registry_testing.h"

namespace sluice::registry {
namespace {

namespace json = boost::json;

const std::string kFirst = R"({"type":"record","name":"User","fields":[{"name":"name","type":"string"}]})";
const std::string kSecond =
    R"({"type":"record","name":"User","fields":[{"name":"name","type":"string"},{"name":"age","type":["null","int"],"default":null}]})";
const std::string kBad =
    R"({"type":"record","name":"User","fields":[{"name":"name","type":"string"},{"name":"f","type":"int"}]})";

class RegistryTest : public RegistryFixture {
 protected:
  static json::value parsed(const io::HttpResponse& response) { return json::parse(response.body); }
};

TEST_F(RegistryTest, RegistersAndFinds) {
  expect("GET", "/subjects", "", 200, "[]");
  expect_registered("/subjects/u/versions", body_of(kFirst), 1);
  expect_registered("/subjects/u/versions", body_of(kFirst), 1);
  expect_registered("/subjects/u/versions", body_of(kSecond), 2);
  expect_registered("/subjects/a%2Fb/versions", body_of(kSecond), 2);  // one content, one id
  expect("GET", "/subjects", "", 200, R"(["a/b","u"])");
  expect("GET", "/subjects?subjectPrefix=u", "", 200, R"(["u"])");
  expect("GET", "/subjects/u/versions", "", 200, "[1,2]");
  expect("GET", "/subjects/u/versions/1/schema", "", 200, kFirst);
  const auto latest = parsed(call("GET", "/subjects/u/versions/latest")).as_object();
  EXPECT_EQ(latest.at("version"), 2);
  EXPECT_EQ(latest.at("id"), 2);
  EXPECT_EQ(latest.at("subject"), "u");
  EXPECT_EQ(json::value_to<std::string>(latest.at("schema")), kSecond);
  EXPECT_EQ(parsed(call("GET", "/subjects/u/versions/-1")).as_object().at("version"), 2);
  EXPECT_EQ(json::value_to<std::string>(parsed(call("GET", "/schemas/ids/1")).at("schema")), kFirst);
  EXPECT_EQ(parsed(call("GET", "/schemas/ids/1?fetchMaxId=true")).as_object().at("maxId"), 2);
  expect("GET", "/schemas/ids/2/subjects", "", 200, R"(["a/b","u"])");
  expect("GET", "/schemas/ids/2/versions", "", 200, R"([{"subject":"a/b","version":1},{"subject":"u","version":2}])");
  EXPECT_EQ(parsed(call("POST", "/subjects/u", body_of(kFirst))).as_object().at("version"), 1);
  EXPECT_EQ(parsed(call("GET", "/schemas?latestOnly=true")).as_array().size(), 2U);
}

TEST_F(RegistryTest, TextIsJavas) {
  expect_registered("/subjects/s/versions", body_of(R"( { "type" : "string" } )"), 1);
  expect("GET", "/schemas/ids/1/schema", "", 200, R"("string")");
}

TEST_F(RegistryTest, ErrorsHaveConfluentsCodes) {
  call("POST", "/subjects/u/versions", body_of(kFirst));
  expect_error("GET", "/subjects/nobody/versions", "", 40401);
  expect_error("GET", "/subjects/nobody/versions/1", "", 40401);
  expect_error("POST", "/subjects/nobody", body_of(kFirst), 40401);
  expect_error("DELETE", "/subjects/nobody", "", 40401);
  expect_error("GET", "/subjects/u/versions/3", "", 40402);
  expect_error("POST", "/compatibility/subjects/u/versions/9", body_of(kFirst), 40402);
  expect_error("GET", "/schemas/ids/7", "", 40403);
  expect_error("POST", "/subjects/u", body_of(kSecond), 40403);
  expect_error("GET", "/config/u", "", 40408);
  expect_error("POST", "/subjects/u/versions", body_of(R"({"type":"nonsense"})"), 42201);
  expect_error("POST", "/subjects/new/versions", "{}", 42201);
  expect_error("POST", "/subjects/u/versions", R"({"schema":"{}","schemaType":"COBOL"})", 42201);
  expect_error("GET", "/subjects/u/versions/zero", "", 42202);
  expect_error("GET", "/subjects/u/versions/0", "", 42202);
  expect_error("PUT", "/config", R"({"compatibility":"SOMETIMES"})", 42203);
  expect_error("PUT", "/mode", R"({"mode":"SOMETIMES"})", 42204);
  expect_error("GET", "/associations/resources/ns/name", "", 404);  // newer clients probe it
  expect_error("GET", "/nothing", "", 404);
  expect_error("PATCH", "/subjects", "", 405);
  EXPECT_EQ(parsed(call("GET", "/subjects/nobody/versions")).at("message"), "Subject 'nobody' not found.");
  EXPECT_EQ(parsed(call("GET", "/subjects/u/versions/3")).at("message"), "Version 3 not found.");
  EXPECT_EQ(parsed(call("GET", "/schemas/ids/7")).at("message"), "Schema 7 not found");
}

TEST_F(RegistryTest, UnknownMembersOfNewerClientsAreIgnored) {
  const auto body = json::serialize(json::object{{"schema", kFirst},
                                                 {"schemaType", "AVRO"},
                                                 {"references", json::array{}},
                                                 {"metadata", nullptr},
                                                 {"ruleSet", nullptr},
                                                 {"later", 1}});
  expect_registered("/subjects/u/versions?normalize=false", body, 1);
}

TEST_F(RegistryTest, AnIncompatibleSchemaIsRefusedInConfluentsWords) {
  call("POST", "/subjects/u/versions", body_of(kFirst));
  expect_error("POST", "/subjects/u/versions", body_of(kBad), 409);
  EXPECT_EQ(
      json::value_to<std::string>(parsed(call("POST", "/subjects/u/versions", body_of(kBad))).at("message")),
      "Schema being registered is incompatible with an earlier schema for subject \"u\", details: "
      "[{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE', description:'The field 'f' at path '/fields/1' in the new "
      "schema has no "
      "default value and is missing in the old schema', additionalInfo:'f'}, {oldSchemaVersion: 1}, {oldSchema: '" +
          kFirst + "'}, {validateFields: 'false', compatibility: 'BACKWARD'}]");
  expect("GET", "/subjects/u/versions", "", 200, "[1]");
  expect("POST", "/compatibility/subjects/u/versions/latest", body_of(kBad), 200, R"({"is_compatible":false})");
  expect("POST", "/compatibility/subjects/u/versions", body_of(kSecond), 200, R"({"is_compatible":true})");
  expect("POST", "/compatibility/subjects/u/versions?verbose=true", body_of(kSecond), 200,
         R"({"is_compatible":true,"messages":[]})");
  EXPECT_EQ(parsed(call("POST", "/compatibility/subjects/u/versions/1?verbose=true", body_of(kBad)))
                .at("messages")
                .as_array()
                .size(),
            4U);
  expect("POST", "/compatibility/subjects/nobody/versions/latest", body_of(kBad), 200, R"({"is_compatible":true})");
}

TEST_F(RegistryTest, LevelsAreOfTheSubjectElseGlobal) {
  expect("GET", "/config", "", 200, R"({"compatibilityLevel":"BACKWARD"})");
  expect("PUT", "/config", R"({"compatibility":"full"})", 200, R"({"compatibility":"FULL"})");
  expect("GET", "/config/u?defaultToGlobal=true", "", 200, R"({"compatibilityLevel":"FULL"})");
  expect("PUT", "/config/u", R"({"compatibility":"NONE"})", 200, R"({"compatibility":"NONE"})");
  call("POST", "/subjects/u/versions", body_of(kFirst));
  expect_registered("/subjects/u/versions", body_of(kBad), 2);
  expect("DELETE", "/config/u", "", 200, R"({"compatibilityLevel":"NONE"})");
  expect("GET", "/config/u?defaultToGlobal=true", "", 200, R"({"compatibilityLevel":"FULL"})");
  call("DELETE", "/config");
  expect("GET", "/config", "", 200, R"({"compatibilityLevel":"BACKWARD"})");
}

TEST_F(RegistryTest, TransitiveLevelsLookAtEveryLiveVersion) {
  // 1: without f; 2: f with default; 3: f without default reads 2, not 1.
  const std::string with_default =
      R"({"type":"record","name":"User","fields":[{"name":"name","type":"string"},{"name":"f","type":"int","default":0}]})";
  call("POST", "/subjects/u/versions", body_of(kFirst));
  call("POST", "/subjects/u/versions", body_of(with_default));
  expect("POST", "/compatibility/subjects/u/versions", body_of(kBad), 200, R"({"is_compatible":true})");
  call("PUT", "/config/u", R"({"compatibility":"BACKWARD_TRANSITIVE"})");
  expect("POST", "/compatibility/subjects/u/versions", body_of(kBad), 200, R"({"is_compatible":false})");
  call("DELETE", "/subjects/u/versions/1");
  expect("POST", "/compatibility/subjects/u/versions", body_of(kBad), 200, R"({"is_compatible":true})");
}

TEST_F(RegistryTest, DeletesSoftlyThenForGood) {
  call("POST", "/subjects/u/versions", body_of(kFirst));
  call("POST", "/subjects/u/versions", body_of(kSecond));
  expect_error("DELETE", "/subjects/u/versions/1?permanent=true", "", 40407);
  expect("DELETE", "/subjects/u/versions/1", "", 200, "1");
  expect_error("DELETE", "/subjects/u/versions/1", "", 40406);
  expect("GET", "/subjects/u/versions", "", 200, "[2]");
  expect("GET", "/subjects/u/versions?deleted=true", "", 200, "[1,2]");
  EXPECT_EQ(call("GET", "/schemas/ids/1").status, 200);  // an id outlives a soft deletion
  expect_error("DELETE", "/subjects/u?permanent=true", "", 40405);
  expect("DELETE", "/subjects/u", "", 200, "[2]");
  expect_error("DELETE", "/subjects/u", "", 40404);
  expect_error("POST", "/subjects/u", body_of(kFirst), 40401);
  EXPECT_EQ(parsed(call("POST", "/subjects/u?deleted=true", body_of(kFirst))).at("version"), 1);
  expect("GET", "/subjects", "", 200, "[]");
  expect("GET", "/subjects?deleted=true", "", 200, R"(["u"])");
  call("PUT", "/config/u", R"({"compatibility":"NONE"})");
  expect("DELETE", "/subjects/u?permanent=true", "", 200, "[1,2]");
  expect_error("GET", "/schemas/ids/1", "", 40403);
  expect_error("GET", "/config/u", "", 40408);
  expect_error("DELETE", "/subjects/u?permanent=true", "", 40401);
  reopen();
  expect_registered("/subjects/v/versions", body_of(kFirst), 3);  // ids are never given twice
}

TEST_F(RegistryTest, RegisteringADeletedSchemaAgainIsANewVersionWithItsId) {
  call("POST", "/subjects/u/versions", body_of(kFirst));
  call("DELETE", "/subjects/u");
  expect_registered("/subjects/u/versions", body_of(kFirst), 1);
  expect("GET", "/subjects/u/versions?deleted=true", "", 200, "[2]");
}

TEST_F(RegistryTest, EverythingSurvivesARestart) {
  call("POST", "/subjects/u/versions", body_of(kFirst));
  call("POST", "/subjects/u/versions", body_of(kSecond));
  call("POST", "/subjects/v/versions", body_of(kFirst));
  call("DELETE", "/subjects/u/versions/1");
  call("PUT", "/config", R"({"compatibility":"FULL"})");
  call("PUT", "/config/u", R"({"compatibility":"NONE"})");
  const std::vector<std::string> asked{"/subjects",
                                       "/subjects/u/versions",
                                       "/subjects/u/versions?deleted=true",
                                       "/schemas/ids/1",
                                       "/schemas/ids/2",
                                       "/config",
                                       "/config/u",
                                       "/schemas"};
  std::vector<std::string> before;
  for (const auto& target : asked) before.push_back(call("GET", target).body);
  reopen();
  for (std::size_t i = 0; i < asked.size(); ++i) EXPECT_EQ(call("GET", asked[i]).body, before[i]) << asked[i];
}

TEST_F(RegistryTest, RecordsAreConfluents) {
  call("POST", "/subjects/u/versions", body_of(kFirst));
  call("PUT", "/config/u", R"({"compatibility":"NONE"})");
  call("PUT", "/config", R"({"compatibility":"FULL"})");
  const auto records = log.records(kSchemasTopic);
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].key, R"({"keytype":"SCHEMA","subject":"u","version":1,"magic":1})");
  const auto value = json::parse(*records[0].value).as_object();
  EXPECT_EQ(value.at("id"), 1);
  EXPECT_EQ(value.at("deleted"), false);
  EXPECT_EQ(json::value_to<std::string>(value.at("schema")), kFirst);
  EXPECT_EQ(records[1].key, R"({"keytype":"CONFIG","subject":"u","magic":0})");
  EXPECT_EQ(records[2].key, R"({"keytype":"CONFIG","subject":null,"magic":0})");
  EXPECT_EQ(json::parse(*records[2].value).at("compatibilityLevel"), "FULL");
}

TEST_F(RegistryTest, ReadsWhatConfluentsRegistryWrote) {
  log.put(kSchemasTopic, R"({"keytype":"NOOP","magic":0})", std::nullopt);
  log.put(kSchemasTopic, R"({"magic":1,"keytype":"SCHEMA","subject":"c","version":1})",
          R"({"subject":"c","version":1,"id":41,"schema":"\"string\"","deleted":false})");
  log.put(kSchemasTopic, R"({"keytype":"SCHEMA","subject":"d","version":1,"magic":1})",
          R"({"subject":"d","version":1,"id":42,"md5":"AAAA","schema":"\"int\"","deleted":false})");
  log.put(kSchemasTopic, R"({"keytype":"DELETE_SUBJECT","subject":"d","magic":0})", R"({"subject":"d","version":1})");
  log.put(kSchemasTopic, "no json", "at all");
  log.put(kSchemasTopic, R"({"keytype":"CONFIG","magic":0})", R"({"compatibilityLevel":"FULL"})");
  reopen();
  expect("GET", "/subjects", "", 200, R"(["c"])");
  expect("GET", "/subjects?deleted=true", "", 200, R"(["c","d"])");
  expect("GET", "/schemas/ids/42/schema", "", 200, R"("int")");
  expect("GET", "/config", "", 200, R"({"compatibilityLevel":"FULL"})");
  expect("POST", "/subjects/c/versions", body_of(kFirst), 409,
         call("POST", "/subjects/c/versions", body_of(kFirst)).body);
  expect_registered("/subjects/e/versions", body_of(kFirst), 43);
}

TEST_F(RegistryTest, ACommitWhoseAnswerIsLostIsSettledByTheTopic) {
  log.fail_next_commit(pipeline::CommitFault::lost_answer);
  expect_error("POST", "/subjects/u/versions", body_of(kFirst), 50001);
  expect("GET", "/subjects/u/versions", "", 200, "[1]");
  expect_registered("/subjects/u/versions", body_of(kFirst), 1);
  log.fail_next_commit(pipeline::CommitFault::lost);
  expect_error("POST", "/subjects/u/versions", body_of(kSecond), 50001);
  expect("GET", "/subjects/u/versions", "", 200, "[1]");
  expect_registered("/subjects/u/versions", body_of(kSecond), 2);
}

TEST_F(RegistryTest, ARefusedAppendLeavesNothingBehind) {
  log.fail_appends(Error{ErrorCode::out_of_space, "full"});
  expect_error("POST", "/subjects/u/versions", body_of(kFirst), 50001);
  expect("GET", "/subjects", "", 200, "[]");
  log.fail_appends(std::nullopt);
  expect_registered("/subjects/u/versions", body_of(kFirst), 1);
}

TEST_F(RegistryTest, AFencedRegistryChangesNothingMore) {
  call("POST", "/subjects/u/versions", body_of(kFirst));
  auto newer = std::move(registry);
  reopen();
  std::swap(newer, registry);
  expect_error("POST", "/subjects/u/versions", body_of(kSecond), 50001);
  expect_error("POST", "/subjects/u/versions", body_of(kSecond), 50001);
  ASSERT_TRUE(newer->add("u", kSecond).ok());
}

TEST_F(RegistryTest, LogicalTypesAreComparedWhereASubjectAsksForIt) {
  const auto decimal = [](int precision, int scale) {
    return R"({"type":"bytes","logicalType":"decimal","precision":)" + std::to_string(precision) + R"(,"scale":)" +
           std::to_string(scale) + "}";
  };
  ASSERT_TRUE(registry->set_compatibility("t-value", "BACKWARD_TRANSITIVE", true).ok());
  ASSERT_TRUE(registry->add("t-value", decimal(10, 2)).ok());
  EXPECT_TRUE(registry->add("t-value", decimal(12, 2)).ok());
  reopen();
  const auto refused = registry->add("t-value", decimal(12, 4));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::rejected);
  EXPECT_TRUE(registry->add("other-value", decimal(10, 2)).ok());
  EXPECT_TRUE(registry->add("other-value", decimal(12, 4)).ok());  // as everybody's registry has it
}

TEST_F(RegistryTest, DeletedOnlyIsWhatIsNotLive) {
  call("POST", "/subjects/a/versions", body_of(kFirst));
  call("POST", "/subjects/a/versions", body_of(kSecond));
  call("POST", "/subjects/b/versions", body_of(kFirst));
  call("DELETE", "/subjects/a/versions/1");
  expect("GET", "/subjects?deletedOnly=true", "", 200, "[]");
  expect("GET", "/subjects/a/versions?deletedOnly=true", "", 200, "[1]");
  call("DELETE", "/subjects/a");
  expect("GET", "/subjects?deletedOnly=True", "", 200, R"(["a"])");
  expect("GET", "/subjects/a/versions?deletedOnly=true", "", 200, "[1,2]");
  expect("GET", "/schemas/ids/1/subjects?subject=b", "", 200, R"(["b"])");
}

TEST_F(RegistryTest, FlagsAreReadInAnyCaseAndIdsOfOnesOwnAreRefused) {
  call("POST", "/subjects/u/versions", body_of(kFirst));
  const auto verdict =
      parsed(call("POST", "/compatibility/subjects/u/versions/latest?verbose=True&normalize=False", body_of(kBad)));
  EXPECT_FALSE(verdict.at("messages").as_array().empty());
  expect_error("POST", "/subjects/u/versions", R"({"schema":"\"string\"","id":77})", 42205);
  expect_error("POST", "/subjects/u/versions", "{", 400);
  expect_error("POST", "/subjects/u/versions", "[]", 422);
}

TEST_F(RegistryTest, TheConfiguredLevelHoldsUntilRestSetsAnother) {
  reopen({.languages = {}, .default_level = "FORWARD"});
  expect("GET", "/config", "", 200, R"({"compatibilityLevel":"FORWARD"})");
  call("POST", "/subjects/u/versions", body_of(kFirst));
  expect_registered("/subjects/u/versions", body_of(kBad), 2);  // BACKWARD would refuse it
  expect("PUT", "/config", R"({"compatibility":"NONE"})", 200, R"({"compatibility":"NONE"})");
  reopen({.languages = {}, .default_level = "FORWARD"});
  expect("GET", "/config", "", 200, R"({"compatibilityLevel":"NONE"})");
}

TEST_F(RegistryTest, TellsWhetherAnIdIsASubjects) {
  const auto added = ask("POST", "/subjects/u/versions", body_of(kFirst));
  EXPECT_TRUE(registry->has("u", SchemaId{1}).value());
  EXPECT_FALSE(registry->has("v", SchemaId{1}).value());
  const auto guid = parse_guid(json::value_to<std::string>(added.at("guid"))).value();
  EXPECT_EQ(registry->by_guid({reinterpret_cast<const char*>(guid.data()), guid.size()}).value(), SchemaId{1});
  EXPECT_EQ(registry->by_guid("short").error().code, ErrorCode::not_found);
  const auto changes = registry->changes();
  ask("DELETE", "/subjects/u");
  EXPECT_FALSE(registry->has("u", SchemaId{1}).value());
  EXPECT_GT(registry->changes(), changes);
}

TEST_F(RegistryTest, AnswersWhatClientsProbe) {
  expect("GET", "/", "", 200, "{}");
  expect("GET", "/mode", "", 200, R"({"mode":"READWRITE"})");
  expect("PUT", "/mode/u", R"({"mode":"READWRITE"})", 200, R"({"mode":"READWRITE"})");
  expect("GET", "/contexts", "", 200, R"(["."])");
  expect("GET", "/schemas/types", "", 200, R"(["JSON","PROTOBUF","AVRO"])");
  EXPECT_EQ(call("GET", "/v1/metadata/id").status, 200);
  EXPECT_EQ(call("GET", "/v1/metadata/version").status, 200);
  call("POST", "/subjects/u/versions", body_of(kFirst));
  expect("GET", "/contexts/./subjects", "", 200, R"(["u"])");
}

}  // namespace
}  // namespace sluice::registry
