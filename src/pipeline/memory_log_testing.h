#pragma once
// A Log in memory, for the tests of what stands on the port. It keeps the port's four promises, and behaves like Kafka
// where a caller can see it: a commit or abort takes one offset in each partition touched, readers stop at the first
// open transaction. Thread-safe. Readers and producers must not outlive it.

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/log.h"

namespace sluice::pipeline {

using OwnedHeaders = std::vector<std::pair<std::string, std::optional<std::string>>>;

// A record that owns its bytes.
struct OwnedRecord {
  Offset offset;
  std::int64_t timestamp_ms = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  OwnedHeaders headers = {};

  [[nodiscard]] std::optional<std::string> header(std::string_view name) const;
};

// What the next commit() does instead of succeeding.
enum class CommitFault {
  none,
  lost,            // fails, and the transaction is aborted when the owner's next producer opens
  lost_answer,     // fails, although it is committed
};

class MemoryLog final : public Log {
 public:
  MemoryLog();
  ~MemoryLog() override;

  [[nodiscard]] Result<std::vector<TopicDescription>> topics() override;
  [[nodiscard]] Result<TopicDescription> describe(const std::string& topic) override;
  [[nodiscard]] Result<TopicDescription> ensure_topic(const TopicSpec& spec) override;
  [[nodiscard]] Result<void> alter_topic(
      const std::string& topic, const std::map<std::string, std::optional<std::string>>& config) override;
  [[nodiscard]] Result<PartitionRange> range(const std::string& topic, std::int32_t partition) override;
  [[nodiscard]] Result<std::vector<Offset>> stable_ends(std::span<const LogPartition> partitions, std::span<const Offset> seen,
                                                        std::int64_t wait_ms) override;
  [[nodiscard]] Result<Offset> offset_at(const std::string& topic, std::int32_t partition, std::int64_t timestamp_ms) override;
  [[nodiscard]] std::vector<Result<Offset>> append(std::span<const NewRecord> records) override;
  [[nodiscard]] Result<std::unique_ptr<Producer>> producer(const std::string& owner) override;
  [[nodiscard]] Result<std::unique_ptr<Reader>> reader(const std::string& topic, std::int32_t partition,
                                                       Offset from) override;
  [[nodiscard]] Result<void> hold(const std::string& name, const std::string& topic, std::int32_t partition,
                                  std::optional<Offset> offset) override;

  // For tests:

  // Appends one record in a transaction of its own, making the topic if it is missing; gives its offset.
  Offset put(const std::string& topic, std::optional<std::string> key, std::optional<std::string> value,
             OwnedHeaders headers = {}, std::int64_t timestamp_ms = 1'700'000'000'000, std::int32_t partition = 0);
  // The committed records of a partition below its last stable offset.
  [[nodiscard]] std::vector<OwnedRecord> records(const std::string& topic, std::int32_t partition = 0) const;
  // The holds of a partition, by name.
  [[nodiscard]] std::map<std::string, Offset> holds(const std::string& topic, std::int32_t partition = 0) const;
  // Removes what lies before `start`, as retention does, holds or not.
  void trim(const std::string& topic, std::int32_t partition, Offset start);
  // Removes a topic; its readers get not_found.
  void remove_topic(const std::string& topic);
  // The next commit of any producer fails so.
  void fail_next_commit(CommitFault fault);
  // All appends fail with this until it is set to none.
  void fail_appends(std::optional<Error> error);
  [[nodiscard]] std::uint64_t commits() const;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace sluice::pipeline
