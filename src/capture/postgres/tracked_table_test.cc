#include "capture/postgres/tracked_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "pipeline/memory_catalog_testing.h"

namespace sluice::capture::postgres {
namespace {

TrackedTable of_type(const ColumnType& type) {
  TrackedTable tracked;
  tracked.topic = "shop.public.t";
  tracked.table.oid = 4711;
  tracked.table.schema = "public";
  tracked.table.name = "t";
  tracked.table.columns = {{.name = "t"}, {.name = "id", .type = type, .ordered = true}};
  tracked.table.key = {1};
  return tracked;
}

// Chunks cut at `edges`, each with a snapshot that tells its number.
void cut(TrackedTable& tracked, const std::vector<std::string>& edges) {
  tracked.chunks.assign(1, Chunk{});
  for (const auto& edge : edges) {
    tracked.chunks.back().high = edge;
    tracked.chunks.push_back({edge, std::nullopt, false, {}});
  }
  for (std::size_t i = 0; i < tracked.chunks.size(); ++i) tracked.chunks[i].snapshot.xmin = i;
}

std::uint64_t chunk_of(const TrackedTable& tracked, std::string_view key) {
  const Cell cells[] = {{Cell::Is::null, {}}, {Cell::Is::text, key}};
  const auto by_row = tracked.chunk_of(cells).snapshot.xmin;
  RowEncoder encoder(tracked.table, SchemaId{1}, SchemaId{2});
  Bytes framed;
  EXPECT_TRUE(encoder.key(cells, framed).ok());
  EXPECT_EQ(tracked.chunk_of_key(framed).snapshot.xmin, by_row) << key << ": a row and its key are in one chunk";
  return by_row;
}

TEST(Chunks, AreFoundInPostgresOrder) {
  auto numbers = of_type({.kind = Kind::int64});
  cut(numbers, {"-5", "10", "100"});
  EXPECT_EQ(chunk_of(numbers, "-9223372036854775808"), 0U);
  EXPECT_EQ(chunk_of(numbers, "-6"), 0U);
  EXPECT_EQ(chunk_of(numbers, "-5"), 1U) << "the low end belongs to the chunk";
  EXPECT_EQ(chunk_of(numbers, "9"), 1U) << "by number, not by text";
  EXPECT_EQ(chunk_of(numbers, "10"), 2U);
  EXPECT_EQ(chunk_of(numbers, "9223372036854775807"), 3U);

  auto uuids = of_type({.kind = Kind::uuid});
  cut(uuids, {"80000000-0000-0000-0000-000000000000"});
  EXPECT_EQ(chunk_of(uuids, "7fffffff-ffff-ffff-ffff-ffffffffffff"), 0U);
  EXPECT_EQ(chunk_of(uuids, "80000000-0000-0000-0000-000000000000"), 1U);

  auto dates = of_type({.kind = Kind::date});
  cut(dates, {"0044-03-15 BC", "2026-01-01"});
  EXPECT_EQ(chunk_of(dates, "0100-01-01 BC"), 0U);
  EXPECT_EQ(chunk_of(dates, "10000-01-01"), 2U) << "years of five digits";

  auto times = of_type({.kind = Kind::timestamp});
  cut(times, {"2026-01-01 00:00:00.5+00"});
  EXPECT_EQ(chunk_of(times, "2026-01-01 00:00:00.499999+00"), 0U);
  EXPECT_EQ(chunk_of(times, "2026-01-01 00:00:01+00"), 1U);

  auto bytes = of_type({.kind = Kind::bytes});
  cut(bytes, {"\\x7f", "\\x8000"});
  EXPECT_EQ(chunk_of(bytes, "\\x"), 0U);
  EXPECT_EQ(chunk_of(bytes, "\\x7fff"), 1U);
  EXPECT_EQ(chunk_of(bytes, "\\x80"), 1U) << "a prefix comes first";
  EXPECT_EQ(chunk_of(bytes, "\\xff"), 2U) << "bytes are without sign";

  auto texts = of_type({.kind = Kind::text});
  cut(texts, {"Z", "a"});
  EXPECT_EQ(chunk_of(texts, ""), 0U);
  EXPECT_EQ(chunk_of(texts, "Zz"), 1U);
  EXPECT_EQ(chunk_of(texts, "ä"), 2U);
}

TEST(Chunks, OneChunkHoldsEverything) {
  auto tracked = of_type({.kind = Kind::float64});
  tracked.chunks.assign(1, Chunk{});
  const Cell cells[] = {{Cell::Is::null, {}}, {Cell::Is::unchanged, {}}};
  EXPECT_EQ(&tracked.chunk_of(cells), &tracked.chunks[0]);
  EXPECT_FALSE(tracked.begun());
  tracked.chunks[0].done = true;
  EXPECT_TRUE(tracked.begun());
}

TEST(TrackedTables, AreStoredAndFoundAgain) {
  auto tracked = of_type({.kind = Kind::uuid});
  tracked.table.partitioned = true;
  tracked.state = TableState::parked;
  tracked.note = "wh\"y";
  tracked.keyless = true;
  tracked.key_schema_text = R"({"type":"record"})";
  tracked.filter_until = Lsn{0x1'0000'0002};
  tracked.published_before = 5'000'000'000;
  tracked.fresh_from = Offset{17};
  tracked.has_unchanged = true;
  tracked.truncated = Lsn{3};
  tracked.ends_at = Lsn{4};
  tracked.ends_why = "gone";
  tracked.count->appended = {7, 6};
  tracked.count->commit(Offset{21});
  tracked.count->appended = {8, 6};  // of a log transaction that is open
  cut(tracked, {"a\"b", "c"});
  const auto found = parse_tracked_table("shop.public.t", tracked.json("shop"));
  ASSERT_TRUE(found.ok()) << found.error();
  EXPECT_EQ((*found)->json("shop"), tracked.json("shop"));
  EXPECT_EQ((*found)->table.oid, 4711U);
  EXPECT_EQ((*found)->chunks.size(), 3U);
  EXPECT_FALSE((*found)->chunks[0].low);
  EXPECT_EQ((*found)->chunks[1].low, "a\"b");
  EXPECT_EQ((*found)->fresh_from, Offset{17});
  EXPECT_EQ((*found)->count->committed.all, 7U);
  EXPECT_EQ((*found)->count->until, Offset{21});
}

TEST(TrackedTables, WhatIsDamagedOrNewerIsRefused) {
  EXPECT_EQ(parse_tracked_table("t", "[]").error().code, ErrorCode::corrupt);
  EXPECT_EQ(parse_tracked_table("t", R"({"version":1,"state":"odd"})").error().code, ErrorCode::corrupt);
  EXPECT_EQ(parse_tracked_table("t", R"({"version":2,"state":"parked"})").error().code, ErrorCode::unsupported);
  EXPECT_EQ(parse_tracked_table("t", R"({"state":"parked","endsAt":"x"})").error().code, ErrorCode::corrupt);
  const auto least = parse_tracked_table("t", R"({"state":"parked"})");
  ASSERT_TRUE(least.ok());
  EXPECT_EQ((*least)->chunks.size(), 1U);
}

TEST(Positions, AreStoredAndFoundAgain) {
  Position position{"7123", 2, "sluice_shop", true, Lsn{0xa'0000'0001}, Lsn{0xa'0000'0041}, 4'000'000'000, 1'767'323'045'678'901};
  const auto found = Position::parse(position.json());
  ASSERT_TRUE(found.ok()) << found.error();
  EXPECT_EQ(found->json(), position.json());
  EXPECT_EQ(found->end_lsn, position.end_lsn);
  EXPECT_TRUE(found->creating);
  EXPECT_EQ(Position::parse(R"({"version":2})").error().code, ErrorCode::unsupported);
  EXPECT_EQ(Position::parse("x").error().code, ErrorCode::corrupt);
  EXPECT_EQ(position_key("shop"), R"({"owner":"shop"})");
  EXPECT_EQ(chunk_key("shop", "shop.public.t", 3), R"({"owner":"shop","table":"shop.public.t","chunk":3})");
  EXPECT_EQ(parse_chunk_value(chunk_value({10, 20, {12}}, 7))->text(), "10:20:12");
}

TEST(Versions, AnotherKeyIsRefusedAndAnotherColumnIsNot) {
  pipeline::MemoryCatalog catalog;
  auto tracked = of_type({.kind = Kind::int64});
  ASSERT_TRUE(prepare_version(tracked, "shop", catalog).ok());
  EXPECT_EQ(catalog.compatibility("shop.public.t-key"), (std::pair<std::string, bool>("BACKWARD_TRANSITIVE", true)));
  EXPECT_EQ(catalog.compatibility("shop.public.t-value"), (std::pair<std::string, bool>("BACKWARD_TRANSITIVE", true)));
  tracked.table.columns.push_back({.name = "more", .type = {.kind = Kind::int32}});
  ASSERT_TRUE(prepare_version(tracked, "shop", catalog).ok());
  EXPECT_EQ(catalog.versions("shop.public.t-value").size(), 2U);
  EXPECT_EQ(catalog.versions("shop.public.t-key").size(), 1U);
  tracked.table.key = {0};
  EXPECT_EQ(prepare_version(tracked, "shop", catalog).error().code, ErrorCode::rejected);
  tracked.table.key.clear();
  EXPECT_EQ(prepare_version(tracked, "shop", catalog).error().code, ErrorCode::rejected);
}

TEST(OpenKeysTest, AllComeBackHoweverMany) {
  OpenKeys keys;
  std::vector<std::string> wanted;
  for (int i = 0; i < 40'000; ++i) wanted.push_back("key " + std::to_string(i) + std::string(static_cast<std::size_t>(i % 50), 'x'));
  wanted.emplace_back();
  wanted.push_back(std::string(300'000, 'y'));  // more than is kept in memory, and than is read at a time
  wanted.emplace_back("the last");
  for (const auto& key : wanted) ASSERT_TRUE(keys.add(key).ok());
  for (int round = 0; round < 2; ++round) {
    std::vector<std::string> found;
    ASSERT_TRUE(keys.for_each([&](ByteView key) { return found.emplace_back(key), Result<void>{}; }).ok());
    EXPECT_EQ(found, wanted);
    wanted.emplace_back("one more, after reading");
    ASSERT_TRUE(keys.add(wanted.back()).ok());
  }
  keys.clear();
  ASSERT_TRUE(keys.for_each([](ByteView) { return Result<void>(Error{ErrorCode::corrupt, "there is a key"}); }).ok());
}

}  // namespace
}  // namespace sluice::capture::postgres
