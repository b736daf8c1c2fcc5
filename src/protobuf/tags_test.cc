#include "protobuf/tags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::protobuf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Schema schema(std::string_view body) {
  return Schema::parse("syntax = \"proto3\"; package shop; import \"confluent/meta.proto\"; " + std::string(body))
      .value();
}

std::vector<std::string> told(const Schema& schema) {
  std::vector<std::string> lines;
  for (const auto& [path, is_field, tags] : tags_of(schema)) {
    auto line = (is_field ? "field " : "message ") + path + ":";
    for (const auto& tag : tags) line += " " + tag;
    lines.push_back(line);
  }
  return lines;
}

TEST(ProtobufTags, AreFoundInEverySpelling) {
  const auto found = schema(
      "message A { option (confluent.message_meta).tags = \"M\"; string a = 1 [(confluent.field_meta).tags = \"X\", "
      "(.confluent.field_meta).tags = \"Y\"]; oneof o { string b = 2 [(confluent.field_meta) = { doc: \"d\" tags: "
      "[\"Z\"] }]; } "
      "message B { string c = 3 [(confluent.field_meta) = { tags: \"W\" }]; } string d = 4 [(confluent.field_meta).doc "
      "= \"x\"]; }");
  EXPECT_THAT(told(found), ElementsAre("message A: M", "field A.a: X Y", "field A.b: Z", "field A.B.c: W"));
}

TEST(ProtobufTags, AreAddedInTheFormThatTheOptionHas) {
  const auto before = schema(
      "message A { string a = 1; string b = 2 [(confluent.field_meta).doc = \"x\"]; string c = 3 "
      "[(confluent.field_meta) = { doc: "
      "\"y\" }]; oneof o { string d = 4; } message B {} }");
  const std::vector<Tagged> add{{".A.a", true, {"X", "Y"}},
                                {"A.b", true, {"X", "X"}},
                                {"shop.A.c", true, {"X"}},
                                {"A.o.d", true, {"X"}},
                                {"A.B", false, {"M"}}};
  const auto text = with_tags(before, add, {});
  ASSERT_TRUE(text.ok()) << text.error();
  const auto after = Schema::parse(*text);
  ASSERT_TRUE(after.ok()) << after.error() << *text;
  EXPECT_THAT(told(*after),
              ElementsAre("field A.a: X Y", "field A.b: X", "field A.c: X", "field A.d: X", "message A.B: M"));
  EXPECT_THAT(*text, HasSubstr("doc: \"y\""));

  const auto without = with_tags(*after, {}, add);
  ASSERT_TRUE(without.ok()) << without.error();
  EXPECT_EQ(*without, before.text());
}

TEST(ProtobufTags, BringTheImportThatDeclaresThem) {
  const auto before = Schema::parse("syntax = \"proto3\"; message A { string a = 1; }").value();
  const auto text = with_tags(before, std::vector<Tagged>{{"A.a", true, {"PII"}}}, {});
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text,
            "syntax = \"proto3\";\n\nimport \"confluent/meta.proto\";\n\nmessage A {\n  string a = 1 "
            "[(confluent.field_meta) = {\n"
            "    tags: [\n      \"PII\"\n    ]\n  }];\n}\n");
}

TEST(ProtobufTags, NoSuchPathIsRefused) {
  const auto before = schema("message A { string a = 1; }");
  for (const auto& [path, is_field] : std::vector<std::pair<std::string, bool>>{
           {"A.b", true}, {"B", false}, {"A", true}, {"A.a", false}, {"", true}}) {
    EXPECT_FALSE(with_tags(before, std::vector<Tagged>{{path, is_field, {"X"}}}, {}).ok()) << path;
  }
  EXPECT_THAT(told(before), IsEmpty());
}

}  // namespace
}  // namespace sluice::protobuf
