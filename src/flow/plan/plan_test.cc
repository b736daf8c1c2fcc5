// Plans as text, each for one rule.
#include "flow/plan/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "flow/plan/catalog_testing.h"

namespace sluice::flow {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kClicks = "Stream clicks  [append only, key _partition, _offset]\n";

TEST(Plan, RowsOfAStreamAreOnlyAdded) {
  EXPECT_EQ(planned("SELECT user_id, page FROM clicks WHERE amount > 3 AND user_id = 7"),
            "Project user_id, page  [append only]\n"
            "  Filter ((amount > 3) AND (user_id = 7))  [append only, key _partition, _offset]\n"
            "    " + std::string(kClicks));
}

TEST(Plan, AStarLeavesOutWhatIsNotInTheRecord) {
  EXPECT_EQ(planned("SELECT * FROM clicks"), "Project user_id, page, amount, ts  [append only]\n  " + std::string(kClicks));
  EXPECT_THAT(planned("SELECT _offset, c.* FROM clicks c"), HasSubstr("Project _offset, user_id, page, amount, ts  [append only]"));
  EXPECT_THAT(planned("SELECT _partition, _offset FROM clicks"), HasSubstr("[append only, key _partition, _offset]"));
}

TEST(Plan, AConditionOnOneSideIsMetBelowTheJoin) {
  EXPECT_EQ(planned("SELECT o.id, c.name FROM orders o, customers c WHERE c.id = o.customer_id AND o.total > 5 AND c.country > c.name"),
            "Project id, name  [key id]\n"
            "  Join on customer_id = id  [key id]\n"
            "    Project id, customer_id  [key id]\n"
            "      Filter (total > 5)  [key id]\n"
            "        Table orders  [key id]\n"
            "    Project name, id  [key id]\n"
            "      Filter (country > name)  [key id]\n"
            "        Table shop.public.customers  [key id]\n");
}

TEST(Plan, InALeftJoinTheLeftSidesConditionsOnlyKeepFromMatching) {
  EXPECT_EQ(planned("SELECT o.id, c.name FROM orders o LEFT JOIN customers c ON c.id = o.customer_id AND c.country = 'DE' AND o.total > 5"),
            "Project id, name  [key id]\n"
            "  Left join on key = id  [key id]\n"
            "    Project id, CASE((total > 5), customer_id, NULL) AS key  [key id]\n"
            "      Table orders  [key id]\n"
            "    Project name, id  [key id]\n"
            "      Filter (country = 'DE')  [key id]\n"
            "        Table shop.public.customers  [key id]\n");
}

TEST(Plan, WhereIsAboveAnOuterJoinForTheSideThatMayBeMissing) {
  const auto plan = planned("SELECT o.id, c.name FROM orders o LEFT JOIN customers c ON c.id = o.customer_id WHERE c.name IS NULL AND o.total > 1");
  EXPECT_THAT(plan, HasSubstr("  Filter (name IS NULL)  [key id]\n    Left join"));
  EXPECT_THAT(plan, HasSubstr("Filter (total > 1)  [key id]\n          Table orders"));
  const auto full = planned("SELECT c.id, o.id AS oid FROM customers c FULL JOIN orders o ON o.customer_id = c.id AND c.name = 'a' WHERE o.total > 1");
  EXPECT_THAT(full, HasSubstr("Filter (total > 1)  [key id, id]\n    Full join on key = customer_id"));
  EXPECT_THAT(full, HasSubstr("CASE((name = 'a'), id, NULL) AS key"));
}

TEST(Plan, ARightJoinIsALeftJoinOfTheOthers) {
  EXPECT_THAT(planned("SELECT * FROM customers c RIGHT JOIN orders o USING (id)"),
              HasSubstr("Project id, name, country, customer_id, total, placed, note  [key id]\n"
                        "  Left join on id = id  [key id]\n"
                        "    Table orders"));
}

TEST(Plan, KeysMayBeExpressionsAndAreOfOneType) {
  EXPECT_THAT(planned("SELECT l.order_id, l.product, c.name FROM lines l JOIN customers c ON l.product + 1 = c.id"),
              HasSubstr("Join on key = id  [key order_id, product]\n    Project order_id, product, cast((product + 1)) AS key"));
}

TEST(Plan, AKeyThatIsComputedIsNotTakenForTheOneOfTheJoinBelow) {
  EXPECT_THAT(planned("SELECT DISTINCT o.id, c.name, k.page FROM orders o JOIN customers c ON o.id = c.id + 1 "
                      "FULL JOIN clicks k ON o.id + 2 = k.user_id"),
              HasSubstr("Project id, name, (id + 2) AS key\n        Join on id = key"));
}

TEST(Plan, PartsAreJoinedInTheOrderThatEqualitiesBindThem) {
  EXPECT_EQ(planned("SELECT l.order_id, l.product, c.name FROM lines l, customers c, orders o WHERE o.id = l.order_id AND c.id = o.customer_id"),
            "Project order_id, product, name  [key order_id, product]\n"
            "  Join on customer_id = id  [key order_id, product]\n"
            "    Project order_id, product, customer_id  [key order_id, product]\n"
            "      Join on order_id = id  [key order_id, product]\n"
            "        Project order_id, product  [key order_id, product]\n"
            "          Table lines  [key order_id, product]\n"
            "        Project customer_id, id  [key id]\n"
            "          Table orders  [key id]\n"
            "    Project name, id  [key id]\n"
            "      Table shop.public.customers  [key id]\n");
}

TEST(Plan, WhatIsNoEqualityIsTheResidual) {
  EXPECT_THAT(planned("SELECT a.page, b.page AS other FROM clicks a JOIN clicks b ON a.user_id = b.user_id AND a.ts < b.ts"),
              HasSubstr("Join on user_id = user_id where (ts < ts); left is kept for 01:00:00 of ts; right is kept for 01:00:00 of ts  [append only]"));
}

TEST(Plan, AStreamThatIsNotKeptOnlyLooksUp) {
  EXPECT_THAT(planned("SELECT v.page, c.name FROM visits v JOIN customers c ON c.id = v.user_id"),
              HasSubstr("Join on user_id = id; left is not kept  [append only]"));
  EXPECT_THAT(planned("SELECT v.page, c.name FROM visits v LEFT JOIN customers c ON c.id = v.user_id"),
              HasSubstr("Left join on user_id = id; left is not kept  [append only]"));
  EXPECT_THAT(planned("SELECT v.page, c.name FROM customers c JOIN visits v ON c.id = v.user_id"),
              HasSubstr("Join on id = user_id; right is not kept  [append only]"));
  EXPECT_THAT(planned("SELECT c.id, v.page FROM customers c LEFT JOIN visits v ON c.id = v.user_id"), HasSubstr("nothing tells them apart"));
}

TEST(Plan, TheEventTimeStaysWhereRowsAreForgottenByIt) {
  EXPECT_THAT(planned("SELECT k._partition, k._offset, c.name FROM clicks k JOIN customers c ON c.id = k.user_id"),
              HasSubstr("Project ts, _partition, _offset, user_id  [append only"));
}

TEST(Plan, AJoinOnTheOthersWholeKeyKeepsTheKey) {
  EXPECT_THAT(planned("SELECT o.id, c.name FROM customers c JOIN orders o ON c.id = o.customer_id"), HasSubstr("Project id, name  [key id]"));
  EXPECT_THAT(planned("SELECT c.id AS c, o.id AS o FROM customers c LEFT JOIN orders o ON c.id = o.customer_id"),
              HasSubstr("Project id AS c, id AS o  [key c, o]"));
  EXPECT_THAT(planned("SELECT l.product, o.id FROM lines l JOIN orders o ON o.id = l.order_id"), HasSubstr("[key id, product]"));
  EXPECT_THAT(planned("SELECT order_id, quantity FROM lines WHERE product = 3"), HasSubstr("Project order_id, quantity  [key order_id]"));
  EXPECT_THAT(planned("SELECT id, c.name, o.total FROM customers c FULL JOIN orders o USING (id)"),
              HasSubstr("Project coalesce(id, id) AS id, name, total  [key id]"));
}

TEST(Plan, AGroupIsTheKey) {
  EXPECT_EQ(planned("SELECT country, count(*), avg(id) FILTER (WHERE name > 'a') FROM customers GROUP BY 1"),
            "Aggregate group by country: count(*), avg(id) FILTER (name > 'a')  [key country]\n"
            "  Table shop.public.customers  [key id]\n");
  EXPECT_THAT(planned("SELECT id % 3 AS rest, count(*) AS n FROM customers GROUP BY rest HAVING sum(id) > 5"),
              HasSubstr("Project group_1 AS rest, count AS n  [key rest]\n  Filter (sum > 5)  [key group_1]"));
  EXPECT_THAT(planned("SELECT count(*) + 1 AS n, 2 * count(*) AS m FROM customers"),
              HasSubstr("Project (count + 1) AS n, (2 * count) AS m  [one row]\n  Aggregate: count(*)  [one row]"));
}

TEST(Plan, WhatDependsOnAKeyThatIsGroupedByNeedsNoGroup) {
  EXPECT_EQ(planned("SELECT c.id, c.name, sum(o.total) FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY c.id"),
            "Aggregate group by id, name: sum(total)  [key id]\n"
            "  Join on id = customer_id\n"
            "    Project id, name  [key id]\n"
            "      Table shop.public.customers  [key id]\n"
            "    Project total, customer_id\n"
            "      Table orders  [key id]\n");
}

TEST(Plan, AggregatesHavePostgresqlsTypes) {
  ShopCatalog catalog;
  const std::string text = "SELECT sum(quantity), sum(order_id), sum(price), avg(quantity), avg(price), min(product), count(*) FROM lines";
  const auto plan = bind(std::get<sql::Select>(sql::parse_statements(text)->front().form), text, catalog,
                         {.columns = {"a", "b", "c", "d", "e", "f", "g"}});
  ASSERT_TRUE(plan.ok()) << plan.error();
  std::string types;
  for (const auto& column : plan->root->columns) types += column.name + " " + type_text(column.type) + ", ";
  EXPECT_EQ(types, "a bigint, b numeric, c double precision, d numeric, e double precision, f integer, g bigint, ");
}

TEST(Plan, WindowsAreOfTheirOwnTime) {
  EXPECT_THAT(planned("SELECT page, window_start, count(*) AS n FROM clicks GROUP BY page, tumble(ts, '1 minute') HAVING window_end > ts('x')"),
              HasSubstr("does not exist"));
  EXPECT_EQ(planned("CREATE MATERIALIZED VIEW v WITH (emit = 'final', grace = '10 s') AS "
                    "SELECT page, window_start, count(*) AS n FROM clicks GROUP BY page, hop(ts, interval '1 minute', '5 minutes')"),
            "Project page, window_start, count AS n  [append only, key page, window_start]\n"
            "  Aggregate group by page, hop(ts, 00:01:00, 00:05:00) grace 00:00:10: count(*); when the window closes"
            "  [append only, key page, window_start]\n"
            "    " + std::string(kClicks));
  EXPECT_THAT(planned("SELECT user_id, window_end, count(*) FROM clicks GROUP BY user_id, session(ts, '5 s')"), HasSubstr("[key user_id, window_end]"));
}

TEST(Plan, WindowedQueriesJoinLikeOthers) {
  const auto plan = planned(
      "WITH counts AS (SELECT user_id, count(*) AS num, window_start FROM clicks GROUP BY user_id, hop(ts, interval '2 s', interval '10 s')) "
      "SELECT c.window_start, c.num, c.user_id FROM counts c "
      "JOIN (SELECT window_start, max(num) AS most FROM counts GROUP BY window_start) m ON c.window_start = m.window_start WHERE c.num >= m.most");
  EXPECT_THAT(plan, HasSubstr("Project window_start, num, user_id  [key user_id, window_start]\n"
                              "  Join on window_start = window_start where (num >= most); left is kept for 00:00:10 of window_start; "
                              "right is kept for 00:00:10 of window_start"));
}

TEST(Plan, WindowsThatAreJoinedOnTheirTimeAreForgottenWhenTheyHaveClosed) {
  EXPECT_THAT(planned("SELECT a.name, a.n, b.name AS other FROM "
                      "(SELECT name, window_start AS w, count(*) AS n FROM events GROUP BY name, tumble(at, '10 s')) a LEFT JOIN "
                      "(SELECT name, window_start AS w, count(*) AS n FROM events GROUP BY name, hop(at, '10 s', '30 s')) b "
                      "ON a.w = b.w AND a.n = b.n"),
              HasSubstr("add a.w, b.w to the SELECT list"));
  const auto plan = planned("SELECT a.name, a.w, b.name AS other, b.w AS w2 FROM "
                            "(SELECT name, window_start AS w, count(*) AS n FROM events GROUP BY name, tumble(at, '10 s')) a LEFT JOIN "
                            "(SELECT name, window_start AS w, count(*) AS n FROM events GROUP BY name, hop(at, '10 s', '30 s')) b "
                            "ON a.w = b.w AND a.n = b.n");
  EXPECT_THAT(plan, HasSubstr("Left join on w = w AND n = n; left is kept for 00:00:30 of w; right is kept for 00:00:30 of w"));
  EXPECT_THAT(planned("SELECT a.name, a.w, c.id FROM (SELECT name, window_start AS w, count(*) AS n FROM events "
                      "GROUP BY name, tumble(at, '10 s')) a JOIN customers c ON c.name = a.name"),
              Not(HasSubstr("is kept for")));
}

TEST(Plan, WindowsOfAStreamThatOnlyLooksUp) {
  const std::string window = "(SELECT user_id, window_start AS w, count(*) AS n FROM visits GROUP BY user_id, tumble(ts, '10 s'))";
  const std::string final = "CREATE MATERIALIZED VIEW v WITH (emit = 'final') AS ";
  const auto looked_up = "SELECT a.user_id, a.w, c.name FROM " + window + " a LEFT JOIN customers c ON c.id = a.user_id";
  EXPECT_THAT(planned(final + looked_up), HasSubstr("Left join on user_id = id; left is not kept  [append only, key user_id, w]"));
  EXPECT_THAT(planned(looked_up), HasSubstr("Left join on user_id = id; left is kept for 00:00:10 of w  [key user_id, w]"));
  const auto met = "SELECT a.user_id, a.w FROM " + window + " a LEFT JOIN " + window + " b ON a.w = b.w AND a.user_id = b.user_id";
  EXPECT_THAT(planned(final + met), HasSubstr("left is kept for 00:00:10 of w; right is kept for 00:00:10 of w  [key user_id, w]"));
  EXPECT_THAT(planned("SELECT a.user_id, a.w FROM (SELECT user_id, window_end AS w FROM visits GROUP BY user_id, session(ts, '5 s')) a JOIN "
                      "(SELECT user_id, window_end AS w FROM visits GROUP BY user_id, session(ts, '9 s')) b ON a.w = b.w AND a.user_id = b.user_id"),
              HasSubstr("left is kept for 00:00:00.000001 of w"));
}

TEST(Plan, DistinctIsAGroup) {
  EXPECT_EQ(planned("SELECT DISTINCT country FROM customers"),
            "Aggregate group by country  [key country]\n  Project country\n    Table shop.public.customers  [key id]\n");
  EXPECT_THAT(planned("SELECT DISTINCT page FROM clicks"), HasSubstr("Aggregate group by page  [append only, key page]"));
  EXPECT_THAT(planned("SELECT page, window_start FROM clicks GROUP BY page, tumble(ts, '1 s')"), HasSubstr("[append only, key page, window_start]"));
  EXPECT_THAT(planned("SELECT page, window_end FROM clicks GROUP BY page, session(ts, '1 s')"), HasSubstr("[key page, window_end]"));
  EXPECT_THAT(planned("SELECT id FROM customers UNION SELECT product FROM lines"), HasSubstr("Aggregate group by id  [key id]\n  Union all\n"));
}

TEST(Plan, DistinctOnTakesTheFirst) {
  EXPECT_EQ(planned("SELECT DISTINCT ON (user_id) user_id, page FROM clicks ORDER BY user_id, ts DESC"),
            "Project user_id, page  [key user_id]\n"
            "  First of each user_id by order_3 DESC  [key user_id]\n"
            "    Project user_id, page, ts AS order_3  [append only]\n"
            "      " + std::string(kClicks));
  EXPECT_THAT(planned("CREATE MATERIALIZED VIEW v WITH (within = '1 hour') AS SELECT DISTINCT ON (user_id) user_id, ts, page FROM clicks"),
              HasSubstr("First of each user_id within 01:00:00  [key user_id, ts]"));
}

TEST(Plan, AUnionHasAKeyByAConstant) {
  EXPECT_EQ(planned("SELECT 'c' AS kind, id, name FROM customers UNION ALL SELECT 'o', id, NULL FROM orders"),
            "Union all  [key kind, id]\n"
            "  Project 'c' AS kind, id, name  [key id]\n"
            "    Table shop.public.customers  [key id]\n"
            "  Project 'o' AS kind, id, NULL AS name  [key id]\n"
            "    Table orders  [key id]\n");
  EXPECT_THAT(planned("SELECT page FROM clicks UNION ALL SELECT page FROM visits"), HasSubstr("Union all  [append only]"));
}

TEST(Plan, NamesReachThroughAliasesAndSubqueries) {
  EXPECT_THAT(planned("SELECT public.customers.id FROM shop.public.customers"), HasSubstr("Project id  [key id]"));
  EXPECT_THAT(planned("SELECT x, y FROM customers AS c (x, y)"), HasSubstr("Project id AS x, name AS y  [key x]"));
  EXPECT_THAT(planned("WITH a (k, v) AS (SELECT id, name FROM customers), b AS (SELECT k, v FROM a WHERE k > 3) SELECT b.k FROM b"),
              HasSubstr("Project id AS k  [key k]\n  Filter (id > 3)  [key id]\n    Table"));
  EXPECT_THAT(planned("CREATE MATERIALIZED VIEW v (a, b) AS SELECT id, id FROM customers"), HasSubstr("Project id AS a, id AS b  [key a]"));
}

TEST(Plan, AQuestionMayOrderAndCross) {
  const auto crossed = asked("SELECT c.id FROM customers c, orders o ORDER BY 1 DESC, o.total LIMIT 5 OFFSET 2");
  EXPECT_THAT(crossed, HasSubstr("Join on key = key"));
  EXPECT_THAT(crossed, HasSubstr("order: 0 desc nulls first, 1; extra 1; limit 5; offset 2"));
  EXPECT_THAT(asked("SELECT country, count(*) AS n FROM customers GROUP BY country ORDER BY n DESC NULLS LAST, max(id)"),
              HasSubstr("order: 1 desc, 2; extra 1; offset 0"));
  EXPECT_THAT(asked("SELECT name FROM customers UNION ALL SELECT page FROM clicks ORDER BY name LIMIT 3"), HasSubstr("order: 0; extra 0; limit 3"));
  EXPECT_THAT(asked("SELECT DISTINCT ON (country) country, name FROM customers ORDER BY country, id"), HasSubstr("order: 0, 2; extra 1"));
  EXPECT_THAT(asked("SELECT name FROM customers"), Not(HasSubstr("nothing tells")));
}

}  // namespace
}  // namespace sluice::flow
