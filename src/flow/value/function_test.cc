#include "flow/value/function.h"

#include <gtest/gtest.h>

namespace sluice::flow {
namespace {

TEST(Casts, NumericOfAPrecisionRoundsAndRefusesMore) {
  Arena arena;
  const Type money{TypeKind::numeric, 4, 1};
  const auto cast = find_cast({TypeKind::int4}, money, CastContext::implicit);
  ASSERT_TRUE(cast.ok());
  const auto fits = cast->call(std::vector{Value::of_integer(999)}, arena);
  ASSERT_TRUE(fits.ok());
  EXPECT_EQ(value_text(money, *fits), "999.0");
  EXPECT_FALSE(cast->call(std::vector{Value::of_integer(1000)}, arena).ok());
}

TEST(Casts, NumbersOfJsonAreThoseOfJsonb) {
  Arena arena;
  const auto cast = [&](std::string_view text, Type to) {
    const auto value = find_cast({TypeKind::json}, to, CastContext::explicit_)->call(std::vector{Value::of_text(text)}, arena);
    return value.ok() ? value_text(to, *value) : value.error().message;
  };
  EXPECT_EQ(cast(" 1.50 ", {TypeKind::numeric}), "1.50");
  EXPECT_EQ(cast("1.55", {TypeKind::numeric, 5, 1}), "1.6");
  EXPECT_EQ(cast("1.5", {TypeKind::int4}), "2");
  EXPECT_EQ(cast("2e2", {TypeKind::float8}), "200");
  EXPECT_EQ(cast("true", {TypeKind::boolean}), "t");
  EXPECT_EQ(cast("\"1\"", {TypeKind::int4}), "cannot cast jsonb string to type integer");
}

// Every pair of types: a cast that is promised is there, and takes a value.
TEST(Casts, EachThatIsFoundCanBeCalled) {
  const std::vector<std::pair<TypeKind, std::string_view>> samples{
      {TypeKind::unknown, "1"}, {TypeKind::boolean, "t"}, {TypeKind::int2, "1"}, {TypeKind::int4, "1"}, {TypeKind::int8, "1"},
      {TypeKind::numeric, "1"}, {TypeKind::float4, "1"}, {TypeKind::float8, "1"}, {TypeKind::text, "1"}, {TypeKind::bytea, "1"},
      {TypeKind::date, "2024-02-29"}, {TypeKind::time, "10:00"}, {TypeKind::timestamp, "2024-02-29"},
      {TypeKind::timestamptz, "2024-02-29"}, {TypeKind::interval, "1 day"}, {TypeKind::uuid, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
      {TypeKind::json, "1"}};
  Arena arena;
  for (const auto& [from, text] : samples) {
    const Value value = *parse_value({from}, text, arena);
    for (const auto& [to, unused] : samples) {
      for (const Type& type : {Type{to}, to == TypeKind::numeric ? Type{to, 5, 2} : Type{to}}) {
        if (const auto cast = find_cast({from}, type, CastContext::explicit_); cast.ok()) (void)cast->call(std::vector{value}, arena);
      }
    }
  }
}

TEST(Functions, WhatDependsOnTheWallClockIsRefused) {
  EXPECT_FALSE(find_function("now", {}).ok());
  Arena arena;
  EXPECT_FALSE(parse_value({TypeKind::timestamptz}, "now", arena).ok());
}

std::string substring(std::string_view text, std::string_view pattern) {
  const Type types[] = {{TypeKind::text}, {TypeKind::text}};
  Arena arena;
  const auto found = find_function("substring", types)->call(std::vector{Value::of_text(text), Value::of_text(pattern)}, arena);
  return !found.ok() ? "refused" : found->null ? "none" : std::string(found->text);
}

TEST(Patterns, TheLongestAlternativeIsTaken) { EXPECT_EQ(substring("foobar", "foo|foobar"), "foobar"); }

TEST(Patterns, WhatOnlyPerlKnowsIsRefused) {
  for (const auto* const pattern : {"a++", "\\Qa\\E", "(?P<x>a)", "(*UTF)a", "\\p{L}", "(?>a)"}) EXPECT_EQ(substring("aaa", pattern), "refused") << pattern;
}

TEST(Patterns, ManyStepsAreRefusedAndDoNotHang) {
  EXPECT_EQ(substring(std::string(5000, 'a') + "b", "^(a+)+(a+)+(a+)+$"), "refused");
}

TEST(Types, CasesAndUnionsHaveOneInCommon) {
  const auto common = [](std::vector<Type> types) {
    const auto type = common_type(types, "CASE");
    return type.ok() ? type_text(*type) : type.error().message;
  };
  EXPECT_EQ(common({{TypeKind::int4}, {TypeKind::unknown}, {TypeKind::int8}}), "bigint");
  EXPECT_EQ(common({{TypeKind::numeric, 10, 2}, {TypeKind::numeric, 10, 2}}), "numeric(10,2)");
  EXPECT_EQ(common({{TypeKind::numeric, 10, 2}, {TypeKind::numeric, 12, 2}}), "numeric");
  EXPECT_EQ(common({{TypeKind::unknown}, {TypeKind::unknown}}), "text");
  EXPECT_EQ(common({{TypeKind::date}, {TypeKind::timestamptz}}), "timestamp with time zone");
  EXPECT_EQ(common({{TypeKind::text}, {TypeKind::int4}}), "CASE types text and integer cannot be matched");
}

TEST(Functions, EachIsKnownByItsName) {
  for (const auto& name : function_names()) EXPECT_TRUE(is_function(name)) << name;
  EXPECT_FALSE(is_function("no_such_function"));
}

}  // namespace
}  // namespace sluice::flow
