// Random changes in random batches: what a running plan has given in sum is, after each, the plain answer over what the relations are.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>
#include <random>

#include "flow/operators/naive_testing.h"

namespace sluice::flow {
namespace {

constexpr const char* kOverTables[] = {
    "SELECT id, v + 1, t FROM a WHERE v > 3 OR v IS NULL",
    "SELECT id, 10 / v FROM a",
    "SELECT a.id, b.id, a.v, b.t FROM a JOIN b ON a.k = b.k",
    "SELECT a.id, b.id, a.v, b.v FROM a JOIN b ON a.k = b.k AND a.v < b.v",
    "SELECT a.id, b.id FROM a JOIN b ON a.k = b.k AND 6 / a.v > 1",
    "SELECT a.id, a.k, b.id, b.n FROM a LEFT JOIN b ON a.k = b.k",
    "SELECT a.id, a.k, b.id, b.n FROM a LEFT JOIN b ON a.k = b.id",
    "SELECT a.id, b.id, b.k, a.t FROM a RIGHT JOIN b ON b.k = a.k",
    "SELECT a.id, b.id, a.v, b.v FROM a FULL JOIN b ON a.k = b.k AND a.v = b.v",
    "SELECT a.id, b.id, a.v, b.v FROM a FULL JOIN b ON a.id = b.id",
    "SELECT x.id, y.id, x.v FROM a x JOIN a y ON x.k = y.v",
    "SELECT x.id, y.id, x.v FROM a x LEFT JOIN a y ON x.k = y.id",
    "SELECT a.v, b.v FROM a JOIN b ON a.k = b.k",
    "SELECT u.v, b.t FROM (SELECT v FROM a UNION ALL SELECT k FROM b) u LEFT JOIN b ON b.id = u.v",
    "SELECT k, count(*), count(v), sum(v), avg(v), min(v), max(v) FROM a GROUP BY k",
    "SELECT k, min(t), max(t), min(n), max(n), min(f), max(f) FROM a GROUP BY k",
    "SELECT k, count(DISTINCT v), sum(DISTINCT v), avg(DISTINCT v), count(DISTINCT t) FROM a GROUP BY k",
    "SELECT k, bool_and(v > 2), bool_or(v > 6), sum(v) FILTER (WHERE v > 2), count(*) FILTER (WHERE t = 'x') FROM a GROUP BY k",
    "SELECT k, sum(n), avg(n), sum(f), avg(f) FROM a GROUP BY k",
    "SELECT k % 2, t, sum(12 / v) FROM a GROUP BY k % 2, t",
    "SELECT count(*), sum(v), max(v), avg(n) FROM a",
    "SELECT count(*), max(c) FROM (SELECT k, count(*) AS c FROM a GROUP BY k) x",
    "SELECT c, count(*) FROM (SELECT k, count(*) AS c FROM a GROUP BY k) x GROUP BY c",
    "SELECT k, sum(v) FROM a GROUP BY k HAVING count(*) > 2",
    "SELECT a.id, g.c FROM a LEFT JOIN (SELECT k, count(*) AS c FROM b GROUP BY k) g ON g.k = a.k",
    "SELECT g.k, a.id, g.c FROM (SELECT k, sum(v) AS c FROM a GROUP BY k) g JOIN a ON g.c = a.v",
    "SELECT a.k, b.t, count(*), max(a.v) FROM a LEFT JOIN b ON a.k = b.id GROUP BY a.k, b.t",
    "SELECT DISTINCT ON (k) k, v, id FROM a ORDER BY k, v DESC, id",
    "SELECT DISTINCT ON (k) k, v, t, id FROM a ORDER BY k, t NULLS FIRST, v",
    "SELECT DISTINCT k, v FROM a",
    "SELECT k, max(v) FROM (SELECT DISTINCT ON (k, t) k, t, v FROM a ORDER BY k, t, v DESC) d GROUP BY k",
    "SELECT v FROM a UNION ALL SELECT v FROM b",
    "SELECT k, count(*) FROM (SELECT k FROM a UNION ALL SELECT v FROM b) u GROUP BY k",
    "SELECT a.id, b.id, c.id FROM a LEFT JOIN b ON a.k = b.k LEFT JOIN b c ON b.v = c.id",
};

class Tables {
 public:
  explicit Tables(std::mt19937_64& random) : random_(random) {}

  // Changes one row of a table, and gives the change.
  Change change(std::size_t table, Arena& arena) {
    const auto id = static_cast<std::int64_t>(random_() % 12);
    const auto row = arena.row(6);
    row[0] = Value::of_integer(id);
    auto& rows = tables_[table];
    if (random_() % 3 == 0) {
      rows.erase(id);
      return {.row = row, .deleted = true, .origin = ++origin_};
    }
    row[1] = small(5);
    row[2] = small(8);
    if (random_() % 5 != 0) row[3] = Value::of_text(std::array{"x", "y", ""}[random_() % 3]);
    row[4] = numeric();
    row[5] = floating();
    rows[id].assign(row.begin(), row.end());
    return {.row = row, .deleted = false, .origin = ++origin_};
  }
  [[nodiscard]] std::vector<Row> rows(std::size_t table) const {
    std::vector<Row> out;
    for (const auto& [id, values] : tables_[table]) out.emplace_back(values);
    return out;
  }

 private:
  Value small(std::uint64_t bound) {
    const auto n = random_() % (bound + 1);
    return n == bound ? Value::none() : Value::of_integer(static_cast<std::int64_t>(n));
  }
  Value numeric() {
    const auto n = static_cast<std::int64_t>(random_() % 2000) - 1000;
    switch (random_() % 10) {
      case 0: return Value::none();
      case 1: return Value::of_numeric(0, Value::kNaN);
      case 2: return Value::of_numeric(std::numeric_limits<std::int64_t>::max() - 5, 3);
      default: return Value::of_numeric(n, static_cast<std::int32_t>(random_() % 3));
    }
  }
  Value floating() {
    const auto n = static_cast<double>(random_() % 2000) / 4 - 100;
    switch (random_() % 12) {
      case 0: return Value::none();
      case 1: return Value::of_double(std::numeric_limits<double>::quiet_NaN());
      case 2: return Value::of_double(std::numeric_limits<double>::infinity());
      case 3: return Value::of_double(-std::numeric_limits<double>::infinity());
      default: return Value::of_double(n);
    }
  }

  std::mt19937_64& random_;
  std::map<std::int64_t, std::vector<Value>> tables_[2];
  std::uint32_t origin_ = 0;
};

void run_over_tables(const std::string& query, State& state, std::mt19937_64& random, const std::function<void()>& batch_done) {
  const Plan plan = plan_of(query);
  auto execution = Execution::open(plan, state, "p");
  ASSERT_TRUE(execution.ok()) << execution.error();
  Sum sum(plan.root->columns);
  Arena arena;
  ASSERT_TRUE((*execution)->begin(arena, sum).ok());
  Tables tables(random);
  for (int batch = 0; batch < 40; ++batch) {
    arena.reset();
    const auto relation = random() % plan.relations.size();
    const std::size_t table = plan.relations[relation].name == "a" ? 0 : 1;
    std::vector<Change> changes;
    for (auto n = random() % 8; n-- > 0;) changes.push_back(tables.change(table, arena));
    const auto fed = (*execution)->feed(relation, changes, arena, sum);
    ASSERT_TRUE(fed.ok()) << fed.error();
    std::vector<std::vector<Row>> relations;
    for (const Relation& each : plan.relations) relations.push_back(tables.rows(each.name == "a" ? 0 : 1));
    ASSERT_EQ(sum.rows, naive_answer(plan, relations, arena)) << query << ", after batch " << batch;
    batch_done();
    if (batch % 10 == 9) {  // it goes on from the state alone
      execution = Execution::open(plan, state, "p");
      ASSERT_TRUE(execution.ok());
    }
  }
}

TEST(Incremental, EveryQueryOverTablesIsAtEachMomentItsPlainAnswer) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (const char* const query : kOverTables) {
    for (int round = 0; round < 6; ++round) {
      const auto state = memory_state();
      ASSERT_NO_FATAL_FAILURE(run_over_tables(query, *state, random, [] {}));
    }
  }
}

TEST(Incremental, TheSameOnDisk) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (const char* const query : kOverTables) {
    std::string folder = "/tmp/sluice-operators-XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    {
      const auto state = DiskState::open(folder, std::size_t{1} << 20);
      ASSERT_TRUE(state.ok());
      ASSERT_NO_FATAL_FAILURE(run_over_tables(query, **state, random, [&] {
        if (random() % 2 == 0) {
          ASSERT_TRUE((*state)->commit("x").ok());
        }
      }));
    }
    std::filesystem::remove_all(folder);
  }
}

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kHalf = kSecond / 2;  // times are of whole ones: they hit the ends of windows
constexpr std::int64_t kBound = 7 * kSecond;

constexpr const char* kOverStreams[] = {
    "SELECT k, window_start, window_end, count(*) AS n, sum(v), min(v), max(v) FROM s GROUP BY k, tumble(ts, interval '10 s')",
    "SELECT k, window_start, count(*) AS n, count(DISTINCT v) AS d, avg(v) FROM s GROUP BY k, hop(ts, interval '4 s', interval '10 s')",
    "SELECT k, window_start, window_end, count(*) AS n, sum(v), min(v), max(v), count(DISTINCT v) AS d, sum(DISTINCT v) AS e FROM s "
    "GROUP BY k, session(ts, interval '3 s')",
    "SELECT window_start, window_end, count(*) AS n FROM s WHERE v > 3 GROUP BY tumble(ts, interval '5 s')",
};

// What these remember stays.
constexpr const char* kForEver[] = {
    "SELECT DISTINCT ON (k, v) k, v, ts FROM s ORDER BY k, v, ts DESC",
    "SELECT k, min(v), max(v), count(DISTINCT v), sum(v) FROM s GROUP BY k",
    "SELECT s.ts, s.v, x.ts FROM s LEFT JOIN (SELECT k, v, ts FROM s WHERE v < 2) x ON s.k = x.v",
    "SELECT window_start, max(n), count(*) FROM (SELECT k, window_start, count(*) AS n FROM s GROUP BY k, tumble(ts, interval '10 s')) x "
    "GROUP BY window_start",
    "SELECT k, max(n) FROM (SELECT k, window_start, sum(v) AS n FROM s GROUP BY k, session(ts, interval '2 s')) x GROUP BY k",
};

struct Event {
  std::int64_t time;
  std::vector<Value> values;
};

// Each partition's times are never more than the bound behind its newest.
std::vector<std::vector<Event>> random_events(std::mt19937_64& random) {
  std::vector<std::vector<Event>> partitions(3);
  for (auto& partition : partitions) {
    std::int64_t newest = 1'000'000'000 * kSecond;
    for (int n = 0; n < 120; ++n) {
      newest += static_cast<std::int64_t>(random() % 5) * kHalf;
      const std::int64_t time = newest - static_cast<std::int64_t>(random() % (kBound / kHalf + 1)) * kHalf;
      const Value v = random() % 9 == 0 ? Value::none() : Value::of_integer(static_cast<std::int64_t>(random() % 9));
      partition.push_back({time, {Value::of_integer(static_cast<std::int64_t>(random() % 4)), v, Value::of_integer(time)}});
    }
  }
  return partitions;
}

// Feeds them in a random interleaving, the watermark following the slowest partition, and gives the sum.
ZSet run_over_streams(const Plan& plan, const std::vector<std::vector<Event>>& partitions, std::mt19937_64& random, bool forgets) {
  const auto state = memory_state();
  auto execution = Execution::open(plan, *state, "p");
  Sum sum(plan.root->columns);
  Arena arena;
  EXPECT_TRUE((*execution)->begin(arena, sum).ok());
  std::vector<std::size_t> at(partitions.size());
  std::vector<std::int64_t> newest(partitions.size(), std::numeric_limits<std::int64_t>::min() + kBound);
  while (true) {
    arena.reset();
    std::vector<Change> changes;
    for (auto n = random() % 20; n-- > 0;) {
      const auto p = random() % partitions.size();
      if (at[p] == partitions[p].size()) continue;
      const Event& event = partitions[p][at[p]++];
      newest[p] = std::max(newest[p], event.time);
      changes.push_back({.row = event.values});
    }
    EXPECT_TRUE((*execution)->feed(0, changes, arena, sum).ok());
    EXPECT_TRUE((*execution)->advance(std::ranges::min(newest) - kBound, arena, sum).ok());
    if (std::ranges::equal(at, partitions, [](std::size_t a, const auto& p) { return a == p.size(); })) break;
  }
  EXPECT_TRUE((*execution)->advance(std::numeric_limits<std::int64_t>::max() - 1, arena, sum).ok());
  EXPECT_EQ(sum.late_origins.size(), 0U);
  if (!forgets) return sum.rows;
  std::size_t left = 0;
  EXPECT_TRUE(state->scan({}, {}, [&](ByteView, ByteView) { return ++left, true; }).ok());
  EXPECT_EQ(left, 1U) << "closed windows are in the state";  // the watermark
  return sum.rows;
}

void compare_over_streams(const Plan& plan, std::mt19937_64& random, bool forgets) {
  for (int round = 0; round < 8; ++round) {
    const auto partitions = random_events(random);
    std::vector<Row> rows;
    for (const auto& partition : partitions) {
      for (const Event& event : partition) rows.emplace_back(event.values);
    }
    Arena arena;
    const ZSet expected = naive_answer(plan, {rows}, arena);
    for (int n = 0; n < 3; ++n) ASSERT_EQ(run_over_streams(plan, partitions, random, forgets), expected);
  }
}

TEST(Incremental, AnyInterleavingWithinTheBoundGivesTheSameWindows) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (const char* const query : kOverStreams) {
    SCOPED_TRACE(query);
    ASSERT_NO_FATAL_FAILURE(compare_over_streams(plan_of(query), random, true));
    ASSERT_NO_FATAL_FAILURE(compare_over_streams(plan_of(query, Emit::final), random, true));
  }
}

TEST(Incremental, RowsThatStayAreInTheAnswerForEver) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (const char* const query : kForEver) {
    SCOPED_TRACE(query);
    ASSERT_NO_FATAL_FAILURE(compare_over_streams(plan_of(query), random, false));
  }
}

}  // namespace
}  // namespace sluice::flow
