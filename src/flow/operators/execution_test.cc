#include "flow/operators/execution.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "flow/operators/naive_testing.h"

namespace sluice::flow {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kSecond = 1'000'000;

// A plan with its state, fed row by row.
class Running {
 public:
  explicit Running(const std::string& query, Emit emit = Emit::changes, std::int64_t grace_us = 0,
                   std::optional<std::int64_t> within_us = {})
      : plan_(plan_of(query, emit, grace_us, within_us)), sum_(plan_.root->columns) {
    open();
    EXPECT_TRUE(execution_->begin(arena_, sum_).ok());
  }
  // Everything but the state is made anew.
  void open() {
    auto opened = Execution::open(plan_, *state_, "p");
    EXPECT_TRUE(opened.ok());
    execution_ = std::move(opened).value();
  }

  // A row of integers, by the relation's name; less than all columns leave the rest null.
  void add(const std::string& relation, const std::vector<std::int64_t>& integers, bool deleted = false) {
    const auto at = std::ranges::find(plan_.relations, relation, &Relation::name);
    ASSERT_NE(at, plan_.relations.end());
    const auto row = arena_.row(at->columns.size());
    for (std::size_t i = 0; i < integers.size(); ++i) row[i] = Value::of_integer(integers[i]);
    const Change change{.row = row, .deleted = deleted, .origin = ++origin_};
    ASSERT_TRUE(execution_->feed(static_cast<std::size_t>(at - plan_.relations.begin()), {&change, 1}, arena_, sum_).ok());
  }
  void remove(const std::string& relation, std::int64_t id) { add(relation, {id}, true); }
  void advance(std::int64_t watermark_us) { ASSERT_TRUE(execution_->advance(watermark_us, arena_, sum_).ok()); }

  // What has come out since the last call.
  std::vector<std::string> given() { return std::exchange(sum_.given, {}); }
  [[nodiscard]] const Sum& sum() const { return sum_; }
  [[nodiscard]] std::size_t keys() {
    std::size_t count = 0;
    EXPECT_TRUE(state_->scan({}, {}, [&](ByteView, ByteView) { return ++count, true; }).ok());
    return count;
  }

 private:
  Plan plan_;
  Sum sum_;
  std::unique_ptr<State> state_ = memory_state();
  std::unique_ptr<Execution> execution_;
  Arena arena_;
  std::uint32_t origin_ = 0;
};

TEST(Execution, AggregateWithoutGroupsHasItsRowFromTheBeginning) {
  Running running("SELECT count(*), sum(v) FROM a");
  EXPECT_THAT(running.given(), ElementsAre("+1 0|~"));
  running.add("a", {1, 2, 3});
  EXPECT_THAT(running.given(), ElementsAre("-1 0|~", "+1 1|3"));
  running.remove("a", 1);
  EXPECT_THAT(running.given(), ElementsAre("-1 1|3", "+1 0|~"));
}

TEST(Execution, OneAboveAnotherCountsItsFirstRow) {
  Running running("SELECT count(*), max(c) FROM (SELECT count(*) AS c FROM a) x");
  EXPECT_EQ(running.sum().rows, (ZSet{{"1|0", 1}}));
}

TEST(Execution, RowsThatDoNotChangeWhereAnybodyLooksGiveNothing) {
  Running running("SELECT id, v FROM a");
  running.add("a", {1, 2, 3});
  EXPECT_THAT(running.given(), ElementsAre("+1 1|3"));
  running.add("a", {1, 2, 3});
  running.add("a", {1, 4, 3});
  EXPECT_THAT(running.given(), IsEmpty());
  running.remove("a", 1);
  running.remove("a", 1);
  EXPECT_THAT(running.given(), ElementsAre("-1 1|3"));
}

TEST(Execution, RowThatFailsIsToldOnceAndIsNotThere) {
  Running running("SELECT id, 6 / v FROM a");
  running.add("a", {1, 0, 0});
  running.add("a", {1, 0, 2});
  running.add("a", {1, 0, 0});
  running.remove("a", 1);
  EXPECT_THAT(running.given(), ElementsAre("+1 1|3", "-1 1|3"));
  EXPECT_THAT(running.sum().failures, ElementsAre("1 division by zero", "3 division by zero"));
}

TEST(Execution, SumOfBigintsIsANumeric) {
  Running running("SELECT k, sum(v::bigint * 4611686018427387904) AS s, sum(v) AS v FROM a WHERE v < 2 GROUP BY k");
  running.add("a", {1, 1, 1});
  running.add("a", {2, 1, 1});
  EXPECT_EQ(running.sum().rows, (ZSet{{"1|9223372036854775808|2", 1}}));  // of int8 the sum is a numeric
}

TEST(Execution, StreamThatIsNotKeptLooksUpOnly) {
  Running running("SELECT q.v, a.v FROM q LEFT JOIN a ON q.k = a.id");
  running.add("q", {1, 10, 0});
  running.add("a", {1, 0, 5});
  running.add("q", {1, 11, 0});
  running.remove("a", 1);
  running.add("q", {1, 12, 0});
  EXPECT_THAT(running.given(), ElementsAre("+1 10|~", "+1 11|5", "+1 12|~"));
  EXPECT_EQ(running.keys(), 0U);
}

TEST(Execution, KeptRowsAreCorrectedUntilTheyAreForgotten) {
  Running running("SELECT r.v, a.v FROM r LEFT JOIN a ON r.k = a.id");
  running.add("r", {1, 10, 0});
  running.add("a", {1, 0, 5});
  EXPECT_THAT(running.given(), ElementsAre("+1 10|~", "-1 10|~", "+1 10|5"));
  running.add("r", {1, 11, 5 * kSecond});
  running.advance(10 * kSecond);  // the first has been there for ten seconds
  running.given();
  running.add("a", {1, 0, 6});
  EXPECT_EQ(running.sum().rows, (ZSet{{"10|5", 1}, {"11|6", 1}}));
  running.advance(15 * kSecond);
  running.remove("a", 1);
  EXPECT_EQ(running.sum().rows, (ZSet{{"10|5", 1}, {"11|6", 1}}));
  EXPECT_EQ(running.keys(), 1U);  // the watermark
  running.add("r", {1, 12, 2 * kSecond});  // too old to be kept
  running.add("a", {1, 0, 7});
  EXPECT_EQ(running.sum().rows, (ZSet{{"10|5", 1}, {"11|6", 1}, {"12|~", 1}}));
}

TEST(Execution, WhoFoundAForgottenRowDoesNotStandAlone) {
  Running running("SELECT a.id, r.v FROM a LEFT JOIN r ON r.k = a.k");
  running.add("a", {1, 7});
  running.add("r", {7, 10, 0});
  EXPECT_THAT(running.given(), ElementsAre("+1 1|~", "-1 1|~", "+1 1|10"));
  running.advance(20 * kSecond);
  EXPECT_THAT(running.given(), IsEmpty());
  running.add("a", {2, 7});
  running.add("r", {7, 11, 19 * kSecond});
  EXPECT_EQ(running.sum().rows, (ZSet{{"1|10", 1}, {"1|11", 1}, {"2|11", 1}}));
}

TEST(Execution, RowIsLateWhenAllItsWindowsAreClosed) {
  Running running("SELECT window_start, count(*) AS n FROM s GROUP BY hop(ts, interval '5 s', interval '10 s')", Emit::changes, kSecond);
  running.add("s", {0, 0, 12 * kSecond});
  running.advance(16 * kSecond);  // 5 to 15 closes, with its second of grace
  running.given();
  running.add("s", {0, 0, 13 * kSecond});
  EXPECT_THAT(running.given(), ElementsAre("-1 1970-01-01 00:00:10+00|1", "+1 1970-01-01 00:00:10+00|2"));
  EXPECT_THAT(running.sum().late_origins, IsEmpty());
  running.add("s", {0, 0, 9 * kSecond});
  EXPECT_THAT(running.sum().late_origins, ElementsAre(3));
  EXPECT_THAT(running.given(), IsEmpty());
  running.open();  // the watermark is in the state
  running.add("s", {0, 0, 9 * kSecond});
  EXPECT_THAT(running.sum().late_origins, ElementsAre(3, 4));
}

TEST(Execution, FinalRowsComeWhenTheirWindowCloses) {
  Running running("SELECT k, window_end, max(v) AS m FROM s GROUP BY k, tumble(ts, interval '10 s')", Emit::final);
  running.add("s", {1, 4, 12 * kSecond});
  running.add("s", {1, 3, 3 * kSecond});
  running.add("s", {1, 6, -1});  // before 1970
  running.advance(9 * kSecond);
  EXPECT_THAT(running.given(), ElementsAre("+1 1|1970-01-01 00:00:00+00|6"));
  running.open();
  running.advance(10 * kSecond);
  EXPECT_THAT(running.given(), ElementsAre("+1 1|1970-01-01 00:00:10+00|3"));
  running.advance(100 * kSecond);
  EXPECT_THAT(running.given(), ElementsAre("+1 1|1970-01-01 00:00:20+00|4"));
  EXPECT_EQ(running.keys(), 1U);
}

TEST(Execution, TableRowThatGoesAfterItsWindowClosedIsLate) {
  Running running("SELECT window_start, count(*), min(id) FROM c GROUP BY tumble(ts, interval '10 s')");
  running.add("c", {1, 5 * kSecond});
  running.advance(20 * kSecond);
  running.remove("c", 1);
  EXPECT_EQ(running.sum().rows, (ZSet{{"1970-01-01 00:00:00+00|1|1", 1}}));
  EXPECT_THAT(running.sum().late_origins, ElementsAre(2));
}

TEST(Execution, RowBetweenTwoSessionsMakesOneOfThem) {
  Running running("SELECT k, window_start, window_end, count(*) AS n FROM s GROUP BY k, session(ts, interval '5 s')");
  running.add("s", {1, 0, 0});
  running.add("s", {1, 0, 9 * kSecond});
  running.given();
  running.add("s", {1, 0, 4'500'000});
  EXPECT_THAT(running.given(), ElementsAre("-1 1|1970-01-01 00:00:09+00|1970-01-01 00:00:14+00|1",
                                           "-1 1|1970-01-01 00:00:00+00|1970-01-01 00:00:05+00|1",
                                           "+1 1|1970-01-01 00:00:00+00|1970-01-01 00:00:14+00|3"));
  running.advance(14 * kSecond);
  EXPECT_EQ(running.keys(), 1U);
  running.add("s", {1, 0, 8 * kSecond});
  EXPECT_THAT(running.sum().late_origins, ElementsAre(4));
}

TEST(Execution, DuplicatesAreKnownForAsLongAsTheBound) {
  Running running("SELECT DISTINCT ON (k) k, v, ts FROM s ORDER BY k, ts", Emit::changes, 0, 10 * kSecond);
  running.add("s", {1, 1, 2 * kSecond});
  running.add("s", {1, 2, 3 * kSecond});
  EXPECT_THAT(running.given(), ElementsAre("+1 1|1|1970-01-01 00:00:02+00"));
  running.add("s", {1, 3, 1 * kSecond});
  EXPECT_THAT(running.given(), ElementsAre("-1 1|1|1970-01-01 00:00:02+00", "+1 1|3|1970-01-01 00:00:01+00"));
  running.advance(11 * kSecond);
  running.add("s", {1, 4, 12 * kSecond});
  EXPECT_THAT(running.given(), ElementsAre("+1 1|4|1970-01-01 00:00:12+00"));
  running.add("s", {1, 5, 1 * kSecond});
  EXPECT_THAT(running.sum().late_origins, ElementsAre(5));
  running.add("s", {1, 6, 10 * kSecond});  // older than the watermark, and still known for what it is
  EXPECT_EQ(running.given().size(), 0U);
  running.advance(32 * kSecond);
  EXPECT_EQ(running.keys(), 1U);
}

// Its session would begin where one did that has closed.
TEST(Execution, ARowThatIsLateByItselfIsLateAlsoBesideAnOpenSession) {
  Running running("SELECT k, window_start, window_end, count(*) AS n FROM s GROUP BY k, session(ts, interval '10 s')");
  running.add("s", {1, 0, 0});
  running.advance(10 * kSecond);
  running.add("s", {1, 0, 5 * kSecond});
  EXPECT_THAT(running.given().back(), testing::StartsWith("+1 1|1970-01-01 00:00:05+00"));
  running.add("s", {1, 0, 0});
  EXPECT_THAT(running.given(), IsEmpty());
  EXPECT_THAT(running.sum().late_origins, ElementsAre(3));
}

TEST(Execution, ExtremesOfRowsThatStayKeepNoOthers) {
  Running running("SELECT k, min(v), max(v) FROM w GROUP BY k");
  for (int n = 0; n < 50; ++n) running.add("w", {1, (n * 7) % 50});
  EXPECT_EQ(running.sum().rows, (ZSet{{"1|0|49", 1}}));
  EXPECT_EQ(running.keys(), 1U);
}

TEST(Execution, WatermarkDoesNotGoBack) {
  Running running("SELECT window_start, count(*) AS n FROM s GROUP BY tumble(ts, interval '10 s')");
  running.advance(20 * kSecond);
  running.advance(5 * kSecond);
  running.add("s", {0, 0, 7 * kSecond});
  EXPECT_THAT(running.sum().late_origins, ElementsAre(1));
}

}  // namespace
}  // namespace sluice::flow
