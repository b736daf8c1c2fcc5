#pragma once
// What Node keeps for each topic and partition. Private to the module.

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "node/node.h"
#include "node/topic_config.h"
#include "storage/partition.h"

namespace sluice::node {

inline constexpr const char* kMetadataTopic = "__cluster_metadata";
inline constexpr const char* kOffsetsTopic = "__consumer_offsets";
inline constexpr const char* kTransactionsTopic = "__transaction_state";

struct Node::PartitionState {
  TopicPartition where;
  std::shared_ptr<storage::Partition> log;
  bool read_only = false;
  // Written under visibility_mutex_.
  std::atomic<std::int64_t> high_watermark{0};
  std::atomic<std::int64_t> last_stable{0};
  std::atomic<bool> gone{false};  // its topic was deleted
  std::mutex holds_mutex;
  std::map<std::string, Offset> holds;

  void set_hold(const std::string& name, std::optional<Offset> offset);  // holds.cc
  [[nodiscard]] std::optional<Offset> held_by(const std::string& name);
  [[nodiscard]] Offset shown() const { return Offset{high_watermark.load(std::memory_order_acquire)}; }
  [[nodiscard]] Offset stable() const { return Offset{last_stable.load(std::memory_order_acquire)}; }
};

struct Node::TopicState {
  TopicInfo info;
  storage::PartitionOptions options;
  SchemaRules schemas;
  std::vector<std::shared_ptr<PartitionState>> partitions;  // by index; may be shorter than info.partitions while opening; none: damaged
  std::map<std::int32_t, Error> damaged;                    // why a partition could not be opened
};

struct Node::Waiter {
  std::function<void()> wake;
  std::atomic<bool> fired{false};
};

struct Node::Pending {
  std::shared_ptr<PartitionState> state;
  Offset last_offset;
  Appended appended;
  AppendDone done;
};

struct Node::AfterRound {
  std::vector<DurableEnd> ends;
  std::function<void(Result<void>)> call;
};

// Storage's reasons in the node's words; other errors as they are.
[[nodiscard]] Error translate(Error error);

}  // namespace sluice::node
