#include "registry/protobuf_language.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::shared_ptr<const ParsedSchema> parsed(std::string_view text, std::vector<ReferencedSchema> references = {}) {
  auto schema = protobuf_language()->parse(text, references, true);
  EXPECT_TRUE(schema.ok()) << schema.error();
  return schema.ok() ? *schema : nullptr;
}

TEST(ProtobufLanguage, SchemasAreKnownToThePortByNameAndText) {
  EXPECT_EQ(protobuf_language()->name(), "PROTOBUF");
  const auto schema = parsed("syntax = \"proto3\"; message A { B b = 1; message B {} }");
  ASSERT_NE(schema, nullptr);
  EXPECT_EQ(schema->text(), "syntax = \"proto3\";\n\nmessage A {\n  B b = 1;\n\n  message B {}\n}\n");
  EXPECT_THAT(schema->normalized(), HasSubstr("  .A.B b = 1;\n"));
}

TEST(ProtobufLanguage, SerializedIsTakenBackAsASchema) {
  const auto schema = parsed("syntax = \"proto3\"; package p; message A { map<string, int32> m = 1; }");
  const auto serialized = schema->formatted("serialized");
  ASSERT_TRUE(serialized.ok());
  const auto again = parsed(*serialized);
  EXPECT_EQ(again->normalized(), schema->normalized());
  EXPECT_TRUE(schema->formatted("ignore_extensions").ok());
  EXPECT_EQ(schema->formatted("resolved").error().code, ErrorCode::rejected);
}

TEST(ProtobufLanguage, TheFirstMessagesFieldsAreTheSchemas) {
  const auto schema = parsed("message A { oneof o { int32 a = 1; } } message B { optional int32 b = 1; }");
  EXPECT_TRUE(schema->has_field("a"));
  EXPECT_FALSE(schema->has_field("b"));
  EXPECT_FALSE(parsed("enum E { A = 0; }")->has_field("A"));
}

TEST(ProtobufLanguage, TagsAreThoseOfConfluentsOptions) {
  const auto schema = parsed("syntax = \"proto3\"; message A { string a = 1; }");
  const std::vector<EntityTags> add{{"A.a", "sr_field", {"PII"}}, {"A", "sr_record", {"SHOP"}}};
  const auto text = schema->with_tags(add, {});
  ASSERT_TRUE(text.ok()) << text.error();
  const auto tags = parsed(*text)->tags();
  ASSERT_EQ(tags.size(), 2U);
  EXPECT_EQ(tags[0].path + " " + tags[0].kind + " " + tags[0].tags.at(0), "A sr_record SHOP");
  EXPECT_EQ(tags[1].path + " " + tags[1].kind + " " + tags[1].tags.at(0), "A.a sr_field PII");
}

TEST(ProtobufLanguage, ReferencesAreFoundByImportPath) {
  const auto schema = parsed("syntax = \"proto3\"; import \"b.proto\"; message A { B b = 1; }",
                             {{"c.proto", "syntax = \"proto3\"; message C {}"},
                              {"b.proto", "syntax = \"proto3\"; import \"c.proto\"; message B { C c = 1; }"}});
  ASSERT_NE(schema, nullptr);
  const auto refused =
      protobuf_language()->parse("syntax = \"proto3\";\nimport \"b.proto\";\nmessage A { B b = 1; }", {}, true);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("line 2, column 1"));
}

TEST(ProtobufLanguage, ReasonsHaveConfluentsForm) {
  const auto old = parsed("syntax = \"proto3\"; message A { int32 a = 1; }");
  const auto now = parsed("syntax = \"proto3\"; message A { string a = 1; }");
  const auto language = protobuf_language();
  EXPECT_THAT(language->reasons(*old, *old, {}), IsEmpty());
  EXPECT_THAT(
      language->reasons(*now, *old, {}),
      ElementsAre(
          "{errorType:\"FIELD_SCALAR_KIND_CHANGED\", description:\"The scalar field at path '#/A/1' has type string in "
          "the new schema and had type int32 in the old schema\"}"));
}

}  // namespace
}  // namespace sluice::registry
