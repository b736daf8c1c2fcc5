#pragma once
// What Groups keeps for each group and member. Private to the module.

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "node/groups.h"
#include "node/node_state.h"

namespace sluice::node {

enum class GroupState : std::uint8_t { empty, preparing_rebalance, completing_rebalance, stable };

inline const TopicPartition kOffsetsLog{kOffsetsTopic, 0};

[[nodiscard]] inline Error group_error(Reason reason, const std::string& group, const std::string& what) {
  return refused(ErrorCode::rejected, reason, "group '" + group + "': " + what);
}

// The topics in a consumer's metadata (ConsumerProtocolSubscription: version, topics, ...). None: it is something else.
[[nodiscard]] std::optional<std::vector<ByteView>> subscribed_topics(ByteView metadata);

struct Groups::Member {
  std::string id;
  std::optional<std::string> instance_id;
  std::string client_id, client_host;
  std::int32_t session_timeout_ms = 0, rebalance_timeout_ms = 0;
  std::vector<GroupProtocol> protocols;
  Bytes assignment;
  std::int64_t seen_ms = 0;
  JoinDone join;  // waits for a generation
  SyncDone sync;  // waits for the assignment

  [[nodiscard]] const GroupProtocol* protocol(const std::string& name) const {
    const auto found = std::find_if(protocols.begin(), protocols.end(), [&](const auto& p) { return p.name == name; });
    return found == protocols.end() ? nullptr : &*found;
  }
  [[nodiscard]] bool same_protocols(const std::vector<GroupProtocol>& other) const {
    return std::equal(protocols.begin(), protocols.end(), other.begin(), other.end(),
                      [](const auto& a, const auto& b) { return a.name == b.name && a.metadata == b.metadata; });
  }
  // Does it want the same as `other`, of another life of this member? Topics count; what else consumers tell (generation,
  // partitions owned before) is new in each life.
  [[nodiscard]] bool same_subscription(const std::vector<GroupProtocol>& other) const {
    return std::equal(protocols.begin(), protocols.end(), other.begin(), other.end(), [](const auto& a, const auto& b) {
      const auto topics = subscribed_topics(a.metadata);
      return a.name == b.name && (topics ? topics == subscribed_topics(b.metadata) : a.metadata == b.metadata);
    });
  }
};

struct Groups::Group {
  std::string name;
  GroupState state = GroupState::empty;
  std::int32_t generation = 0;
  std::string protocol_type, protocol, leader;
  std::map<std::string, Member> members;
  std::map<std::string, std::string> instances;        // instance id -> member id
  std::map<std::string, std::int64_t> announced;       // member ids given by member_id_required, until when they may come
  std::int64_t rebalance_until_ms = 0;  // for joins, then for the syncs
  std::map<TopicPartition, CommittedOffset> offsets;  // durable
  struct Undurable {
    Offset end;  // of its record in the log of offsets
    TopicPartition where;
    CommittedOffset offset;
  };
  std::deque<Undurable> undurable;  // shown when their round has passed, in order
  std::map<ProducerId, std::map<TopicPartition, CommittedOffset>> pending;

  // Each member votes for the first of its protocols that all know.
  [[nodiscard]] std::string elected_protocol() const {
    std::map<std::string, int> votes;
    for (const auto& [id, member] : members) {
      const auto first = std::find_if(member.protocols.begin(), member.protocols.end(), [&](const auto& offered) {
        return std::all_of(members.begin(), members.end(),
                           [&](const auto& item) { return item.second.protocol(offered.name) != nullptr; });
      });
      if (first != member.protocols.end()) ++votes[first->name];
    }
    const auto most = std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == votes.end() ? std::string() : most->first;
  }
  // Does a member read `topic`, as far as can be told? Who is no consumer may.
  [[nodiscard]] bool reads(const std::string& topic) const {
    return std::any_of(members.begin(), members.end(), [&](const auto& item) {
      const auto* chosen = item.second.protocol(protocol);
      const auto topics = protocol_type == "consumer" && chosen != nullptr ? subscribed_topics(chosen->metadata) : std::nullopt;
      return !topics || std::count(topics->begin(), topics->end(), topic) > 0;
    });
  }
  // What has a committed offset in the log, shown already or not.
  [[nodiscard]] std::set<TopicPartition> committed_partitions() const {
    std::set<TopicPartition> partitions;
    for (const auto& [where, offset] : offsets) partitions.insert(where);
    for (const auto& commit : undurable) partitions.insert(commit.where);
    return partitions;
  }
  void forget(const TopicPartition& where) {
    offsets.erase(where);
    std::erase_if(undurable, [&](const auto& commit) { return commit.where == where; });
  }
  [[nodiscard]] bool is_idle() const { return members.empty() && offsets.empty() && undurable.empty() && pending.empty() && announced.empty(); }
};

}  // namespace sluice::node
