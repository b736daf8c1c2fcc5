#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "avro/container/container_reader.h"
#include "avro/container/container_writer.h"

namespace sluice::avro {
namespace {

constexpr std::int64_t kRowsABlock = 10;
constexpr std::int64_t kBlocks = 20;

Bytes row_of(std::int64_t number) {
  Bytes row;
  ByteWriter(row).zigzag(number);
  return row;
}

// 20 blocks of 10 longs.
Bytes longs(const std::string& codec) {
  MemorySink sink;
  auto writer = ContainerWriter::begin(sink, "\"long\"", {.codec = codec, .block_rows = kRowsABlock});
  for (std::int64_t i = 0; i < kBlocks * kRowsABlock; ++i) EXPECT_TRUE(writer->append(row_of(i * 1000)).ok());
  EXPECT_TRUE(writer->finish().ok());
  return sink.bytes();
}

struct Read {
  std::vector<std::int64_t> rows;
  std::vector<ContainerReader::Block> blocks;
  std::vector<ContainerGap> gaps;
  std::optional<Error> error;
};

Read read(ByteSource& source, ContainerReaderOptions options = {}) {
  Read out;
  auto reader = ContainerReader::open(source, "longs.avro", options);
  if (!reader.ok()) return {.rows = {}, .blocks = {}, .gaps = {}, .error = reader.error()};
  while (true) {
    auto block = reader->next();
    if (!block.ok()) out.error = block.error();
    if (!block.ok() || block->rows == 0) break;
    out.blocks.push_back(*block);
    ByteReader in(block->bytes);
    for (std::int64_t i = 0; i < block->rows; ++i) out.rows.push_back(in.zigzag() / 1000);
  }
  out.gaps = reader->gaps();
  return out;
}

Read read(ByteView bytes, ContainerReaderOptions options = {}) {
  MemorySource source(bytes);
  return read(source, options);
}

// The rows of all blocks but these.
std::vector<std::int64_t> rows_without(std::vector<std::int64_t> blocks) {
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < kBlocks * kRowsABlock; ++i) {
    if (std::ranges::find(blocks, i / kRowsABlock) == blocks.end()) rows.push_back(i);
  }
  return rows;
}

TEST(Container, DamageCostsItsBlocksAndIsReported) {
  for (const auto codec : codec_names()) {
    const auto bytes = longs(std::string(codec));
    const auto whole = read(bytes);
    ASSERT_EQ(whole.rows, rows_without({})) << codec;
    auto damaged = bytes;
    damaged[whole.blocks[3].to - 5] ^= 1;                                // a marker
    damaged[whole.blocks[8].from] = static_cast<char>(0x81);             // a count
    damaged.insert(whole.blocks[12].from, "something else");             // between two blocks
    damaged.resize(damaged.size() - 3);                                  // the end
    EXPECT_EQ(read(damaged).error->code, ErrorCode::corrupt) << codec;
    const auto found = read(damaged, {.resynchronise = true});
    EXPECT_FALSE(found.error) << codec;
    // Block 4 ends in the first marker behind the damaged one; block 12 begins behind what is no block.
    EXPECT_EQ(found.rows, rows_without({3, 4, 8, 12, 19})) << codec;
    ASSERT_EQ(found.gaps.size(), 4U) << codec;
    EXPECT_EQ(found.gaps[0].from, whole.blocks[3].from) << codec;
    EXPECT_EQ(found.gaps[0].to, whole.blocks[4].to) << codec;
    EXPECT_EQ(found.gaps[3].to, damaged.size()) << codec;
  }
}

TEST(Container, ABlockThatDoesNotInflateIsTheOnlyOneLost) {
  for (const std::string codec : {"snappy", "bzip2", "xz"}) {  // those that notice
    auto bytes = longs(codec);
    const auto whole = read(bytes);
    bytes[whole.blocks[7].to - 16 - 5] ^= 1;
    const auto found = read(bytes, {.resynchronise = true});
    EXPECT_EQ(found.rows, rows_without({7})) << codec;
    ASSERT_EQ(found.gaps.size(), 1U) << codec;
    EXPECT_EQ(found.gaps[0].from, whole.blocks[7].from) << codec;
    EXPECT_EQ(found.gaps[0].to, whole.blocks[7].to) << codec;
  }
}

TEST(Container, BlocksAreSkippedWithoutInflating) {
  auto bytes = longs("zstandard");
  const auto whole = read(bytes);
  const auto data = static_cast<std::size_t>(whole.blocks[5].from) + 3;
  bytes.replace(data, 4, "xxxx");  // would not inflate
  MemorySource source(bytes);
  auto reader = *ContainerReader::open(source, "longs.avro");
  for (std::int64_t i = 0; i < kBlocks; ++i) {
    const auto block = reader.skip();
    ASSERT_TRUE(block.ok()) << block.error();
    EXPECT_EQ(block->rows, kRowsABlock);
    EXPECT_EQ(block->to, whole.blocks[static_cast<std::size_t>(i)].to);
  }
  EXPECT_EQ(reader.skip()->rows, 0);
}

TEST(Container, LimitsHold) {
  MemorySink sink;
  auto writer = *ContainerWriter::begin(sink, "\"bytes\"", {.codec = "zstandard", .block_bytes = 1 << 20});
  Bytes row;
  ByteWriter(row).zigzag(2 << 20);
  row.append(2 << 20, 'x');
  ASSERT_TRUE(writer.append(row).ok());
  EXPECT_LT(sink.bytes().size(), 1000U);
  const ContainerReaderOptions small{.limits = {.inflated_bytes = 1 << 20}};
  EXPECT_EQ(read(sink.bytes(), small).error->code, ErrorCode::rejected);
  EXPECT_EQ(read(sink.bytes(), {.limits = {.block_bytes = 10}}).error->code, ErrorCode::corrupt);
  EXPECT_EQ(read(sink.bytes(), {.limits = {.header_bytes = 10}}).error->code, ErrorCode::corrupt);
  MemorySink nulls;
  auto many = *ContainerWriter::begin(nulls, "\"null\"", {});
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(many.append("").ok());
  ASSERT_TRUE(many.finish().ok());
  EXPECT_FALSE(read(nulls.bytes(), {.limits = {.rows_of_no_bytes = 1000}}).error.has_value());
  EXPECT_EQ(read(nulls.bytes(), {.limits = {.rows_of_no_bytes = 999}}).error->code, ErrorCode::corrupt);
}

TEST(Container, ManyCodecsHoldTheLimitOnInflatedBytes) {
  Bytes row;
  ByteWriter(row).zigzag(3 << 20);
  row.append(3 << 20, 'x');
  for (const auto name : codec_names()) {
    auto codec = *Codec::create(name);
    Bytes compressed;
    ASSERT_TRUE(codec->compress(row, compressed).ok());
    Bytes out;
    EXPECT_EQ(codec->inflate(compressed, 1 << 20, out).error().code, ErrorCode::rejected) << name;
    EXPECT_LE(out.size(), (1U << 20) + 1) << name;
    EXPECT_EQ(codec->inflate(compressed, row.size(), out).value_or(""), row) << name << ": exactly the limit";
  }
}

TEST(Container, RoomForABlockIsUsedAgain) {
  const Bytes block(10'000, 'x');
  for (const auto name : codec_names()) {
    auto codec = *Codec::create(name);
    Bytes compressed;
    ASSERT_TRUE(codec->compress(block, compressed).ok());
    Bytes out;
    for (int i = 0; i < 100; ++i) ASSERT_EQ(codec->inflate(compressed, 1 << 30, out).value_or(""), block) << name;
    EXPECT_LE(out.capacity(), 4 * block.size()) << name;
  }
}

TEST(Container, WritesThroughAPipeAndReadsFromIt) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const auto bytes = longs("snappy");
  std::jthread feeder([&] {
    FileSink sink(ends[1], "pipe");
    for (std::size_t at = 0; at < bytes.size(); at += 7) EXPECT_TRUE(sink.write(ByteView(bytes).substr(at, 7)).ok());
    ::close(ends[1]);
  });
  FileSource source(ends[0], "pipe");
  EXPECT_EQ(read(source).rows, rows_without({}));
  ::close(ends[0]);
}

TEST(Container, OwnKeysAndMarkersOfTheUserAreChecked) {
  MemorySink sink;
  EXPECT_EQ(ContainerWriter::begin(sink, "\"int\"", {.metadata = {{"avro.mine", "x"}}}).error().code, ErrorCode::rejected);
  EXPECT_EQ(ContainerWriter::begin(sink, "\"int\"", {.sync = "short"}).error().code, ErrorCode::rejected);
  EXPECT_EQ(ContainerWriter::begin(sink, "\"int\"", {.codec = "lzo"}).error().code, ErrorCode::unsupported);
  EXPECT_TRUE(sink.bytes().empty());
}

}  // namespace
}  // namespace sluice::avro
