#include "flow/views.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "flow/definition.h"
#include "flow/rows/rows.h"
#include "pipeline/memory_catalog_testing.h"
#include "pipeline/memory_log_testing.h"

namespace sluice::flow {
namespace {

constexpr const char* kOrders = "shop.public.orders";
constexpr const char* kClicks = "CREATE TABLE clicks (order_id int8, page text) WITH (topic = 'clicks');\n";
constexpr const char* kCounts =
    "CREATE MATERIALIZED VIEW counts AS SELECT o.country, count(*) AS n FROM clicks k JOIN shop.public.orders o ON o.id = k.order_id GROUP BY o.country";

// Everything real but the log and the registry.
class ViewsTest : public testing::Test {
 protected:
  ViewsTest() {
    char name[] = "/tmp/sluice-views-XXXXXX";
    folder_ = ::mkdtemp(name);
    EXPECT_TRUE(log_.ensure_topic({.name = kOrders, .config = {{"cleanup.policy", "compact"}}}).ok());
    EXPECT_TRUE(catalog_.add(std::string(kOrders) + "-key", key_schema().text()).ok());
    EXPECT_TRUE(catalog_.add(std::string(kOrders) + "-value", RowWriter::schema_of(order_columns(), "", "Value", false)->text()).ok());
    open();
  }
  ~ViewsTest() override {
    close();
    std::filesystem::remove_all(folder_);
  }

  void open() {
    supervisor_ = std::make_unique<pipeline::Supervisor>();
    auto opened = Views::open({.folder = folder_}, log_, catalog_, *supervisor_);
    ASSERT_TRUE(opened.ok()) << opened.error();
    views_ = *std::move(opened);
  }
  void close() {
    EXPECT_TRUE(supervisor_->stop(std::chrono::seconds(10)).empty());
    supervisor_.reset();
    views_.reset();
  }

  static std::vector<Column> order_columns() { return {{"id", {.kind = TypeKind::int8}}, {"country", {.kind = TypeKind::text}}}; }
  static std::vector<Column> key_column() { return {{"id", {.kind = TypeKind::int8}}}; }
  static std::vector<Column> click_columns() { return {{"order_id", {.kind = TypeKind::int8}}, {"page", {.kind = TypeKind::text}}}; }
  static avro::Schema key_schema() { return *RowWriter::schema_of(key_column(), "", "Key", true); }

  std::string framed(const std::string& subject, const std::vector<Column>& columns, const std::vector<Value>& row) {
    const auto schema = avro::Schema::parse(*catalog_.latest(subject));
    Bytes out(pipeline::kSchemaHeaderBytes, '\0');
    store_be<std::int32_t>(out.data() + 1, catalog_.add(subject, *catalog_.latest(subject))->value);
    EXPECT_TRUE((*RowWriter::open(*schema, columns))->write(row, out).ok());
    return out;
  }
  void order(std::int64_t id, const char* country) {
    const auto key = framed(std::string(kOrders) + "-key", key_column(), {Value::of_integer(id)});
    const auto value = framed(std::string(kOrders) + "-value", order_columns(), {Value::of_integer(id), Value::of_text(country)});
    log_.put(kOrders, key, value);
  }
  void click(std::int64_t order_id, const char* page = "/") {
    log_.put("clicks", std::nullopt, framed("clicks-value", click_columns(), {Value::of_integer(order_id), Value::of_text(page)}));
  }

  static std::string text(const Answer& answer) {
    std::string out;
    for (const auto& row : answer.rows) {
      for (const auto& cell : row) out += (cell.null ? "-" : cell.text) + " ";
      out += "| ";
    }
    return out;
  }
  std::string ask(const std::string& query) {
    const auto answer = views_->ask(query);
    return answer.ok() ? text(*answer) : answer.error().text();
  }
  std::string define(const std::string& sql) {
    const auto told = views_->define(sql);
    return told.ok() ? "done" : told.error().text();
  }
  static bool comes(const std::function<bool()>& true_now) {
    for (int i = 0; i < 600; ++i) {
      if (true_now()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }
  void expect_answer(const std::string& query, const std::string& wanted) {
    std::string last;
    EXPECT_TRUE(comes([&] { return (last = ask(query)) == wanted; })) << query << ": " << last;
  }

  pipeline::MemoryLog log_;
  pipeline::MemoryCatalog catalog_;
  std::string folder_;
  std::unique_ptr<pipeline::Supervisor> supervisor_;
  std::unique_ptr<Views> views_;
};

TEST_F(ViewsTest, IsKeptUpToDateAndAsked) {
  order(1, "NO");
  order(2, "SE");
  ASSERT_EQ(define(std::string(kClicks) + kCounts), "done");
  click(1), click(1), click(2), click(9);
  expect_answer("SELECT country, n FROM counts ORDER BY n DESC", "NO 2 | SE 1 | ");
  order(2, "NO");
  expect_answer("SELECT country, n FROM counts", "NO 3 | ");
  EXPECT_EQ(ask("SELECT sum(n) AS all, count(*) FROM counts"), "3 1 | ");
  EXPECT_EQ(ask("SELECT order_id, _partition FROM clicks WHERE order_id > 1 ORDER BY 1 DESC LIMIT 1"), "9 0 | ");
  EXPECT_EQ(ask("SELECT o.id, c.n FROM shop.public.orders o LEFT JOIN counts c USING (country) ORDER BY o.id OFFSET 1"), "2 3 | ");
}

TEST_F(ViewsTest, OneThatHasFailedIsListedWithItsError) {
  ASSERT_EQ(define(std::string(kClicks) + kCounts), "done");
  order(1, "NO");
  click(1);
  expect_answer("SELECT n FROM counts", "1 | ");
  EXPECT_EQ(views_->describe("counts")->error, "");
  close();
  log_.remove_topic("clicks");
  ASSERT_TRUE(log_.ensure_topic({.name = "clicks"}).ok());
  open();
  EXPECT_TRUE(comes([&] { return views_->describe("counts")->error.find("deleted and made anew") != std::string::npos; }));
  const auto all = views_->list();
  EXPECT_TRUE(std::ranges::any_of(all, [](const auto& view) { return view.name == "counts" && !view.error.empty(); }));
}

TEST_F(ViewsTest, OneRowByItsKey) {
  order(1, "NO");
  ASSERT_EQ(define(std::string(kClicks) + kCounts), "done");
  click(1);
  expect_answer("SELECT n FROM counts", "1 | ");
  EXPECT_EQ(text(*views_->row("counts", {{"country", "NO"}})), "NO 1 | ");
  EXPECT_EQ(text(*views_->row("counts", {{"key", "NO"}})), "NO 1 | ");
  EXPECT_EQ(views_->row("counts", {{"key", "XX"}}).error().code, ErrorCode::not_found);
  EXPECT_EQ(views_->row("nope", {{"key", "NO"}}).error().code, ErrorCode::not_found);
  EXPECT_EQ(views_->row("counts", {{"nope", "NO"}}).error().code, ErrorCode::rejected);
  EXPECT_EQ(views_->row("counts", {{"country", "NO"}, {"n", "1"}}).error().code, ErrorCode::rejected);
}

TEST_F(ViewsTest, AnotherDefinitionTakesItsPlace) {
  order(1, "NO"), order(2, "SE"), order(3, "SE");
  ASSERT_EQ(define(std::string(kClicks) + kCounts), "done");
  click(1), click(2), click(3);
  expect_answer("SELECT country, n FROM counts ORDER BY 1", "NO 1 | SE 2 | ");
  ASSERT_EQ(define(std::string(kCounts) + " HAVING count(*) > 1"), "done");
  EXPECT_TRUE(comes([&] { return views_->describe("counts")->generation == 2; }));
  EXPECT_EQ(ask("SELECT country, n FROM counts"), "SE 2 | ");
  const auto described = views_->describe("counts");
  EXPECT_EQ(described->replaced, "counts: generation 2 has taken its place: 1 rows, before 2");
  EXPECT_TRUE(described->building.empty());
  click(1);
  expect_answer("SELECT country, n FROM counts ORDER BY 1", "NO 2 | SE 2 | ");
  // The topic says the same: of each key the newest, and no more than what differed was written.
  EXPECT_TRUE(comes([&] { return !std::filesystem::exists(folder_ + "/counts/1"); }));
  std::size_t tombstones = 0;
  for (const auto& record : log_.records("counts")) tombstones += record.value ? 0 : 1;
  EXPECT_EQ(tombstones, 1U);
}

TEST_F(ViewsTest, IsThereAgainAfterARestart) {
  order(1, "NO");
  ASSERT_EQ(define(std::string(kClicks) + kCounts), "done");
  click(1);
  expect_answer("SELECT n FROM counts", "1 | ");
  close();
  click(1);
  open();
  expect_answer("SELECT n FROM counts", "2 | ");
  EXPECT_EQ(views_->list().size(), 2U);
}

TEST_F(ViewsTest, ARestartFinishesWhatWasBeingReplaced) {
  order(1, "NO"), order(2, "SE");
  ASSERT_EQ(define(std::string(kClicks) + kCounts), "done");
  click(1), click(2), click(2);
  expect_answer("SELECT country, n FROM counts ORDER BY 1", "NO 1 | SE 2 | ");
  for (const bool switching : {false, true}) {
    close();
    auto definition = read_definitions(log_)->at("counts");
    definition.building = definition.form;
    definition.building->sql = std::string(kCounts) + (switching ? " HAVING count(*) < 2" : " HAVING count(*) > 1");
    definition.building->generation = ++definition.newest;
    definition.switching = switching;  // as a kill leaves it between writing that down and the rest
    ASSERT_TRUE(write_definitions(log_, {&definition}).ok());
    open();
    EXPECT_TRUE(comes([&] { return views_->describe("counts")->generation == definition.newest; }));
    expect_answer("SELECT country, n FROM counts", switching ? "NO 1 | " : "SE 2 | ");
  }
}

TEST_F(ViewsTest, ADroppedViewLeavesItsTopicToTheNext) {
  order(1, "NO"), order(2, "SE");
  ASSERT_EQ(define(std::string(kClicks) + kCounts), "done");
  click(1), click(2);
  expect_answer("SELECT country FROM counts ORDER BY 1", "NO | SE | ");
  ASSERT_TRUE(views_->remove("counts").ok());
  EXPECT_EQ(views_->remove("counts").error().code, ErrorCode::not_found);
  EXPECT_EQ(ask("SELECT country, n FROM counts ORDER BY 1"), "NO 1 | SE 1 | ");  // as a topic
  EXPECT_TRUE(comes([&] { return !std::filesystem::exists(folder_ + "/counts/1"); }));
  ASSERT_EQ(define(std::string(kCounts) + " HAVING max(o.id) > 1"), "done");
  EXPECT_TRUE(comes([&] { return views_->describe("counts").ok() && views_->describe("counts")->building.empty(); }));
  expect_answer("SELECT country, n FROM counts", "SE 1 | ");
}

TEST_F(ViewsTest, WhatTheConfigurationNamesWaitsUntilItIsThere) {
  views_->configure({{.name = "early", .file = "early.sql", .text = "CREATE MATERIALIZED VIEW early AS SELECT id FROM shop.public.later"},
                     {.name = "bad", .file = "bad.sql", .text = "CREATE MATERIALIZED VIEW bad AS SELECT id + country AS x FROM shop.public.orders"}});
  const auto waiting = views_->waiting();
  ASSERT_EQ(waiting.size(), 2U);
  EXPECT_EQ(waiting[0].state, "waiting");
  EXPECT_EQ(waiting[1].state, "failed");
  EXPECT_NE(waiting[1].error.find("bad.sql: line 1, column "), std::string::npos) << waiting[1].error;
  ASSERT_TRUE(log_.ensure_topic({.name = "shop.public.later"}).ok());
  ASSERT_TRUE(catalog_.add("shop.public.later-value", RowWriter::schema_of(order_columns(), "", "Value", false)->text()).ok());
  EXPECT_TRUE(comes([&] { return views_->waiting().size() == 1 && views_->describe("early").ok(); }));
}

TEST_F(ViewsTest, AQuestionThatCannotBeAnsweredSaysWhy) {
  order(1, "NO");
  EXPECT_NE(ask("CREATE TABLE x ()").find("not one SELECT"), std::string::npos);
  EXPECT_NE(ask("SELECT 1 / (id - 1) FROM shop.public.orders").find("division by zero"), std::string::npos);
  EXPECT_NE(ask("SELECT id FROM nowhere").find("there is no relation nowhere"), std::string::npos);
  log_.put(kOrders, "no frame", "no frame");
  EXPECT_EQ(ask("SELECT id FROM shop.public.orders"), "1 | ");
  EXPECT_EQ(views_->ask("SELECT id FROM shop.public.orders")->unreadable, 1U);
}

}  // namespace
}  // namespace sluice::flow
