#include "json_schema/schema.h"

#include <gtest/gtest.h>

#include "json_schema/compatibility.h"
#include "json_schema/json.h"
#include "json_schema/regex.h"
#include "json_schema/uri.h"

namespace sluice::json_schema {
namespace {

constexpr std::string_view kDraft4 = R"("$schema":"http://json-schema.org/draft-04/schema#")";
constexpr std::string_view k2019 = R"("$schema":"https://json-schema.org/draft/2019-09/schema")";
constexpr std::string_view k2020 = R"("$schema":"https://json-schema.org/draft/2020-12/schema")";

std::string with(std::string_view draft, std::string_view rest) {
  return "{" + std::string(draft) + "," + std::string(rest) + "}";
}

std::string refusal(std::string_view text, std::span<const ReferencedText> references = {}) {
  const auto schema = Schema::parse(text, references);
  if (schema.ok()) return "taken";
  EXPECT_EQ(schema.error().code, ErrorCode::rejected);
  return schema.error().message;
}

std::string invalid_at(const Result<void>& valid) {
  return valid.ok() ? "valid" : valid.error().message.substr(0, valid.error().message.find(':'));
}

TEST(Parse, RefusesWhatIsNoJsonWithThePlace) {
  EXPECT_TRUE(refusal("").starts_with("no JSON: line 1, column 1"));
  EXPECT_TRUE(refusal("{\n  \"a\": tru\n}").starts_with("no JSON: line 2, column "));
  EXPECT_TRUE(refusal("{} {}").starts_with("no JSON: line 1, column 4"));
  EXPECT_TRUE(refusal("{\"title\":\"\xff\"}").starts_with("no JSON"));
  EXPECT_TRUE(refusal(std::string(401, '[')).starts_with("no JSON"));
  EXPECT_EQ(refusal("true"), "taken");
  for (const auto* text : {"1", "\"string\"", "[]", "null"}) EXPECT_NE(refusal(text), "taken") << text;
}

TEST(Parse, RefusesKeywordsOfTheWrongTypeWithThePath) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"type":"strin"})", "#/type "}, {R"({"type":[]})", "#/type "}, {R"({"type":["string",1]})", "#/type "}, {R"({"type":{}})", "#/type "},
      {R"({"properties":[]})", "#/properties "}, {R"({"properties":{"a":1}})", "#/properties/a "},
      {R"({"properties":{"a/b":{"minLength":-1}}})", "#/properties/a~1b/minLength "}, {R"({"required":"a"})", "#/required "},
      {R"({"required":[1]})", "#/required "}, {R"({"properties":{"a":{"type":"string","required":true}}})", "#/properties/a/required "},
      {R"({"enum":"a"})", "#/enum "}, {R"({"minimum":"1"})", "#/minimum "}, {R"({"exclusiveMaximum":true})", "#/exclusiveMaximum "},
      {R"({"multipleOf":0})", "#/multipleOf "}, {R"({"multipleOf":-1.5})", "#/multipleOf "}, {R"({"maxLength":1.5})", "#/maxLength "},
      {R"({"minItems":"1"})", "#/minItems "}, {R"({"uniqueItems":1})", "#/uniqueItems "}, {R"({"items":1})", "#/items "},
      {R"({"items":[{},1]})", "#/items/1 "}, {R"({"additionalItems":1})", "#/additionalItems "}, {R"({"contains":[]})", "#/contains "},
      {R"({"additionalProperties":"no"})", "#/additionalProperties "}, {R"({"patternProperties":{"a":1}})", "#/patternProperties/a "},
      {R"({"propertyNames":1})", "#/propertyNames "}, {R"({"dependencies":{"a":"b"}})", "#/dependencies/a "},
      {R"({"dependencies":{"a":[1]}})", "#/dependencies/a "}, {R"({"allOf":{}})", "#/allOf "}, {R"({"anyOf":[]})", "#/anyOf "},
      {R"({"oneOf":[1]})", "#/oneOf/0 "}, {R"({"not":[]})", "#/not "}, {R"({"if":1})", "#/if "}, {R"({"title":1})", "#/title "},
      {R"({"$ref":1})", "#/$ref "}, {R"({"definitions":{"a":{"type":"x"}}})", "#/definitions/a/type "},
      {with(kDraft4, R"("exclusiveMinimum":1)"), "#/exclusiveMinimum "}, {with(kDraft4, R"("not":true)"), "#/not "},
      {with(kDraft4, R"("properties":{"a":true})"), "#/properties/a "}, {with(k2020, R"("items":[{}])"), "#/items "},
      {with(k2020, R"("prefixItems":{})"), "#/prefixItems "}, {with(k2019, R"("dependentRequired":{"a":{}})"), "#/dependentRequired/a "},
      {with(k2019, R"("dependentSchemas":{"a":["b"]})"), "#/dependentSchemas/a "}, {with(k2019, R"("$defs":{"a":1})"), "#/$defs/a "},
  };
  for (const auto& [text, place] : cases) {
    EXPECT_TRUE(refusal(text).starts_with("not a valid JSON Schema: " + place + "must be ")) << text << "\n"
                                                                                             << refusal(text);
  }
}

TEST(Parse, LeavesAloneWhatTheDraftDoesNotKnow) {
  for (const auto& text : {with(kDraft4, R"("const":1,"if":1,"contains":1,"propertyNames":1,"additionalProperties":false)"),
                           std::string(R"({"prefixItems":1,"dependentRequired":1,"unevaluatedItems":1,"minContains":"x","$anchor":1})"),
                           with(k2020, R"("dependencies":1,"additionalItems":1)"), std::string(R"({"x-of-ours":{"type":"strin"}})")}) {
    EXPECT_EQ(refusal(text), "taken") << text;
  }
}

TEST(Parse, RefusesPatternsThatDoNotCompile) {
  EXPECT_TRUE(refusal(R"({"pattern":"a("})").starts_with("not a valid JSON Schema: #/pattern: the pattern 'a(' does not compile"));
  EXPECT_TRUE(refusal(R"({"patternProperties":{"[":{}}})").starts_with("not a valid JSON Schema: #/patternProperties/[: "));
}

TEST(Parse, ResolvesReferencesOfEveryKind) {
  const std::vector<std::string> schemas = {
      R"({"$ref":"#/definitions/n","definitions":{"n":{"type":"integer"}}})",
      R"({"$ref":"#/components/schemas/a~1b","components":{"schemas":{"a/b":{"type":"integer"}}}})",
      R"({"$ref":"#/definitions/a%20b","definitions":{"a b":{"type":"integer"}}})",
      R"({"$ref":"#/allOf/1","allOf":[true,{"type":"integer"}]})",
      R"({"$id":"http://a/b.json","allOf":[{"$ref":"c.json"}],"definitions":{"c":{"$id":"c.json","type":"integer"}}})",
      R"({"$id":"http://a/b.json","allOf":[{"$ref":"http://a/x/c.json#/definitions/n"}],"definitions":{"c":{"$id":"/x/c.json","definitions":{"n":{"type":"integer"}}}}})",
      R"({"allOf":[{"$ref":"#here"}],"definitions":{"c":{"$id":"#here","type":"integer"}}})",
      R"({"$id":"urn:uuid:1","allOf":[{"$ref":"urn:uuid:1#/definitions/n"}],"definitions":{"n":{"type":"integer"}}})",
      with(kDraft4, R"("id":"http://a/b.json","allOf":[{"$ref":"c.json#"}],"definitions":{"c":{"id":"c.json","type":"integer"}})"),
      with(k2020, R"("$ref":"#here","$defs":{"c":{"$anchor":"here","type":"integer"}})"),
      with(k2020, R"("$dynamicRef":"#here","$defs":{"c":{"$dynamicAnchor":"here","type":"integer"}})"),
      with(k2019, R"("type":"array","items":{"anyOf":[{"type":"integer"},{"$recursiveRef":"#"}]})"),
  };
  for (const auto& text : schemas) {
    const auto schema = Schema::parse(text);
    ASSERT_TRUE(schema.ok()) << text << "\n" << schema.error();
    EXPECT_NE(schema->validate("1").ok(), text.find("$recursiveRef") != std::string::npos) << text;
    EXPECT_FALSE(schema->validate("\"x\"").ok()) << text;
  }
}

TEST(Parse, RefusesReferencesThatLeadNowhere) {
  for (const auto* text : {R"({"$ref":"#/definitions/n"})", R"({"properties":{"a":{"$ref":"#here"}}})", R"({"$ref":"other.json"})",
                           R"({"$ref":"#/a/7","a":[]})", R"({"$ref":"#/a/-","a":[1]})", R"({"$ref":"#/$id","$id":"x"})"}) {
    EXPECT_NE(refusal(text), "taken") << text;
  }
  EXPECT_TRUE(refusal(R"({"properties":{"a":{"$ref":"other.json"}}})").starts_with("not a valid JSON Schema: #/properties/a: the reference 'other.json'"));
  EXPECT_FALSE(Schema::parse(R"({"$ref":"other.json"})").error().hint.empty());
}

TEST(Parse, RefusesAReferenceToItself) {
  for (const auto& text : {std::string(R"({"$ref":"#"})"), std::string(R"({"$ref":"#/definitions/a","definitions":{"a":{"$ref":"#/definitions/b"},"b":{"$ref":"#/definitions/a"}}})"),
                           with(k2020, R"("$ref":"#","type":"object")")}) {
    EXPECT_NE(refusal(text).find("refers to itself"), std::string::npos) << text;
  }
}

TEST(Parse, FindsReferencedSchemasByNameAndByTheirOwnId) {
  const std::vector<ReferencedText> others = {{"money.json", R"({"type":"object","properties":{"of":{"$ref":"currency.json#/definitions/code"}}})"},
                                              {"currency.json", R"({"definitions":{"code":{"type":"string","maxLength":3}}})"},
                                              {"named-otherwise", R"({"$id":"http://shop/id.json","type":"integer"})"}};
  for (const auto* base : {"", R"("$id":"http://shop/order.json",)", R"("$id":"urn:shop:order",)"}) {
    const auto text = "{" + std::string(base) + R"("properties":{"price":{"$ref":"money.json"},"id":{"$ref":"http://shop/id.json"},"code":{"$ref":"currency.json#/definitions/code"}}})";
    const auto schema = Schema::parse(text, others);
    ASSERT_TRUE(schema.ok()) << schema.error();
    EXPECT_EQ(invalid_at(schema->validate(R"({"price":{"of":"EUR"},"id":7,"code":"EUR"})")), "valid");
    EXPECT_EQ(invalid_at(schema->validate(R"({"price":{"of":"EURO"}})")), "#/price/of");
    EXPECT_EQ(invalid_at(schema->validate(R"({"id":"7"})")), "#/id");
    EXPECT_EQ(schema->text(), text);
  }
  EXPECT_TRUE(refusal(R"({"$ref":"a"})", std::vector<ReferencedText>{{"a", R"({"type":1})"}}).starts_with("not a valid JSON Schema: a#/type "));
  EXPECT_TRUE(refusal(R"({"$ref":"a"})", std::vector<ReferencedText>{{"a", "{"}}).starts_with("the referenced schema 'a': no JSON"));
}

TEST(Compatibility, SeesWhatAReferencedSchemaChanges) {
  const std::vector<ReferencedText> before = {{"a", R"({"type":"integer"})"}}, after = {{"a", R"({"type":"string"})"}};
  const auto writer = Schema::parse(R"({"properties":{"x":{"$ref":"a"}}})", before), reader = Schema::parse(R"({"properties":{"x":{"$ref":"a"}}})", after);
  const auto found = check_compatibility(*reader, *writer);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].path, "#/properties/x");
}

// 40 levels of two references each: 2^40 ways down.
std::string doubling(int levels, const std::string& leaf, const std::string& each) {
  std::string text = R"({"$ref":"#/definitions/l0","definitions":{)";
  for (int i = 0; i < levels; ++i) {
    const auto next = R"({"$ref":"#/definitions/l)" + std::to_string(i + 1) + "\"}";
    auto level = each;
    for (auto at = level.find('@'); at != std::string::npos; at = level.find('@')) level.replace(at, 1, next);
    text += "\"l" + std::to_string(i) + "\":" + level + ",";
  }
  return text + "\"l" + std::to_string(levels) + "\":" + leaf + "}}";
}

TEST(Compatibility, EndsForSchemasThatAreEntangled) {
  for (const auto* each : {R"({"properties":{"a":@,"b":@}})", R"({"oneOf":[{"items":@},{"properties":{"a":@}}]})", R"({"allOf":[@,{"not":@}]})"}) {
    const auto a = Schema::parse(doubling(40, R"({"type":"integer"})", each)), b = Schema::parse(doubling(40, R"({"type":"string"})", each));
    ASSERT_TRUE(a.ok() && b.ok()) << each;
    EXPECT_TRUE(check_compatibility(*a, *a).empty()) << each;
    const auto found = check_compatibility(*a, *b);
    EXPECT_FALSE(found.empty()) << each;
    EXPECT_LE(found.size(), kIncompatibilitiesMax + 1) << each;
  }
}

// That U fits rests on T, which does not: what was tried for `p` must not be remembered for `q`.
TEST(Compatibility, ForgetsWhatRestedOnAWrongAssumption) {
  const auto schema = [](const std::string& p, const std::string& bad) {
    return Schema::parse(R"({"properties":{"p":)" + p + R"(,"q":{"$ref":"#/definitions/U"}},"definitions":{"T":{"properties":{"child":{"$ref":"#/definitions/U"},"bad":{"type":")" +
                         bad + R"("}}},"U":{"properties":{"t":{"$ref":"#/definitions/T"}}}}})");
  };
  const auto writer = schema(R"({"$ref":"#/definitions/T"})", "integer"), reader = schema(R"({"anyOf":[{"$ref":"#/definitions/T"},{}]})", "string");
  const auto found = check_compatibility(*reader, *writer);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].path, "#/properties/q/properties/t/properties/bad");
}

TEST(Compatibility, SaysWhenTwoSchemasAreTooMuch) {
  std::string chain = R"({"type":"object","properties":{"a":{"$ref":"#/definitions/l0"}},"definitions":{)";
  for (int i = 0; i < 2000; ++i) chain += "\"l" + std::to_string(i) + R"(":{"properties":{"a":{"$ref":"#/definitions/l)" + std::to_string(i + 1) + "\"}}},";
  const auto schema = Schema::parse(chain + R"("l2000":{}}})");
  ASSERT_TRUE(schema.ok());
  const auto found = check_compatibility(*schema, *schema);
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.back().type, "TOO_COMPLEX_TO_COMPARE");
}

TEST(Validation, NamesThePlaceInTheValueAndInTheSchema) {
  const auto schema = Schema::parse(R"({"properties":{"items":{"items":{"required":["price"],"properties":{"price":{"exclusiveMinimum":0}}}}}})");
  const auto valid = schema->validate(R"({"items":[{"price":1},{"price":0.0}]})");
  ASSERT_FALSE(valid.ok());
  EXPECT_TRUE(valid.error().message.starts_with("#/items/1/price: ")) << valid.error();
  EXPECT_NE(valid.error().detail.find("#/properties/items/items/properties/price/exclusiveMinimum"), std::string::npos)
      << valid.error();
  EXPECT_EQ(invalid_at(schema->validate(R"({"items":[{}]})")), "#/items/0");
  EXPECT_TRUE(schema->validate("{").error().message.starts_with("no JSON"));
}

TEST(Validation, RefusesWhatTakesTooManySteps) {
  for (const auto* text : {R"({"anyOf":[{"$ref":"#"},{"$ref":"#"}]})", R"({"not":{"$ref":"#"}})", R"({"allOf":[{"$ref":"#"}]})", R"({"oneOf":[{"$ref":"#"},{"$ref":"#"},true]})"}) {
    const auto schema = Schema::parse(text);
    ASSERT_TRUE(schema.ok());
    EXPECT_FALSE(schema->validate("1").ok()) << text;
  }
  EXPECT_FALSE(Schema::parse(R"({"pattern":"^(a+)+$"})")->validate("\"" + std::string(5000, 'a') + "b\"").ok());
}

TEST(Validation, ATupleOfNoItemsIsATuple) {
  EXPECT_FALSE(Schema::parse(R"({"items":[],"additionalItems":false})")->validate("[1]").ok());
  EXPECT_TRUE(Schema::parse(R"({"items":{},"additionalItems":false})")->validate("[1]").ok());
}

TEST(Validation, IsExactForNumbers) {
  const auto valid = [](const std::string& schema, const std::string& value) {
    return Schema::parse(schema)->validate(value).ok();
  };
  EXPECT_TRUE(valid(R"({"multipleOf":0.01})", "19.99"));
  EXPECT_FALSE(valid(R"({"multipleOf":0.01})", "19.999"));
  EXPECT_TRUE(valid(R"({"multipleOf":7})", "7e30"));
  EXPECT_FALSE(valid(R"({"multipleOf":7})", "1e30"));
  EXPECT_TRUE(valid(R"({"maximum":9007199254740992})", "9007199254740992"));
  EXPECT_FALSE(valid(R"({"maximum":9007199254740992})", "9007199254740993"));
  EXPECT_FALSE(valid(R"({"maximum":0.1})", "0.10000000000000000000000001"));
  EXPECT_TRUE(valid(R"({"type":"integer"})", "1e400"));
  EXPECT_FALSE(valid(R"({"type":"integer"})", "1e-400"));
  EXPECT_TRUE(valid(R"({"minimum":-1e99999999})", "0"));
  EXPECT_TRUE(valid(R"({"enum":[1.50]})", "15e-1"));
}

TEST(Patterns, OfEcmaAndJavaAreTaken) {
  const std::vector<std::tuple<std::string, std::string, bool>> cases = {
      {R"(^[\w-.]+@[\w.-]+$)", "a-b.c@d.e", true}, {R"([+-\d])", "-", true},           {R"(^\p{Letter}+$)", "é漢", true},
      {R"(^\p{Alpha}$)", "1", false},             {R"(^\p{Script=Greek}$)", "α", true}, {R"(^\u0041\x42$)", "AB", true},
      {R"(^\p{IsGreek}$)", "a", false},           {R"(^(?!x).*$)", "xy", false},      {R"(^(?<year>\d{4})$)", "2026", true},
      {R"(^a$)", "a\n", false},                   {R"(^.$)", "😀", true},            {R"([^])", "x", true},
      {R"(^\d$)", "٣", false},                    {R"(b)", "abc", true},
  };
  for (const auto& [pattern, text, found] : cases) {
    const auto regex = Regex::compile(pattern);
    ASSERT_TRUE(regex.ok()) << regex.error();
    EXPECT_EQ(regex->found_in(text), found) << pattern << " in " << text;
  }
}

// RFC 3986, 5.4.
TEST(Uri, IsResolvedAsTheRfcSays) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"g:h", "g:h"},
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q#s"},
      {"g#s", "http://a/b/c/g#s"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {"./g/.", "http://a/b/c/g/"},
      {"g/./h", "http://a/b/c/g/h"},
      {"g/../h", "http://a/b/c/h"},
      {"g?y/./x", "http://a/b/c/g?y/./x"},
      {"g#s/../x", "http://a/b/c/g#s/../x"},
  };
  for (const auto& [reference, target] : cases) {
    EXPECT_EQ(resolve_uri("http://a/b/c/d;p?q", reference), target) << reference;
  }
  EXPECT_EQ(resolve_uri("http://a", "b"), "http://a/b");
  EXPECT_EQ(resolve_uri("urn:x:y", "#z"), "urn:x:y#z");
}

}  // namespace
}  // namespace sluice::json_schema
