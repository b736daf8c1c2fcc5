#include "sql/migration.h"

#include <gmock/gmock.h>

namespace sluice::sql {
namespace {

using Kind = TableChange::Kind;

std::vector<TableChange> changes(const std::string& text) {
  auto parsed = parse_migration(text);
  EXPECT_TRUE(parsed.ok()) << parsed.error();
  return parsed.ok() ? *std::move(parsed) : std::vector<TableChange>{};
}

TEST(Migration, AnAlterTableIsItsChangesInTheirOrder) {
  const auto found = changes(
      "-- a comment\nALTER TABLE public.orders ADD COLUMN note varchar(20) NOT NULL DEFAULT 'x', DROP COLUMN old CASCADE,\n"
      "  ALTER COLUMN amount TYPE numeric(12,0) USING amount::numeric, ALTER COLUMN a SET NOT NULL, ALTER COLUMN a DROP NOT NULL,\n"
      "  ADD PRIMARY KEY (id, b), DROP CONSTRAINT orders_pkey, REPLICA IDENTITY FULL, SET (fillfactor = 70);\n");
  ASSERT_EQ(found.size(), 8U);
  EXPECT_EQ(found[0].kind, Kind::add_column);
  EXPECT_EQ(found[0].table.schema + "." + found[0].table.name, "public.orders");
  EXPECT_EQ(found[0].columns[0].name, "note");
  EXPECT_EQ(found[0].columns[0].type.name, "varchar");
  EXPECT_TRUE(found[0].columns[0].not_null);
  EXPECT_EQ(found[1].column, "old");
  EXPECT_EQ(found[2].kind, Kind::retype_column);
  EXPECT_THAT(found[2].columns[0].type.modifiers, testing::ElementsAre(12, 0));
  EXPECT_EQ(found[3].kind, Kind::set_not_null);
  EXPECT_EQ(found[4].kind, Kind::drop_not_null);
  EXPECT_THAT(found[5].key, testing::ElementsAre("id", "b"));
  EXPECT_EQ(found[6].name, "orders_pkey");
  EXPECT_EQ(found[7].name, "full");
}

TEST(Migration, TypesAreThoseOfTheCatalog) {
  const auto found = changes("CREATE TABLE t (id bigserial PRIMARY KEY, tags text[], ts timestamp with time zone, e other.mood NOT NULL, n numeric(5,-2),"
                             " g int GENERATED ALWAYS AS (1) STORED)");
  ASSERT_EQ(found.size(), 1U);
  const auto& columns = found[0].columns;
  ASSERT_EQ(columns.size(), 6U);
  EXPECT_EQ(columns[0].type.name, "int8");
  EXPECT_TRUE(columns[0].not_null);
  EXPECT_THAT(found[0].key, testing::ElementsAre("id"));
  EXPECT_TRUE(columns[1].type.array);
  EXPECT_EQ(columns[2].type.name, "timestamptz");
  EXPECT_EQ(columns[3].type.schema, "other");
  EXPECT_THAT(columns[4].type.modifiers, testing::ElementsAre(5, -2));
  EXPECT_TRUE(columns[5].generated);
}

TEST(Migration, WhatChangesNoShapeIsLeftOutAndWhatMightIsTold) {
  EXPECT_THAT(changes("BEGIN; CREATE INDEX i ON t (a); INSERT INTO t VALUES (1); GRANT SELECT ON t TO x; COMMIT"), testing::IsEmpty());
  EXPECT_THAT(changes("CREATE TEMP TABLE t (a int); CREATE TABLE p PARTITION OF q FOR VALUES IN (1)"), testing::IsEmpty());
  const auto found = changes("\n\nDO $$ BEGIN EXECUTE 'ALTER TABLE t ADD a int'; END $$;\nDROP SCHEMA s CASCADE");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].line, 3U);
  EXPECT_EQ(found[1].name, "DROP SCHEMA s CASCADE");
  EXPECT_EQ(found[1].line, 4U);
}

TEST(Migration, RenamesMovesDropsCommentsAndTypes) {
  const auto found = changes("ALTER TABLE a RENAME COLUMN b TO c; ALTER TABLE a RENAME TO d; ALTER TABLE a SET SCHEMA e; DROP TABLE f.g, h; COMMENT ON COLUMN s.a.b IS 'x';"
                             "CREATE TYPE m AS ENUM ('p', 'q'); ALTER TYPE m ADD VALUE 'r'; ALTER TYPE m RENAME VALUE 'p' TO 'z'; CREATE DOMAIN dm AS int; TRUNCATE a, b");
  const std::vector<Kind> kinds{Kind::rename_column, Kind::rename_table, Kind::move_table, Kind::drop_table, Kind::drop_table, Kind::comment,
                                Kind::create_enum, Kind::add_label, Kind::rename_label, Kind::create_domain, Kind::truncate, Kind::truncate};
  std::vector<Kind> got;
  for (const auto& change : found) got.push_back(change.kind);
  ASSERT_EQ(got, kinds);
  EXPECT_EQ(found[3].table.schema + "." + found[3].table.name, "f.g");
  EXPECT_EQ(found[5].table.schema + "." + found[5].table.name + "." + found[5].column + " " + found[5].name, "s.a.b x");
  EXPECT_THAT(found[6].key, testing::ElementsAre("p", "q"));
  EXPECT_EQ(found[9].columns[0].type.name, "int4");
}

TEST(Migration, ASyntaxErrorHasItsLineAndCharacter) {
  const auto wrong = parse_migration("ALTER TABLE a ADD b int;\nALTER TABEL x");
  ASSERT_FALSE(wrong.ok());
  EXPECT_THAT(wrong.error().message, testing::HasSubstr("line 2, character 7: "));
}

}  // namespace
}  // namespace sluice::sql
