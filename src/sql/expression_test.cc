#include "sql/expression.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::sql {
namespace {

using Kind = Expression::Kind;

// As text with every parenthesis: what binds how.
std::string form(const Expression& e) {
  constexpr const char* kNames[] = {"column", "null", "boolean", "number", "text",
                                    "compare", "in", "between", "like", "is", "and", "or", "not"};
  if (e.kind == Kind::column) return e.text;
  if (e.kind == Kind::null) return "NULL";
  if (e.kind == Kind::text) return "'" + e.text + "'";
  if (e.kind == Kind::number || e.kind == Kind::boolean) return e.text;
  std::string out = std::string("(") + (e.negated ? "not-" : "") + kNames[static_cast<int>(e.kind)];
  if (!e.text.empty()) out += " " + e.text;
  for (const auto& part : e.parts) out += " " + form(part);
  return out + ")";
}

std::string form(const std::string& text) {
  const auto parsed = parse_expression(text);
  return parsed.ok() ? form(*parsed) : parsed.error().message;
}

TEST(Expression, BindsAsPostgreSqlDoes) {
  EXPECT_EQ(form("region = 'EU' AND total > 100"), "(and (compare = region 'EU') (compare > total 100))");
  EXPECT_EQ(form("a = 1 OR b = 2 AND NOT c = 3"), "(or (compare = a 1) (and (compare = b 2) (not (compare = c 3))))");
  EXPECT_EQ(form("a BETWEEN 1 AND 2 AND b"), "(and (between a 1 2) b)");
  EXPECT_EQ(form("x NOT IN (1, NULL) AND y IS NOT NULL"), "(and (not-in x 1 NULL) (not-is null y))");
  EXPECT_EQ(form("x NOT LIKE 'a%' OR b IS NOT TRUE"), "(or (not-like x 'a%') (not-is true b))");
  EXPECT_EQ(form("\"Total\" <> Total"), "(compare <> Total total)");
  EXPECT_EQ(form("a != 'it''s' /* why */ -- so"), "(compare <> a 'it's')");
}

TEST(Expression, NumbersKeepTheirDigits) {
  EXPECT_EQ(form("a = 0"), "(compare = a 0)");
  EXPECT_EQ(form("a=-7"), "(compare = a -7)");
  EXPECT_EQ(form("a IN (- 7, 12345678901234567890, -0.10, 1e5)"), "(in a -7 12345678901234567890 -0.10 1e5)");
  EXPECT_EQ(form("ü = 'ü' AND a = -7"), "(and (compare = ü 'ü') (compare = a -7))");
}

TEST(Expression, SaysWhereItStumbles) {
  EXPECT_EQ(form("a = "), "line 1, column 5: syntax error at end of input");
  EXPECT_EQ(form("region = 'EU"), "line 1, column 10: unterminated quoted string at or near \"'EU\"");
  EXPECT_EQ(form("ü = 'ü' AND\n a = ARRAY[1]"), "line 2, column 6: an array is not supported in an expression");
  EXPECT_EQ(form("a = 1 AND b & 1 = 2"), "line 1, column 13: the operator & is not supported");
  EXPECT_EQ(form("a IN (SELECT 1)"), "line 1, column 3: a subquery is not supported in an expression");
}

TEST(Expression, IsNoStatement) {
  for (const auto* text : {"a = 1; DROP TABLE x", "a = 1 GROUP BY a", "a = 1 LIMIT 1", "a = 1 UNION SELECT 2",
                           "a = 1 ORDER BY a", "a = 1 FOR UPDATE", "", "a) OR (b"}) {
    EXPECT_FALSE(parse_expression(text).ok()) << text;
  }
  EXPECT_FALSE(parse_expression(std::string("a = 1\0 OR b", 11)).ok());
  EXPECT_FALSE(parse_expression("a = '\xff'").ok());
  std::string nots;
  for (int i = 0; i < 10'000; ++i) nots += "NOT ";
  EXPECT_FALSE(parse_expression(nots + "a").ok());
}

}  // namespace
}  // namespace sluice::sql
