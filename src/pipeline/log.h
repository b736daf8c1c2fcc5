#pragma once
// The `Log` port: all that sources, flows, sinks and the registry know of the log.
//
// Two adapters keep the same contract tests (log_contract_testing.h): EmbeddedLog over our own node, ClusterLog over a
// Kafka cluster. Blocking calls; each producer and reader belongs to one thread at a time, the Log itself to all.
//
//   1. What append() was given becomes visible at commit(), all of it at once, or never.
//   2. A committed transaction survives kill -9; commit() returns after it is durable and visible.
//   3. A newer producer of an owner fences the older one: its calls give `fenced`, its open transaction is aborted.
//   4. Readers see committed records only, in offset order, and never a record that a crash could take back.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace sluice::pipeline {

using TopicConfig = std::map<std::string, std::string>;  // Kafka's names: {"cleanup.policy", "compact"}

struct TopicSpec {
  std::string name;
  std::int32_t partitions = 1;
  TopicConfig config = {};
  bool read_only = false;  // writes by Kafka clients are refused (captured and internal topics)
};

struct TopicDescription {
  std::string name;
  std::int32_t partitions = 0;
  TopicConfig config = {};  // what was set, defaults not included
  std::string id = {};      // another one when the topic is deleted and made anew
};

struct Header {
  ByteView name;
  std::optional<ByteView> value;
};

// A record to append. The views need to live only during append().
struct NewRecord {
  std::string_view topic;
  std::int32_t partition = 0;
  std::int64_t timestamp_ms = 0;
  std::optional<ByteView> key;
  std::optional<ByteView> value;  // none: a tombstone
  std::span<const Header> headers = {};
};

// A record as read. The views live until the reader's next call.
struct ReadRecord {
  Offset offset;
  std::int64_t timestamp_ms = 0;
  std::optional<ByteView> key;
  std::optional<ByteView> value;
  std::vector<Header> headers;

  [[nodiscard]] std::optional<ByteView> header(std::string_view name) const {
    for (const auto& header : headers) {
      if (header.name == name) return header.value;
    }
    return std::nullopt;
  }
};

// A position: a JSON key and value, kept in the compacted topic __sluice_positions. No value deletes it.
struct PositionUpdate {
  std::string key;
  std::optional<std::string> value;
};

inline constexpr std::string_view kPositionsTopic = "__sluice_positions";
inline constexpr std::string_view kTablesTopic = "__sluice_tables";
inline constexpr std::string_view kDeadLettersTopic = "__sluice_dead_letters";
inline constexpr std::string_view kParkedTopicPrefix = "__sluice_parked.";

struct AppendedTo {
  std::string topic;
  std::int32_t partition = 0;
  Offset end;  // one past the last offset of the transaction there, its control record included
};

// A transactional producer. begin(), any number of append(), then commit() or abort().
// After any error other than `rejected` from append() the transaction must be aborted.
class Producer {
 public:
  virtual ~Producer() = default;

  [[nodiscard]] virtual Result<void> begin() = 0;
  // Buffers a little and writes the rest: memory stays bounded for a transaction of any size. Errors: rejected (a
  // record over the topic's max.message.bytes: nothing of it was appended, the transaction may go on), not_found
  // (topic), fenced, out_of_space, back_off.
  [[nodiscard]] virtual Result<void> append(const NewRecord& record) = 0;
  // Also writes `positions`, in the same transaction. Gives the ends per partition. When it fails with anything but
  // `fenced`, the outcome is unknown: open a new producer of the same owner (which settles it) and read the positions.
  [[nodiscard]] virtual Result<std::vector<AppendedTo>> commit(std::span<const PositionUpdate> positions) = 0;
  [[nodiscard]] virtual Result<void> abort() = 0;
};

// Reads one partition.
class Reader {
 public:
  virtual ~Reader() = default;

  // The records from next_offset() on that are there, up to about `max_bytes` (at least one record if there is any);
  // waits up to `wait_ms` for the first. Empty at the end of the log, and when interrupted. Moves next_offset() past
  // them and past aborted and control records. Errors: not_found (the topic is gone), rejected (next_offset() lies
  // before the start of the log: the message names both), corrupt.
  [[nodiscard]] virtual Result<std::span<const ReadRecord>> poll(std::int64_t wait_ms, std::size_t max_bytes) = 0;
  [[nodiscard]] virtual Offset next_offset() const = 0;
  virtual void seek(Offset offset) = 0;
  // Lets go of the memory of the records that poll() gave last; for who has many readers.
  virtual void release() = 0;
  // Wakes a poll() that waits, from another thread; that poll gives nothing.
  virtual void interrupt() = 0;
};

struct PartitionRange {
  Offset start;         // the first offset that is kept
  Offset last_stable;   // readers see up to here, exclusive
};

struct LogPartition {
  std::string topic;
  std::int32_t partition = 0;
  auto operator<=>(const LogPartition&) const = default;
};

class Log {
 public:
  virtual ~Log() = default;

  [[nodiscard]] virtual Result<std::vector<TopicDescription>> topics() = 0;
  // Errors: not_found.
  [[nodiscard]] virtual Result<TopicDescription> describe(const std::string& topic) = 0;
  // Makes the topic if it is missing; no error, and no change, when it exists.
  [[nodiscard]] virtual Result<TopicDescription> ensure_topic(const TopicSpec& spec) = 0;
  // Sets ("value") and unsets (none) configurations of a topic.
  [[nodiscard]] virtual Result<void> alter_topic(const std::string& topic,
                                                 const std::map<std::string, std::optional<std::string>>& config) = 0;
  [[nodiscard]] virtual Result<PartitionRange> range(const std::string& topic, std::int32_t partition) = 0;

  // The last stable offsets of all these, of one instant: a transaction lies below them everywhere, or nowhere. Given what they
  // were (`seen`, as many), it waits up to `wait_ms` until one is another. Errors: not_found.
  [[nodiscard]] virtual Result<std::vector<Offset>> stable_ends(std::span<const LogPartition> partitions,
                                                                std::span<const Offset> seen = {}, std::int64_t wait_ms = 0) = 0;

  // The first offset whose record is of `timestamp_ms` or later; the last stable one when there is none.
  [[nodiscard]] virtual Result<Offset> offset_at(const std::string& topic, std::int32_t partition, std::int64_t timestamp_ms) = 0;

  // Appends records that belong to no transaction, as a Kafka client would; gives, for each, its offset when it is durable and
  // visible, or why it is not. Records of one partition stay in order, and with an error among them the others are
  // written all the same. Of any thread; calls at the same time share their syncs. Errors: rejected (over
  // max.message.bytes, a topic that refuses clients, no key where one is needed), not_found, out_of_space; back_off:
  // nobody knows whether it will be there after a restart.
  [[nodiscard]] virtual std::vector<Result<Offset>> append(std::span<const NewRecord> records) = 0;

  // Fences earlier producers of `owner`, aborts what they left open, and returns when that is durable.
  [[nodiscard]] virtual Result<std::unique_ptr<Producer>> producer(const std::string& owner) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<Reader>> reader(const std::string& topic, std::int32_t partition,
                                                               Offset from) = 0;

  // Compaction, retention and DeleteRecords never pass `offset` of the partition until the hold is moved or (none)
  // dropped. Holds are not durable: their owner sets them again at start, before housekeeping runs.
  [[nodiscard]] virtual Result<void> hold(const std::string& name, const std::string& topic, std::int32_t partition,
                                          std::optional<Offset> offset) = 0;
};

// The newest value of each key of a compacted topic's partition 0, read to its end. A deleted key is absent.
[[nodiscard]] Result<std::map<std::string, std::string>> read_table(Log& log, const std::string& topic);

// The newest value of one key of __sluice_positions, if there is one. Call after producer(owner), which fences.
[[nodiscard]] Result<std::optional<std::string>> read_position(Log& log, const std::string& key);

// Java's murmur2 of `key`, made non-negative, modulo `partitions`: where Kafka's own producer puts a key.
[[nodiscard]] std::int32_t partition_of(ByteView key, std::int32_t partitions);

}  // namespace sluice::pipeline
