#include "capture/postgres/migration.h"

#include <gmock/gmock.h>

namespace sluice::capture::postgres {
namespace {

Table orders() {
  Table table;
  table.schema = "public";
  table.name = "orders";
  table.columns = {{.name = "id", .sql_type = "bigint", .type = {.kind = Kind::int64}, .not_null = true},
                   {.name = "amount", .sql_type = "numeric(10,2)", .type = {.kind = Kind::decimal, .precision = 10, .scale = 2}},
                   {.name = "mood", .sql_type = "public.mood", .enum_symbols = {"sad", "glad"}},
                   {.name = "tags", .sql_type = "integer[]", .type = {.kind = Kind::array, .element = Kind::int32}},
                   {.name = "ü-1", .sql_type = "date", .type = {.kind = Kind::date}}};
  table.key = {0};
  return table;
}

MigratedTable one(const std::string& migration) {
  const auto done = migrate({orders()}, migration);
  EXPECT_TRUE(done.ok()) << done.error();
  if (!done.ok() || done->tables.empty()) return {};
  return done->tables[0];
}

TEST(Migration, ATableIsReadBackFromItsSchemas) {
  const auto back = table_of_topic("shop.public.orders", value_schema("shop", orders()), key_schema("shop", orders()));
  ASSERT_TRUE(back.ok()) << back.error();
  EXPECT_EQ(value_schema("shop", *back), value_schema("shop", orders()));
  EXPECT_EQ(key_schema("shop", *back), key_schema("shop", orders()));
  EXPECT_EQ(back->full_name(), "public.orders");
  EXPECT_FALSE(table_of_topic("clicks", R"("string")", "").ok());
}

TEST(Migration, ColumnsComeGoAndChange) {
  const auto changed = one("ALTER TABLE orders ADD note varchar(20) NOT NULL DEFAULT '', DROP tags, ALTER amount TYPE numeric(12,4);"
                           "ALTER TABLE public.orders RENAME COLUMN mood TO feeling; ALTER TYPE mood ADD VALUE 'mad'");
  ASSERT_TRUE(changed.after.has_value());
  const auto& columns = changed.after->columns;
  ASSERT_EQ(columns.size(), 5U);
  EXPECT_EQ(columns[1].sql_type, "numeric(12,4)");
  EXPECT_EQ(columns[1].type.scale, 4);
  EXPECT_EQ(columns[2].name, "feeling");
  EXPECT_THAT(columns[2].enum_symbols, testing::ElementsAre("sad", "glad", "mad"));
  EXPECT_EQ(columns[4].sql_type, "character varying(20)");
  EXPECT_TRUE(columns[4].not_null);
  EXPECT_THAT(changed.after->key, testing::ElementsAre(0U));
}

TEST(Migration, AKeyGoesWithItsColumnAndComesBack) {
  EXPECT_TRUE(one("ALTER TABLE orders DROP COLUMN id").after->keyless());
  EXPECT_TRUE(one("ALTER TABLE orders DROP CONSTRAINT orders_pkey").after->keyless());
  EXPECT_TRUE(one("ALTER TABLE orders REPLICA IDENTITY FULL").after->keyless());
  EXPECT_THAT(one("ALTER TABLE orders DROP CONSTRAINT orders_pkey, ADD PRIMARY KEY (id, mood)").after->key, testing::ElementsAre(0U, 2U));
}

TEST(Migration, TablesAreMadeDroppedAndRenamed) {
  const auto done = migrate({orders()}, "ALTER TABLE orders RENAME TO sales; DROP TABLE other; CREATE TABLE t (id int PRIMARY KEY, d dom, x thing); CREATE DOMAIN dom AS text");
  ASSERT_TRUE(done.ok()) << done.error();
  ASSERT_EQ(done->tables.size(), 3U);
  EXPECT_FALSE(done->tables[0].after.has_value());
  EXPECT_THAT(done->tables[0].notes, testing::ElementsAre("goes on as public.sales"));
  EXPECT_EQ(done->tables[1].after->full_name(), "public.sales");
  EXPECT_THAT(done->tables[2].after->key, testing::ElementsAre(0U));
  EXPECT_EQ(done->tables[2].notes.size(), 2U);  // dom comes later, thing not at all
}

TEST(Migration, WhatIsNotUnderstoodIsTold) {
  const auto done = migrate({orders()}, "DO $$ BEGIN NULL; END $$; ALTER TABLE foreigners ADD a int");
  ASSERT_TRUE(done.ok());
  EXPECT_TRUE(done->tables.empty());
  EXPECT_THAT(done->unknown, testing::ElementsAre("line 1: DO $$ BEGIN NULL; END $$"));
  EXPECT_FALSE(migrate({orders()}, "\nALTER TABLE orders DROP COLUMN nothing").ok());
}

}  // namespace
}  // namespace sluice::capture::postgres
