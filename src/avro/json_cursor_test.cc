// JSON without a tree.

#include "avro/json_cursor.h"

#include <gtest/gtest.h>

#include "avro/json.h"

namespace sluice::avro {
namespace {

bool is_json(std::string_view text) {
  JsonCursor in(text);
  std::string_view raw;
  return in.skip(raw) && in.finish();
}

TEST(JsonCursor, SkipsWhatIsJsonAndNothingElse) {
  for (const std::string_view text :
       {"null", " true ", "-0", "0.5", "1E+9", "-12.25e-3", "\"\"", R"("\"\\\/\b\f\n\r\t\u00e9")", "[]", "{}",
        "[ 1 , [ ] , { \"a\" : null } ]", R"({"":{"a":[{}]}})"}) {
    EXPECT_TRUE(is_json(text)) << text;
  }
  for (const std::string_view text :
       {"",      " ",   "nul",  "nulll",   "True",        "+1",      "01",       "1.",           ".5",
        "1e",    "-",   "\"",   "\"\\x\"", "\"\\u12g4\"", "\"\t\"",  "\"\xff\"", "\"\xc0\xaf\"", "[",
        "[1",    "[1,", "[1,]", "[,1]",    "[1 2]",       "{\"a\"}", "{\"a\":}", "{\"a\":1,}",   "{1:2}",
        "{a:1}", "[}",  "{]",   "1 2",     "NaN",         "'a'",     "[1]]",     "/**/1"}) {
    EXPECT_FALSE(is_json(text)) << text;
  }
  EXPECT_TRUE(is_json(std::string(1'000'000, '[') + std::string(1'000'000, ']')));
  EXPECT_FALSE(is_json(std::string(1'000'000, '[')));
}

TEST(JsonCursor, EveryFrontOfATextIsRefused) {
  const std::string text = R"({"a":[1,-2.5e3,"x\u00e9\ud83d\ude00",null,true,{"b":{}}],"é":""})";
  ASSERT_TRUE(is_json(text));
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(is_json(std::string_view(text).substr(0, size))) << size;
}

TEST(JsonCursor, UnescapesAndKeepsHalfASurrogatePair) {
  const auto text_of = [](std::string_view text) {
    JsonCursor in(text);
    std::string_view out;
    EXPECT_TRUE(in.string(out)) << text;
    return std::string(out);
  };
  EXPECT_EQ(text_of(R"("a\u0000\n\ud83d\ude00é")"), std::string("a\0\n\xf0\x9f\x98\x80é", 9));
  EXPECT_EQ(text_of(R"("\ud800x")"), "\xed\xa0\x80x");
  EXPECT_EQ(text_of(R"("\ud800\u0041")"),
            "\xed\xa0\x80"
            "A");
  EXPECT_EQ(text_of(R"("\udc00\ud800")"), "\xed\xb0\x80\xed\xa0\x80");
}

TEST(JsonEncoder, TakesNumbersAsTheyAreSpelled) {
  const auto encoded = [](const char* type, const char* text) {
    Bytes out;
    const auto done = from_json(Schema::parse(type).value(), text, out);
    return done.ok() ? hex(out) : "refused";
  };
  EXPECT_EQ(encoded("\"int\"", "1e2"), "c801");
  EXPECT_EQ(encoded("\"int\"", "1.0"), "02");
  EXPECT_EQ(encoded("\"int\"", "1.5"), "refused");
  EXPECT_EQ(encoded("\"int\"", "2147483648"), "refused");
  EXPECT_EQ(encoded("\"long\"", "-9223372036854775808"), "ffffffffffffffffff01");
  EXPECT_EQ(encoded("\"long\"", "9223372036854775808"), "refused");
  EXPECT_EQ(encoded("\"long\"", "9.3e18"), "refused");
  EXPECT_EQ(encoded("\"double\"", "-0.0"), "0000000000000080");
  EXPECT_EQ(encoded("\"float\"", "\"-INF\""), "000080ff");
  EXPECT_EQ(encoded("\"float\"", "16777217"), "0000804b");
  EXPECT_EQ(encoded("\"double\"", "\"inf\""), "refused");
}

TEST(JsonEncoder, TakesFieldsInAnyOrder) {
  const auto schema =
      Schema::parse(
          R"({"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":{"type":"array","items":"R"}},{"name":"c","type":"int"}]})")
          .value();
  JsonEncoder encoder(schema);
  const auto encoded = [&](const char* text) {
    Bytes out = "kept";
    const auto done = encoder.encode(text, out);
    return done.ok() ? hex(ByteView(out).substr(4)) : out == "kept" ? done.error().message : "changed";
  };
  EXPECT_EQ(encoded(R"({"a":1,"b":[],"c":2})"), "020004");
  EXPECT_EQ(encoded(R"({"c":2,"b":[{"c":4,"a":3,"b":[]}],"a":1})"),
            "020206000800"
            "04");
  EXPECT_EQ(encoded(R"({"c":2,"x":[{}],"a":1,"c":3,"b":[],"a":9})"), "020006");
  EXPECT_NE(encoded(R"({"c":2,"b":[{"c":4,"a":"x","b":[]}],"a":1})").find("/b/0/a"), std::string::npos);
  EXPECT_NE(encoded(R"({"a":2,"b":[]})").find("\"c\" is missing"), std::string::npos);
}

}  // namespace
}  // namespace sluice::avro
