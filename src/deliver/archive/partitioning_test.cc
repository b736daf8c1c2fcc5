#include "deliver/archive/partitioning.h"

#include <gtest/gtest.h>

namespace sluice::deliver::archive {
namespace {

constexpr std::int64_t kHourMs = 3'600'000;

std::string by_time(const std::string& text, std::int64_t timestamp_ms) {
  return Partitioning::parse(text)->folder(timestamp_ms, {});
}

TEST(Partitioning, NamesHoursDaysAndMonthsInUtc) {
  const std::string hours(kDefaultPartitioning);
  EXPECT_EQ(by_time(hours, 1'795'526'400'123), "dt=2026-11-24/hour=13");
  EXPECT_EQ(by_time(hours, -1), "dt=1969-12-31/hour=23");
  EXPECT_EQ(by_time(hours, 0), "dt=1970-01-01/hour=00");
  EXPECT_EQ(by_time(hours, INT64_MAX), "dt=__HIVE_DEFAULT_PARTITION__/hour=__HIVE_DEFAULT_PARTITION__");
  EXPECT_EQ(by_time(hours, INT64_MIN), "dt=__HIVE_DEFAULT_PARTITION__/hour=__HIVE_DEFAULT_PARTITION__");
  EXPECT_EQ(by_time("y={ts:%Y}/m={ts:%m}", 1'795'526'400'123), "y=2026/m=11");
  EXPECT_EQ(by_time("{ts:%Y%m%d-%H%M}", 1'795'526'400'123), "20261124-1320");
  EXPECT_EQ(by_time("", 0), "");
}

TEST(Partitioning, KnowsWhenAFolderIsComplete) {
  const auto hours = *Partitioning::parse(kDefaultPartitioning);
  EXPECT_TRUE(hours.completes());
  EXPECT_EQ(hours.period_ms(), kHourMs);
  EXPECT_EQ(hours.period_begin(1'795'526'400'123), 1'795'525'200'000);
  EXPECT_EQ(hours.period_begin(-1), -kHourMs);
  EXPECT_EQ(Partitioning::parse("dt={ts:%F}")->period_ms(), 24 * kHourMs);
  EXPECT_FALSE(Partitioning::parse("m={ts:%Y-%m}")->completes());  // months have no one length
  EXPECT_FALSE(Partitioning::parse("r={region}/dt={ts:%F}")->completes());
  EXPECT_FALSE(Partitioning::parse("all")->completes());
}

TEST(Partitioning, ReadsColumnsAndEscapesThemAsHiveDoes) {
  const auto by = *Partitioning::parse("c={city}/n={n}/d={d}/m={at:%Y-%m}/b={b}");
  EXPECT_EQ(by.columns(), (std::vector<std::string>{"city", "n", "d", "at", "b"}));
  const auto row = *avro::Schema::parse(R"({"type":"record","name":"R","fields":[
      {"name":"x","type":["null","bytes"]},{"name":"city","type":["null","string"]},{"name":"n","type":["null","long"]},
      {"name":"d","type":["null",{"type":"int","logicalType":"date"}]},{"name":"b","type":["null","boolean"]},
      {"name":"at","type":["null",{"type":"long","logicalType":"timestamp-micros"}]}]})");
  auto columns = FolderColumns::compile(row, by);
  ASSERT_TRUE(columns.ok()) << columns.error();
  Bytes bytes;
  ByteWriter out(bytes);
  out.u8(0);
  out.u8(2);
  out.zigzag(9);
  out.raw("a/b=c %\xc3\xbc");
  out.u8(2);
  out.zigzag(-7);
  out.u8(2);
  out.zigzag(-1);
  out.raw(std::string("\x02\x01", 2));
  out.u8(2);
  out.zigzag(1'795'526'400'123'456);
  std::vector<FolderValue> values;
  ASSERT_TRUE(columns->read(bytes, values));
  EXPECT_EQ(by.folder(0, values), "c=a%2Fb%3Dc%20%25\xc3\xbc/n=-7/d=1969-12-31/m=2026-11/b=true");
  EXPECT_FALSE(columns->read(bytes.substr(1), values));
  EXPECT_EQ(by.folder(0, std::vector<FolderValue>(5)),
            "c=__HIVE_DEFAULT_PARTITION__/n=__HIVE_DEFAULT_PARTITION__/d=__HIVE_DEFAULT_PARTITION__/"
            "m=__HIVE_DEFAULT_PARTITION__/b=__HIVE_DEFAULT_PARTITION__");
  EXPECT_EQ(FolderColumns::compile(row, *Partitioning::parse("{x}")).error().code, ErrorCode::rejected);
  EXPECT_EQ(FolderColumns::compile(row, *Partitioning::parse("{y}")).error().code, ErrorCode::rejected);
}

TEST(Partitioning, RefusesWhatIsNoTemplate) {
  for (const std::string bad : {"{", "}", "a={ts:%F", "{ts}", "{ts:%Q}", "{ts:%}", "{}", "a//b", "/a", "a/", ".a", "_a", "a/_b", "a\\b"}) {
    const auto parsed = Partitioning::parse(bad);
    ASSERT_FALSE(parsed.ok()) << bad;
    EXPECT_EQ(parsed.error().code, ErrorCode::rejected) << bad;
  }
}

}  // namespace
}  // namespace sluice::deliver::archive
