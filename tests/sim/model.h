#pragma once
// What must be true of the log, whatever the disk did: the clients of a simulation tell it what they were promised, and it
// compares that with what the node shows.
//
//   1. What was acknowledged, or once visible, stays: same offset, same key, same value. Below the log's start, and what
//      compaction may remove, apart.
//   2. Offsets have no holes where nothing is compacted; a client's records in a partition keep their order and are there
//      once.
//   3. A transaction's records are seen by a read_committed reader all or not at all, in all partitions at the same time;
//      those of an aborted one never.
//   4. In a compacted log the newest committed value of each key is there.
//   5. Topics and offsets of groups are those that were acknowledged.
// What was asked for and not answered may be there or not; once seen, it counts as promised.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "node/node.h"

namespace sluice::sim {

using node::TopicPartition;

struct Record {
  std::string key;
  std::optional<std::string> value;  // none: a tombstone. Else unique: "<client>-<number>-…"
  bool operator==(const Record&) const = default;
};

struct Transaction {
  enum class Fate : std::uint8_t {
    open,       // not ended: nothing of it may be seen as committed
    ending,     // its commit was asked for and not answered: all or nothing
    committed,
    aborted,
  };
  Fate fate = Fate::open;
  struct Part {
    TopicPartition where;
    int life = 0;  // of the topic
    Record record;
  };
  std::vector<Part> parts;
};

struct Topic {
  int life = 0;  // how often a topic of this name was made
  std::int32_t partitions = 0;
  bool compacted = false;
  bool bounded = false;  // retention may move its start
  bool unsure = false;   // made, deleted or changed without an answer
};

class Model {
 public:
  // --- what clients were told
  void topic_made(const std::string& name, Topic topic);
  void topic_gone(const std::string& name);
  // After a restart: takes what is there for the topics that nobody is sure of, and compares the others.
  void compare_topics(const node::Node& node);
  [[nodiscard]] const std::map<std::string, Topic>& topics() const { return topics_; }
  [[nodiscard]] const Topic* topic(const std::string& name) const;
  Topic* topic(const std::string& name);

  // Acknowledged with acks=all: `records` lie at `first` and after.
  void acknowledged(const TopicPartition& where, int life, Offset first, const std::vector<Record>& records, bool transactional);
  void begins_below(const TopicPartition& where, Offset start);  // delete_records was asked for
  void belongs_to(const std::shared_ptr<Transaction>& transaction, const TopicPartition& where, const Record& record);
  void offset_asked(const std::string& group, const TopicPartition& where, Offset offset);
  void offset_committed(const std::string& group, const TopicPartition& where, Offset offset);

  // --- what the node shows
  void compare(node::Node& node);
  // When all transactions were ended or timed out and rounds have run: nothing may be held back.
  void compare_quiet(node::Node& node);

  void fail(const std::string& what);
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }
  [[nodiscard]] std::uint64_t compared() const { return compared_; }

 private:
  struct Seen {
    Record record;
    bool transactional = false;
  };
  struct Partition {
    std::map<std::int64_t, Seen> seen;            // by offset: acknowledged or once visible
    std::map<std::string, std::int64_t> offsets;  // of values
    std::int64_t start_at_most = 0;               // the log may not begin after this
    std::int64_t start = 0;
  };
  struct Shown {
    TopicPartition where;
    Offset high_watermark, last_stable, log_start;
    std::map<std::int64_t, Record> committed;
  };
  struct Reading;
  void read_all(node::Node& node, std::vector<Shown>& shown);
  void read(node::Node& node, Shown& shown);
  void read_batch(const record::BatchView& batch, const node::FetchedPartition& fetched, Reading& reading);
  void see(const TopicPartition& where, Partition& partition, std::int64_t offset, const Record& record, bool transactional);
  void compare_seen(const TopicPartition& where, Partition& partition, const Reading& reading);
  void compare_order(const TopicPartition& where, const Partition& partition);
  void compare_newest(const TopicPartition& where, const Partition& partition, const Reading& reading);
  void compare_transactions(const std::vector<Shown>& shown);
  void compare_offsets(node::Node& node);
  [[nodiscard]] bool is_settled(const Seen& seen) const;

  std::map<std::string, Topic> topics_;
  std::map<std::string, int> lives_;
  std::map<TopicPartition, Partition> partitions_;
  std::map<std::string, std::shared_ptr<Transaction>> by_value_;
  std::vector<std::shared_ptr<Transaction>> transactions_;
  struct Committed {
    std::int64_t acknowledged = -1;
    std::set<std::int64_t> asked;
  };
  std::map<std::pair<std::string, TopicPartition>, Committed> groups_;
  std::vector<std::string> problems_;
  std::uint64_t compared_ = 0;
};

}  // namespace sluice::sim
