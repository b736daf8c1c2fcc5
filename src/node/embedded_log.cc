#include "node/embedded_log.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <unordered_map>

#include "node/embedded_producer.h"
#include "node/topic_config.h"

namespace sluice::node {
namespace {

pipeline::TopicDescription describe_info(const TopicInfo& info) { return {info.name, info.partitions, info.config, info.id.text()}; }

// What one waits on until something is visible. It outlives who waits, in the node's waiters.
struct Signal {
  std::mutex mutex;
  std::condition_variable changed;
  bool raised = false;
  bool interrupted = false;

  void raise() {
    const std::lock_guard lock(mutex);
    raised = true;
    changed.notify_all();
  }
  void interrupt() {
    const std::lock_guard lock(mutex);
    interrupted = true;
    changed.notify_all();
  }
  // True: there may be something new. False: out of time, or interrupted.
  bool wait_until(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex);
    const bool woken = changed.wait_until(lock, deadline, [&] { return raised || interrupted; });
    const bool go_on = woken && !interrupted;
    raised = interrupted = false;
    return go_on;
  }
};

// Reads committed records of one partition. What poll() gave lives in `pages_` and `inflated_` until the next call.
class EmbeddedReader final : public pipeline::Reader {
 public:
  EmbeddedReader(Node& node, TopicPartition where, Offset from) : node_(node), where_(std::move(where)), next_(from) {}

  Result<std::span<const pipeline::ReadRecord>> poll(std::int64_t wait_ms, std::size_t max_bytes) override {
    records_.clear();
    inflated_.clear();
    if (wait_ms == 0) {
      SLUICE_RETURN_IF_ERROR(read(max_bytes));
      return std::span<const pipeline::ReadRecord>(records_);
    }
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
    while (true) {
      const auto waiter = node_.wake_when_visible({&where_, 1}, [signal = signal_] { signal->raise(); });
      SLUICE_RETURN_IF_ERROR(read(max_bytes));
      if (!records_.empty() || !signal_->wait_until(deadline)) break;
    }
    return std::span<const pipeline::ReadRecord>(records_);
  }

  Offset next_offset() const override { return next_; }
  void seek(Offset offset) override { next_ = offset; }
  void release() override {
    Bytes().swap(page_);
    decltype(inflated_)().swap(inflated_);
    decltype(records_)().swap(records_);
  }
  void interrupt() override { signal_->interrupt(); }

 private:
  // Fetches until there is a record, or the end.
  Result<void> read(std::size_t max_bytes) {
    while (records_.empty()) {
      const FetchPartition wanted{where_, next_, max_bytes};
      auto fetched = std::move(node_.fetch({&wanted, 1}, Isolation::read_committed, max_bytes).front());
      if (!fetched.outcome.ok()) return std::move(fetched.outcome).error().in(where_.topic);
      if (!fetched.records) {
        return {};
      }
      const auto& slice = *fetched.records;
      SLUICE_TRY(page_, slice.file->read_exactly(slice.offset, static_cast<std::size_t>(slice.length)));
      SLUICE_RETURN_IF_ERROR(decode(fetched.aborted));
    }
    return {};
  }

  Result<void> decode(const std::vector<storage::AbortedTransaction>& aborted) {
    ByteView rest = page_;
    while (!rest.empty()) {
      const auto total = record::BatchView::total_bytes(rest);
      if (total == 0 || total > rest.size()) break;
      SLUICE_TRY(const auto batch, record::BatchView::parse(rest.substr(0, total)));
      rest.remove_prefix(total);
      if (batch.last_offset() < next_) continue;
      const bool skipped = batch.is_control() || is_aborted(batch, aborted);
      if (!skipped) SLUICE_RETURN_IF_ERROR(take(batch));
      next_ = batch.next_offset();
    }
    return {};
  }

  static bool is_aborted(const record::BatchView& batch, const std::vector<storage::AbortedTransaction>& aborted) {
    return batch.is_transactional() && std::any_of(aborted.begin(), aborted.end(), [&](const auto& transaction) {
             return transaction.producer_id == batch.producer_id() && transaction.first_offset <= batch.base_offset() &&
                    batch.base_offset() <= transaction.last_offset;
           });
  }

  Result<void> take(const record::BatchView& batch) {
    inflated_.push_back(std::make_unique<Bytes>());
    return batch.for_each_into(*inflated_.back(), [&](const record::Record& record) {
      const auto offset = batch.base_offset() + record.offset_delta;
      if (offset < next_) return true;
      auto& out = records_.emplace_back();
      out.offset = offset;
      out.timestamp_ms = batch.log_append_time() ? batch.max_timestamp_ms() : batch.base_timestamp_ms() + record.timestamp_delta_ms;
      out.key = record.key;
      out.value = record.value;
      out.headers.reserve(record.headers.size());
      for (const auto& header : record.headers) out.headers.push_back({header.name, header.value});
      return true;
    });
  }

  Node& node_;
  TopicPartition where_;
  Offset next_;
  Bytes page_;
  std::vector<std::unique_ptr<Bytes>> inflated_;
  std::vector<pipeline::ReadRecord> records_;
  std::shared_ptr<Signal> signal_ = std::make_shared<Signal>();
};

}  // namespace

Result<std::vector<pipeline::TopicDescription>> EmbeddedLog::topics() {
  std::vector<pipeline::TopicDescription> all;
  for (const auto& info : node_.topics()) all.push_back(describe_info(info));
  return all;
}

Result<pipeline::TopicDescription> EmbeddedLog::describe(const std::string& topic) {
  SLUICE_TRY(const auto info, node_.topic(topic));
  return describe_info(info);
}

Result<pipeline::TopicDescription> EmbeddedLog::ensure_topic(const pipeline::TopicSpec& spec) {
  NewTopic topic{spec.name, spec.partitions, spec.config};
  if (spec.read_only) topic.config[std::string(kReadOnlyConfig)] = "true";
  const auto made = node_.create_topic(topic);
  if (made.ok()) return describe_info(*made);
  if (made.error().code != ErrorCode::already_exists) return made.error();
  return describe(spec.name);
}

Result<void> EmbeddedLog::alter_topic(const std::string& topic, const std::map<std::string, std::optional<std::string>>& config) {
  return node_.alter_config(topic, config);
}

Result<pipeline::PartitionRange> EmbeddedLog::range(const std::string& topic, std::int32_t partition) {
  SLUICE_TRY(const auto start, node_.list_offset({topic, partition}, -2, Isolation::read_committed));
  SLUICE_TRY(const auto end, node_.list_offset({topic, partition}, -1, Isolation::read_committed));
  return pipeline::PartitionRange{start.offset, end.offset};
}

Result<std::vector<Offset>> EmbeddedLog::stable_ends(std::span<const pipeline::LogPartition> partitions, std::span<const Offset> seen,
                                                     std::int64_t wait_ms) {
  std::vector<TopicPartition> where;
  where.reserve(partitions.size());
  for (const auto& [topic, partition] : partitions) where.push_back({topic, partition});
  if (wait_ms <= 0) return node_.stable_ends(where);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
  const auto signal = std::make_shared<Signal>();
  while (true) {
    const auto waiter = node_.wake_when_visible(where, [signal] { signal->raise(); });
    SLUICE_TRY(auto ends, node_.stable_ends(where));
    if (!std::ranges::equal(ends, seen) || !signal->wait_until(deadline)) return ends;
  }
}

Result<Offset> EmbeddedLog::offset_at(const std::string& topic, std::int32_t partition, std::int64_t timestamp_ms) {
  const TopicPartition where{topic, partition};
  SLUICE_TRY(const auto found, node_.list_offset(where, std::max<std::int64_t>(timestamp_ms, 0), Isolation::read_committed));
  if (found.offset != kNoOffset) return found.offset;
  SLUICE_TRY(const auto end, node_.list_offset(where, -1, Isolation::read_committed));
  return end.offset;
}

Result<std::unique_ptr<pipeline::Producer>> EmbeddedLog::producer(const std::string& owner) {
  const pipeline::TopicSpec positions{std::string(pipeline::kPositionsTopic), 1, {{"cleanup.policy", "compact"}}, true};
  SLUICE_TRY(const auto topic, ensure_topic(positions));
  static_cast<void>(topic);
  return EmbeddedProducer::open(node_, owner);
}

Result<std::unique_ptr<pipeline::Reader>> EmbeddedLog::reader(const std::string& topic, std::int32_t partition, Offset from) {
  SLUICE_TRY(const auto log, node_.partition({topic, partition}));
  static_cast<void>(log);
  return std::unique_ptr<pipeline::Reader>(std::make_unique<EmbeddedReader>(node_, TopicPartition{topic, partition}, from));
}

Result<void> EmbeddedLog::hold(const std::string& name, const std::string& topic, std::int32_t partition, std::optional<Offset> offset) {
  return node_.hold(name, {topic, partition}, offset);
}

}  // namespace sluice::node
