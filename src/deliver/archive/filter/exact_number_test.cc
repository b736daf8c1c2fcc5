#include "deliver/archive/filter/exact_number.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace sluice::deliver::archive {
namespace {

TEST(ExactNumber, ComparesEveryPairInTheirOrder) {
  const std::vector<std::vector<std::string>> ascending = {
      {"-1e40", "-10000000000000000000000000000000000000000.0"}, {"-9223372036854775809"}, {"-9223372036854775808"},
      {"-300"}, {"-12.500001"}, {"-12.5", "-12.50", "-1250e-2"}, {"-1"}, {"-0.0000000000000000000001"},
      {"0", "-0", "0.00", "0e5", "000"}, {"1e-30"}, {".5", "0.5"}, {"1", "01.0"}, {"127"}, {"128"}, {"255"}, {"256"},
      {"9223372036854775807"}, {"9223372036854775807.1"}, {"9223372036854775808"}, {"18446744073709551616"}, {"1e40"}};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      for (const auto& a : ascending[i]) {
        for (const auto& b : ascending[j]) {
          Bytes x, y;
          const auto one = parse_exact(a, x);
          const auto other = parse_exact(b, y);
          ASSERT_TRUE(one && other) << a << " " << b;
          EXPECT_TRUE(compare(*one, *other) == (i <=> j)) << a << " and " << b;
        }
      }
    }
  }
}

TEST(ExactNumber, ReadsWhatAvroWrites) {
  EXPECT_EQ(Exact::of_bytes(ByteView("\xff", 1), 2).small, -1);
  EXPECT_EQ(Exact::of_bytes(ByteView("\x00\xff", 2), 2).small, 255);
  EXPECT_EQ(Exact::of_bytes({}, 0).small, 0);
  const Bytes big("\x01\0\0\0\0\0\0\0\0", 9);  // 2^64
  Bytes digits;
  EXPECT_TRUE(compare(Exact::of_bytes(big, 2), *parse_exact("184467440737095516.16", digits)) == 0);
  EXPECT_EQ(to_double(Exact::of_bytes(big, 0)), 18446744073709551616.0);
  EXPECT_EQ(to_double(*parse_exact("0.1", digits)), 0.1);
  EXPECT_EQ(to_double(*parse_exact("-1e999", digits)), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(to_double(*parse_exact("1e-999", digits)), 0);
}

TEST(ExactNumber, IsNotEveryText) {
  Bytes digits;
  for (const auto* text : {"", "-", ".", "1e", "1e+", "1x", "1e10000", "e5", "--1", " 1"}) {
    EXPECT_FALSE(parse_exact(text, digits)) << text;
  }
  EXPECT_FALSE(parse_exact(std::string(1001, '1'), digits));
}

TEST(ExactNumber, TimesAreSeconds) {
  EXPECT_EQ(parse_date("1970-01-02")->small, 86'400);
  EXPECT_EQ(parse_date("0001-01-01")->small, -62'135'596'800);
  EXPECT_TRUE(compare(*parse_timestamp("2026-11-24T13:00:05.25", true), *parse_timestamp("2026-11-24 14:00:05.250+01", true)) == 0);
  EXPECT_TRUE(compare(*parse_timestamp("2026-11-24", false), *parse_timestamp("2026-11-23 18:30-0530", true)) == 0);
  EXPECT_EQ(parse_time_of_day("13:00:05.25")->small, 4'680'525);
  for (const auto* text : {"2026-02-30", "2026-1-1", "26-01-01", "2026-01-01 ", "2026-01-01 10:00", "0000-01-01", "now"}) {
    EXPECT_FALSE(parse_date(text)) << text;
  }
  for (const auto* text : {"2026-01-01 24:00", "2026-01-01 10:60", "2026-01-01 10:00:00.1234567", "2026-01-01 10:00+1", "2026-01-01x"}) {
    EXPECT_FALSE(parse_timestamp(text, true)) << text;
  }
  EXPECT_FALSE(parse_timestamp("2026-01-01 10:00Z", false));
}

}  // namespace
}  // namespace sluice::deliver::archive
