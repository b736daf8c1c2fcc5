#include "registry/json_language.h"

#include <gtest/gtest.h>

namespace sluice::registry {
namespace {

TEST(JsonLanguage, TellsWhyInTheFormOfConfluent) {
  const auto language = json_language();
  EXPECT_EQ(language->name(), "JSON");
  const std::vector<ReferencedSchema> references = {{"id", R"({"type":"integer"})"}};
  const auto writer = language->parse(R"({ "type": "object", "properties": {"id": {"$ref": "id"}}, "additionalProperties": true })", references, true);
  const auto reader = language->parse(R"({"type":"object","properties":{"id":{"$ref":"id"},"name":{"type":"string"}}})", references, true);
  ASSERT_TRUE(writer.ok() && reader.ok());
  EXPECT_EQ((*writer)->text(), R"({"type":"object","properties":{"id":{"$ref":"id"}},"additionalProperties":true})");
  EXPECT_EQ((*writer)->normalized(), R"({"additionalProperties":true,"properties":{"id":{"$ref":"id"}},"type":"object"})");
  const auto reasons = language->reasons(**reader, **writer, {});
  ASSERT_EQ(reasons.size(), 1U);
  EXPECT_TRUE(reasons[0].starts_with(R"({errorType:"PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", description:")")) << reasons[0];
  EXPECT_NE(reasons[0].find("'#/properties/name'"), std::string::npos) << reasons[0];
  EXPECT_TRUE(language->reasons(**reader, **writer, {.lenient = true}).empty());
  EXPECT_TRUE(language->reasons(**writer, **reader, {}).empty());
}

TEST(JsonLanguage, KnowsTheFieldsAtTheTop) {
  const auto schema = json_language()->parse(
      R"({"$ref":"#/definitions/o","definitions":{"o":{"properties":{"a":{"properties":{"b":{}}}}}}})", {}, true);
  ASSERT_TRUE(schema.ok());
  EXPECT_TRUE((*schema)->has_field("a"));
  EXPECT_FALSE((*schema)->has_field("b"));
}

TEST(JsonLanguage, RefusesWithThePlace) {
  const auto language = json_language();
  EXPECT_NE(language->parse(R"({"properties":{"a":{"type":"strin"}}})", {}, true).error().message.find("#/properties/a/type"), std::string::npos);
  EXPECT_FALSE((*language->parse("{}", {}, true))->formatted("resolved").ok());
}

}  // namespace
}  // namespace sluice::registry
