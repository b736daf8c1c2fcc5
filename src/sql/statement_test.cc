#include "sql/statement.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::sql {
namespace {

using Kind = Expression::Kind;

std::string listed(const std::vector<Expression>& parts);

// As text with every parenthesis: what binds how.
std::string form(const Expression& e) {
  const std::string dot = e.qualifier.empty() ? "" : e.qualifier + ".";
  const std::string negated = e.negated ? "not-" : "";
  switch (e.kind) {
    case Kind::column: return dot + e.text;
    case Kind::star: return dot + "*";
    case Kind::null: return "NULL";
    case Kind::text: return "'" + e.text + "'";
    case Kind::number:
    case Kind::boolean: return e.text;
    case Kind::compare:
    case Kind::operation: return "(" + e.text + " " + listed(e.parts) + ")";
    case Kind::in: return "(" + negated + "in " + listed(e.parts) + ")";
    case Kind::between: return "(" + negated + "between " + listed(e.parts) + ")";
    case Kind::like: return "(" + negated + "like " + listed(e.parts) + ")";
    case Kind::is: return "(" + negated + "is-" + e.text + " " + listed(e.parts) + ")";
    case Kind::distinct: return "(" + negated + "distinct " + listed(e.parts) + ")";
    case Kind::and_: return "(and " + listed(e.parts) + ")";
    case Kind::or_: return "(or " + listed(e.parts) + ")";
    case Kind::not_: return "(not " + listed(e.parts) + ")";
    case Kind::case_: return "(case " + listed(e.parts) + ")";
    case Kind::cast: {
      std::string type = e.type;
      for (const int modifier : e.modifiers) type += "," + std::to_string(modifier);
      return "(" + type + " " + listed(e.parts) + ")";
    }
    case Kind::function: break;
  }
  std::string out = e.text + "(" + (e.only_distinct ? "distinct " : "") + listed(e.parts) + ")";
  for (const auto& condition : e.filter) out += "[" + form(condition) + "]";
  return out;
}

std::string listed(const std::vector<Expression>& parts) {
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "" : " ") + form(part);
  return out;
}

std::string told(const Error& error) { return error.message + (error.hint.empty() ? "" : " | " + error.hint); }

std::string scalar(const std::string& text) {
  const auto parsed = parse_expression(text);
  return parsed.ok() ? form(*parsed) : told(parsed.error());
}

std::string refusal(const std::string& text) {
  const auto parsed = parse_statements(text);
  return parsed.ok() ? "taken" : told(parsed.error());
}

std::string form(const Select& select);

std::string form(const Source& source) {
  std::string out;
  if (source.kind == Source::Kind::relation) out = source.name;
  if (source.kind == Source::Kind::subquery) out = "[" + form(*source.query) + "]";
  if (source.kind == Source::Kind::join) {
    constexpr const char* kJoins[] = {"inner", "left", "right", "full", "cross"};
    out = "(" + form(source.sides[0]) + " " + kJoins[static_cast<int>(source.join)] + " " + form(source.sides[1]);
    if (!source.on.empty()) out += " on " + form(source.on[0]);
    for (const auto& name : source.using_) out += " using " + name;
    out += ")";
  }
  if (!source.alias.empty()) out += " as " + source.alias;
  for (const auto& column : source.columns) out += " ." + column;
  return out;
}

std::string form(const Select& select) {
  std::string out;
  for (const auto& table : select.with) out += "with " + table.name + " [" + form(*table.query) + "] ";
  for (const auto& part : select.union_of) out += (part == select.union_of[0] ? "" : select.distinct ? " union " : " union all ") + ("{" + form(*part) + "}");
  if (select.union_of.empty()) out += select.distinct ? "select distinct" : "select";
  if (!select.distinct_on.empty()) out += " on " + listed(select.distinct_on);
  for (const auto& result : select.results) out += " " + form(result.value) + (result.name.empty() ? "" : ":" + result.name);
  if (select.from) out += " from " + form(*select.from);
  if (select.where) out += " where " + form(*select.where);
  if (!select.group_by.empty()) out += " group " + listed(select.group_by);
  if (select.having) out += " having " + form(*select.having);
  for (const auto& sort : select.sort) out += " sort " + form(sort.value) + (sort.descending ? " desc" : "") + (sort.nulls_first ? " nulls first" : "");
  if (select.limit) out += " limit " + form(*select.limit);
  if (select.offset) out += " offset " + form(*select.offset);
  return out;
}

std::string select(const std::string& text) {
  const auto parsed = parse_statements(text);
  if (!parsed.ok()) return told(parsed.error());
  const auto* query = parsed->size() == 1 ? std::get_if<Select>(&parsed->front().form) : nullptr;
  return query == nullptr ? "no single SELECT" : form(*query);
}

TEST(Statement, CreateTableNamesAStream) {
  const auto parsed = parse_statements(
      " CREATE TABLE shop.clicks (\"Id\" bigint PRIMARY KEY, price numeric(10, 0) NOT NULL, ts timestamptz)\n"
      "WITH (topic = 'clicks', Keep = 0, n = -5, f = 1.5, w = word, b = true, bare); CREATE TABLE t () ;"
      "CREATE TABLE u (a text, b int, PRIMARY KEY (b, a))");
  ASSERT_TRUE(parsed.ok()) << parsed.error();
  ASSERT_EQ(parsed->size(), 3U);
  const auto& clicks = std::get<CreateTable>((*parsed)[0].form);
  EXPECT_EQ(clicks.name, "shop.clicks");
  ASSERT_EQ(clicks.columns.size(), 3U);
  EXPECT_EQ(clicks.columns[0].name, "Id");
  EXPECT_EQ(clicks.columns[0].type, "int8");
  EXPECT_EQ(clicks.columns[0].position, 28U);
  EXPECT_EQ(clicks.columns[1].modifiers, (std::vector<int>{10, 0}));
  EXPECT_TRUE(clicks.columns[1].not_null);
  EXPECT_EQ(clicks.columns[2].type, "timestamptz");
  EXPECT_EQ(clicks.primary_key, std::vector<std::string>{"Id"});
  std::string options;
  for (const auto& option : clicks.options) options += option.name + "=" + option.value + " ";
  EXPECT_EQ(options, "topic=clicks keep=0 n=-5 f=1.5 w=word b=true bare=true ");
  EXPECT_EQ((*parsed)[1].text, "CREATE TABLE t ()");
  EXPECT_TRUE(std::get<CreateTable>((*parsed)[1].form).columns.empty());
  EXPECT_EQ(std::get<CreateTable>((*parsed)[2].form).primary_key, (std::vector<std::string>{"b", "a"}));
}

TEST(Statement, TextAndPositionAreItsOwnPartOfTheWhole) {
  const std::string text = "-- größer\nSELECT 1 ;\n\n  SELECT ü\n FROM t";
  const auto parsed = parse_statements(text);
  ASSERT_TRUE(parsed.ok()) << parsed.error();
  ASSERT_EQ(parsed->size(), 2U);
  EXPECT_EQ((*parsed)[0].text, "-- größer\nSELECT 1");
  EXPECT_EQ((*parsed)[1].text, "SELECT ü\n FROM t");
  EXPECT_EQ(place_of(text, (*parsed)[1].position), "line 4, column 3");
  EXPECT_EQ(place_of(text, std::get<Select>((*parsed)[1].form).from->position), "line 5, column 7");
  EXPECT_TRUE(parse_statements(" ; ;; -- nothing").value().empty());
}

TEST(Statement, ViewsAreCreatedAndDropped) {
  const auto parsed = parse_statements(
      "CREATE MATERIALIZED VIEW a.v (x, y) WITH (emit = 'final', grace = '5 s') AS SELECT 1, 2;"
      "DROP MATERIALIZED VIEW IF EXISTS a.v, w; DROP TABLE t RESTRICT");
  ASSERT_TRUE(parsed.ok()) << parsed.error();
  ASSERT_EQ(parsed->size(), 4U);
  const auto& view = std::get<CreateView>((*parsed)[0].form);
  EXPECT_EQ(view.name, "a.v");
  EXPECT_EQ(view.columns, (std::vector<std::string>{"x", "y"}));
  ASSERT_EQ(view.options.size(), 2U);
  EXPECT_EQ(view.options[1].value, "5 s");
  EXPECT_EQ(form(view.query), "select 1 2");
  EXPECT_EQ(std::get<DropView>((*parsed)[1].form).name, "a.v");
  EXPECT_TRUE(std::get<DropView>((*parsed)[2].form).if_exists);
  EXPECT_EQ(std::get<DropView>((*parsed)[3].form).name, "t");
  EXPECT_FALSE(std::get<DropView>((*parsed)[3].form).if_exists);
}

TEST(Statement, SelectHasAllItsParts) {
  EXPECT_EQ(select("SELECT a.*, *, b.c AS x, \"Q\".\"R\".s FROM a, b c (d, e)"), "select a.* * b.c:x Q.R.s from (a cross b as c .d .e)");
  EXPECT_EQ(select("SELECT DISTINCT a FROM t WHERE b GROUP BY a, 1 HAVING count(*) > 1 ORDER BY a DESC, 2 NULLS FIRST, c DESC NULLS LAST LIMIT 3 OFFSET 1"),
            "select distinct a from t where b group a 1 having (> count(*) 1) sort a desc nulls first sort 2 nulls first sort c desc limit 3 offset 1");
  EXPECT_EQ(select("SELECT DISTINCT ON (a, b) c FROM t LIMIT ALL"), "select on a b c from t");
  EXPECT_EQ(select("WITH x AS (SELECT 1), y AS MATERIALIZED (TABLE x) SELECT 2 FROM y"), "with x [select 1] with y [select * from x] select 2 from y");
  EXPECT_EQ(select("SELECT 1 FROM a JOIN b ON a.x = b.x LEFT JOIN (SELECT 2) c USING (x, y)"),
            "select 1 from ((a inner b on (= a.x b.x)) left [select 2] as c using x using y)");
  EXPECT_EQ(select("SELECT 1 FROM a RIGHT JOIN b ON true FULL JOIN c ON true CROSS JOIN d.e.f AS g"),
            "select 1 from (((a right b on true) full c on true) cross d.e.f as g)");
}

TEST(Statement, UnionsOfOneKindAreOne) {
  EXPECT_EQ(select("SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 ORDER BY 1 LIMIT 2"), "{select 1} union all {select 2} union all {select 3} sort 1 limit 2");
  EXPECT_EQ(select("SELECT 1 UNION ALL SELECT 2 UNION SELECT 3"), "{{select 1} union all {select 2}} union {select 3}");
  EXPECT_EQ(select("(SELECT 1 UNION ALL SELECT 2 LIMIT 1) UNION ALL SELECT 3"), "{{select 1} union all {select 2} limit 1} union all {select 3}");
  std::string many = "SELECT 0";
  for (int i = 0; i < 500; ++i) many += " UNION ALL SELECT 1";
  EXPECT_EQ(std::get<Select>(parse_statements(many).value()[0].form).union_of.size(), 501U);
}

TEST(Statement, ExpressionsOfTheFullSet) {
  EXPECT_EQ(scalar("a + b * -c - 2 ^ 3 % d"), "(- (+ a (* b (- c))) (% (^ 2 3) d))");
  EXPECT_EQ(scalar("CASE x + 1 WHEN 1 THEN 'a' WHEN 2 THEN b END"), "(case (= (+ x 1) 1) 'a' (= (+ x 1) 2) b NULL)");
  EXPECT_EQ(scalar("CASE WHEN a THEN 1 ELSE 2 END"), "(case a 1 2)");
  EXPECT_EQ(scalar("coalesce(a, nullif(b, 0), greatest(c, d), least(e))"), "coalesce(a nullif(b 0) greatest(c d) least(e))");
  EXPECT_EQ(scalar("CAST(a AS int) + b::numeric(10,2)"), "(+ (int4 a) (numeric,10,2 b))");
  EXPECT_EQ(scalar("date '2026-01-01' + interval '5 s'"), "(+ (date '2026-01-01') (interval '5 s'))");
  EXPECT_EQ(scalar("interval '5' minute + '-1.5'::interval second"), "(+ (interval '5 minute') (interval '-1.5 second'))");
  EXPECT_EQ(scalar("extract(hour FROM ts AT TIME ZONE 'UTC')"), "extract('hour' timezone('UTC' ts))");
  EXPECT_EQ(scalar("a LIKE 'x' AND b NOT ILIKE 'y' AND c !~* 'z'"), "(and (like a 'x') (not (ilike b 'y')) (!~* c 'z'))");
  EXPECT_EQ(scalar("a ~~ 'x' OR a !~~ 'y' OR a ~~* 'z'"), "(or (like a 'x') (not-like a 'y') (ilike a 'z'))");
  EXPECT_EQ(scalar("a IS DISTINCT FROM b OR a IS NOT DISTINCT FROM 1"), "(or (distinct a b) (not-distinct a 1))");
  EXPECT_EQ(scalar("a IS NOT NULL AND b IS UNKNOWN AND c IN (1, 2)"), "(and (not-is-null a) (is-unknown b) (in c 1 2))");
  EXPECT_EQ(scalar("substring(a FROM 1 FOR 2) || trim(both 'x' FROM y) || trim(z)"), "(|| (|| substring(a 1 2) btrim(y 'x')) btrim(z))");
  EXPECT_EQ(scalar("position('a' IN b) + overlay(a PLACING b FROM 1)::int"), "(+ position(b 'a') (int4 overlay(a b 1)))");
  EXPECT_EQ(scalar("j -> 'a' ->> 0 = j #>> '{a,b}'"), "(= (->> (-> j 'a') 0) (#>> j '{a,b}'))");
  EXPECT_EQ(scalar("count(*) FILTER (WHERE a) + count(DISTINCT b)"), "(+ count(*)[a] count(distinct b))");
  EXPECT_EQ(scalar("pg_catalog.lower(a) COLLATE \"C\""), "lower(a)");
}

TEST(Statement, PositionsAreWhereThingsBegin) {
  const auto parsed = parse_expression("ü + DATE '2026-01-01'");
  ASSERT_TRUE(parsed.ok()) << parsed.error();
  EXPECT_EQ(parsed->position, 3U);
  EXPECT_EQ(parsed->parts[1].position, 5U);
  EXPECT_EQ(place_of("a\nüb", 4), "line 2, column 2");
  EXPECT_EQ(place_of("a\n", 3), "line 2, column 1");
}

TEST(Statement, InOfASubqueryIsAJoinWithItsDistinctRows) {
  EXPECT_EQ(select("SELECT a FROM t WHERE a IN (SELECT b FROM u)"), "select a from (t inner [select distinct b from u] as asked 1 .value 1 on (= a asked 1.value 1))");
  EXPECT_EQ(select("SELECT a FROM t WHERE c AND (a IN (SELECT b FROM u) AND d)"),
            "select a from (t inner [select distinct b from u] as asked 1 .value 1 on (= a asked 1.value 1)) where (and c d)");
  EXPECT_EQ(select("SELECT a FROM t WHERE a IN (SELECT b FROM u LIMIT 2)"),
            "select a from (t inner [select distinct * from [select b from u limit 2]] as asked 1 .value 1 on (= a asked 1.value 1))");
}

TEST(Statement, ExistsIsAJoinWithWhatItIsAskedFor) {
  EXPECT_EQ(select("SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.b = t.a AND t.c = d AND e > 1)"),
            "select a from (t inner [select distinct u.b:value 1 d:value 2 from u where (> e 1)] as asked 1 .value 1 .value 2 on "
            "(and (= t.a asked 1.value 1) (= t.c asked 1.value 2)))");
  EXPECT_EQ(select("SELECT a FROM t WHERE b AND NOT EXISTS (SELECT * FROM u WHERE u.b = t.a)"),
            "select a from (t left [select distinct u.b:value 1 true:found from u] as asked 1 .value 1 .value 2 on (= t.a asked 1.value 1)) "
            "where (and b (is-null asked 1.value 2))");
  for (const auto* text : {"SELECT 1 FROM t WHERE EXISTS (SELECT 1 FROM u)", "SELECT 1 FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a > t.b)",
                           "SELECT 1 FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.b LIMIT 1)", "SELECT 1 FROM t WHERE EXISTS (SELECT count(*) FROM u WHERE u.a = t.b GROUP BY c)",
                           "SELECT 1 FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.b OR c)"}) {
    EXPECT_EQ(refusal(text).substr(0, 52), "line 1, column 23: this EXISTS is not supported | kn") << text;
  }
}

TEST(Statement, WhatIsNotSupportedIsNamedWithItsPlace) {
  EXPECT_EQ(refusal("SELECT\n  sum(x) OVER () FROM t"),
            "line 2, column 3: OVER is not supported | use tumble(), hop() or session() in GROUP BY, or DISTINCT ON");
  EXPECT_EQ(refusal("SELECT now()"), "line 1, column 8: now() is not supported | event time only: use a column, or _timestamp");
  EXPECT_EQ(refusal("SELECT localtimestamp(3)"), "line 1, column 8: LOCALTIMESTAMP is not supported | event time only: use a column, or _timestamp");
  EXPECT_EQ(refusal("SELECT current_user"), "line 1, column 8: CURRENT_USER is not supported");
  EXPECT_EQ(refusal("SELECT 1 FROM t WHERE a NOT IN (SELECT 2)").substr(0, 49), "line 1, column 25: a subquery is not supported in");
  EXPECT_EQ(refusal("SELECT 1 FROM t WHERE b OR a IN (SELECT 2)").substr(0, 49), "line 1, column 30: a subquery is not supported in");
  EXPECT_EQ(refusal("SELECT 1 FROM t WHERE a > ANY (SELECT 2)").substr(0, 49), "line 1, column 25: a subquery is not supported in");
  EXPECT_EQ(refusal("SELECT a = ANY (b)"), "line 1, column 10: ANY is not supported | write x IN (a, b) or x NOT IN (a, b)");
  EXPECT_EQ(refusal("SELECT a SIMILAR TO 'b'").substr(0, 47), "line 1, column 10: SIMILAR TO is not supported ");
  EXPECT_EQ(refusal("SELECT a LIKE 'b' ESCAPE 'c'").substr(0, 43), "line 1, column 10: ESCAPE is not supported ");
  EXPECT_EQ(refusal("SELECT a @> b"), "line 1, column 10: the operator @> is not supported");
  EXPECT_EQ(refusal("SELECT interval '1-2' year to month").substr(0, 58), "line 1, column 8: such fields of an interval are not suppo");
  for (const auto* text :
       {"VALUES (1)", "SELECT 1 INTO x", "SELECT 1 FROM t FOR UPDATE", "SELECT 1 FROM a NATURAL JOIN b", "SELECT 1 FROM a, LATERAL (SELECT 1) b",
        "SELECT 1 FROM f(1)", "SELECT 1 FROM ONLY t", "SELECT 1 FROM t TABLESAMPLE system (1)", "SELECT a FROM t GROUP BY ROLLUP (a)",
        "SELECT 1 INTERSECT SELECT 2", "SELECT 1 EXCEPT SELECT 2", "SELECT 1 UNION ALL (SELECT 2 EXCEPT SELECT 3)", "WITH RECURSIVE a AS (SELECT 1) SELECT 2",
        "WITH a AS (DELETE FROM b) SELECT 1", "SELECT string_agg(a, ',' ORDER BY a) FROM t", "SELECT f(VARIADIC a)", "SELECT f(a => 1)", "SELECT s.f(1)",
        "SELECT array[1]", "SELECT a[1]", "SELECT row(1, 2)", "SELECT (a, b) = (1, 2)", "SELECT $1", "SELECT a::s.t", "SELECT a::int[]", "SELECT b'1'",
        "SELECT a COLLATE \"de_DE\"", "SELECT 1 FROM a ORDER BY b USING <", "SELECT a FROM t ORDER BY a FETCH FIRST 1 ROW WITH TIES",
        "SELECT grouping(a) FROM t", "SELECT EXISTS (SELECT 1)", "SELECT (SELECT 1)", "SELECT |/ 4", "SELECT a BETWEEN SYMMETRIC 1 AND 2",
        "CREATE VIEW v AS SELECT 1", "CREATE TABLE a AS SELECT 1", "CREATE TEMP TABLE a (b int)", "CREATE TABLE a (LIKE b)", "CREATE TABLE a (b int DEFAULT 1)",
        "CREATE TABLE a (b int UNIQUE)", "CREATE TABLE a (b int) INHERITS (c)", "CREATE TABLE IF NOT EXISTS a (b int)", "CREATE TABLE a (b int) TABLESPACE c",
        "CREATE TABLE a (b int) PARTITION BY LIST (b)", "CREATE MATERIALIZED VIEW IF NOT EXISTS v AS SELECT 1", "CREATE MATERIALIZED VIEW v AS SELECT 1 WITH NO DATA",
        "CREATE MATERIALIZED VIEW v AS VALUES (1)", "DROP VIEW v", "DROP MATERIALIZED VIEW v CASCADE", "DROP INDEX i", "INSERT INTO t VALUES (1)",
        "UPDATE t SET a = 1", "DELETE FROM t", "EXPLAIN SELECT 1", "REFRESH MATERIALIZED VIEW v", "BEGIN", "SET a = 1", "GRANT SELECT ON t TO u"}) {
    const auto parsed = parse_statements(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::unsupported) << text;
    EXPECT_TRUE(parsed.error().message.starts_with("line 1, column ")) << parsed.error();
  }
}

TEST(Statement, FormsOfOtherSystemsGetAHint) {
  EXPECT_EQ(refusal("SELECT 1;\nSELECT FROM WHERE"), "line 2, column 13: syntax error at or near \"WHERE\"");
  EXPECT_NE(refusal("CREATE  SOURCE x (a int)").find("CREATE TABLE clicks"), std::string::npos);
  EXPECT_NE(refusal("CREATE STREAM x (a int)").find("CREATE TABLE clicks"), std::string::npos);
  EXPECT_NE(refusal("CREATE OR REPLACE MATERIALIZED VIEW v AS SELECT 1").find("leave OR REPLACE out"), std::string::npos);
  EXPECT_NE(refusal("SELECT a FROM b EMIT CHANGES").find("emit = 'changes'"), std::string::npos);
}

TEST(Statement, BytesThatAreNoTextAreRefused) {
  for (const auto& text : {std::string("SELECT 1\0", 9), std::string("SELECT '\xff'"), "SELECT " + std::string(2'000'000, '1')}) {
    const auto parsed = parse_statements(text);
    ASSERT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.error().code, ErrorCode::rejected);
  }
  std::string deep = "x";
  for (int i = 0; i < 60; ++i) deep = "CASE " + deep + " WHEN 1 THEN 1 WHEN 2 THEN 2 END";
  EXPECT_FALSE(parse_statements("SELECT " + deep).ok());
}

}  // namespace
}  // namespace sluice::sql
