// Which rows a sink takes, and what it does with each topic, by its rules.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "deliver/archive/chain/chain.h"
#include "deliver/archive/sink_testing.h"
#include "deliver/archive/topic_rule.h"

namespace sluice::deliver::archive {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Key;

struct FilteredSink : testing::Test, ArchiveInMemory {
  pipeline::StageStatus archive_all(std::vector<TopicRule> topics) {
    return archive::archive_all(lake(std::move(topics)), log, catalog, store);
  }
  std::vector<std::int64_t> offsets() {
    std::vector<std::int64_t> out;
    for (const auto& [at, row] : archived_rows(store, Orders::kTopic)) out.push_back(at.second);
    return out;
  }
};

TEST_F(FilteredSink, TakesRowsThatPassAndEveryDelete) {
  orders.put(1, "tea");
  orders.put(2, "coffee");
  orders.put(3, "tea");
  orders.remove(2);
  const auto status = archive_all({{.glob = "*", .where = "note = 'tea' AND id > 1"}});
  EXPECT_THAT(offsets(), ElementsAre(4, 6));  // every other offset ends a transaction
  EXPECT_EQ(status.facts.at("filtered rows"), "2");
  const auto record = read_record(store, Orders::kTopic, 0, Offset{0});
  ASSERT_TRUE(record.ok()) << record.error();
  EXPECT_EQ(record->filter, "note = 'tea' AND id > 1");
  EXPECT_EQ(record->filtered, 2U);
  EXPECT_EQ(record->rows, 2U);
}

TEST_F(FilteredSink, LeavesDeletesOutWhenItIsAskedToByTheArchivesColumns) {
  orders.put(1, "tea");
  orders.remove(1);
  archive_all({{.glob = "*", .where = "_op <> 'd'"}});
  EXPECT_THAT(offsets(), ElementsAre(0));
}

TEST_F(FilteredSink, IsWholeForVerifyWhichSaysSo) {
  orders.put(1, "tea");
  archive_all({{.glob = "*", .where = "id > 5"}});
  orders.put(7, "tea");
  archive_all({{.glob = "*", .where = "id > 6"}});
  const auto report = verify_archive(store, avro_files());
  ASSERT_TRUE(report.ok() && report->ok());
  ASSERT_EQ(report->partitions.size(), 1U);
  EXPECT_THAT(report->partitions[0].filters, ElementsAre("id > 5", "id > 6"));
  EXPECT_EQ(report->partitions[0].filtered, 1U);
  EXPECT_EQ(report->partitions[0].rows, 1U);
  EXPECT_EQ(report->partitions[0].end, Offset{4});
}

TEST_F(FilteredSink, AColumnThatComesLaterIsNullTillThen) {
  orders.put(1, "tea");
  constexpr auto kNewest = R"({"type":"record","name":"Value","namespace":"shop.orders","fields":[)"
                           R"({"name":"id","type":["null","long"]},{"name":"colour","type":["null","string"]}]})";
  ASSERT_TRUE(catalog.add("shop.orders-value", kNewest).ok());
  archive_all({{.glob = "*", .where = "colour IS NULL OR colour = 'red'"}});
  EXPECT_THAT(offsets(), ElementsAre(0));
}

TEST_F(FilteredSink, AColumnThatIsNowhereStopsTheTopicAlone) {
  orders.put(1, "tea");
  log.put("clicks", std::nullopt, "x");
  const auto status = archive_all({{.glob = "*"}, {.glob = Orders::kTopic, .where = "colour = 'red'"}});
  EXPECT_THAT(status.error, HasSubstr("where: line 1, column 1: there is no column colour"));
  EXPECT_TRUE(offsets().empty());
  EXPECT_EQ(archived_rows(store, "clicks").size(), 1U);
}

TEST_F(FilteredSink, ARowThatItFailsForIsADeadLetter) {
  orders.put(1, "7");
  orders.put(2, "seven");
  orders.put(3, "8");
  const auto status = archive_all({{.glob = "*", .where = "note::int = 7"}});
  EXPECT_THAT(offsets(), ElementsAre(0, 2));
  EXPECT_THAT(archived_rows(store, Orders::kTopic).at({0, 2}).at("_reason"),
              HasSubstr("where: invalid input syntax for type integer: \"seven\""));
  EXPECT_EQ(status.facts.at("filtered rows"), "1");
  EXPECT_EQ(status.error, "");
  EXPECT_TRUE(verify_archive(store, avro_files())->ok());
  EXPECT_EQ(log.records(std::string(pipeline::kDeadLettersTopic)).size(), 1U);
}

TEST_F(FilteredSink, ADeleteThatItFailsForIsADeadLetterWithoutAValue) {
  orders.put(1, "tea");
  orders.remove(1);
  archive_all({{.glob = "*", .where = "CASE _op WHEN 'd' THEN 1 / _partition END IS NULL"}});
  EXPECT_THAT(offsets(), ElementsAre(0, 2));
  const auto dead = archived_rows(store, Orders::kTopic).at({0, 2});
  EXPECT_THAT(dead.at("_reason"), HasSubstr("division by zero"));
  EXPECT_EQ(dead.at("_value"), std::string(1, '\0'));
}

TEST_F(FilteredSink, ATopicsOwnRuleHasItsFoldersAndColumns) {
  orders.put(1, "tea");
  archive_all({{.glob = "*", .where = "id = 99"},
               {.glob = Orders::kTopic, .partition_by = "day={ts:%F}", .columns = [](std::string_view name) { return name == "id"; }}});
  const auto rows = archived_rows(store, Orders::kTopic);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_FALSE(rows.begin()->second.contains("note"));
  EXPECT_THAT(archived_files(store, Orders::kTopic), ElementsAre("shop.orders/day=2026-11-24/0-00000000000000000000-0.avro"));
}

TEST_F(FilteredSink, ATextThatIsNoFilterEndsTheSink) {
  Sink sink(lake({{.glob = "*", .where = "note = "}}), log, catalog, store, io::real_file_system(), io::system_clock());
  const auto ran = sink.run({});
  ASSERT_FALSE(ran.ok());
  EXPECT_EQ(ran.error().code, ErrorCode::rejected);
}

TEST(TopicRule, TheMostExactOneWins) {
  const std::vector<TopicRule> rules{{.glob = "shop.*"}, {.glob = "shop.o*"}, {.glob = "shop.orders"}, {.glob = "*"}};
  EXPECT_EQ(rule_of(rules, "shop.orders"), &rules[2]);
  EXPECT_EQ(rule_of(rules, "shop.others"), &rules[0]);
  EXPECT_EQ(rule_of(rules, "clicks"), &rules[3]);
  EXPECT_EQ(rule_of(rules, "_schemas"), nullptr);
}

}  // namespace
}  // namespace sluice::deliver::archive
