// Bytes as a batch, as they come from a producer or lie in a file: once as they are and once with a CRC and a length that fit, so
// that what lies behind them is reached. Whatever is read is bounded; what is read whole is built again with every codec
// and read back the same.

#include <cstdlib>
#include <string>

#include "base/crc32c.h"
#include "record/batch.h"
#include "record/compression.h"

namespace sluice::record {
namespace {

constexpr std::size_t kMaxInflated = std::size_t{1} << 20;

struct Owned {
  std::int64_t timestamp_ms;
  std::optional<std::string> key, value;
  bool operator==(const Owned&) const = default;
};

std::optional<std::string> copy(std::optional<ByteView> bytes) { return bytes ? std::optional<std::string>(*bytes) : std::nullopt; }

void expect(bool promise) {
  if (!promise) std::abort();
}

Result<std::vector<Owned>> records_of(const BatchView& batch) {
  std::vector<Owned> records;
  Bytes inflated;
  SLUICE_RETURN_IF_ERROR(batch.for_each_into(
      inflated,
      [&](const Record& record) {
        records.push_back({record.timestamp_delta_ms, copy(record.key), copy(record.value)});
        return true;
      },
      kMaxInflated));
  expect(inflated.size() <= kMaxInflated);
  return records;
}

void build_again(const std::vector<Owned>& records) {
  for (const auto codec : {Compression::none, Compression::gzip, Compression::snappy, Compression::lz4, Compression::zstd}) {
    BatchBuilder builder({.compression = codec});
    for (const auto& record : records) builder.add(record.timestamp_ms, record.key, record.value);
    const auto bytes = builder.finish();
    const auto batch = BatchView::parse(bytes);
    expect(batch.ok() && batch->crc_ok() && batch->bytes().size() == bytes.size());
    const auto same = records_of(*batch);
    expect(same.ok() && same->size() == records.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
      expect((*same)[i].key == records[i].key && (*same)[i].value == records[i].value);
    }
  }
}

void read(ByteView bytes) {
  const auto batch = BatchView::parse(bytes);
  if (!batch.ok()) return;
  expect(batch->bytes().size() <= bytes.size());
  static_cast<void>(control_type(*batch).ok());
  static_cast<void>(delete_horizon_ms(*batch));
  const auto records = records_of(*batch);
  if (!records.ok()) return;
  if (records->empty()) return;
  const auto emptied = rewrite_batch(*batch, {}, 1);
  const auto view = BatchView::parse(emptied);
  expect(view.ok() && view->crc_ok() && view->last_offset() == batch->last_offset() && view->base_sequence() == batch->base_sequence());
  constexpr std::int64_t kFarMs = std::int64_t{1} << 60;  // farther than any clock: their differences overflow
  for (const auto& record : *records) {
    if (record.timestamp_ms > kFarMs || record.timestamp_ms < -kFarMs) return;
  }
  if (records->size() <= 64) build_again(*records);
}

}  // namespace
}  // namespace sluice::record

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, unsigned long size) {
  using namespace sluice;  // NOLINT: the fuzzer's entry must be global
  Bytes bytes(reinterpret_cast<const char*>(data), size);
  record::read(bytes);
  for (const auto codec : {record::Compression::gzip, record::Compression::snappy, record::Compression::lz4, record::Compression::zstd}) {
    const auto plain = record::decompress(codec, bytes, record::kMaxInflated);
    if (plain.ok() && plain->size() > record::kMaxInflated) std::abort();
  }
  if (size < record::kBatchHeaderBytes) return 0;
  store_be<std::int32_t>(bytes.data() + 8, static_cast<std::int32_t>(size - record::kBatchLogOverhead));
  bytes[16] = 2;
  store_be<std::uint32_t>(bytes.data() + 17, crc32c(ByteView(bytes).substr(21)));
  record::read(bytes);
  return 0;
}
