#pragma once
// Reads a topic's partitions as records: batches unpacked, control records and aborted transactions left out.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "client/client.h"
#include "record/batch.h"

namespace sluice::client {

// A record as consumed; the views live during the call.
struct ConsumedRecord {
  std::int32_t partition = 0;
  Offset offset;
  std::int64_t timestamp_ms = 0;
  std::optional<ByteView> key;
  std::optional<ByteView> value;
  const std::vector<record::Header>* headers = nullptr;
};

class TopicReader {
 public:
  // Reads from these offsets on; partitions that are not in `from` are not read. `client` must outlive it.
  TopicReader(Client& client, std::string topic, Offsets from, bool committed)
      : client_(client), topic_(std::move(topic)), next_(std::move(from)), committed_(committed) {}

  // Waits at most `wait_ms` for records and gives each to `visit`, in order within a partition, until it gives false.
  // Errors: those of the client; rejected, when an offset lies before the start of the log (both are named); corrupt.
  [[nodiscard]] Result<void> poll(std::int32_t wait_ms, const std::function<bool(const ConsumedRecord&)>& visit);

  // Where the next record of each partition is looked for: past the records that visit() was given.
  [[nodiscard]] const Offsets& next() const { return next_; }
  // The end of each partition (last stable, or high watermark), as of the newest poll; none before the first.
  [[nodiscard]] const Offsets& ends() const { return ends_; }

 private:
  [[nodiscard]] Result<bool> read_partition(const Fetched& fetched, const std::function<bool(const ConsumedRecord&)>& visit);
  [[nodiscard]] Result<bool> read_batch(std::int32_t partition, const record::BatchView& batch,
                                        const std::function<bool(const ConsumedRecord&)>& visit);

  Client& client_;
  std::string topic_;
  Offsets next_, ends_;
  bool committed_;
};

}  // namespace sluice::client
