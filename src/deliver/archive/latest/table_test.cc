#include "deliver/archive/latest/table.h"

#include <gtest/gtest.h>

#include "deliver/archive/sink_testing.h"
#include "deliver/archive/latest/table_testing.h"

namespace sluice::deliver::archive {
namespace {

using pipeline::MemoryCatalog;
using pipeline::MemoryLog;

const std::string kNull(1, '\0');

std::string some(const std::string& value) { return "\x02" + value; }

struct TableOfATopic : testing::Test {
  MemoryLog log;
  MemoryCatalog catalog;
  Orders orders{log, catalog};

  // Rows by their offset.
  std::map<std::int64_t, RowFields> rows(const std::string& topic = Orders::kTopic) {
    return table_rows(log, catalog, topic);
  }
};

TEST_F(TableOfATopic, HasOfEachKeyTheNewestRow) {
  orders.put(1, "a");
  const auto two = orders.put(2, "b");
  const auto one = orders.put(1, "c");
  const auto table = rows();
  ASSERT_EQ(table.size(), 2U);
  EXPECT_EQ(table.at(one.value).at("note"), some(avro_text("c")));
  EXPECT_EQ(table.at(two.value).at("note"), some(avro_text("b")));
  EXPECT_EQ(table.at(one.value).at("_offset"), avro_long(one.value));
  EXPECT_EQ(table.at(one.value).at("_topic"), avro_text("shop.orders"));
}

TEST_F(TableOfATopic, HasNoRowOfARemovedKeyUnlessItCameBack) {
  orders.put(1, "a");
  orders.put(2, "b");
  orders.remove(1);
  orders.remove(2);
  const auto again = orders.put(2, "c");
  const auto table = rows();
  ASSERT_EQ(table.size(), 1U);
  EXPECT_EQ(table.begin()->first, again.value);
}

TEST_F(TableOfATopic, OfNoRecordsIsEmptyAndHasASchema) {
  EXPECT_TRUE(rows().empty());
  ASSERT_TRUE(log.ensure_topic({.name = "empty"}).ok());
  EXPECT_TRUE(rows("empty").empty());
}

TEST_F(TableOfATopic, EveryRecordWithoutAKeyIsARow) {
  log.put("clicks", std::nullopt, "x");
  log.put("clicks", std::nullopt, "x");
  const auto table = rows("clicks");
  ASSERT_EQ(table.size(), 2U);
  EXPECT_EQ(table.begin()->second.at("_value"), some(avro_text("x")));
}

TEST_F(TableOfATopic, PartitionsDoNotShareKeys) {
  for (const int partition : {0, 1, 2}) {
    log.put("p", "k", "v" + std::to_string(partition), {}, Orders::kHour13, partition);
    log.put("p", "k", "w" + std::to_string(partition), {}, Orders::kHour13, partition);
  }
  TableReading reading(log, catalog, "p");
  ASSERT_TRUE(reading.table);
  EXPECT_EQ(reading.table->ends(), (std::vector<Offset>(3, log.range("p", 0)->last_stable)));
  std::set<std::string> values;
  for (auto& row : reading.rows()) values.insert(row["_partition"] + row["_value"]);
  EXPECT_EQ(values, (std::set<std::string>{avro_long(0) + some(avro_text("w0")), avro_long(1) + some(avro_text("w1")),
                                           avro_long(2) + some(avro_text("w2"))}));
}

TEST_F(TableOfATopic, IsTheStateAtItsEndsWhateverComesMeanwhile) {
  const auto first = orders.put(1, "a");
  TableReading reading(log, catalog, Orders::kTopic);
  ASSERT_TRUE(reading.table);
  orders.put(1, "later");
  orders.put(2, "later");
  auto rows = reading.rows();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0]["_offset"], avro_long(first.value));
}

TEST_F(TableOfATopic, HoldsTheLogWhileItIsRead) {
  orders.put(1, "a");
  {
    const TableReading reading(log, catalog, Orders::kTopic);
    const auto holds = log.holds(Orders::kTopic);
    ASSERT_EQ(holds.size(), 1U);
    EXPECT_EQ(holds.begin()->second, Offset{0});
  }
  EXPECT_TRUE(log.holds(Orders::kTopic).empty());
}

TEST_F(TableOfATopic, RowsOfAllVersionsHaveTheColumnsOfTheNewest) {
  // "t": first id and gone, then id and late, which is the newest.
  const auto key = *catalog.add("t-key", kKeySchema);
  const auto old = *catalog.add("t-value", R"({"type":"record","name":"Value","fields":[
    {"name":"id","type":["null","long"]},{"name":"gone","type":["null","int"]}]})");
  const auto late = *catalog.add("t-value", R"({"type":"record","name":"Value","fields":[
    {"name":"late","type":["null","string"]},{"name":"id","type":["null","long"]}]})");
  const auto one = log.put("t", framed(key, avro_long(1)), framed(old, some(avro_long(1)) + some(avro_long(9))));
  const auto two = log.put("t", framed(key, avro_long(2)), framed(late, some(avro_text("x")) + some(avro_long(2))));
  auto table = rows("t");
  ASSERT_EQ(table.size(), 2U);
  EXPECT_FALSE(table[one.value].contains("gone"));
  EXPECT_EQ(table[one.value]["id"], some(avro_long(1)));
  EXPECT_EQ(table[one.value]["late"], kNull);
  EXPECT_EQ(table[two.value]["late"], some(avro_text("x")));
}

TEST_F(TableOfATopic, WhatCannotBeARowIsCountedAndTold) {
  orders.put(1, "a");
  log.put(Orders::kTopic, "k", "not framed");
  TableReading reading(log, catalog, Orders::kTopic);
  ASSERT_TRUE(reading.table);
  EXPECT_EQ(reading.rows().size(), 1U);
  EXPECT_EQ(reading.table->unreadable(), 1U);
  EXPECT_NE(reading.table->why_unreadable().find("framed"), std::string::npos);
}

TEST_F(TableOfATopic, ASinksColumnsAreChosen) {
  orders.put(1, "a");
  TableReading reading(log, catalog, Orders::kTopic, [](std::string_view name) { return name == "id"; });
  ASSERT_TRUE(reading.table);
  const auto rows = reading.rows();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_TRUE(rows[0].contains("id"));
  EXPECT_FALSE(rows[0].contains("note"));
}

// ---- columns that were not sent

struct Toasted : TableOfATopic {
  SchemaId key = *catalog.add("big-key", kKeySchema);
  SchemaId value = *catalog.add("big-value", R"({"type":"record","name":"Value","fields":[
    {"name":"id","type":["null","long"]},{"name":"n","type":["null","int"]},
    {"name":"big","type":["null","string"]},{"name":"my_x20col","type":["null","string"],"sqlName":"my col"}]})");

  static std::string text_or_null(const std::string& text) { return text.empty() ? kNull : some(avro_text(text)); }
  [[nodiscard]] std::string key_of(std::int64_t id) const { return framed(key, avro_long(id)); }
  Offset put(std::int64_t id, std::int64_t n, const std::string& big, const std::string& mine,
             pipeline::OwnedHeaders headers = {}) {
    const auto body = some(avro_long(id)) + some(avro_long(n)) + text_or_null(big) + text_or_null(mine);
    return log.put("big", key_of(id), framed(value, body), std::move(headers));
  }
  Offset update(std::int64_t id, std::int64_t n, pipeline::OwnedHeaders more = {}) {
    more.emplace_back("__unchanged", R"(["big","my col"])");
    return put(id, n, "", "", std::move(more));
  }
  void rename(std::int64_t from, std::int64_t to) {
    log.put("big", key_of(from), std::nullopt, {{"__op", "d"}, {"__newkey", hex(key_of(to))}});
  }
  RowFields only() {
    auto table = rows("big");
    EXPECT_EQ(table.size(), 1U);
    return table.empty() ? RowFields() : table.begin()->second;
  }
  void expect_whole(const RowFields& row, std::int64_t n) {
    EXPECT_EQ(row.at("n"), some(avro_long(n)));
    EXPECT_EQ(row.at("big"), some(avro_text("BIG")));
    EXPECT_EQ(row.at("my_x20col"), some(avro_text("mine")));
    EXPECT_EQ(row.at("_unchanged"), kNull);
  }
};

TEST_F(Toasted, AreThoseOfTheKeysEarlierRecords) {
  put(1, 1, "BIG", "mine");
  update(1, 2);
  update(1, 3);
  expect_whole(only(), 3);
}

TEST_F(Toasted, AreThoseOfTheKeyThatItHadBefore) {
  put(1, 1, "BIG", "mine");
  update(1, 2);
  rename(1, 2);
  update(2, 3, {{"__oldkey", hex(key_of(1))}});
  rename(2, 7);
  update(7, 4, {{"__oldkey", hex(key_of(2))}});
  update(7, 5);
  const auto row = only();
  EXPECT_EQ(row.at("id"), some(avro_long(7)));
  expect_whole(row, 5);
}

TEST_F(Toasted, AreNotThoseOfARowThatWasDeletedMeanwhile) {
  put(1, 1, "OLD", "old");
  log.put("big", key_of(1), std::nullopt, {{"__op", "d"}});
  put(1, 2, "BIG", "mine");
  update(1, 3);
  expect_whole(only(), 3);
}

TEST_F(Toasted, StayNullAndNamedWhenNoRecordHasThem) {
  update(1, 2);
  const auto row = only();
  EXPECT_EQ(row.at("big"), kNull);
  EXPECT_EQ(row.at("_unchanged"), some(avro_text(R"(["big","my col"])")));
}

TEST_F(Toasted, KeepTheTextOfAValueThatItsTypeCannotHold) {
  put(1, 1, "", "mine", {{"__special", R"({"big":"NaN"})"}});
  update(1, 2);
  const auto row = only();
  EXPECT_EQ(row.at("big"), kNull);
  EXPECT_EQ(row.at("_special"), some(avro_text(R"({"big":"NaN"})")));
}

TEST_F(Toasted, OfManyKeysAndManyBytesGoThroughTheDisk) {
  const std::string large(20'000, 'x');
  constexpr int kKeys = 1000;
  for (int id = 0; id < kKeys; ++id) put(id, 1, large + std::to_string(id), "mine");
  for (int id = 0; id < kKeys; ++id) update(id, 2);
  const auto table = rows("big");
  ASSERT_EQ(table.size(), static_cast<std::size_t>(kKeys));
  int id = 0;
  for (const auto& [offset, row] : table) EXPECT_EQ(row.at("big"), some(avro_text(large + std::to_string(id++))));
}

}  // namespace
}  // namespace sluice::deliver::archive
