#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/ids.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/uuid.h"

namespace sluice {
namespace {

TEST(Crc32c, GivesTheKnownCheckValueHoweverTheInputIsCut) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);  // RFC 3720, B.4
  EXPECT_EQ(crc32c("6789", crc32c("12345")), 0xe3069283U);
}

TEST(ByteReader, StaysFailedAfterTheFirstReadPastTheEnd) {
  ByteReader reader(ByteView("\x00\x01\x02", 3));
  EXPECT_EQ(reader.i16(), 1);
  EXPECT_EQ(reader.i32(), 0);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0);
}

TEST(ByteReader, ReadsEveryVarintThatTheWriterWrites) {
  for (const std::int64_t v : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{63}, std::int64_t{64}, INT64_MAX, INT64_MIN}) {
    Bytes bytes;
    ByteWriter(bytes).zigzag(v);
    EXPECT_EQ(static_cast<int>(bytes.size()), varint_size(zigzag_encode(v)));
    ByteReader reader(bytes);
    EXPECT_EQ(reader.zigzag(), v);
    EXPECT_TRUE(reader.ok() && reader.at_end());
  }
}

TEST(ByteReader, RefusesVarintsOverSixtyFourBits) {
  ByteReader eleven(ByteView("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11));
  (void)eleven.varint();
  EXPECT_FALSE(eleven.ok());
  ByteReader too_large(ByteView("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10));
  (void)too_large.varint();
  EXPECT_FALSE(too_large.ok());
}

TEST(Uuid, TextAndBytesAreTheSameThing) {
  for (int i = 0; i < 100; ++i) {
    const auto uuid = Uuid::random();
    EXPECT_NE(uuid.text().front(), '-');
    EXPECT_EQ(Uuid::parse(uuid.text()).value(), uuid);
  }
  EXPECT_EQ(Uuid::parse("AAAAAAAAAAAAAAAAAAAAAA").value(), Uuid{});
  EXPECT_FALSE(Uuid::parse("short").ok());
}

TEST(Lsn, PrintsAsPostgresDoes) { EXPECT_EQ(lsn_text(Lsn{0x16B3748}), "0/16B3748"); }

Result<int> half(int v) {
  if (v % 2 != 0) return Error{ErrorCode::rejected, "odd"};
  return v / 2;
}
Result<int> quarter(int v) {
  SLUICE_TRY(const int once, half(v));
  return half(once);
}

TEST(Result, CarriesTheFirstErrorOut) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().message, "odd");
  EXPECT_EQ(half(4).and_then(half).value(), 1);
}

TEST(Base64, IsWrittenAndReadOrRefused) {
  std::string bytes;
  for (int i = 0; i < 70; ++i) {
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    bytes += static_cast<char>(i * 37);
  }
  EXPECT_EQ(to_base64("hi"), "aGk=");
  for (const auto* bad : {"a", "aGk", "a===", "a=b=", "aG k", "aGk=aGk="}) EXPECT_EQ(from_base64(bad), std::nullopt) << bad;
}

TEST(Metrics, PrintsWhatWasCounted) {
  Metrics metrics;
  metrics.counter("sluice_rows_total", "Rows", {{"table", "a"}}).add(3);
  metrics.counter("sluice_rows_total", "Rows", {{"table", "a"}}).add(2);
  EXPECT_NE(metrics.text().find("sluice_rows_total{table=\"a\"} 5"), std::string::npos);
}

}  // namespace
}  // namespace sluice
