// All languages side by side in one registry.
#include "registry/registry_testing.h"

namespace sluice::registry {
namespace {

namespace json = boost::json;

using LanguagesTogether = RegistryFixture;

json::object of(const std::string& type, json::array references = {}) {
  json::object more{{"schemaType", type}};
  if (!references.empty()) more["references"] = std::move(references);
  return more;
}

TEST_F(LanguagesTogether, AnotherLanguageIsIncompatible) {
  ask("POST", "/subjects/s/versions", body_of("\"string\""));
  expect_error("POST", "/subjects/s/versions", body_of(R"({"type":"string"})", of("JSON")), 409);
  EXPECT_NE(message_of("POST", "/subjects/s/versions", body_of(R"({"type":"string"})", of("JSON")))
                .find("Incompatible because of different schema type"),
            std::string::npos);
}

// An MD5 says nothing of the language; an id does.
TEST_F(LanguagesTogether, OneTextOfTwoLanguagesHasTwoIds) {
  expect_registered("/subjects/a/versions", body_of("true", of("JSON")), 1);
  const std::string both = R"({"type":"record","name":"R","fields":[]})";
  expect_error("POST", "/subjects/b/versions", body_of(both, of("JSON")), 42201);  // JSON Schema has no type "record"
  expect_registered("/subjects/b/versions", body_of(R"({"type":"string"})", of("JSON")), 2);
  EXPECT_EQ(ask("GET", "/schemas/ids/2").at("schemaType"), "JSON");
  expect("GET", "/schemas/ids/2/schema", "", 200, R"({"type":"string"})");  // not Avro's "string"
}

TEST_F(LanguagesTogether, ProtobufFindsItsImportsByReference) {
  ask("POST", "/subjects/b.proto/versions", body_of("syntax = \"proto3\"; message B {}", of("PROTOBUF")));
  const json::array references{json::object{{"name", "b.proto"}, {"subject", "b.proto"}, {"version", 1}}};
  const std::string text = "syntax = \"proto3\"; import \"b.proto\"; message A { B b = 1; }";
  const auto added = ask("POST", "/subjects/a-value/versions", body_of(text, of("PROTOBUF", references)));
  EXPECT_EQ(added.at("id"), 2);
  reopen();
  EXPECT_EQ(ask("POST", "/subjects/a-value", body_of(text, of("PROTOBUF", references))).at("id"), 2);
  expect_error("POST", "/subjects/c/versions", body_of(text, of("PROTOBUF")), 42201);
  expect("GET", "/subjects/b.proto/versions/1/referencedby", "", 200, "[2]");
}

TEST_F(LanguagesTogether, JsonSchemaIsLenientWhereTheConfigurationSaysSo) {
  const auto with = [](const std::string& properties) {
    return R"({"type":"object","properties":{)" + properties + "}}";
  };
  ask("POST", "/subjects/s/versions", body_of(with(R"("a":{"type":"string"})"), of("JSON")));
  const auto more = body_of(with(R"("a":{"type":"string"},"b":{"type":"integer"})"), of("JSON"));
  expect_error("POST", "/subjects/s/versions", more, 409);
  ask("PUT", "/config/s", R"({"compatibilityPolicy":"lenient"})");
  expect_registered("/subjects/s/versions", more, 2);
}

TEST_F(LanguagesTogether, ForwardSaysOldAndNewInTheirPlaces) {
  ask("PUT", "/config/s", R"({"compatibility":"FORWARD"})");
  ask("POST", "/subjects/s/versions", body_of("syntax = \"proto3\"; message A { int32 a = 1; }", of("PROTOBUF")));
  const auto verdict = ask("POST", "/compatibility/subjects/s/versions?verbose=true",
                           body_of("syntax = \"proto3\"; message A { string a = 1; }", of("PROTOBUF")));
  EXPECT_EQ(verdict.at("messages").at(0),
            "{errorType:\"FIELD_SCALAR_KIND_CHANGED\", description:\"The scalar field at path '#/A/1' has type int32 "
            "in the old "
            "schema and had type string in the new schema\"}");
}

}  // namespace
}  // namespace sluice::registry
