// What a client may send to hurt: each is answered, within bounded time and memory; none ends the process.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "protobuf/compatibility.h"
#include "protobuf/schema.h"

namespace sluice::protobuf {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kProto3 = "syntax = \"proto3\"; ";

std::string repeated(std::string_view piece, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += piece;
  return text;
}

std::string counted(int count, const std::function<std::string(const std::string&)>& piece) {
  std::string text;
  for (int i = 1; i <= count; ++i) text += piece(std::to_string(i));
  return text;
}

std::string refusal(const std::string& text) {
  const auto schema = Schema::parse(std::string(kProto3) + text);
  return schema.ok() ? "taken" : schema.error().text();
}

TEST(ProtobufHostile, TooLongIsRefusedUnread) {
  EXPECT_THAT(refusal(std::string(kMaxTextBytes, 'a')), HasSubstr("bytes long; at most 1048576 are taken"));
  // Short as it is sent, long in the layout in which it would be stored.
  EXPECT_THAT(
      refusal("enum E {" +
              counted(60'000, [](const auto& i) { return "V" + i + "=" + std::to_string(std::stoi(i) - 1) + ";"; }) +
              "}"),
      HasSubstr("in the layout in which it is stored"));
  const std::vector<Import> imports(20, {"a.proto", std::string(kMaxTextBytes, ' ')});
  EXPECT_THAT(Schema::parse("message A {}", imports).error().message, HasSubstr("references together"));
}

TEST(ProtobufHostile, DepthIsBounded) {
  EXPECT_THAT(refusal(repeated("message M {", 100'000 / 11)), HasSubstr("nested"));
  EXPECT_THAT(refusal(repeated("message M {", 60) + repeated("}", 60)), HasSubstr("recursion limit"));
  EXPECT_THAT(refusal("option (a) = " + repeated("{a:", 50'000)), HasSubstr("brackets are nested"));
  EXPECT_THAT(refusal("option (a) = " + repeated("<", 500'000)), HasSubstr("brackets are nested"));
  EXPECT_EQ(refusal("message M {} option (a) = " + repeated("{a ", 95) + "{}" + repeated("}", 95) + ";"), "taken");
}

TEST(ProtobufHostile, RangesThatWouldBeComparedPairwiseAreBounded) {
  const auto ranges = counted(100'000, [](const auto& i) { return i + ","; });
  EXPECT_THAT(refusal("message M { reserved " + ranges + "200000; }"), HasSubstr("too many reserved"));
  EXPECT_THAT(refusal("enum E { A = 0; reserved " + ranges + "200000; }"), HasSubstr("too many reserved"));
}

TEST(ProtobufHostile, UnknownOptionsAreLeftOutWithinBounds) {
  EXPECT_EQ(refusal("message M {" +
                    counted(10'000, [](const auto& i) { return "int32 f" + i + "=" + i + "[(o" + i + ")=1];"; }) + "}"),
            "taken");
  EXPECT_THAT(refusal("message M { int32 a = 1 [" + counted(10'000, [](const auto& i) { return "(o" + i + ")=1,"; }) +
                      "deprecated=true]; }"),
              HasSubstr("unknown"));
  EXPECT_THAT(
      refusal("message M {} option (a) = {" + counted(100'000, [](const auto& i) { return "a" + i + ":1 "; }) + "};"),
      HasSubstr("not understood"));
}

TEST(ProtobufHostile, ALongChainOfMessagesIsFollowedWithoutAStack) {
  const auto chain = [](const std::string& last) {
    return std::string(kProto3) +
           counted(25'000,
                   [](const auto& i) { return "message M" + i + "{M" + std::to_string(std::stoi(i) + 1) + " f=1;}"; }) +
           "message M25001{" + last + " f=1;}";
  };
  const std::string user = std::string(kProto3) + "import \"c.proto\"; message A { M1 m = 1; }";
  const auto old = Schema::parse(user, std::vector<Import>{{"c.proto", chain("int32")}});
  const auto now = Schema::parse(user, std::vector<Import>{{"c.proto", chain("string")}});
  ASSERT_TRUE(old.ok() && now.ok());
  EXPECT_TRUE(check_compatibility(*old, *old).empty());
  EXPECT_EQ(check_compatibility(*now, *old).size(), 25'002U);  // the field, and every field on the way to it
}

TEST(ProtobufHostile, BrokenDescriptorsAreRefused) {
  for (const char* base64 : {"Zm9v", "AAAA", "////", "CgA=", "IgA=", "EgA=", "=", "a",
                             "A===", "CgdkZWZhdWx0IiUKAUFKBAgJEApKBAgFEAhKCAhkEICAgIAoSgQIFBAVUgF6UgFhYgZwcm90bzI="}) {
    EXPECT_FALSE(Schema::parse(base64).ok()) << base64;
  }
}

TEST(ProtobufHostile, ControlCharactersAndCutTextsAreRefused) {
  const std::string whole =
      "syntax = \"proto3\"; message A { map<string, B> b = 1 [(o) = { a: [1, 2] }]; message B { oneof o { int32 i = 1; "
      "} } }";
  for (std::size_t length = 0; length + 1 < whole.size(); ++length)
    EXPECT_FALSE(Schema::parse(whole.substr(0, length)).ok()) << length;
  EXPECT_FALSE(Schema::parse(std::string("message A {}\0", 13)).ok());
  EXPECT_FALSE(Schema::parse("message A {}\x01").ok());
  EXPECT_TRUE(Schema::parse("\xEF\xBB\xBFmessage A {}").ok());
}

}  // namespace
}  // namespace sluice::protobuf
