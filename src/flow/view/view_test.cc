// Views over a log in memory: what comes out, where batches end, what waits, what is refused.

#include "flow/view/view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <thread>

#include "flow/view/position.h"
#include "flow/view/view_testing.h"
#include "pipeline/memory_log_testing.h"

namespace sluice::flow {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AView : public ::testing::Test {
 protected:
  pipeline::MemoryLog log_;
  pipeline::MemoryCatalog catalog_;
  Topics topics_{log_, catalog_};
  Folder folder_;
  ViewOptions options_{.folder = folder_.path()};

  std::unique_ptr<View> view(const std::string& sql, ViewSpec spec = {.name = "v"}) {
    return View::make(std::move(spec), topics_.bind(sql), log_, catalog_, options_);
  }
  ViewCounts run(const std::string& sql) {
    const auto made = view(sql);
    const auto outcome = run_until_done(*made);
    EXPECT_TRUE(outcome.ok()) << outcome.error();
    return made->counts();
  }
};

constexpr const char* kClicks = "CREATE TABLE clicks (user_id int8, page text, amount int4) WITH (topic = 'clicks');";

TEST_F(AView, RowsOfAStreamComeOutOnceInOrder) {
  topics_.make("clicks", "user_id int8, page text, amount int4");
  const auto sql = std::string(kClicks) + "CREATE MATERIALIZED VIEW v AS SELECT user_id, amount * 2 AS twice FROM clicks WHERE amount > 10";
  for (int i = 0; i < 30; ++i) topics_.put_alone("clicks", {std::to_string(i), "p", std::to_string(i)});
  auto counts = run(sql);
  EXPECT_EQ(counts.taken, 30U);
  EXPECT_EQ(counts.given, 19U);
  EXPECT_EQ(topics_.records("v").front(), "11|22");
  EXPECT_EQ(topics_.records("v").back(), "29|58");
  topics_.put_alone("clicks", {"100", "p", "100"});
  counts = run(sql);
  EXPECT_EQ(counts.taken, 1U);
  EXPECT_EQ(counts.rows, 20U);
  EXPECT_EQ(topics_.records("v").size(), 20U);
  EXPECT_EQ(topics_.records("v").back(), "100|200");
  EXPECT_EQ(log_.holds("clicks"), (std::map<std::string, Offset>{{"view.v.1", Offset{62}}}));
}

// Offsets of the old topic would pass over what the new one has.
TEST_F(AView, ATopicThatWasMadeAnewIsNotReadOnAsIfItWereTheOld) {
  const auto sql = std::string(kClicks) + "CREATE MATERIALIZED VIEW v AS SELECT user_id, count(*) AS n FROM clicks GROUP BY user_id";
  topics_.make("clicks", "user_id int8, page text, amount int4");
  for (int i = 0; i < 3; ++i) topics_.put_alone("clicks", {"1", "p", "1"});
  run(sql);
  log_.remove_topic("clicks");
  topics_.make("clicks", "user_id int8, page text, amount int4");
  for (int i = 0; i < 9; ++i) topics_.put_alone("clicks", {"2", "p", "1"});
  const auto outcome = run_until_done(*view(sql));
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::rejected);
  EXPECT_NE(outcome.error().message.find("topic clicks was deleted and made anew"), std::string::npos) << outcome.error();
  EXPECT_THAT(topics_.image("v"), ElementsAre("1|3"));
}

TEST_F(AView, RowsThatWentWithTheViewsTopicAreMissed) {
  const auto sql = std::string(kClicks) + "CREATE MATERIALIZED VIEW v AS SELECT user_id, count(*) AS n FROM clicks GROUP BY user_id";
  topics_.make("clicks", "user_id int8, page text, amount int4");
  topics_.put_alone("clicks", {"1", "p", "1"});
  run(sql);
  log_.remove_topic("v");
  const auto outcome = run_until_done(*view(sql));
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::rejected);
  EXPECT_NE(outcome.error().message.find("the view's rows were in it"), std::string::npos) << outcome.error();
}

constexpr const char* kByCountry = "CREATE MATERIALIZED VIEW v AS SELECT country, count(*) AS n FROM customers GROUP BY country";

TEST_F(AView, ARowOfAGroupFollowsItsTable) {
  topics_.make("customers", "id int8, name text, country text", "id");
  for (const auto* country : {"de", "fr", "de", "null"}) {
    static int id = 0;
    topics_.put_alone("customers", {std::to_string(++id), "x", country});
  }
  EXPECT_EQ(run(kByCountry).rows, 3U);
  EXPECT_THAT(topics_.image("v"), ElementsAre("de|2", "fr|1", "null|1"));
  topics_.begin();
  topics_.remove("customers", {"2", "x", "fr"});
  topics_.put("customers", {"1", "x", "at"});
  topics_.put("customers", {"3", "other name", "de"});
  topics_.commit();
  EXPECT_EQ(run(kByCountry).rows, 3U);
  EXPECT_THAT(topics_.image("v"), ElementsAre("at|1", "de|1", "null|1"));
  EXPECT_EQ(topics_.records("v").size(), 6U);  // three of then, and at, de, and fr's tombstone
}

TEST_F(AView, WhatDoesNotChangeIsNotWritten) {
  topics_.make("customers", "id int8, name text, country text", "id");
  topics_.put_alone("customers", {"1", "x", "de"});
  run(kByCountry);
  topics_.put_alone("customers", {"1", "another name", "de"});
  EXPECT_EQ(run(kByCountry).given, 0U);
  EXPECT_THAT(topics_.records("v"), ElementsAre("de|1"));
}

// Two tables of one source; each of its transactions moves something from one to the other. Several lie in one transaction of the log,
// and batches are far smaller than cuts.
TEST_F(AView, ATransferIsNeverHalfInAView) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  options_.batch_records = 3;
  topics_.make("shop.public.a", "id int8, balance int8", "id", true);
  topics_.make("shop.public.b", "id int8, balance int8", "id", true);
  std::map<std::pair<char, int>, int> balances;
  topics_.begin();
  for (int id = 0; id < 10; ++id) {
    for (const char table : {'a', 'b'}) {
      balances[{table, id}] = 100;
      topics_.put(std::string("shop.public.") + table, {std::to_string(id), "100"});
    }
  }
  topics_.commit();
  topics_.begin();
  for (std::uint64_t lsn = 100; lsn < 400; ++lsn) {
    for (int moves = static_cast<int>(random() % 4); moves >= 0; --moves) {
      const int from = static_cast<int>(random() % 10), to = static_cast<int>(random() % 10), amount = static_cast<int>(random() % 50);
      for (const auto& [table, id, change] : {std::tuple{'a', from, -amount}, std::tuple{'b', to, amount}}) {
        auto& balance = balances[{table, id}] += change;
        topics_.put(std::string("shop.public.") + table, {std::to_string(id), std::to_string(balance)}, lsn);
      }
    }
    if (random() % 20 == 0) topics_.commit(), topics_.begin();
  }
  topics_.commit();
  const auto commits = log_.commits();
  run("CREATE MATERIALIZED VIEW v AS SELECT sum(balance) AS total, count(*) AS n FROM "
      "(SELECT balance FROM shop.public.a UNION ALL SELECT balance FROM shop.public.b) AS all_of_them");
  EXPECT_GT(log_.commits() - commits, 50U);  // batches
  EXPECT_THAT(topics_.records("v"), ElementsAre("2000|20"));
  run("CREATE MATERIALIZED VIEW v AS SELECT sum(balance) AS total, count(*) AS n FROM "
      "(SELECT balance FROM shop.public.a UNION ALL SELECT balance FROM shop.public.b) AS all_of_them");
  EXPECT_THAT(topics_.records("v"), ElementsAre("2000|20"));
}

TEST_F(AView, AValueThatAnUpdateLeftWhereItWasIsThatOfTheRowBefore) {
  const std::string large(3000, 'x');
  const auto sql = "CREATE MATERIALIZED VIEW v AS SELECT id, name, length(note) AS n FROM shop.public.a";
  topics_.make("shop.public.a", "id int8, name text, note text", "id", true);
  topics_.begin();
  topics_.put("shop.public.a", {"1", "one", large});
  topics_.put("shop.public.a", {"2", "two", "small"});
  topics_.commit();
  run(sql);
  folder_.clear();
  topics_.begin();
  topics_.put_unchanged("shop.public.a", {"1", "uno", "null"}, 10, R"(["note"])");
  topics_.put("shop.public.a", {"2", "dos", "small too"}, 10);
  topics_.commit();
  run(sql);
  EXPECT_THAT(topics_.image("v"), ElementsAre("1|uno|3000", "2|dos|9"));
  topics_.begin();
  topics_.put_unchanged("shop.public.a", {"1", "eins", "null"}, 11, R"(["note"])");
  topics_.put("shop.public.a", {"1", "ein", "short"}, 12);
  topics_.put_unchanged("shop.public.a", {"1", "e", "null"}, 13, R"(["note"])");  // of a row that was not kept: nothing is known
  topics_.commit();
  run(sql);
  EXPECT_THAT(topics_.image("v"), ElementsAre("1|e|null", "2|dos|9"));
}

// A table that is not captured has no LSNs: its topic's transactions end where the offsets have a gap.
TEST_F(AView, ATransactionOfAnyTablesTopicIsTakenWhole) {
  options_.batch_records = 3;
  topics_.make("accounts", "id int8, balance int8", "id");
  topics_.begin();
  for (const auto* id : {"1", "2", "3", "4", "5"}) topics_.put("accounts", {id, "100"});
  topics_.commit();
  for (int i = 0; i < 40; ++i) {
    topics_.begin();
    topics_.put("accounts", {"1", std::to_string(100 - i)});
    topics_.put("accounts", {"2", std::to_string(100 + i)});
    topics_.commit();
  }
  const auto commits = log_.commits();
  run("CREATE MATERIALIZED VIEW v AS SELECT sum(balance) AS total FROM accounts");
  EXPECT_GT(log_.commits() - commits, 20U);
  EXPECT_THAT(topics_.records("v"), ElementsAre("500"));
}

TEST_F(AView, WhatCannotBeReadOrComputedIsADeadLetter) {
  topics_.make("clicks", "user_id int8, page text, amount int4");
  topics_.put_alone("clicks", {"1", "p", "0"});
  topics_.put_bytes("clicks", "key", "no frame");
  topics_.put_bytes("clicks", std::nullopt, std::string("\0\0\0\0\1\x7f", 6));
  topics_.put_bytes("clicks", "gone", std::nullopt);
  topics_.put_alone("clicks", {"2", "p", "5"});
  const auto counts = run(std::string(kClicks) + "CREATE MATERIALIZED VIEW v AS SELECT user_id, 10 / amount AS x FROM clicks");
  EXPECT_EQ(counts.taken, 5U);
  EXPECT_EQ(counts.failed, 3U);
  EXPECT_THAT(topics_.records("v"), ElementsAre("2|2"));
  const auto letters = log_.records("__sluice_dead_letters");
  ASSERT_EQ(letters.size(), 3U);
  std::set<std::string> offsets;
  for (const auto& letter : letters) {
    EXPECT_EQ(letter.header("__topic"), "clicks");
    EXPECT_EQ(letter.header("__view"), "v");
    offsets.insert(*letter.header("__offset"));
    if (letter.header("__error")->find("division by zero") == std::string::npos) continue;
    EXPECT_EQ(letter.header("__offset"), "0");
  }
  EXPECT_EQ(offsets, (std::set<std::string>{"0", "2", "4"}));
}

TEST_F(AView, ItWaitsForTopicsAndSnapshots) {
  topics_.make("shop.public.a", "id int8, balance int8", "id", true);
  const auto plan_sql = "CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n FROM shop.public.a";
  const auto made = view(plan_sql);
  log_.remove_topic("shop.public.a");
  std::jthread thread([&](const std::stop_token& stop) { EXPECT_TRUE(made->run(stop).ok()); });
  const auto waits_for = [&](const std::string& words) {
    for (int i = 0; i < 5000; ++i) {
      const auto status = made->status();
      if (!status.items.empty() && status.items[0].note == words) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
  };
  EXPECT_TRUE(waits_for("waiting for topic shop.public.a"));
  topics_.put_bytes(std::string(pipeline::kTablesTopic), "shop.public.a", R"({"state":"snapshot"})");
  EXPECT_TRUE(log_.ensure_topic({"shop.public.a", 1, {}}).ok());
  EXPECT_TRUE(waits_for("waiting for the snapshot of shop.public.a"));
  topics_.begin();
  topics_.put("shop.public.a", {"1", "100"});
  topics_.commit();
  EXPECT_FALSE(made->caught_up());
  EXPECT_THAT(topics_.records("v"), IsEmpty());
  topics_.put_bytes(std::string(pipeline::kTablesTopic), "shop.public.a", R"({"state":"streaming"})");
  for (int i = 0; i < 5000 && !made->caught_up(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  thread.request_stop();
  thread.join();
  EXPECT_THAT(topics_.records("v"), ElementsAre("1"));
}

TEST_F(AView, ANewerOwnerFencesAndTheStateSaysSo) {
  topics_.make("clicks", "user_id int8, page text, amount int4");
  const auto sql = std::string(kClicks) + "CREATE MATERIALIZED VIEW v AS SELECT user_id FROM clicks";
  const auto made = view(sql);
  Result<void> outcome;
  std::jthread thread([&](const std::stop_token& stop) { outcome = made->run(stop); });
  for (int i = 0; i < 5000 && !made->caught_up(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const auto newer = log_.producer(owner_name("v", 1));
  ASSERT_TRUE(newer.ok());
  topics_.put_alone("clicks", {"1", "p", "1"});
  thread.join();
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::fenced);
  EXPECT_THAT(topics_.records("v"), IsEmpty());
}

TEST_F(AView, AnIncompatibleSchemaChangesNothing) {
  topics_.make("clicks", "user_id int8, page text, amount int4");
  topics_.put_alone("clicks", {"1", "p", "1"});
  catalog_.refuse("v-value", "field user_id is another");
  const auto outcome = run_until_done(*view(std::string(kClicks) + "CREATE MATERIALIZED VIEW v AS SELECT user_id FROM clicks"));
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::rejected);
  EXPECT_FALSE(log_.describe("v").ok());
}

TEST_F(AView, TheStateIsRestoredFromTheLogWhenItsFolderIsLost) {
  topics_.make("customers", "id int8, name text, country text", "id");
  for (int i = 0; i < 50; ++i) topics_.put_alone("customers", {std::to_string(i), "x", i % 2 == 0 ? "de" : "fr"});
  run(kByCountry);
  folder_.clear();
  topics_.put_alone("customers", {"1", "x", "de"});
  topics_.begin();
  topics_.remove("customers", {"0", "x", "x"});
  topics_.commit();
  const auto counts = run(kByCountry);
  EXPECT_EQ(counts.taken, 2U);
  EXPECT_EQ(counts.rows, 2U);
  EXPECT_EQ(counts.restored, 1.0);
  EXPECT_THAT(topics_.image("v"), ElementsAre("de|25", "fr|24"));
}

TEST_F(AView, RowsMayBeReadBesides) {
  topics_.make("customers", "id int8, name text, country text", "id");
  topics_.put_alone("customers", {"1", "x", "de"});
  const auto made = view(kByCountry);
  EXPECT_EQ(made->rows(), nullptr);
  ASSERT_TRUE(run_until_done(*made).ok());
  const auto rows = made->rows();
  ASSERT_NE(rows, nullptr);
  std::map<std::string, std::string> found;
  ASSERT_TRUE(rows->scan(View::kRowsPrefix, {}, [&](ByteView key, ByteView value) {
                    found.emplace(key.substr(1), value);
                    return true;
                  }).ok());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(log_.records("v")[0].key, found.begin()->first);
  EXPECT_EQ(log_.records("v")[0].value, found.begin()->second);
}

TEST_F(AView, AGenerationBuiltBesideTakesOverWhatDiffers) {
  topics_.make("customers", "id int8, name text, country text", "id");
  for (const auto& [id, country] : {std::pair{"1", "de"}, {"2", "de"}, {"3", "fr"}, {"4", "at"}}) topics_.put_alone("customers", {id, "x", country});
  run(kByCountry);
  const auto before = topics_.records("v").size();
  const auto sql = "CREATE MATERIALIZED VIEW v AS SELECT country, count(*) AS n FROM customers WHERE id <> 2 AND id <> 4 GROUP BY country";
  auto next = view(sql, {.name = "v", .generation = 2, .published = false});
  ASSERT_TRUE(run_until_done(*next).ok());
  EXPECT_EQ(next->counts().rows, 2U);
  EXPECT_FALSE(next->taken_over());
  EXPECT_EQ(topics_.records("v").size(), before);
  next.reset();  // its folder has one owner
  auto again = view(sql, {.name = "v", .generation = 2, .published = false});
  again->take_over();
  ASSERT_TRUE(run_until_done(*again, true).ok());
  EXPECT_THAT(topics_.image("v"), ElementsAre("de|1", "fr|1"));
  EXPECT_EQ(topics_.records("v").size(), before + 2);  // de's row, and at's tombstone: fr's is as it was
  again.reset();
  topics_.put_alone("customers", {"5", "x", "fr"});
  ASSERT_TRUE(forget_generations(log_, "v", 2, folder_.path()).ok());
  folder_.clear();
  const auto published = view(sql, {.name = "v", .generation = 2});
  ASSERT_TRUE(run_until_done(*published).ok());
  EXPECT_THAT(topics_.image("v"), ElementsAre("de|1", "fr|2"));
  EXPECT_EQ(published->counts().rows, 2U);
  EXPECT_THAT(log_.holds("customers"), ElementsAre(std::pair<const std::string, Offset>("view.v.2", Offset{10})));
}

TEST_F(AView, ATopicThatHasRowsAlreadyIsTakenOverWhenTheViewHasCaughtUp) {
  topics_.make("customers", "id int8, name text, country text", "id");
  topics_.put_alone("customers", {"1", "x", "de"});
  run(kByCountry);
  ASSERT_TRUE(forget_generations(log_, "v", 0, folder_.path()).ok());
  topics_.put_alone("customers", {"1", "x", "fr"});
  const auto anew = view(kByCountry);
  ASSERT_TRUE(run_until_done(*anew, true).ok());
  EXPECT_THAT(topics_.records("v"), ::testing::UnorderedElementsAre("de|1", "fr|1", ::testing::StartsWith("-")));
  EXPECT_THAT(topics_.image("v"), ElementsAre("fr|1"));
}

TEST_F(AView, WithoutAKeyATakeOverAddsWhatTheTopicLacks) {
  topics_.make("clicks", "user_id int8, page text, amount int4");
  for (const auto* amount : {"1", "2", "2", "3"}) topics_.put_alone("clicks", {"7", "p", amount});
  const auto all = std::string(kClicks) + "CREATE MATERIALIZED VIEW v AS SELECT amount FROM clicks WHERE amount ";
  run(all + "< 3");
  auto next = view(all + "> 1", {.name = "v", .generation = 2, .published = false});
  next->take_over();
  ASSERT_TRUE(run_until_done(*next, true).ok());
  EXPECT_THAT(topics_.records("v"), ElementsAre("1", "2", "2", "3"));
  next.reset();
  topics_.put_alone("clicks", {"7", "p", "9"});
  ASSERT_TRUE(run_until_done(*view(all + "> 1", {.name = "v", .generation = 2})).ok());
  EXPECT_THAT(topics_.records("v"), ElementsAre("1", "2", "2", "3", "9"));
}

}  // namespace
}  // namespace sluice::flow
