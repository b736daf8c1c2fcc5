#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "record/batch.h"
#include "record/compression.h"

namespace sluice::record {
namespace {

constexpr std::int64_t kTimeMs = 1'700'000'000'000;

struct Read {
  std::int32_t offset_delta;
  std::int64_t timestamp_delta_ms;
  std::optional<std::string> key, value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  bool operator==(const Read&) const = default;
};

std::optional<std::string> copy(std::optional<ByteView> bytes) { return bytes ? std::optional<std::string>(*bytes) : std::nullopt; }

Result<std::vector<Read>> read(const BatchView& batch, std::size_t max_bytes = 1 << 20) {
  std::vector<Read> all;
  SLUICE_RETURN_IF_ERROR(batch.for_each(
      [&](const Record& record) {
        Read one{record.offset_delta, record.timestamp_delta_ms, copy(record.key), copy(record.value), {}};
        for (const auto& header : record.headers) one.headers.emplace_back(std::string(header.name), copy(header.value));
        all.push_back(std::move(one));
        return true;
      },
      max_bytes));
  return all;
}

Bytes unhex(std::string_view text) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size();) {
    if (text[i] == ' ') {
      ++i;
      continue;
    }
    bytes.push_back(static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
    i += 2;
  }
  return bytes;
}

class EachCodec : public testing::TestWithParam<Compression> {};

TEST_P(EachCodec, GivesBackWhatWasPutIn) {
  BatchBuilder builder({.compression = GetParam(), .producer_id = ProducerId{9}, .producer_epoch = ProducerEpoch{3}, .base_sequence = 77, .transactional = true});
  const Header headers[] = {{"h", "1"}, {"none", std::nullopt}, {"", ""}};
  builder.add(kTimeMs, "key", "value", headers);
  builder.add(kTimeMs - 5, std::nullopt, std::nullopt);
  builder.add(kTimeMs + 9, "", Bytes(100'000, 'x'));
  const auto bytes = builder.finish();
  EXPECT_TRUE(builder.empty());
  const auto batch = BatchView::parse(bytes);
  ASSERT_TRUE(batch.ok()) << batch.error();
  EXPECT_TRUE(batch->crc_ok());
  EXPECT_EQ(batch->compression(), GetParam());
  EXPECT_EQ(batch->record_count(), 3);
  EXPECT_EQ(batch->max_timestamp_ms(), kTimeMs + 9);
  EXPECT_EQ(batch->base_sequence(), 77);
  EXPECT_TRUE(batch->is_transactional());
  const auto records = read(*batch);
  ASSERT_TRUE(records.ok()) << records.error();
  const std::vector<Read> wanted = {{0, 0, "key", "value", {{"h", "1"}, {"none", std::nullopt}, {"", ""}}},
                                    {1, -5, std::nullopt, std::nullopt, {}},
                                    {2, 9, "", Bytes(100'000, 'x'), {}}};
  EXPECT_EQ(*records, wanted);
}

TEST_P(EachCodec, NeverInflatesPastItsLimit) {
  BatchBuilder builder({.compression = GetParam()});
  builder.add(kTimeMs, "bomb", Bytes(8 << 20, '\0'));
  const auto bytes = builder.finish();
  if (GetParam() == Compression::none) return;
  EXPECT_LT(bytes.size(), 1U << 20);
  const auto batch = BatchView::parse(bytes);
  ASSERT_TRUE(batch.ok());
  EXPECT_EQ(read(*batch).error().code, ErrorCode::corrupt);
  EXPECT_TRUE(read(*batch, 9 << 20).ok());
}

TEST_P(EachCodec, SaysThatDamageIsDamage) {
  BatchBuilder builder({.compression = GetParam()});
  for (int i = 0; i < 50; ++i) builder.add(kTimeMs, "key " + std::to_string(i), "value " + std::to_string(i * i));
  const auto whole = builder.finish();
  int refused = 0;
  for (std::size_t at = kBatchHeaderBytes; at < whole.size(); at += 7) {
    auto bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x55);
    const auto batch = BatchView::parse(bytes);
    ASSERT_TRUE(batch.ok());
    EXPECT_FALSE(batch->crc_ok());
    refused += read(*batch).ok() ? 0 : 1;  // what the CRC would have told first
  }
  EXPECT_GT(refused, 0);
}

INSTANTIATE_TEST_SUITE_P(Codecs, EachCodec, testing::Values(Compression::none, Compression::gzip, Compression::snappy, Compression::lz4, Compression::zstd));

TEST(Compression, ReadsSnappyWithAndWithoutXerialsFraming) {
  // Raw snappy: length 5, a literal of 5 bytes. Then the same as one block of xerial's framing.
  const auto raw = unhex("05 10 68 65 6c 6c 6f");
  EXPECT_EQ(*decompress(Compression::snappy, raw, 100), "hello");
  const auto framed = unhex("82 53 4e 41 50 50 59 00 00 00 00 01 00 00 00 01 00 00 00 07 05 10 68 65 6c 6c 6f");
  EXPECT_EQ(*decompress(Compression::snappy, framed, 100), "hello");
  EXPECT_FALSE(decompress(Compression::snappy, framed.substr(0, framed.size() - 1), 100).ok());
}

TEST(RecordBatch, HasKafkasBytes) {
  // docs/formats/record_batch.md
  const auto wanted = unhex(
      "00 00 00 00 00 00 00 2a 00 00 00 3e 00 00 00 00 02 02 1a 0f 34 00 00 00 00 00 00 00 00 01 8b cf e5 68 00 00 00 01 8b cf e5 68 00 "
      "00 00 00 00 00 00 00 07 00 00 00 00 00 00 00 00 00 01 18 00 00 00 02 6b 0a 68 65 6c 6c 6f 00");
  BatchBuilder builder({.producer_id = ProducerId{7}, .producer_epoch = ProducerEpoch{0}, .base_sequence = 0});
  builder.add(kTimeMs, "k", "hello");
  auto bytes = builder.finish();
  assign_offset(bytes.data(), Offset{42}, LeaderEpoch{0});
  EXPECT_EQ(hex(bytes), hex(wanted));
  EXPECT_TRUE(BatchView::parse(wanted)->crc_ok()) << "offset and epoch lie outside the CRC";
}

TEST(RecordBatch, RefusesWhatCannotBe) {
  BatchBuilder builder({});
  builder.add(kTimeMs, "k", "v");
  const auto whole = builder.finish();
  Bytes bytes;  // what the last batch lies in
  const auto with = [&](std::size_t at, std::string_view hex_bytes) {
    bytes = whole;
    const auto patch = unhex(hex_bytes);
    std::copy(patch.begin(), patch.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
    return BatchView::parse(bytes);
  };
  EXPECT_EQ(BatchView::parse(ByteView(whole).substr(0, 60)).error().code, ErrorCode::corrupt);
  EXPECT_EQ(BatchView::parse(ByteView(whole).substr(0, whole.size() - 1)).error().code, ErrorCode::corrupt);
  EXPECT_EQ(with(16, "01").error().code, ErrorCode::unsupported);
  EXPECT_EQ(with(16, "03").error().code, ErrorCode::corrupt);
  EXPECT_EQ(with(8, "7f ff ff ff").error().code, ErrorCode::corrupt);
  EXPECT_EQ(with(8, "ff ff ff ff").error().code, ErrorCode::corrupt);
  EXPECT_EQ(with(21, "00 07").error().code, ErrorCode::corrupt) << "codec 7";
  EXPECT_EQ(with(23, "ff ff ff ff").error().code, ErrorCode::corrupt);
  EXPECT_EQ(with(57, "ff ff ff ff").error().code, ErrorCode::corrupt);
  EXPECT_EQ(with(0, "7f ff ff ff ff ff ff ff").error().code, ErrorCode::corrupt) << "its last offset overflows";
  const auto many = with(57, "7f ff ff ff");
  ASSERT_TRUE(many.ok());
  EXPECT_EQ(read(*many).error().code, ErrorCode::corrupt) << "more records than bytes";
}

TEST(RecordBatch, AMarkerSaysWhatItIs) {
  const auto bytes = control_batch(ProducerId{5}, ProducerEpoch{2}, ControlType::commit, kTimeMs, 3);
  const auto batch = BatchView::parse(bytes);
  ASSERT_TRUE(batch.ok() && batch->crc_ok());
  EXPECT_TRUE(batch->is_control() && batch->is_transactional());
  EXPECT_EQ(*control_type(*batch), ControlType::commit);
  EXPECT_EQ(hex(*read(*batch)->front().key), "00000001");
  EXPECT_EQ(hex(*read(*batch)->front().value), "000000000003");
}

TEST(RecordBatch, WhatTheCleanerLeavesKeepsOffsetsSequenceAndTimes) {
  BatchBuilder builder({.compression = Compression::gzip, .producer_id = ProducerId{5}, .producer_epoch = ProducerEpoch{1}, .base_sequence = 10});
  for (int i = 0; i < 4; ++i) builder.add(kTimeMs + i, "k" + std::to_string(i), "v");
  const auto bytes = builder.finish();
  const auto batch = BatchView::parse(bytes);
  Bytes inflated;
  std::vector<Record> kept;
  ASSERT_TRUE(batch->for_each_into(inflated, [&](const Record& record) {
    if (record.offset_delta == 2) kept.push_back(record);
    return true;
  }).ok());
  const auto rewritten = rewrite_batch(*batch, kept, kTimeMs + 1000);
  const auto left = BatchView::parse(rewritten);
  ASSERT_TRUE(left.ok() && left->crc_ok());
  EXPECT_EQ(left->last_offset_delta(), 3);
  EXPECT_EQ(left->base_sequence(), 10);
  EXPECT_EQ(left->record_count(), 1);
  EXPECT_EQ(delete_horizon_ms(*left), kTimeMs + 1000);
  const auto records = read(*left);
  ASSERT_TRUE(records.ok()) << records.error();
  EXPECT_EQ(records->front().offset_delta, 2);
  EXPECT_EQ(left->base_timestamp_ms() + records->front().timestamp_delta_ms, kTimeMs + 2);
  EXPECT_EQ(BatchView::parse(rewrite_batch(*batch, {}, std::nullopt))->record_count(), 0);
}

TEST(RecordBatch, AppendTimeChangesTimeAndCrcInPlace) {
  BatchBuilder builder({});
  builder.add(kTimeMs, "k", "v");
  auto bytes = builder.finish();
  set_append_time(bytes, kTimeMs + 77);
  const auto batch = BatchView::parse(bytes);
  ASSERT_TRUE(batch.ok());
  EXPECT_TRUE(batch->crc_ok() && batch->log_append_time());
  EXPECT_EQ(batch->max_timestamp_ms(), kTimeMs + 77);
}

TEST(Varint, GoesToItsLimits) {
  for (const auto value : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{63}, std::int64_t{-64}, std::int64_t{64}, INT64_MAX, INT64_MIN}) {
    Bytes bytes;
    ByteWriter writer(bytes);
    writer.zigzag(value);
    EXPECT_EQ(static_cast<int>(bytes.size()), varint_size(zigzag_encode(value)));
    ByteReader reader(bytes);
    EXPECT_EQ(reader.zigzag(), value);
    EXPECT_TRUE(reader.ok() && reader.at_end());
    ByteReader cut(ByteView(bytes).substr(0, bytes.size() - 1));
    cut.zigzag();
    EXPECT_FALSE(cut.ok());
  }
  const auto too_long = unhex("80 80 80 80 80 80 80 80 80 80 01");
  ByteReader reader(too_long);
  reader.varint();
  EXPECT_FALSE(reader.ok());
  const auto too_large = unhex("ff ff ff ff ff ff ff ff ff 02");
  ByteReader over(too_large);
  over.varint();
  EXPECT_FALSE(over.ok());
}

}  // namespace
}  // namespace sluice::record
