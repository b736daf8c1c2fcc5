// What is refused, with its place: a marker ^ in the text stands before it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "flow/plan/catalog_testing.h"

namespace sluice::flow {
namespace {

struct Refusal {
  std::string query;  // with ^
  std::string why;
};

void check(const std::vector<Refusal>& refusals, std::string (*answer)(const std::string&)) {
  for (const auto& [marked, why] : refusals) {
    auto query = marked;
    const auto at = query.find('^');
    ASSERT_NE(at, std::string::npos) << query;
    query.erase(at, 1);
    const auto told = answer(query);
    EXPECT_THAT(told, ::testing::StartsWith("line 1, column " + std::to_string(at + 1) + ": ")) << query;
    EXPECT_THAT(told, ::testing::HasSubstr(why)) << query;
  }
}

TEST(Refusals, OfNames) {
  check({{"SELECT ^x FROM customers", "column \"x\" does not exist"},
         {"SELECT ^coutry FROM customers", "did you mean \"country\"?"},
         {"SELECT ^c.x FROM customers c", "column c.x does not exist"},
         {"SELECT ^d.id FROM customers c", "missing FROM-clause entry for table \"d\""},
         {"SELECT ^customers.id FROM customers c", "missing FROM-clause entry"},
         {"SELECT ^d.* FROM customers c", "missing FROM-clause entry"},
         {"SELECT ^id FROM customers, orders WHERE customers.id = orders.id", "column reference \"id\" is ambiguous"},
         {"SELECT 1 FROM ^nowhere", "relation \"nowhere\" does not exist"},
         {"SELECT 1 FROM customers c JOIN ^orders c ON c.id = 1", "table name \"c\" specified more than once"},
         {"SELECT id FROM ^customers AS c (a, b, c, d)", "has 3 columns available but 4 columns specified"},
         {"SELECT ^id, id FROM customers", "specified more than once"},
         {"SELECT id ^+ 1, id FROM customers", "has no name"}},
        planned);
}

TEST(Refusals, OfTypes) {
  check({{"SELECT id ^+ true AS x FROM customers", "operator does not exist: bigint + boolean"},
         {"SELECT id FROM customers WHERE id = ^'a'", "invalid input syntax for type bigint: \"a\""},
         {"SELECT id FROM customers WHERE ^name", "argument of WHERE must be type boolean, not type text"},
         {"SELECT id FROM customers WHERE id > 1 AND ^id", "argument of AND must be type boolean"},
         {"SELECT id, ^nofunction(name) AS x FROM customers", "function nofunction(text) does not exist"},
         {"SELECT ^cont(name) AS x FROM customers", "did you mean \"count\"?"},
         {"SELECT ^CASE WHEN id > 1 THEN name ELSE id END AS x FROM customers", "CASE types"},
         {"SELECT id ^IN (1, true) AS x FROM customers", "operator does not exist: bigint = boolean"},
         {"SELECT id FROM customers UNION SELECT ^name FROM customers", "UNION types"},
         {"SELECT id FROM customers UNION SELECT ^id, name FROM customers", "same number of columns"},
         {"SELECT note FROM orders GROUP BY ^note", "could not identify an equality operator for type json"},
         {"SELECT DISTINCT ^note FROM orders", "could not identify an equality operator for type json"},
         {"SELECT ts ^AT TIME ZONE 'Europe/Berln' AS x FROM clicks", "time zone \"Europe/Berln\" not recognized"},
         {"SELECT ^date_trunc('dya', ts) AS x FROM clicks", "unit \"dya\" not recognized"},
         {"SELECT ^date_trunc('day', ts, 'Nowhere') AS x FROM clicks", "time zone \"Nowhere\" not recognized"},
         {"SELECT ^extract(yaer FROM ts) AS x FROM clicks", "unit \"yaer\" not recognized"}},
        planned);
}

TEST(Refusals, OfGroupsAndAggregates) {
  check({{"SELECT ^name, count(*) FROM customers GROUP BY country", "column \"customers.name\" must appear in the GROUP BY clause"},
         {"SELECT country FROM customers GROUP BY country HAVING ^id > 1", "column \"customers.id\" must appear"},
         {"SELECT sum(^count(*)) FROM customers", "aggregate function calls cannot be nested"},
         {"SELECT id FROM customers WHERE ^count(*) > 1", "aggregate functions are not allowed in WHERE"},
         {"SELECT ^name, count(*) FROM customers GROUP BY country", "max(customers.name)"},
         {"SELECT id FROM customers WHERE name = ^\"home\"", "single quotes: 'home'"},
         {"SELECT ^customers.name FROM customers c", "FROM has c"},
         {"SELECT ^string_agg(name, ',') FROM customers", "aggregates are"},
         {"SELECT id FROM customers WHERE ^count(*) > 1", "HAVING"},
         {"SELECT o.id FROM orders o JOIN customers c ON ^count(*) = c.id", "aggregate functions are not allowed in JOIN conditions"},
         {"SELECT ^count(*) AS n FROM customers GROUP BY n", "aggregate functions are not allowed in GROUP BY"},
         {"SELECT country FROM customers GROUP BY ^3", "GROUP BY position 3 is not in select list"},
         {"SELECT country FROM customers GROUP BY ^'x'", "non-integer constant in GROUP BY"},
         {"SELECT ^sum(name) FROM customers", "function sum(text) does not exist"},
         {"SELECT ^sum(id, id) FROM customers", "takes one argument"},
         {"SELECT ^sum(*) FROM customers", "count(*) is"},
         {"SELECT count(*) FILTER (WHERE ^id) FROM customers", "argument of FILTER must be type boolean"}},
        planned);
}

TEST(Refusals, OfWindows) {
  check({{"SELECT ^tumble(ts, '1 s') FROM clicks", "it stands in GROUP BY only"},
         {"SELECT count(*) FROM clicks GROUP BY page, tumble(ts, ^'1 month')", "an interval of months has no fixed length"},
         {"SELECT count(*) FROM clicks GROUP BY page, tumble(ts, ^'0 s')", "longer than nothing"},
         {"SELECT count(*) FROM clicks GROUP BY page, tumble(ts, ^'-1 s')", "negative"},
         {"SELECT count(*) FROM clicks GROUP BY page, tumble(^user_id, '1 s')", "is of a timestamp"},
         {"SELECT count(*) FROM clicks GROUP BY page, ^hop(ts, '1 s')", "hop(time, slide, size)"},
         {"SELECT count(*) FROM clicks GROUP BY page, hop(ts, ^'2 s', '1 s')", "at most the size"},
         {"SELECT count(*) FROM clicks GROUP BY tumble(ts, '1 s'), ^tumble(ts, '2 s')", "one window"},
         {"SELECT ^window_start FROM clicks", "column \"window_start\" does not exist"},
         {"SELECT count(*) FROM clicks k JOIN customers c ON c.id = k.user_id GROUP BY c.id, ^session(k.ts, '5 s')", "may be taken back"},
         {"CREATE MATERIALIZED VIEW v WITH (emit = 'final') AS SELECT ^page, count(*) FROM clicks GROUP BY page", "without a window"},
         {"CREATE MATERIALIZED VIEW v WITH (emit = 'final') AS SELECT ^name, window_start, count(*) FROM events GROUP BY name, tumble(at, '1 s')",
          "without a watermark"},
         {"CREATE MATERIALIZED VIEW v WITH (within = '1 s') AS SELECT ^page FROM clicks", "DISTINCT ON"},
         {"CREATE MATERIALIZED VIEW v WITH (within = '1 s') AS SELECT DISTINCT ON (^name) name, id FROM events", "by event time"},
         {"CREATE MATERIALIZED VIEW v WITH (within = '1 s') AS SELECT DISTINCT ON (^user_id) user_id, page, ts FROM clicks k JOIN customers c "
          "ON c.id = k.user_id",
          "may be taken back"},
         {"CREATE MATERIALIZED VIEW v WITH (within = '1 s') AS SELECT DISTINCT ON (user_id) ^user_id, page FROM clicks", "and ts"}},
        planned);
}

TEST(Refusals, OfJoins) {
  check({{"SELECT c.id FROM customers c, ^orders o", "a join without an equality"},
         {"SELECT c.id FROM customers c JOIN ^orders o ON o.id > c.id", "a join without an equality"},
         {"SELECT o.id FROM orders o LEFT JOIN customers c ON c.id = o.customer_id AND o.total ^< c.id", "both sides of an outer join"},
         {"SELECT v.page FROM visits v JOIN ^visits w ON v.user_id = w.user_id", "neither side of the join is kept"}},
        planned);
}

TEST(Refusals, OfViewsWithoutAKeyOrWithAnOrder) {
  check({{"SELECT ^name FROM customers", "add customers.id to the SELECT list"},
         {"SELECT ^c.name, o.total FROM customers c LEFT JOIN orders o ON o.customer_id = c.id", "add c.id, o.id to the SELECT list"},
         {"SELECT ^o.total FROM customers c JOIN orders o ON o.customer_id = c.id", "add o.id to the SELECT list"},
         {"SELECT ^k.page FROM clicks k JOIN customers c ON c.id = k.user_id", "let k only look up"},
         {"SELECT ^count(*) FROM customers GROUP BY country", "add what the rows are grouped by"},
         {"SELECT ^count(*) FROM clicks GROUP BY page, tumble(ts, '1 s')", "and window_start"},
         {"SELECT ^id, name FROM customers UNION ALL SELECT id, note::text FROM orders", "a constant of its own"},
         {"SELECT id FROM customers ORDER BY ^id", "ORDER BY here"},
         {"SELECT id FROM customers LIMIT ^5", "LIMIT here"},
         {"SELECT id FROM (SELECT id FROM customers ORDER BY ^id) x", "ORDER BY here"},
         {"SELECT DISTINCT ON (^country) country, id FROM customers ORDER BY id", "must match initial ORDER BY expressions"},
         {"SELECT ^1", "without FROM"}},
        planned);
}

TEST(Refusals, OfQuestions) {
  check({{"SELECT id FROM customers ORDER BY ^4", "ORDER BY position 4 is not in select list"},
         {"SELECT DISTINCT id FROM customers ORDER BY ^name", "for SELECT DISTINCT, ORDER BY expressions must appear in select list"},
         {"SELECT id AS x, name AS x FROM customers ORDER BY ^x", "ORDER BY \"x\" is ambiguous"},
         {"SELECT id FROM customers LIMIT ^-1", "LIMIT must not be negative"},
         {"SELECT id FROM customers UNION SELECT id FROM orders ORDER BY id ^+ 1", "invalid UNION/INTERSECT/EXCEPT ORDER BY clause"}},
        asked);
}

TEST(Refusals, OfWhatGrowsWithoutEnd) {
  std::string query = "WITH t0 AS (SELECT id FROM customers)";
  for (int i = 1; i <= 12; ++i) {
    const auto before = "t" + std::to_string(i - 1);
    query += ", t" + std::to_string(i) + " AS (SELECT a.id FROM " + before + " a JOIN " + before + " b ON a.id = b.id)";
  }
  EXPECT_THAT(planned(query + " SELECT id FROM t12"), ::testing::HasSubstr("more than 1000 SELECTs"));
}

}  // namespace
}  // namespace sluice::flow
