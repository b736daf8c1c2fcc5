// EmbeddedLog::append(): one batch (or several, when there is much) a partition, all handed to the node, one wait for all.
//
// A batch is durable and visible, or refused, as a whole: its records share the outcome. This thread runs rounds while it
// waits, as any other that waits does: calls at the same time find their batches in one round.

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "node/embedded_batch.h"
#include "node/embedded_log.h"

namespace sluice::node {
namespace {

using Results = std::vector<Result<Offset>>;

// Batches of one partition, and which records are in them.
class PartitionWriter {
 public:
  PartitionWriter(Node& node, TopicPartition where) : node_(node), where_(std::move(where)) {
    auto info = node_.topic(where_.topic);
    if (!info.ok()) {
      refusal_ = std::move(info).error();
    } else {
      compression_ = compression_of(*info);
      limit_ = max_record_bytes(*info);
    }
  }

  // Gives why the record cannot be written.
  std::optional<Error> add(const pipeline::NewRecord& record, std::size_t index, std::atomic<std::size_t>& waiting, Results& results) {
    if (refusal_) return refusal_;
    const auto bytes = batch_bytes(record);
    if (auto fits = check_size(bytes, limit_, where_.topic); !fits.ok()) return std::move(fits).error();
    if (!indexes_.empty() && batch_.size() + bytes > std::min(kBatchBytes, limit_)) flush(waiting, results);
    if (indexes_.empty()) batch_ = record::BatchBuilder({.compression = compression_});
    add_record(batch_, record);
    indexes_.push_back(index);
    return std::nullopt;
  }

  // Hands over what is there; `waiting` counts until the node has answered.
  void flush(std::atomic<std::size_t>& waiting, Results& results) {
    if (indexes_.empty()) return;
    waiting.fetch_add(1);
    node_.append(where_, batch_.finish(), Acks::all, Writer::client, [&waiting, &results, indexes = std::exchange(indexes_, {})](const Result<Appended>& appended) {
      for (std::size_t i = 0; i < indexes.size(); ++i) {
        results[indexes[i]] = appended.ok() ? Result<Offset>(appended->base_offset + static_cast<std::int64_t>(i)) : Result<Offset>(appended.error());
      }
      waiting.fetch_sub(1, std::memory_order_release);
    });
  }

 private:
  Node& node_;
  TopicPartition where_;
  std::optional<Error> refusal_;
  record::Compression compression_ = record::Compression::none;
  std::size_t limit_ = 0;
  record::BatchBuilder batch_{{}};
  std::vector<std::size_t> indexes_;
};

}  // namespace

std::vector<Result<Offset>> EmbeddedLog::append(std::span<const pipeline::NewRecord> records) {
  Results results(records.size(), Error{ErrorCode::back_off, "not answered"});
  std::atomic<std::size_t> waiting{0};
  std::map<TopicPartition, PartitionWriter> writers;
  for (std::size_t i = 0; i < records.size(); ++i) {
    TopicPartition where{std::string(records[i].topic), records[i].partition};
    auto found = writers.find(where);
    if (found == writers.end()) found = writers.emplace(where, PartitionWriter(node_, where)).first;
    if (auto refusal = found->second.add(records[i], i, waiting, results)) results[i] = *std::move(refusal);
  }
  for (auto& [where, writer] : writers) writer.flush(waiting, results);
  while (waiting.load(std::memory_order_acquire) > 0) static_cast<void>(node_.run_sync_round());
  return results;
}

}  // namespace sluice::node
