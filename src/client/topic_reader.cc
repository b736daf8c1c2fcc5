#include "client/topic_reader.h"

#include <algorithm>

namespace sluice::client {
namespace {

// Which producers' transactional batches are to be left out. The broker lists aborted transactions by their first offset;
// each lasts until its producer's abort marker.
class AbortedProducers {
 public:
  explicit AbortedProducers(std::vector<AbortedTransaction> aborted) : waiting_(std::move(aborted)) {
    std::ranges::sort(waiting_, {}, &AbortedTransaction::first_offset);
  }

  Result<bool> leaves_out(const record::BatchView& batch) {
    while (begun_ < waiting_.size() && waiting_[begun_].first_offset <= batch.last_offset()) {
      open_.insert(waiting_[begun_++].producer_id.value);
    }
    if (batch.is_control()) {
      SLUICE_TRY(const auto type, record::control_type(batch));
      if (type == record::ControlType::abort) open_.erase(batch.producer_id().value);
      return true;
    }
    return batch.is_transactional() && open_.contains(batch.producer_id().value);
  }

 private:
  std::vector<AbortedTransaction> waiting_;
  std::size_t begun_ = 0;
  std::set<std::int64_t> open_;
};

}  // namespace

Result<void> TopicReader::poll(std::int32_t wait_ms, const std::function<bool(const ConsumedRecord&)>& visit) {
  FetchOptions options;
  options.wait_ms = wait_ms;
  options.committed = committed_;
  SLUICE_TRY(const auto fetched, client_.fetch(topic_, next_, options));
  for (const auto& each : fetched.partitions) {
    SLUICE_TRY(const bool more, read_partition(each, visit));
    if (!more) break;
  }
  return {};
}

Result<bool> TopicReader::read_partition(const Fetched& fetched, const std::function<bool(const ConsumedRecord&)>& visit) {
  auto& next = next_[fetched.partition];
  if (fetched.code == kafka::Code::offset_out_of_range) {
    SLUICE_TRY(const auto starts, client_.offsets_at(topic_, kEarliest, committed_));
    const auto start = starts.find(fetched.partition);
    return Error{ErrorCode::rejected, "topic " + topic_ + ", partition " + std::to_string(fetched.partition) + ": offset " +
                                          to_string(next) + " is not there; the log begins at " +
                                          (start == starts.end() ? "?" : to_string(start->second)),
                 "", "read with -o beginning, or from an offset that is there"};
  }
  ends_[fetched.partition] = committed_ ? fetched.last_stable : fetched.high_watermark;
  AbortedProducers aborted(fetched.aborted);
  auto bytes = fetched.records;
  while (!bytes.empty()) {
    const auto size = record::BatchView::total_bytes(bytes);
    if (size == 0 || size > bytes.size()) break;  // cut off at the fetch's limit
    SLUICE_TRY(const auto batch, record::BatchView::parse(bytes.substr(0, size)));
    bytes.remove_prefix(size);
    if (batch.next_offset() <= next) continue;
    bool leave_out = batch.is_control();
    if (committed_) {
      SLUICE_TRY(leave_out, aborted.leaves_out(batch));
    }
    if (!leave_out) {
      if (!batch.crc_ok()) {
        return Error{ErrorCode::corrupt, "topic " + topic_ + ", partition " + std::to_string(fetched.partition) +
                                             ": the batch at offset " + to_string(batch.base_offset()) + " is damaged (CRC)"};
      }
      SLUICE_TRY(const bool more, read_batch(fetched.partition, batch, visit));
      if (!more) return false;
    }
    next = batch.next_offset();
  }
  return true;
}

Result<bool> TopicReader::read_batch(std::int32_t partition, const record::BatchView& batch,
                                     const std::function<bool(const ConsumedRecord&)>& visit) {
  auto& next = next_[partition];
  bool more = true;
  const auto from = next;
  SLUICE_RETURN_IF_ERROR(batch.for_each([&](const record::Record& record) {
    const auto offset = batch.base_offset() + record.offset_delta;
    if (offset < from) return true;  // a batch that begins before the offset that was asked for
    const auto timestamp = batch.log_append_time() ? batch.max_timestamp_ms() : batch.base_timestamp_ms() + record.timestamp_delta_ms;
    more = visit({partition, offset, timestamp, record.key, record.value, &record.headers});
    next = offset + 1;
    return more;
  }));
  return more;
}

}  // namespace sluice::client
