#include "pipeline/memory_log_testing.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "base/uuid.h"

namespace sluice::pipeline {

namespace {

enum class Outcome { open, committed, aborted };

struct Transaction {
  Outcome outcome = Outcome::open;
  std::set<std::pair<std::string, std::int32_t>> touched;
};

struct Entry {
  OwnedRecord record;
  std::shared_ptr<const Transaction> transaction;
  bool control = false;
};

struct Partition {
  Offset start{0};
  std::deque<std::shared_ptr<const Entry>> entries;  // entries[i] has offset start + i
  std::map<std::string, Offset> holds;
  mutable Offset stable{0};

  [[nodiscard]] Offset end() const { return start + static_cast<std::int64_t>(entries.size()); }
  // Outcomes are final, so the search goes on where the last one stopped.
  [[nodiscard]] Offset last_stable() const {
    stable = std::max(stable, start);
    while (stable < end() && at(stable).transaction->outcome != Outcome::open) stable = stable + 1;
    return stable;
  }
  [[nodiscard]] const Entry& at(Offset offset) const { return *entries[static_cast<std::size_t>(offset - start)]; }
};

struct Topic {
  std::string id = Uuid::random().text();
  TopicConfig config = {};
  std::vector<Partition> partitions;
};

struct Owner {
  std::int64_t epoch = 0;
  std::shared_ptr<Transaction> open;
};

Error no_topic(const std::string& topic, std::int32_t partition) {
  return {.code = ErrorCode::not_found, .message = "no topic " + topic + " with partition " + std::to_string(partition)};
}

std::size_t bytes_of(const Entry& entry) {
  return entry.record.key.value_or("").size() + entry.record.value.value_or("").size() + 16;
}

}  // namespace

std::optional<std::string> OwnedRecord::header(std::string_view name) const {
  for (const auto& [header_name, header_value] : headers) {
    if (header_name == name) return header_value;
  }
  return std::nullopt;
}

// All methods with the mutex held.
struct MemoryLog::State {
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, Topic> topics;
  std::map<std::string, Owner> owners;
  CommitFault commit_fault = CommitFault::none;
  std::optional<Error> append_error;
  std::uint64_t commits = 0;

  Partition* find(const std::string& topic, std::int32_t partition) {
    const auto found = topics.find(topic);
    if (found == topics.end() || partition < 0 ||
        static_cast<std::size_t>(partition) >= found->second.partitions.size()) {
      return nullptr;
    }
    return &found->second.partitions[static_cast<std::size_t>(partition)];
  }

  Result<std::vector<Offset>> stable_ends(std::span<const LogPartition> partitions) {
    std::vector<Offset> ends;
    for (const auto& [topic, index] : partitions) {
      const auto* partition = find(topic, index);
      if (partition == nullptr) return no_topic(topic, index);
      ends.push_back(partition->last_stable());
    }
    return ends;
  }

  void append(Partition& partition, const std::shared_ptr<const Transaction>& transaction, OwnedRecord record,
              bool control) {
    record.offset = partition.end();
    auto entry = std::make_shared<Entry>();
    entry->record = std::move(record);
    entry->transaction = transaction;
    entry->control = control;
    partition.entries.push_back(std::move(entry));
  }

  std::vector<AppendedTo> finish(Transaction& transaction, const std::shared_ptr<const Transaction>& shared,
                                 Outcome outcome) {
    std::vector<AppendedTo> ends;
    for (const auto& [topic, index] : transaction.touched) {
      auto* partition = find(topic, index);
      if (partition == nullptr) continue;
      append(*partition, shared, {}, true);
      ends.push_back({topic, index, partition->end()});
    }
    transaction.outcome = outcome;
    changed.notify_all();
    return ends;
  }
};

namespace {

using StatePtr = std::shared_ptr<MemoryLog::State>;

// With the mutex held.
Result<void> fits(const StatePtr& state, const std::string& topic, const NewRecord& record) {
  const auto& config = state->topics[topic].config;
  const auto limit = config.find("max.message.bytes");
  if (limit == config.end()) return {};
  const auto size = record.key.value_or("").size() + record.value.value_or("").size();
  if (size <= std::stoull(limit->second)) return {};
  return Error{.code = ErrorCode::rejected,
               .message = "a record of " + std::to_string(size) + " bytes is over max.message.bytes of " + topic};
}

OwnedRecord owned(const NewRecord& record) {
  OwnedRecord out;
  out.timestamp_ms = record.timestamp_ms;
  if (record.key) out.key = std::string(*record.key);
  if (record.value) out.value = std::string(*record.value);
  for (const auto& header : record.headers) {
    out.headers.emplace_back(header.name,
                             header.value ? std::optional<std::string>(*header.value) : std::nullopt);
  }
  return out;
}

class MemoryProducer final : public Producer {
 public:
  MemoryProducer(StatePtr state, std::string owner, std::int64_t epoch)
      : state_(std::move(state)), owner_(std::move(owner)), epoch_(epoch) {}

  Result<void> begin() override {
    const std::lock_guard lock(state_->mutex);
    SLUICE_RETURN_IF_ERROR(not_fenced());
    if (transaction_) return Error{.code = ErrorCode::rejected, .message = "a transaction is open already"};
    transaction_ = std::make_shared<Transaction>();
    state_->owners[owner_].open = transaction_;
    return {};
  }

  Result<void> append(const NewRecord& record) override {
    const std::lock_guard lock(state_->mutex);
    SLUICE_RETURN_IF_ERROR(in_transaction());
    if (state_->append_error) return *state_->append_error;
    const std::string topic(record.topic);
    auto* partition = state_->find(topic, record.partition);
    if (partition == nullptr) return no_topic(topic, record.partition);
    SLUICE_RETURN_IF_ERROR(fits(state_, topic, record));
    transaction_->touched.emplace(topic, record.partition);
    state_->append(*partition, transaction_, owned(record), false);
    return {};
  }

  Result<std::vector<AppendedTo>> commit(std::span<const PositionUpdate> positions) override {
    const std::lock_guard lock(state_->mutex);
    SLUICE_RETURN_IF_ERROR(in_transaction());
    const auto fault = std::exchange(state_->commit_fault, CommitFault::none);
    if (fault == CommitFault::lost) {
      transaction_.reset();
      return Error{.code = ErrorCode::back_off, .message = "commit: injected, lost"};
    }
    write(positions);
    ++state_->commits;
    state_->owners[owner_].open.reset();
    const auto transaction = std::exchange(transaction_, nullptr);
    auto ends = state_->finish(*transaction, transaction, Outcome::committed);
    if (fault == CommitFault::lost_answer) {
      return Error{.code = ErrorCode::back_off, .message = "commit: injected, answer lost"};
    }
    return ends;
  }

  Result<void> abort() override {
    const std::lock_guard lock(state_->mutex);
    SLUICE_RETURN_IF_ERROR(in_transaction());
    state_->owners[owner_].open.reset();
    const auto transaction = std::exchange(transaction_, nullptr);
    state_->finish(*transaction, transaction, Outcome::aborted);
    return {};
  }

 private:
  [[nodiscard]] Result<void> not_fenced() const {
    if (state_->owners[owner_].epoch == epoch_) return {};
    return Error{.code = ErrorCode::fenced, .message = "a newer producer of " + owner_ + " exists"};
  }
  [[nodiscard]] Result<void> in_transaction() const {
    SLUICE_RETURN_IF_ERROR(not_fenced());
    if (!transaction_) return Error{.code = ErrorCode::rejected, .message = "no transaction is open"};
    return {};
  }
  void write(std::span<const PositionUpdate> positions) {
    if (positions.empty()) return;
    const std::string topic(kPositionsTopic);
    auto& entry = state_->topics[topic];
    if (entry.partitions.empty()) entry.partitions.resize(1);
    transaction_->touched.emplace(topic, 0);
    for (const auto& position : positions) {
      OwnedRecord record;
      record.key = position.key;
      record.value = position.value;
      state_->append(entry.partitions[0], transaction_, std::move(record), false);
    }
  }

  StatePtr state_;
  std::string owner_;
  std::int64_t epoch_;
  std::shared_ptr<Transaction> transaction_;
};

class MemoryReader final : public Reader {
 public:
  MemoryReader(StatePtr state, std::string topic, std::int32_t partition, Offset from)
      : state_(std::move(state)), topic_(std::move(topic)), partition_(partition), next_(from) {}

  Result<std::span<const ReadRecord>> poll(std::int64_t wait_ms, std::size_t max_bytes) override {
    held_.clear();
    records_.clear();
    std::unique_lock lock(state_->mutex);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
    while (true) {
      if (std::exchange(interrupted_, false)) break;
      auto* partition = state_->find(topic_, partition_);
      if (partition == nullptr) return no_topic(topic_, partition_);
      if (next_ < partition->start) return before_start(*partition);
      take(*partition, max_bytes);
      if (!records_.empty()) break;
      if (wait_ms <= 0 || state_->changed.wait_until(lock, deadline) == std::cv_status::timeout) break;
    }
    return std::span<const ReadRecord>(records_);
  }

  [[nodiscard]] Offset next_offset() const override { return next_; }
  void seek(Offset offset) override { next_ = offset; }
  void release() override {
    records_.clear();
    held_.clear();
  }
  void interrupt() override {
    const std::lock_guard lock(state_->mutex);
    interrupted_ = true;
    state_->changed.notify_all();
  }

 private:
  [[nodiscard]] Error before_start(const Partition& partition) const {
    return {.code = ErrorCode::rejected,
            .message = topic_ + " partition " + std::to_string(partition_) + ": offset " + to_string(next_) +
                       " lies before the start of the log, " + to_string(partition.start)};
  }

  void take(const Partition& partition, std::size_t max_bytes) {
    const auto end = partition.last_stable();
    for (std::size_t bytes = 0; next_ < end && (bytes < max_bytes || records_.empty()); next_ = next_ + 1) {
      const auto& entry = partition.entries[static_cast<std::size_t>(next_ - partition.start)];
      if (entry->control || entry->transaction->outcome != Outcome::committed) continue;
      bytes += bytes_of(*entry);
      held_.push_back(entry);
      records_.push_back(view(entry->record));
    }
  }

  static ReadRecord view(const OwnedRecord& record) {
    ReadRecord out;
    out.offset = record.offset;
    out.timestamp_ms = record.timestamp_ms;
    if (record.key) out.key = ByteView(*record.key);
    if (record.value) out.value = ByteView(*record.value);
    for (const auto& [name, value] : record.headers) {
      out.headers.push_back({name, value ? std::optional<ByteView>(*value) : std::nullopt});
    }
    return out;
  }

  StatePtr state_;
  std::string topic_;
  std::int32_t partition_;
  Offset next_;
  bool interrupted_ = false;
  std::vector<std::shared_ptr<const Entry>> held_;
  std::vector<ReadRecord> records_;
};

TopicDescription description(const std::string& name, const Topic& topic) {
  return {name, static_cast<std::int32_t>(topic.partitions.size()), topic.config, topic.id};
}

}  // namespace

MemoryLog::MemoryLog() : state_(std::make_shared<State>()) {}
MemoryLog::~MemoryLog() = default;

Result<std::vector<TopicDescription>> MemoryLog::topics() {
  const std::lock_guard lock(state_->mutex);
  std::vector<TopicDescription> out;
  for (const auto& [name, topic] : state_->topics) out.push_back(description(name, topic));
  return out;
}

Result<TopicDescription> MemoryLog::describe(const std::string& topic) {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->topics.find(topic);
  if (found == state_->topics.end()) return Error{.code = ErrorCode::not_found, .message = "no topic " + topic};
  return description(topic, found->second);
}

Result<TopicDescription> MemoryLog::ensure_topic(const TopicSpec& spec) {
  const std::lock_guard lock(state_->mutex);
  auto& topic = state_->topics[spec.name];
  if (topic.partitions.empty()) {
    topic.config = spec.config;
    topic.partitions.resize(static_cast<std::size_t>(spec.partitions));
  }
  return description(spec.name, topic);
}

Result<void> MemoryLog::alter_topic(const std::string& topic,
                                    const std::map<std::string, std::optional<std::string>>& config) {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->topics.find(topic);
  if (found == state_->topics.end()) return Error{.code = ErrorCode::not_found, .message = "no topic " + topic};
  for (const auto& [name, value] : config) {
    if (value) {
      found->second.config[name] = *value;
    } else {
      found->second.config.erase(name);
    }
  }
  return {};
}

Result<PartitionRange> MemoryLog::range(const std::string& topic, std::int32_t partition) {
  const std::lock_guard lock(state_->mutex);
  const auto* found = state_->find(topic, partition);
  if (found == nullptr) return no_topic(topic, partition);
  return PartitionRange{found->start, found->last_stable()};
}

Result<std::vector<Offset>> MemoryLog::stable_ends(std::span<const LogPartition> partitions, std::span<const Offset> seen, std::int64_t wait_ms) {
  std::unique_lock lock(state_->mutex);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
  while (true) {
    SLUICE_TRY(auto ends, state_->stable_ends(partitions));
    if (wait_ms <= 0 || !std::ranges::equal(ends, seen)) return ends;
    if (state_->changed.wait_until(lock, deadline) == std::cv_status::timeout) wait_ms = 0;
  }
}

Result<Offset> MemoryLog::offset_at(const std::string& topic, std::int32_t partition, std::int64_t timestamp_ms) {
  const std::lock_guard lock(state_->mutex);
  const auto* found = state_->find(topic, partition);
  if (found == nullptr) return no_topic(topic, partition);
  const auto end = found->last_stable();
  auto offset = found->start;
  while (offset < end && (found->at(offset).control || found->at(offset).record.timestamp_ms < timestamp_ms)) offset = offset + 1;
  return offset;
}

std::vector<Result<Offset>> MemoryLog::append(std::span<const NewRecord> records) {
  static const auto kNoTransaction = std::make_shared<const Transaction>(Transaction{.outcome = Outcome::committed, .touched = {}});
  const std::lock_guard lock(state_->mutex);
  std::vector<Result<Offset>> out;
  for (const auto& record : records) {
    const std::string topic(record.topic);
    auto* partition = state_->find(topic, record.partition);
    if (state_->append_error) {
      out.emplace_back(*state_->append_error);
    } else if (partition == nullptr) {
      out.emplace_back(no_topic(topic, record.partition));
    } else if (auto fit = fits(state_, topic, record); !fit.ok()) {
      out.emplace_back(std::move(fit).error());
    } else {
      out.emplace_back(partition->end());
      state_->append(*partition, kNoTransaction, owned(record), false);
    }
  }
  state_->changed.notify_all();
  return out;
}

Result<std::unique_ptr<Producer>> MemoryLog::producer(const std::string& owner) {
  const std::lock_guard lock(state_->mutex);
  auto& entry = state_->owners[owner];
  if (const auto open = std::exchange(entry.open, nullptr)) state_->finish(*open, open, Outcome::aborted);
  ++entry.epoch;
  return std::unique_ptr<Producer>(std::make_unique<MemoryProducer>(state_, owner, entry.epoch));
}

Result<std::unique_ptr<Reader>> MemoryLog::reader(const std::string& topic, std::int32_t partition, Offset from) {
  const std::lock_guard lock(state_->mutex);
  if (state_->find(topic, partition) == nullptr) return no_topic(topic, partition);
  return std::unique_ptr<Reader>(std::make_unique<MemoryReader>(state_, topic, partition, from));
}

Result<void> MemoryLog::hold(const std::string& name, const std::string& topic, std::int32_t partition,
                             std::optional<Offset> offset) {
  const std::lock_guard lock(state_->mutex);
  auto* found = state_->find(topic, partition);
  if (found == nullptr) return no_topic(topic, partition);
  if (offset) {
    found->holds.insert_or_assign(name, *offset);
  } else {
    found->holds.erase(name);
  }
  return {};
}

Offset MemoryLog::put(const std::string& topic, std::optional<std::string> key, std::optional<std::string> value,
                      OwnedHeaders headers, std::int64_t timestamp_ms, std::int32_t partition) {
  const std::lock_guard lock(state_->mutex);
  auto& entry = state_->topics[topic];
  if (entry.partitions.size() <= static_cast<std::size_t>(partition)) {
    entry.partitions.resize(static_cast<std::size_t>(partition) + 1);
  }
  auto& at = entry.partitions[static_cast<std::size_t>(partition)];
  const auto offset = at.end();
  const auto transaction = std::make_shared<Transaction>();
  transaction->touched.emplace(topic, partition);
  state_->append(at, transaction, {offset, timestamp_ms, std::move(key), std::move(value), std::move(headers)}, false);
  state_->finish(*transaction, transaction, Outcome::committed);
  return offset;
}

std::vector<OwnedRecord> MemoryLog::records(const std::string& topic, std::int32_t partition) const {
  const std::lock_guard lock(state_->mutex);
  std::vector<OwnedRecord> out;
  const auto* found = state_->find(topic, partition);
  if (found == nullptr) return out;
  const auto end = found->last_stable();
  for (auto offset = found->start; offset < end; offset = offset + 1) {
    const auto& entry = found->at(offset);
    if (!entry.control && entry.transaction->outcome == Outcome::committed) out.push_back(entry.record);
  }
  return out;
}

std::map<std::string, Offset> MemoryLog::holds(const std::string& topic, std::int32_t partition) const {
  const std::lock_guard lock(state_->mutex);
  const auto* found = state_->find(topic, partition);
  return found == nullptr ? std::map<std::string, Offset>{} : found->holds;
}

void MemoryLog::trim(const std::string& topic, std::int32_t partition, Offset start) {
  const std::lock_guard lock(state_->mutex);
  auto* found = state_->find(topic, partition);
  if (found == nullptr) return;
  for (; found->start < start && !found->entries.empty(); found->start = found->start + 1) found->entries.pop_front();
  state_->changed.notify_all();
}

void MemoryLog::remove_topic(const std::string& topic) {
  const std::lock_guard lock(state_->mutex);
  state_->topics.erase(topic);
  state_->changed.notify_all();
}

void MemoryLog::fail_next_commit(CommitFault fault) {
  const std::lock_guard lock(state_->mutex);
  state_->commit_fault = fault;
}

void MemoryLog::fail_appends(std::optional<Error> error) {
  const std::lock_guard lock(state_->mutex);
  state_->append_error = std::move(error);
}

std::uint64_t MemoryLog::commits() const {
  const std::lock_guard lock(state_->mutex);
  return state_->commits;
}

}  // namespace sluice::pipeline
