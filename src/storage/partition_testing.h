#pragma once
// Small builders for tests of storage and of what stands on it.

#include <string>
#include <utility>
#include <vector>

#include "record/batch.h"
#include "storage/partition.h"

namespace sluice::storage {

struct TestProducer {
  ProducerId id = kNoProducerId;
  ProducerEpoch epoch = kNoProducerEpoch;
  std::int32_t sequence = -1;
  bool transactional = false;
};

using KeyValue = std::pair<std::string, std::optional<std::string>>;

// A batch of records, each with its key and value, all of one time.
[[nodiscard]] Bytes test_batch(const std::vector<KeyValue>& records, std::int64_t timestamp_ms = 1'700'000'000'000,
                               const TestProducer& producer = {}, record::Compression codec = record::Compression::none);

struct ReadRecord {
  Offset offset;
  std::int64_t timestamp_ms;
  std::string key;
  std::optional<std::string> value;
  bool operator==(const ReadRecord&) const = default;
};

// Every data record from `from` up to `limit` (control records are left out).
[[nodiscard]] Result<std::vector<ReadRecord>> read_records(const Partition& partition, Offset from, Offset limit);
[[nodiscard]] std::vector<std::string> keys_of(const std::vector<ReadRecord>& records);

// A folder under TMPDIR that goes when the object does.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace sluice::storage
