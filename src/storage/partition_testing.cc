#include "storage/partition_testing.h"

#include <stdlib.h>

#include <cstdlib>

namespace sluice::storage {

Bytes test_batch(const std::vector<KeyValue>& records, std::int64_t timestamp_ms, const TestProducer& producer,
                 record::Compression codec) {
  record::BatchBuilder builder({.compression = codec,
                                .producer_id = producer.id,
                                .producer_epoch = producer.epoch,
                                .base_sequence = producer.sequence,
                                .transactional = producer.transactional});
  for (const auto& [key, value] : records) {
    builder.add(timestamp_ms, key, value ? std::optional<ByteView>(*value) : std::nullopt);
  }
  return builder.finish();
}

Result<std::vector<ReadRecord>> read_records(const Partition& partition, Offset from, Offset limit) {
  std::vector<ReadRecord> records;
  while (from < limit) {
    Offset next;
    SLUICE_TRY(const auto bytes, partition.read_bytes({from, limit, 1 << 16, true}, &next));
    if (bytes.empty()) break;
    ByteView rest = bytes;
    while (!rest.empty()) {
      SLUICE_TRY(const auto batch, record::BatchView::parse(rest));
      if (!batch.crc_ok()) return Error{ErrorCode::corrupt, "CRC at offset " + to_string(batch.base_offset())};
      auto read = batch.for_each([&](const record::Record& record) {
        const auto offset = batch.base_offset() + record.offset_delta;
        if (!batch.is_control() && offset >= from) {
          records.push_back({offset, batch.base_timestamp_ms() + record.timestamp_delta_ms, std::string(record.key.value_or("")),
                             record.value ? std::optional<std::string>(*record.value) : std::nullopt});
        }
        return true;
      });
      if (!read.ok()) return std::move(read).error();
      rest.remove_prefix(batch.bytes().size());
    }
    from = next;
  }
  return records;
}

std::vector<std::string> keys_of(const std::vector<ReadRecord>& records) {
  std::vector<std::string> keys;
  for (const auto& record : records) keys.push_back(record.key);
  return keys;
}

TemporaryFolder::TemporaryFolder() {
  const char* const base = std::getenv("TMPDIR");
  path_ = std::string(base != nullptr ? base : "/tmp") + "/sluice-test-XXXXXX";
  SLUICE_CHECK(::mkdtemp(path_.data()) != nullptr);
}

TemporaryFolder::~TemporaryFolder() { (void)io::real_file_system().remove_all(path_); }

}  // namespace sluice::storage
