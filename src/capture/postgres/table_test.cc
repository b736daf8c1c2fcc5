#include "capture/postgres/table.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "base/escape.h"

namespace sluice::capture::postgres {
namespace {

// The reader's side of the escape: what makes it reversible.
std::string unescaped(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_' && i + 3 < text.size() && text[i + 1] == 'x' && std::isxdigit(static_cast<unsigned char>(text[i + 2])) != 0 &&
        std::isxdigit(static_cast<unsigned char>(text[i + 3])) != 0 && std::isupper(static_cast<unsigned char>(text[i + 2])) == 0 &&
        std::isupper(static_cast<unsigned char>(text[i + 3])) == 0) {
      out += static_cast<char>(digit(text[i + 2]) * 16 + digit(text[i + 3]));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

TEST(Names, BytesOutsideTheSetAreEscaped) {
  EXPECT_EQ(escape_topic_part("order_items-2"), "order_items-2");
  EXPECT_EQ(escape_topic_part("a.b c"), "a_x2eb_x20c");
  EXPECT_EQ(escape_topic_part("ä"), "_xc3_xa4");
  EXPECT_EQ(escape_topic_part("_x2d"), "_x5fx2d") << "a literal that looks like an escape";
  EXPECT_EQ(escape_topic_part("_x2D"), "_x2D") << "upper case is none";
  EXPECT_EQ(escape_topic_part("_x2"), "_x2");
  EXPECT_EQ(escape_avro_name("a-b"), "a_x2db");
  EXPECT_EQ(escape_avro_name("9a9"), "_x39a9");
}

TEST(Names, EscapingIsReversedAndCollidesNever) {
  std::mt19937 random(20261125);
  constexpr std::string_view kAlphabet = "_x2dfe5.-aA9\xc3";
  std::set<std::string> topics, names, originals;
  for (int i = 0; i < 20'000; ++i) {
    std::string name;
    for (auto size = 1 + random() % 12; size > 0; --size) name += kAlphabet[random() % kAlphabet.size()];
    if (!originals.insert(name).second) continue;
    EXPECT_TRUE(topics.insert(escape_topic_part(name)).second) << name;
    EXPECT_TRUE(names.insert(escape_avro_name(name)).second) << name;
    EXPECT_EQ(unescaped(escape_topic_part(name)), name);
    EXPECT_EQ(unescaped(escape_avro_name(name)), name);
  }
}

TEST(Names, ATopicHasAtMost249Characters) {
  Table table;
  table.schema = "s";
  table.name = std::string(243, 'a');
  EXPECT_EQ(topic_name("src", table)->size(), 249U);
  table.name += 'a';
  const auto refused = topic_name("src", table);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::rejected);
}

TEST(Names, ParkedTopicsFitAsWell) {
  EXPECT_EQ(parked_topic_name("shop.public.a"), "__sluice_parked.shop.public.a");
  const auto one = parked_topic_name(std::string(248, 'a') + "1");
  const auto two = parked_topic_name(std::string(248, 'a') + "2");
  EXPECT_EQ(one.size(), 249U);
  EXPECT_NE(one, two);
}

TEST(Types, NumericHasScaleAndPrecisionOrIsText) {
  const auto typmod = [](int precision, int scale) { return ((precision << 16) | (scale & 0x7ff)) + 4; };
  EXPECT_EQ(column_type(1700, typmod(10, 2), 0).kind, Kind::decimal);
  EXPECT_EQ(column_type(1700, typmod(10, 2), 0).scale, 2);
  EXPECT_EQ(column_type(1700, typmod(1000, 1000), 0).precision, 1000);
  EXPECT_EQ(column_type(1700, typmod(3, -2), 0).kind, Kind::text);
  EXPECT_EQ(column_type(1700, typmod(2, 4), 0).kind, Kind::text);
  EXPECT_EQ(column_type(1700, -1, 0).kind, Kind::text);
  const auto array = column_type(1231, typmod(10, 2), 1700);
  EXPECT_EQ(array.kind, Kind::array);
  EXPECT_EQ(array.element, Kind::decimal);
  EXPECT_EQ(array.element_scale, 2);
}

Table orders() {
  Table table;
  table.schema = "public";
  table.name = "orders-2";
  table.comment = "Orders";
  table.columns = {{.name = "b", .sql_type = "bigint", .type = {.kind = Kind::int64}, .not_null = true, .comment = "said"},
                   {.name = "9 a", .sql_type = "numeric(10,2)", .type = {.kind = Kind::decimal, .precision = 10, .scale = 2}},
                   {.name = "m", .sql_type = "mood", .enum_symbols = {"sad", "ok"}}};
  table.key = {1, 0};
  return table;
}

TEST(Schemas, TheKeyHasNamesAndTypesOnly) {
  EXPECT_EQ(key_schema("shop", orders()),
            R"({"type":"record","name":"Key","namespace":"shop.public.orders_x2d2","fields":[)"
            R"({"name":"_x39_x20a","type":{"type":"bytes","logicalType":"decimal","precision":10,"scale":2}},{"name":"b","type":"long"}]})");
  EXPECT_EQ(key_fields(key_schema("shop", orders())), (std::vector<std::string>{"_x39_x20a", "b"}));
  EXPECT_TRUE(key_fields("").empty());
  auto more = orders();
  more.columns[0].comment = "said otherwise";
  more.columns[0].sql_type = "other";
  EXPECT_EQ(key_schema("shop", more), key_schema("shop", orders())) << "what is no key keeps the key's id";
}

TEST(Schemas, AKeyMayOnlyGrowWiderDecimals) {
  const auto key = [](std::int32_t precision, std::int32_t scale, const char* name = "id") {
    Table table;
    table.columns = {{.name = name, .type = {.kind = Kind::decimal, .precision = precision, .scale = scale}}};
    table.key = {0};
    return key_schema("shop", table);
  };
  EXPECT_TRUE(same_key_schema(key(10, 2), key(10, 2)));
  EXPECT_TRUE(same_key_schema(key(10, 2), key(12, 2)));
  EXPECT_FALSE(same_key_schema(key(12, 2), key(10, 2)));
  EXPECT_FALSE(same_key_schema(key(10, 2), key(12, 3)));
  EXPECT_FALSE(same_key_schema(key(10, 2), key(10, 2, "other")));
  EXPECT_FALSE(same_key_schema("", key(10, 2)));
  EXPECT_FALSE(same_key_schema(key_schema("shop", orders()), key(10, 2)));
}

TEST(Schemas, TheValueTellsSql) {
  EXPECT_EQ(value_schema("shop", orders()),
            R"~({"type":"record","name":"Value","namespace":"shop.public.orders_x2d2","doc":"Orders","fields":[)~"
            R"~({"name":"b","type":["null","long"],"doc":"said","default":null,"sqlType":"bigint","notNull":true},)~"
            R"~({"name":"_x39_x20a","type":["null",{"type":"bytes","logicalType":"decimal","precision":10,"scale":2}],"default":null,)~"
            R"~("sqlType":"numeric(10,2)","sqlName":"9 a"},)~"
            R"~({"name":"m","type":["null","string"],"default":null,"sqlType":"mood","enumSymbols":["sad","ok"]}]})~");
}

TEST(Globs, MatchSchemaAndTable) {
  EXPECT_TRUE(matches({"public.*"}, "public.orders"));
  EXPECT_TRUE(matches({"x", "*.tmp_?"}, "a.tmp_1"));
  EXPECT_FALSE(matches({"public.*"}, "other.orders"));
  EXPECT_FALSE(matches({}, "public.orders"));
}

}  // namespace
}  // namespace sluice::capture::postgres
