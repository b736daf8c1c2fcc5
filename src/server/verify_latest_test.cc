#include <gtest/gtest.h>

#include <thread>

#include "deliver/archive/latest/latest_sink.h"
#include "deliver/archive/sink_testing.h"
#include "deliver/avro_file/avro_format.h"
#include "io/file_system.h"
#include "pipeline/memory_store_testing.h"
#include "server/verify.h"

namespace sluice::server {
namespace {

using namespace std::chrono_literals;
using deliver::archive::Orders;

struct VerifiedLatest : testing::Test {
  pipeline::MemoryLog log;
  pipeline::MemoryCatalog catalog;
  pipeline::MemoryStore store;
  Orders orders{log, catalog};
  deliver::archive::LatestOptions options = [] {
    deliver::archive::LatestOptions o;
    o.name = "tables";
    o.topics = {{.glob = "shop.*"}};
    o.format = *deliver::avro_file::avro_format();
    o.discover_every = 10ms;
    o.scratch_folder = testing::TempDir() + "sluice-verify-latest";
    return o;
  }();
  deliver::archive::LatestSink sink{options, log, catalog, store, io::real_file_system(), io::system_clock()};

  // `roll`: whether the sink writes first.
  VerifyReport run(bool roll) {
    VerifyRequest request;
    request.log = &log;
    const SourceAudit audit{{100, 100, {}}, {}, {{Orders::kTopic, "orders", false, 2, ""}}};
    request.sources.push_back({"shop", [&] { return Result<SourceAudit>(audit); },
                               [](Lsn, std::chrono::milliseconds) { return Result<void>(); }});
    request.sinks.push_back({"tables", nullptr, &store, {"shop.*"}, roll ? &sink : nullptr, true});
    auto report = verify(request);
    EXPECT_TRUE(report.ok()) << report.error();
    return *report;
  }
  VerifyReport run_with_sink() {
    const std::jthread running([this](const std::stop_token& stop) { static_cast<void>(sink.run(stop).ok()); });
    return run(true);
  }
};

TEST_F(VerifiedLatest, CountsTheNewestVersionAgainstTheKeysThatLive) {
  log.put(Orders::kTopic, "a", "row", {{"__txid", "1"}});
  orders.put(1, "x");
  orders.put(2, "x");
  orders.remove(1);
  const auto report = run_with_sink();
  ASSERT_EQ(report.tables.size(), 1U);
  ASSERT_EQ(report.tables[0].in_latest.size(), 1U);
  // "a" is framed by no schema: it lives in the topic and is no row.
  EXPECT_EQ(report.tables[0].in_latest[0].rows, 1U);
  EXPECT_EQ(report.tables[0].in_latest[0].in_topic, 2U);
  EXPECT_FALSE(report.ok());
}

TEST_F(VerifiedLatest, RowsThatAFilterLeftOutAreCounted) {
  options.topics.front().where = "note <> 'x'";
  deliver::archive::LatestSink filtering(options, log, catalog, store, io::real_file_system(), io::system_clock());
  orders.put(1, "x");
  orders.put(2, "y");
  orders.put(3, "x");
  orders.remove(3);
  {
    const std::jthread running([&](const std::stop_token& stop) { static_cast<void>(filtering.run(stop).ok()); });
    ASSERT_TRUE(filtering.roll_now(10s).ok());
  }
  const auto report = run(false);
  const auto& counted = report.tables[0].in_latest[0];
  EXPECT_EQ(counted.rows, 1U);
  EXPECT_EQ(counted.filtered, 1U);
  EXPECT_EQ(counted.in_topic, 2U);
  EXPECT_TRUE(counted.equal());
  EXPECT_EQ(report.tables[0].filters.at("tables"), "note <> 'x'");
}

TEST_F(VerifiedLatest, ChangesAfterTheVersionMakeNoDifference) {
  orders.put(1, "x");
  orders.put(2, "x");
  static_cast<void>(run_with_sink());
  orders.put(3, "later");
  const auto report = run(false);
  EXPECT_EQ(report.tables[0].in_latest[0].rows, 2U);
  EXPECT_EQ(report.tables[0].in_latest[0].in_topic, 2U);
  EXPECT_TRUE(report.problems.empty());
}

TEST_F(VerifiedLatest, AFileThatWasDamagedIsNamed) {
  orders.put(1, "x");
  static_cast<void>(run_with_sink());
  for (auto& [name, bytes] : store.objects("shop.orders/v-")) {
    auto damaged = bytes;
    damaged.back() = static_cast<char>(damaged.back() ^ 1);
    store.plant(name, damaged);
  }
  const auto report = run(false);
  ASSERT_FALSE(report.problems.empty());
  EXPECT_NE(report.problems[0].file.find("shop.orders/v-"), std::string::npos);
}

}  // namespace
}  // namespace sluice::server
