// Contexts, the scopes of settings, aliases, and what HTTP asks for.
#include "registry/registry_testing.h"

namespace sluice::registry {
namespace {

namespace json = boost::json;

using Contexts = RegistryFixture;
using Http = RegistryFixture;

const std::string kInt = "\"int\"";
const std::string kLong = "\"long\"";

TEST_F(Contexts, IdsAreOfAContext) {
  expect_registered("/subjects/s/versions", body_of(kInt), 1);
  expect_registered("/subjects/:.a:s/versions", body_of(kLong), 1);
  expect_registered("/contexts/.a/subjects/t/versions", body_of(kInt), 2);
  expect("GET", "/contexts", "", 200, R"([".",".a"])");
  expect("GET", "/subjects", "", 200, R"([":.a:s",":.a:t","s"])");
  expect("GET", "/contexts/.a/subjects", "", 200, R"([":.a:s",":.a:t"])");
  expect("GET", "/contexts/:.a:/subjects?subjectPrefix=t", "", 200, R"([":.a:t"])");
  expect("GET", "/subjects?subjectPrefix=:*:s", "", 200, R"([":.a:s","s"])");
  expect("GET", "/subjects?subjectPrefix=", "", 200, R"([":.a:s",":.a:t","s"])");
  expect("GET", "/schemas/ids/1/schema", "", 200, kInt);
  expect("GET", "/schemas/ids/1/schema?subject=:.a:", "", 200, kLong);
  expect("GET", "/contexts/.a/schemas/ids/1/schema", "", 200, kLong);
  EXPECT_EQ(ask("GET", "/contexts/.a/schemas/ids/1?fetchMaxId=true").at("maxId"), 2);
  reopen();
  expect("GET", "/contexts", "", 200, R"([".",".a"])");
  expect_registered("/subjects/:.a:u/versions", body_of("\"float\""), 3);
}

TEST_F(Contexts, UnqualifiedLookupsFallBackToOtherContexts) {
  ask("POST", "/subjects/:.a:s/versions", body_of(kLong));
  EXPECT_EQ(ask("GET", "/subjects/s/versions/1").at("subject"), ":.a:s");
  EXPECT_EQ(ask("POST", "/subjects/s", body_of(kLong)).at("subject"), ":.a:s");
  expect("GET", "/schemas/ids/1/schema?subject=s", "", 200, kLong);
  expect("GET", "/schemas/ids/1/versions?subject=s", "", 200, R"([{"subject":":.a:s","version":1}])");
  expect_error("GET", "/schemas/ids/1", "", 40403);  // without a subject an id is the default context's
  expect_error("GET", "/subjects/:.b:s/versions/1", "", 40401);
  EXPECT_EQ(ask("POST", "/subjects/s/versions", body_of(kInt)).at("version"), 1);  // registering does not
}

TEST_F(Contexts, ReferencesAreOfTheContextOfWhoRefers) {
  const std::string inner = R"({"type":"fixed","name":"F","size":4})";
  const std::string outer = R"({"type":"record","name":"O","fields":[{"name":"f","type":"F"}]})";
  const json::object to{{"references", json::array{json::object{{"name", "F"}, {"subject", "f"}, {"version", 1}}}}};
  ask("POST", "/subjects/:.a:f/versions", body_of(inner));
  expect_error("POST", "/subjects/o/versions", body_of(outer, to), 42201);
  ask("POST", "/subjects/:.a:o/versions", body_of(outer, to));
  EXPECT_EQ(ask("GET", "/subjects/:.a:o/versions/1").at("references").at(0).at("subject"), "f");
  EXPECT_EQ(ask("GET", "/subjects/:.a:o/versions/1?referenceFormat=qualified").at("references").at(0).at("subject"),
            ":.a:f");
  expect("GET", "/subjects/:.a:f/versions/1/referencedby", "", 200, "[2]");
}

TEST_F(Contexts, SettingsAreOfSubjectThenContextThenAllThenDefault) {
  const auto level = [&](const std::string& subject) {
    return json::value_to<std::string>(
        ask("GET", "/config/" + subject + "?defaultToGlobal=true").at("compatibilityLevel"));
  };
  EXPECT_EQ(level(":.a:s"), "BACKWARD");
  ask("PUT", "/config/:.__GLOBAL:", R"({"compatibility":"NONE"})");
  EXPECT_EQ(level(":.a:s"), "NONE");
  EXPECT_EQ(level("s"), "NONE");
  ask("PUT", "/config", R"({"compatibility":"FORWARD"})");
  EXPECT_EQ(level("s"), "FORWARD");
  EXPECT_EQ(level(":.a:s"), "NONE");  // "" is of the default context
  ask("PUT", "/contexts/.a/config", R"({"compatibility":"FULL"})");
  EXPECT_EQ(level(":.a:s"), "FULL");
  ask("PUT", "/contexts/.a/config/s", R"({"normalize":true})");
  EXPECT_EQ(level(":.a:s"), "FULL");  // what is not said here is said farther away
  EXPECT_EQ(ask("GET", "/config/:.a:s?defaultToGlobal=true").at("normalize"), true);
  ask("PUT", "/mode/:.a:", R"({"mode":"READONLY"})");
  expect_error("POST", "/subjects/:.a:s/versions", body_of(kInt), 42205);
  expect_registered("/subjects/s/versions", body_of(kInt), 1);
}

TEST_F(Contexts, OnlyAnEmptyContextIsDeleted) {
  ask("POST", "/subjects/:.a:s/versions", body_of(kInt));
  ask("PUT", "/config/:.a:", R"({"compatibility":"NONE"})");
  expect_error("DELETE", "/contexts/.a", "", 42211);
  ask("DELETE", "/subjects/:.a:s");
  expect_error("DELETE", "/contexts/.a", "", 42211);
  ask("DELETE", "/subjects/:.a:s?permanent=true");
  expect("DELETE", "/contexts/.a", "", 200, R"(".a")");
  reopen();
  expect("GET", "/contexts", "", 200, R"(["."])");
  expect_error("GET", "/config/:.a:", "", 40408);
  expect_registered("/subjects/:.a:s/versions", body_of(kLong), 2);  // no id is given twice, there either
}

TEST_F(Contexts, AnAliasStandsForItsSubject) {
  ask("POST", "/subjects/old/versions", body_of(kInt));
  ask("PUT", "/config/new", R"({"alias":"old"})");
  EXPECT_EQ(ask("GET", "/subjects/new/versions/latest").at("subject"), "old");
  const auto all = ask("GET", "/schemas?aliases=true");
  EXPECT_EQ(all.at(0).at("aliases"), (json::array{"new"}));
  expect("GET", "/config/new", "", 200, R"({"alias":"old"})");
}

// --- HTTP

TEST_F(Http, SubjectsKeepTheirSlashesAndColons) {
  ask("POST", "/subjects/a%2Fb%20c%3Ad/versions", body_of(kInt));
  expect("GET", "/subjects", "", 200, R"(["a/b c:d"])");
  expect("GET", "/subjects/a%2Fb%20c%3Ad/versions", "", 200, "[1]");
  expect_error("GET", "/subjects/a/b/versions", "", 404);
}

TEST_F(Http, SubjectsThatNobodyCanMeanAreRefused) {
  for (const auto* name : {"__GLOBAL", "__EMPTY", ":.a:", "a%00b", "a%0Ab", ":.__GLOBAL:s"}) {
    expect_error("POST", std::string("/subjects/") + name + "/versions", body_of(kInt), 42208);
  }
  expect_error("PUT", "/config/a%00b", R"({"compatibility":"NONE"})", 42208);
}

TEST_F(Http, AnswersAreOfTheTypeThatIsLikedBest) {
  const auto type_of = [&](const std::string& accept) {
    return call("GET", "/subjects", "", {{"Accept", accept}}).content_type;
  };
  EXPECT_EQ(type_of("*/*"), "application/vnd.schemaregistry.v1+json");
  EXPECT_EQ(type_of("application/json"), "application/json");
  EXPECT_EQ(type_of("application/json;q=0.5, application/vnd.schemaregistry+json;q=0.9"),
            "application/vnd.schemaregistry+json");
  EXPECT_EQ(type_of("application/vnd.schemaregistry.v1+json, application/vnd.schemaregistry+json, application/json"),
            "application/vnd.schemaregistry.v1+json");
  EXPECT_EQ(type_of("text/html, application/*;q=0.1"), "application/vnd.schemaregistry.v1+json");
  const auto refused = call("GET", "/subjects", "", {{"Accept", "text/html"}});
  EXPECT_EQ(refused.status, 406);
  EXPECT_EQ(json::parse(refused.body).at("error_code"), 406);
  EXPECT_EQ(refused.content_type, "application/vnd.schemaregistry.v1+json");
}

TEST_F(Http, BodiesAreOfTheTypesThatAreJson) {
  for (const auto* type : {"application/json", "application/json; charset=utf-8", "application/vnd.schemaregistry+json",
                           "application/octet-stream"}) {
    EXPECT_EQ(call("POST", "/subjects/s/versions", body_of(kInt), {{"Content-Type", type}}).status, 200) << type;
  }
  const auto refused = call("POST", "/subjects/s/versions", body_of(kInt), {{"Content-Type", "text/plain"}});
  EXPECT_EQ(refused.status, 415);
  EXPECT_EQ(json::parse(refused.body).at("error_code"), 415);
}

TEST_F(Http, AWrongMethodIsToldTheRightOnes) {
  const auto refused = call("PATCH", "/subjects/s");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(json::parse(refused.body).at("error_code"), 405);
  EXPECT_EQ(refused.headers.at(0), (std::pair<std::string, std::string>{"Allow", "POST, DELETE"}));
}

TEST_F(Http, ListsComeInPages) {
  for (const auto* subject : {"a", "b", "c"})
    ask("POST", std::string("/subjects/") + subject + "/versions", body_of(kInt));
  expect("GET", "/subjects?offset=1&limit=1", "", 200, R"(["b"])");
  expect("GET", "/subjects?offset=2&limit=-1", "", 200, R"(["c"])");
  expect("GET", "/subjects?offset=9", "", 200, "[]");
  EXPECT_EQ(ask("GET", "/schemas?offset=1").as_array().size(), 2U);
  expect("GET", "/schemas/ids/1/subjects?limit=2", "", 200, R"(["a","b"])");
  expect("GET", "/schemas/ids/1/versions?offset=2", "", 200, R"([{"subject":"c","version":1}])");
}

TEST_F(Http, MembersOfAnotherShapeAreRefused) {
  expect_error("POST", "/subjects/s/versions", R"({"schema":1})", 422);
  expect_error("POST", "/subjects/s/versions", R"({"schema":"\"int\"","references":{}})", 422);
  expect_error("POST", "/subjects/s/versions", R"({"schema":"\"int\"","schemaType":"COBOL"})", 42201);
  expect_error("PUT", "/config", "nonsense", 400);
  expect_error("PUT", "/config", R"({"compatibility":7})", 42203);
  expect_error("PUT", "/config", R"({"compatibilityPolicy":"SOMETIMES"})", 42203);
  expect_error("PUT", "/mode", "{}", 42204);
}

}  // namespace
}  // namespace sluice::registry
