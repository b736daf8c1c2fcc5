#include "flow/plan/scalar.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "flow/plan/expressions.h"

namespace sluice::flow {
namespace {

using enum TypeKind;

// Expressions over a row (a int4, b int4, t text, n int4, yes boolean, no boolean, maybe boolean, f float4).
class Scalars : public ::testing::Test {
 protected:
  Scalars() : places_(""), row_(arena_.row(8)) {
    const char* const names[] = {"a", "b", "t", "n", "yes", "no", "maybe", "f"};
    const TypeKind kinds[] = {int4, int4, text, int4, boolean, boolean, boolean, float4};
    for (std::size_t i = 0; i < 8; ++i) {
      scope_.add({.qualifier = "r", .full = {}, .name = names[i], .value = column_of({kinds[i]}, i)});
    }
    row_[0] = Value::of_integer(7);
    row_[1] = Value::of_integer(0);
    row_[2] = Value::of_text("hello");
    row_[4] = Value::of(true);
    row_[5] = Value::of(false);
    row_[7] = Value::of_double(static_cast<double>(0.1F));
  }

  Scalar bound(const std::string& text) {
    const auto parsed = sql::parse_expression(text);
    EXPECT_TRUE(parsed.ok()) << text;
    auto out = Expressions(places_, scope_).plain(*parsed, "WHERE");
    EXPECT_TRUE(out.ok()) << text << ": " << out.error();
    return std::move(*out);
  }
  std::string valued(const std::string& text) {
    const auto scalar = bound(text);
    const auto value = evaluate(scalar, row_, arena_);
    if (!value.ok()) return value.error().message;
    return value->null ? "null" : value_text(scalar.type, *value);
  }

  Arena arena_;
  Places places_;
  Scope scope_;
  std::span<Value> row_;
};

TEST_F(Scalars, ThreeTruthsAreAsInSql) {
  for (const auto& [text, value] : std::vector<std::pair<std::string, std::string>>{
           {"yes AND maybe", "null"}, {"no AND maybe", "f"}, {"maybe AND no", "f"}, {"yes OR maybe", "t"}, {"maybe OR no", "null"},
           {"NOT maybe", "null"}, {"NOT no", "t"}, {"maybe IS NULL", "t"}, {"maybe IS NOT NULL", "f"}, {"maybe IS TRUE", "f"},
           {"maybe IS NOT TRUE", "t"}, {"no IS FALSE", "t"}, {"maybe IS UNKNOWN", "t"}, {"n IS DISTINCT FROM a", "t"},
           {"n IS NOT DISTINCT FROM NULL", "t"}, {"a IS DISTINCT FROM 7", "f"}, {"n = NULL", "null"}}) {
    EXPECT_EQ(valued(text), value) << text;
  }
}

TEST_F(Scalars, ListsAndRangesKnowNull) {
  for (const auto& [text, value] : std::vector<std::pair<std::string, std::string>>{
           {"a IN (1, 7)", "t"}, {"a IN (1, 2)", "f"}, {"a IN (1, n)", "null"}, {"a IN (7, n)", "t"}, {"n IN (1)", "null"},
           {"a NOT IN (1, 7)", "f"}, {"a NOT IN (1, n)", "null"}, {"a NOT IN (1)", "t"}, {"a BETWEEN 1 AND 7", "t"},
           {"a NOT BETWEEN 1 AND 7", "f"}, {"a BETWEEN 8 AND n", "f"}, {"a BETWEEN 1 AND n", "null"}}) {
    EXPECT_EQ(valued(text), value) << text;
  }
}

// An array of several constants has the type that they share with what is sought; anything else is compared by itself.
TEST_F(Scalars, ListsHaveTheTypesOfPostgreSqls) {
  for (const auto& [text, value] : std::vector<std::pair<std::string, std::string>>{
           {"f IN (0.1)", "f"}, {"f NOT IN (0.1)", "t"}, {"f IN (0.1, 2)", "t"}, {"f IN (0.1, a)", "f"}, {"f IN (0.1, a, 2)", "t"},
           {"f NOT IN (0.1, a, 2)", "f"}, {"a IN (n, 7)", "t"}, {"a IN (n, b)", "null"}, {"a IN (6.5, 7.0)", "t"}, {"1 IN (1)", "t"},
           {"1 NOT IN (2, 1)", "f"}}) {
    EXPECT_EQ(valued(text), value) << text;
  }
}

TEST_F(Scalars, WhatIsNotReachedDoesNotFail) {
  EXPECT_EQ(valued("CASE WHEN b = 0 THEN -1 ELSE a / b END"), "-1");
  EXPECT_EQ(valued("b <> 0 AND a / b > 1"), "f");
  EXPECT_EQ(valued("coalesce(a, a / b)"), "7");
  EXPECT_EQ(valued("a / b"), "division by zero");
  EXPECT_EQ(valued("n + a / b"), "division by zero");  // though n is null
  EXPECT_EQ(valued("NULL::int + a / b"), "null");      // a constant decides before the row is there
  EXPECT_EQ(valued("a / b = 1 AND false"), "f");
  EXPECT_EQ(valued("a / b = 1 OR NOT false"), "t");
  EXPECT_EQ(valued("a / b = 1 AND NULL"), "division by zero");
  EXPECT_EQ(valued("a IN (a / b, 1, 7)"), "t");        // the constants come first
  EXPECT_EQ(valued("1 / 0"), "division by zero");  // a constant that fails is left to fail
  EXPECT_EQ(valued("CASE b WHEN 0 THEN 'none' WHEN 1 THEN 'one' END"), "none");
  EXPECT_EQ(valued("CASE a WHEN 0 THEN 'none' END"), "null");
}

TEST_F(Scalars, ConstantsAreFolded) {
  EXPECT_EQ(bound("2 * 3 + 1").kind, Scalar::Kind::constant);
  EXPECT_EQ(bound("interval '1 day' ").kind, Scalar::Kind::constant);
  EXPECT_EQ(bound("coalesce(NULL, 'x')").kind, Scalar::Kind::constant);
  EXPECT_EQ(bound("a + 2 * 3").parts[1].kind, Scalar::Kind::constant);
  EXPECT_EQ(bound("1 / 0").kind, Scalar::Kind::call);
}

TEST_F(Scalars, TypesMeet) {
  EXPECT_EQ(bound("a + 3000000000").type.kind, int8);
  EXPECT_EQ(bound("a * 1.5").type.kind, numeric);
  EXPECT_EQ(bound("CASE WHEN yes THEN a ELSE 1.5 END").type.kind, numeric);
  EXPECT_EQ(bound("coalesce(a, 3000000000)").type.kind, int8);
  EXPECT_EQ(bound("a = '7'").type.kind, boolean);
  EXPECT_EQ(valued("a = '7'"), "t");
}

TEST_F(Scalars, ACopyOwnsItsConstant) {
  for (const std::string text : {"'short'", "'a text that is far too long to lie within the string itself'"}) {
    auto original = std::make_unique<Scalar>(bound(text + " || t").parts[0]);
    Scalar copy = *original;
    Scalar moved = std::move(*original);
    original.reset();
    EXPECT_EQ("'" + std::string(copy.constant.text) + "'", text);
    EXPECT_EQ("'" + std::string(moved.constant.text) + "'", text);
    copy = moved;
    EXPECT_EQ(static_cast<const void*>(copy.constant.text.data()), static_cast<const void*>(copy.text.data()));
  }
}

TEST_F(Scalars, ColumnsAreFoundAndRenumbered) {
  const auto scalar = bound("a + b > 3 AND t = 'x' OR a IS NULL");
  EXPECT_EQ(columns_of(scalar), (std::vector<std::size_t>{0, 1, 2}));
  const std::vector<std::size_t> to = {5, 6, 7};
  EXPECT_EQ(columns_of(with_columns(scalar, to)), (std::vector<std::size_t>{5, 6, 7}));
}

TEST_F(Scalars, TheSameIsTheSameWhereverItStands) {
  EXPECT_TRUE(same(bound("a + 1"), bound("  a + 1")));
  EXPECT_TRUE(same(bound("r.a + 2"), bound("a + (1 + 1)")));
  for (const auto* other : {"a + 2", "a - 1", "b + 1", "a", "(a + 1)::int8", "a + 1 IS NULL"}) {
    EXPECT_FALSE(same(bound("a + 1"), bound(other))) << other;
  }
  EXPECT_FALSE(same(bound("a IN (1, 2)"), bound("a NOT IN (1, 2)")));
}

TEST_F(Scalars, HoldsIsTrueOnly) {
  EXPECT_TRUE(*holds(bound("a > 1"), row_, arena_));
  EXPECT_FALSE(*holds(bound("a < 1"), row_, arena_));
  EXPECT_FALSE(*holds(bound("n < 1"), row_, arena_));
  EXPECT_FALSE(holds(bound("a / b > 1"), row_, arena_).ok());
}

}  // namespace
}  // namespace sluice::flow
