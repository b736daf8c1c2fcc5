#pragma once
// One node's log: topics, partitions, what is visible, and the coordinators over them.
//
// Passive: no wire types, no thread. Whoever owns a Node calls, from threads of its own,
//   - run_sync_round() in a loop with wait_for_appends(): the one place where data become durable and visible;
//   - run_housekeeping(now) every second or so: retention, compaction, checkpoints, time-outs of groups and transactions.
//
// Invariants.
//   1. A record is visible (below the high watermark) only after a sync round has made it durable.
//   2. All partitions of one round become visible under one lock; fetch() takes all its ends under the same lock.
//   3. Topics and their configurations are records of __cluster_metadata-0, in Kafka's own record types, durable before
//      create_topic() and its kin return.
// Thread-safe throughout. Lock order: coordinator, topics, partition, visibility.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/uuid.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "node/reason.h"
#include "node/topic_config.h"
#include "storage/aborted_transaction.h"
#include "storage/partition.h"
#include "storage/sync_round.h"

namespace sluice::node {

class Groups;
class Transactions;

struct NodeOptions {
  std::string data;                         // the log directory
  std::uint64_t keep_free_bytes = 0;        // produce is refused below this
  bool auto_create_topics = true;
  std::int32_t default_partitions = 1;
  bool sync_disabled = false;               // for the tests' canary only: rounds do not sync
};

struct TopicPartition {
  std::string topic;
  std::int32_t partition = 0;
  auto operator<=>(const TopicPartition&) const = default;
};

using ConfigMap = std::map<std::string, std::string>;

struct TopicInfo {
  std::string name;
  Uuid id;
  std::int32_t partitions = 0;
  ConfigMap config;       // what was set
  bool internal = false;  // __consumer_offsets and __transaction_state
};

struct NewTopic {
  std::string name;
  std::int32_t partitions = -1;  // -1: the default
  ConfigMap config;
};

// A topic configuration as DescribeConfigs tells it.
struct ConfigEntry {
  std::string name;
  std::string value;
  bool is_default = true;
  std::string type;  // "long", "list", "string", "boolean", "int", "double"
  std::string doc;
};

enum class Acks : std::uint8_t { none, leader, all };

// Who appends. Clients may not write to internal and read-only topics; the platform's own producers may.
enum class Writer : std::uint8_t { client, platform };

struct Appended {
  Offset base_offset;
  Offset log_start;
  std::int64_t append_time_ms = -1;  // with LogAppendTime topics; else -1
};
using AppendDone = std::function<void(Result<Appended>)>;

enum class Isolation : std::uint8_t { read_uncommitted, read_committed };

struct FetchPartition {
  TopicPartition where;
  Offset offset;
  std::size_t max_bytes = 0;
};

struct FetchedPartition {
  TopicPartition where;
  Result<void> outcome;
  Offset high_watermark = kNoOffset;
  Offset last_stable = kNoOffset;
  Offset log_start = kNoOffset;
  std::vector<storage::AbortedTransaction> aborted;  // read_committed only
  std::optional<io::FileSlice> records;              // whole batches; none when there is nothing to read
  bool more = false;  // there is more below the limit: in the next segment, or beyond the bytes asked for
};

struct TimestampOffset {
  std::int64_t timestamp_ms = -1;
  Offset offset = kNoOffset;
};

class Node {
 public:
  // Opens or makes the data directory, recovers every partition, replays metadata and coordinators. Errors: rejected
  // (another process uses it), unsupported (written by a newer version: says which), corrupt, io errors.
  [[nodiscard]] static Result<std::unique_ptr<Node>> open(io::FileSystem& files, io::Clock& clock, NodeOptions options);
  ~Node();  // without close(): as after a kill; the next open() recovers
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  // A last round, snapshots and the clean-shutdown marker. Nothing may be called afterwards.
  [[nodiscard]] Result<void> close();

  [[nodiscard]] const std::string& cluster_id() const { return cluster_id_; }
  [[nodiscard]] std::int32_t node_id() const { return 1; }
  [[nodiscard]] io::Clock& clock() { return clock_; }
  [[nodiscard]] const NodeOptions& options() const { return options_; }

  // --- topics
  // Blocks until durable, as all changes of metadata do. With `validate_only` nothing is made.
  [[nodiscard]] Result<TopicInfo> create_topic(const NewTopic& topic, bool validate_only = false);
  [[nodiscard]] Result<void> delete_topic(const std::string& name);
  [[nodiscard]] Result<void> add_partitions(const std::string& name, std::int32_t total, bool validate_only = false);
  // Sets, or with no value unsets.
  [[nodiscard]] Result<void> alter_config(const std::string& name,
                                          const std::map<std::string, std::optional<std::string>>& changes,
                                          bool validate_only = false);
  [[nodiscard]] std::vector<TopicInfo> topics() const;
  [[nodiscard]] Result<TopicInfo> topic(const std::string& name) const;
  [[nodiscard]] Result<TopicInfo> topic(const Uuid& id) const;
  // What the topic asks of its records' schemas, for who takes records from clients; nothing, if there is no such topic.
  [[nodiscard]] SchemaRules schema_rules_of(const std::string& topic) const;
  // Every configuration of a topic, defaults included.
  [[nodiscard]] Result<std::vector<ConfigEntry>> describe_config(const std::string& name) const;

  // --- data
  // Appends one batch, whose offset and epoch are patched where it lies; it is needed during the call only. `done` is called once: at once (on this thread) for errors and for acks
  // none and leader; after the sync round that holds the batch, on the thread of that round, for acks all.
  void append(const TopicPartition& where, std::span<char> batch, Acks acks, Writer writer, AppendDone done);
  void append(const TopicPartition& where, Bytes batch, Acks acks, Writer writer, AppendDone done) {
    append(where, std::span(batch), acks, writer, std::move(done));
  }
  // Never waits. `total_max_bytes` over all partitions; at least one batch is given if there is any.
  [[nodiscard]] std::vector<FetchedPartition> fetch(std::span<const FetchPartition> partitions, Isolation isolation,
                                                    std::size_t total_max_bytes);
  // The last stable offsets of all these, taken under one lock, as fetch() takes its ends.
  [[nodiscard]] Result<std::vector<Offset>> stable_ends(std::span<const TopicPartition> partitions);
  // Calls `wake` once, when any of `partitions` shows more than now; cancelled by dropping the handle.
  // `wake` runs on a round's thread, must be short and must not call the node.
  [[nodiscard]] std::shared_ptr<void> wake_when_visible(std::span<const TopicPartition> partitions,
                                                        std::function<void()> wake);
  // -1 latest (by isolation), -2 earliest, -3 the greatest timestamp, else the first offset at or after it.
  [[nodiscard]] Result<TimestampOffset> list_offset(const TopicPartition& where, std::int64_t timestamp_ms,
                                                    Isolation isolation);
  // Moves the log's start, -1: to the high watermark. Gives the new start.
  [[nodiscard]] Result<Offset> delete_records(const TopicPartition& where, Offset before);
  // Retention, compaction and delete_records never pass a hold. No offset drops it.
  [[nodiscard]] Result<void> hold(const std::string& name, const TopicPartition& where, std::optional<Offset> offset);
  // When the holds of `name` keep more than `bytes` in all (about: to an index entry exact), housekeeping drops
  // them, and says so in the traces. 0: no limit. Setting them again is the holder's.
  void limit_hold(const std::string& name, std::uint64_t bytes);
  // What the holds of `name` keep.
  [[nodiscard]] std::uint64_t held_bytes(const std::string& name) const;
  // How often that was too much.
  [[nodiscard]] std::uint64_t broken_holds(const std::string& name) const;
  // Errors: not_found; corrupt, with Reason::storage_failed, for a partition that was put aside.
  [[nodiscard]] Result<std::shared_ptr<storage::Partition>> partition(const TopicPartition& where) const;
  // The partitions that could not be opened because what was durable of them is damaged or gone, and why.
  [[nodiscard]] std::map<TopicPartition, Error> damaged() const;

  // --- coordinators
  [[nodiscard]] Groups& groups() { return *groups_; }
  [[nodiscard]] Transactions& transactions() { return *transactions_; }
  // A new producer id; blocks of 1000 are reserved in the metadata log.
  [[nodiscard]] Result<ProducerId> next_producer_id();

  // --- for the threads of the owner
  // How far a partition must be durable.
  struct DurableEnd {
    std::shared_ptr<storage::Partition> log;
    Offset end;
  };
  // One round: makes durable what was appended, then shows it and answers. Gives whether there was anything to do.
  bool run_sync_round();
  // Waits until something was appended, at most `wait_ms`, or until wake().
  void wait_for_appends(std::int64_t wait_ms);
  void run_housekeeping(std::int64_t now_ms);
  // Blocks until everything appended before the call is durable and visible, or failed; an error when one of `ends` is not
  // durable then. Runs rounds itself, so that it needs no other thread, and loses no time when there is one.
  [[nodiscard]] Result<void> wait_durable(std::vector<DurableEnd> ends = {});
  // Calls `after` on a round's thread, when everything appended before the call is durable or its sync failed. `after` gets
  // an error when one of `ends` is not durable then, and never will be: also when an earlier round failed. Topics that
  // were deleted, and those that opted out of durability (flush.messages), do not count.
  void after_round(std::vector<DurableEnd> ends, std::function<void(Result<void>)> after);

  void write_metrics(Metrics& metrics) const;

  // For the coordinators: appends without the checks that producers meet; durable with the next round.
  [[nodiscard]] Result<storage::Appended> append_internal(const TopicPartition& where, Bytes batch);
  [[nodiscard]] Result<storage::Appended> append_marker(const TopicPartition& where, ProducerId producer, ProducerEpoch epoch,
                                                        record::ControlType type);

 private:
  struct PartitionState;
  struct TopicState;
  struct Waiter;
  struct Pending;
  struct AfterRound;
  struct Checkpoints {
    std::map<std::pair<std::string, std::int32_t>, Offset> recovery, log_start, cleaned;
    bool operator==(const Checkpoints&) const = default;
  };
  using TopicMap = std::map<std::string, std::shared_ptr<TopicState>>;

  Node(io::FileSystem& files, io::Clock& clock, NodeOptions options);
  [[nodiscard]] Result<void> start();
  [[nodiscard]] Result<void> start_identity();
  [[nodiscard]] Result<void> start_metadata();
  [[nodiscard]] Result<void> open_partitions();
  [[nodiscard]] storage::OpenState open_state(const TopicPartition& where) const;  // while starting
  [[nodiscard]] Result<void> open_or_put_aside(TopicState& topic, std::int32_t index);
  [[nodiscard]] Result<void> open_partition(TopicState& topic, std::int32_t index, const storage::OpenState& known);
  [[nodiscard]] Result<void> ensure_internal(const std::string& name);
  [[nodiscard]] Result<void> close_open_transactions();
  [[nodiscard]] Result<void> write_checkpoints();
  [[nodiscard]] Result<void> store_checkpoints(const Checkpoints& fresh);
  [[nodiscard]] Result<void> forget_checkpoints(const std::string& topic);

  [[nodiscard]] Result<void> append_metadata(std::span<const Bytes> values);
  [[nodiscard]] Result<void> apply_metadata(ByteView value);
  [[nodiscard]] Result<std::shared_ptr<TopicState>> find_topic(const std::string& name) const;
  [[nodiscard]] Result<std::shared_ptr<PartitionState>> find(const TopicPartition& where) const;
  void enter(const std::shared_ptr<PartitionState>& state);

  void note_append(const std::shared_ptr<PartitionState>& state);
  void finish_round(const storage::RoundResult& round);
  void show_round(const storage::RoundResult& round, std::vector<TopicPartition>& moved);
  [[nodiscard]] Result<void> check_durable(const std::vector<DurableEnd>& ends) const;
  void let_go(const TopicState& topic);
  void answer_pending(const storage::RoundResult& round);
  void wake_waiters(const std::vector<TopicPartition>& moved);
  [[nodiscard]] Result<void> check_space();
  void break_large_holds();
  [[nodiscard]] std::vector<std::shared_ptr<PartitionState>> all_partitions() const;
  void clean(PartitionState& state, std::int64_t now_ms);

  io::FileSystem& files_;
  io::Clock& clock_;
  NodeOptions options_;
  std::string cluster_id_;
  std::unique_ptr<io::ProcessLock> lock_;
  bool was_clean_ = false;

  std::mutex checkpoints_mutex_;  // taken before topics_mutex_
  Checkpoints checkpoints_;  // as on disk

  mutable std::shared_mutex topics_mutex_;
  TopicMap topics_;
  std::map<const storage::Partition*, std::shared_ptr<PartitionState>> by_log_;
  std::shared_ptr<PartitionState> metadata_;
  std::mutex metadata_mutex_;  // one change of metadata at a time

  std::mutex round_mutex_;  // one round at a time
  storage::SyncRound round_;
  std::mutex visibility_mutex_;  // high watermarks and last stable offsets of all partitions

  std::mutex appends_mutex_;
  std::condition_variable appends_changed_;
  bool appended_ = false;
  std::vector<Pending> pending_;
  std::vector<AfterRound> after_round_;

  std::mutex waiters_mutex_;
  std::multimap<TopicPartition, std::weak_ptr<Waiter>> waiters_;

  std::mutex producer_ids_mutex_;
  std::int64_t next_producer_id_ = 0;
  std::int64_t producer_ids_end_ = 0;

  std::atomic<std::int64_t> space_checked_ms_{INT64_MIN / 2};
  std::atomic<bool> below_floor_{false};
  struct HoldLimit {
    std::uint64_t bytes = 0;
    std::uint64_t broken = 0;
  };
  mutable std::mutex hold_limits_mutex_;
  std::map<std::string, HoldLimit> hold_limits_;
  std::int64_t checkpointed_ms_ = 0;
  std::int64_t cleaned_ms_ = 0;

  std::unique_ptr<Groups> groups_;
  std::unique_ptr<Transactions> transactions_;
};

}  // namespace sluice::node
