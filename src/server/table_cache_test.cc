#include "server/table_cache.h"

#include <gtest/gtest.h>

#include <future>

#include "deliver/archive/sink_testing.h"
#include "deliver/avro_file/avro_format.h"
#include "server/tables.h"

namespace sluice::server {
namespace {

using deliver::archive::Orders;

struct Tables : testing::Test {
  pipeline::MemoryLog log;
  pipeline::MemoryCatalog catalog;
  Orders orders{log, catalog};
  io::ManualClock clock;
  std::string folder = testing::TempDir() + "sluice-table-cache";
  TableCache cache{{.folder = folder}, log, catalog, io::real_file_system(), clock, [](const std::string& name) {
                     return name == "avro" ? deliver::avro_file::avro_format()
                                           : Result<std::shared_ptr<const pipeline::RowFormat>>(
                                                 Error{.code = ErrorCode::not_found, .message = "the module is missing"});
                   }};

  void SetUp() override { ASSERT_TRUE(cache.begin().ok()); }
  TableCache::Version fresh(const std::string& client = "a") { return cache.fresh(Orders::kTopic, "avro", client).value_or(nullptr); }
  TableCache::Version current(const std::string& client = "a") { return cache.current(Orders::kTopic, "avro", client); }
  io::HttpResponse get(const std::string& target, std::vector<std::pair<std::string, std::string>> headers = {}) {
    return answer_tables(cache, log, {.method = "GET", .target = target, .headers = std::move(headers), .body = "", .peer = "::1"});
  }
  std::size_t files() { return io::real_file_system().list(folder)->size(); }
};

TEST_F(Tables, AreMadeAnewOnlyWhenTheTopicHasMoved) {
  orders.put(1, "a");
  const auto one = fresh();
  ASSERT_TRUE(one);
  EXPECT_EQ(one->rows, 1U);
  EXPECT_EQ(one->etag, to_string(log.range(Orders::kTopic, 0)->last_stable));
  clock.advance(5'000);
  EXPECT_EQ(fresh(), one);
  orders.put(2, "b");
  const auto two = fresh();
  ASSERT_TRUE(two);
  EXPECT_NE(two->etag, one->etag);
  orders.put(3, "c");
  EXPECT_EQ(fresh(), two) << "it was finished within the second";
  clock.advance(1'000);
  EXPECT_EQ(fresh()->rows, 3U);
}

TEST_F(Tables, AClientKeepsTheVersionThatItWasGiven) {
  orders.put(1, "a");
  const auto one = fresh("a");
  orders.put(2, "b");
  clock.advance(2'000);
  const auto two = fresh("b");
  EXPECT_EQ(current("a"), one);
  EXPECT_EQ(current("b"), two);
  EXPECT_EQ(current("c"), nullptr);
  clock.advance(59'000);
  cache.sweep();
  EXPECT_EQ(current("a"), one);
  clock.advance(61'000);
  EXPECT_EQ(current("a"), nullptr);
}

TEST_F(Tables, VersionsThatNobodyNeedsGo) {
  orders.put(1, "a");
  const auto one = fresh();
  orders.put(2, "b");
  clock.advance(2'000);
  const auto two = fresh();
  EXPECT_EQ(files(), 2U);
  cache.sweep();
  EXPECT_EQ(files(), 1U) << "the client has moved on";
  char byte = 0;
  EXPECT_TRUE(one->content.file->read_at(0, {&byte, 1}).ok()) << "what is being sent stays readable";
  clock.advance(601'000);
  cache.sweep();
  EXPECT_EQ(files(), 0U);
  EXPECT_TRUE(fresh());
}

TEST_F(Tables, APinnedVersionStays) {
  orders.put(1, "a");
  const auto one = fresh();
  EXPECT_EQ(cache.pinned(Orders::kTopic, "avro", one->etag), one);
  orders.put(2, "b");
  clock.advance(2'000);
  EXPECT_NE(fresh(), one);
  clock.advance(100'000);
  cache.sweep();
  EXPECT_EQ(cache.pinned(Orders::kTopic, "avro", one->etag), one);
  EXPECT_EQ(cache.pinned(Orders::kTopic, "avro", "7"), nullptr);
}

TEST_F(Tables, ManyWhoAskAtOnceGetOneVersion) {
  for (int i = 0; i < 2'000; ++i) orders.put(i, "x");
  std::vector<std::future<TableCache::Version>> asked;
  for (int i = 0; i < 4; ++i) asked.push_back(std::async(std::launch::async, [this] { return fresh(); }));
  std::set<TableCache::Version> versions;
  for (auto& each : asked) versions.insert(each.get());
  EXPECT_EQ(versions.size(), 1U);
  EXPECT_TRUE(*versions.begin());
}

TEST_F(Tables, AreAnsweredOverHttp) {
  orders.put(1, "a");
  const auto whole = get("/tables/shop.orders.avro", {{"User-Agent", "x"}});
  EXPECT_EQ(whole.status, 200);
  ASSERT_TRUE(whole.file);
  orders.put(2, "b");
  clock.advance(2'000);
  const auto part = get("/tables/shop.orders.avro", {{"User-Agent", "x"}, {"Range", "bytes=0-3"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.file->file, whole.file->file) << "of the version that this client knows";
  EXPECT_NE(get("/tables/shop.orders.avro", {{"User-Agent", "x"}}).file->file, whole.file->file);
}

TEST_F(Tables, ThatCannotBeMadeAreRefusedWithTheReason) {
  EXPECT_EQ(get("/tables/nothing.avro").status, 404);
  EXPECT_EQ(get("/tables/shop.orders").status, 404);
  EXPECT_EQ(get("/tables/shop.orders.csv").status, 404);
  const auto missing = get("/tables/shop.orders.parquet");
  EXPECT_EQ(missing.status, 503);
  EXPECT_NE(missing.body.find("the module is missing"), std::string::npos);
  const auto listed = get("/tables");
  EXPECT_NE(listed.body.find("/tables/shop.orders.parquet"), std::string::npos);
}

TEST_F(Tables, NobodyWaitsForAServerThatStops) {
  orders.put(1, "a");
  cache.stop();
  EXPECT_FALSE(fresh());
}

}  // namespace
}  // namespace sluice::server
