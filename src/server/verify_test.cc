#include "server/verify.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <random>

#include "deliver/archive/chain/layout.h"
#include "deliver/archive/sink_testing.h"
#include "pipeline/memory_store_testing.h"
#include "server/places.h"

namespace sluice::server {
namespace {

using namespace std::chrono_literals;

// A table in a model of a database: transactions commit in an order of their own, and snapshots see some of them.
struct Verified : testing::Test {
  pipeline::MemoryLog log;
  pipeline::MemoryCatalog catalog;
  pipeline::MemoryStore store;
  deliver::archive::SinkOptions options = [] {
    deliver::archive::SinkOptions o;
    o.name = "lake";
    o.topics = {{.glob = "shop.*"}};
    o.format = *make_format("avro", "");
    return o;
  }();
  deliver::archive::Sink sink{options, log, catalog, store, io::real_file_system(), io::system_clock()};
  deliver::archive::RunningSink running{sink};
  SourceAudit audit;

  void put(const std::string& topic, std::optional<std::string> key, bool deleted, std::optional<std::uint64_t> txid) {
    pipeline::OwnedHeaders headers{{"__op", txid ? "c" : "r"}};
    if (txid) headers.emplace_back("__txid", std::to_string(*txid));
    log.put(topic, std::move(key), deleted ? std::nullopt : std::optional<std::string>("row"), headers);
  }
  VerifyReport run() {
    VerifyRequest request;
    request.log = &log;
    request.sources.push_back({"shop", [&] { return Result<SourceAudit>(audit); },
                               [](Lsn, std::chrono::milliseconds) { return Result<void>(); }});
    request.sinks.push_back({"lake", &sink, &store, {"shop.*"}});
    auto report = verify(request);
    EXPECT_TRUE(report.ok()) << report.error();
    return *report;
  }
};

TEST(SourceSnapshot, SeesAsPostgreSQLDoes) {
  const SourceSnapshot snapshot{10, 15, {10, 12}};
  for (const std::uint64_t seen : {1, 9, 11, 13, 14}) EXPECT_TRUE(snapshot.sees(seen)) << seen;
  for (const std::uint64_t unseen : {10, 12, 15, 16}) EXPECT_FALSE(snapshot.sees(unseen)) << unseen;
}

TEST_F(Verified, CountsWhatTheSnapshotSeesAndNothingLater) {
  put("shop.orders", "a", false, std::nullopt);
  put("shop.orders", "b", false, std::nullopt);
  put("shop.orders", "c", false, 10);
  put("shop.orders", "a", true, 11);    // seen
  put("shop.orders", "b", true, 12);    // in progress in S
  put("shop.orders", "d", false, 20);   // later
  put("shop.events", std::nullopt, false, std::nullopt);
  put("shop.events", std::nullopt, false, 11);
  put("shop.events", std::nullopt, false, 12);
  audit.snapshot = {12, 20, {12}};
  audit.tables = {{"shop.orders", "orders", false, 2, ""}, {"shop.events", "events", true, 2, ""}};
  const auto report = run();
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(to_text(report), "orders  2 = 2 = 2\nevents  2 = 2 = 2  (inserts: it has no key)\n");
}

TEST_F(Verified, ShowsADifferenceWhereItIs) {
  put("shop.orders", "a", false, 10);
  audit.snapshot = {20, 20, {}};
  audit.tables = {{"shop.orders", "orders", false, 412'007, ""}, {"shop.gone", "gone", false, 0, ""}};
  const auto report = run();
  EXPECT_FALSE(report.ok());
  EXPECT_EQ(to_text(report).substr(0, 25), "orders  412,007 ≠ 1 = 1");
  const auto parsed = boost::json::parse(to_json(report));
  EXPECT_FALSE(parsed.at("equal").as_bool());
  EXPECT_EQ(parsed.at("tables").at(0).at("in_archive").at("lake").to_number<int>(), 1);
}

TEST_F(Verified, NamesTheFileThatWasDeletedByHand) {
  put("shop.orders", "a", false, 10);
  ASSERT_TRUE(sink.roll_now(10s).ok());
  const auto files = deliver::archive::archived_files(store, "shop.orders");
  ASSERT_EQ(files.size(), 1U);
  ASSERT_TRUE(store.remove(files[0]).ok());
  audit.snapshot = {20, 20, {}};
  audit.tables = {{"shop.orders", "orders", false, 1, ""}};
  const auto report = run();
  EXPECT_FALSE(report.ok());
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_EQ(report.problems[0].file, "memory/" + files[0]);
  EXPECT_NE(to_text(report).find("orders  1 = 1 ≠ 0"), std::string::npos);
}

TEST(WaitForLsn, ReturnsWhenTheStreamIsThereAndSaysWhereItIsOtherwise) {
  std::uint64_t at = 0;
  EXPECT_TRUE(wait_for_lsn([&] { return Lsn{++at}; }, Lsn{3}, 60s).ok());
  EXPECT_EQ(wait_for_lsn([] { return Lsn{2}; }, Lsn{3}, 0ms).error().code, ErrorCode::back_off);
}

// Random transactions on few keys, against a model that knows what each snapshot sees.
TEST_F(Verified, AgreesWithAModelUnderRandomTransactions) {
  const auto seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  std::map<std::string, bool> seen_rows;
  std::uint64_t txid = 100;
  const std::uint64_t unseen = 100 + random() % 3000;  // one transaction in progress; its key is its own
  for (int i = 0; i < 3000; ++i, ++txid) {
    const bool visible = txid != unseen && txid < 2500;
    const auto key = txid == unseen ? std::string("mine") : "k" + std::to_string(random() % 500);
    const bool deleted = random() % 3 == 0;
    put("shop.orders", key, deleted, txid);
    if (visible) seen_rows[key] = !deleted;
  }
  audit.snapshot = {std::min<std::uint64_t>(unseen, 2500), 2500, {unseen}};
  const auto alive = std::count_if(seen_rows.begin(), seen_rows.end(), [](const auto& row) { return row.second; });
  audit.tables = {{"shop.orders", "orders", false, static_cast<std::uint64_t>(alive), ""}};
  const auto report = run();
  EXPECT_TRUE(report.ok()) << to_text(report);
}

}  // namespace
}  // namespace sluice::server
