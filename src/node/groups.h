#pragma once
// The group coordinator: Kafka's classic consumer groups, and the offsets that groups commit.
//
//     empty -> preparing_rebalance -> completing_rebalance -> stable -> preparing_rebalance ...  -> empty, dead
//
// Members that joined wait (JoinDone) until all known members have rejoined or their rebalance time-out is over; the leader
// then sends the assignment by sync(). Offsets are records of __consumer_offsets in Kafka's own format, durable
// before they are acknowledged; those of a transaction show when it commits. Time passes by tick().

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "node/node.h"
#include "node/transactions.h"

namespace sluice::node {

struct GroupProtocol {
  std::string name;
  Bytes metadata;
};

struct JoinGroup {
  std::string group;
  std::string member_id;                    // empty: a new member
  std::optional<std::string> instance_id;   // static membership
  std::string client_id, client_host;
  std::string protocol_type;
  std::vector<GroupProtocol> protocols;
  std::int32_t session_timeout_ms = 0;
  std::int32_t rebalance_timeout_ms = 0;
  bool require_known_member_id = false;     // JoinGroup v4 and later
};

struct JoinedMember {
  std::string member_id;
  std::optional<std::string> instance_id;
  Bytes metadata;
};

struct Joined {
  std::int32_t generation = -1;
  std::string protocol_type;
  std::string protocol;
  std::string leader;
  std::string member_id;
  std::vector<JoinedMember> members;        // for the leader only
};

struct SyncGroup {
  std::string group;
  std::int32_t generation = -1;
  std::string member_id;
  std::optional<std::string> instance_id;
  std::optional<std::string> protocol_type, protocol;    // checked when given
  std::map<std::string, Bytes> assignments;  // from the leader
};

struct Synced {
  std::string protocol_type;
  std::string protocol;
  Bytes assignment;
};

struct CommittedOffset {
  Offset offset = kNoOffset;
  std::int32_t leader_epoch = -1;
  std::string metadata;
  std::int64_t commit_ms = 0;
};

// Who commits: a member of a generation, or (generation -1, no member) anybody while the group is empty.
struct Committer {
  std::string group;
  std::string member_id;
  std::optional<std::string> instance_id;
  std::int32_t generation = -1;
};

struct GroupMemberInfo {
  std::string member_id;
  std::optional<std::string> instance_id;
  std::string client_id, client_host;
  Bytes metadata, assignment;
};

struct GroupInfo {
  std::string group;
  std::string state;           // Kafka's words: "Stable", "Empty", ...
  std::string protocol_type;
  std::string protocol;
  std::vector<GroupMemberInfo> members;
};

struct LeavingMember {
  std::string member_id;
  std::optional<std::string> instance_id;
};

class Groups {
 public:
  explicit Groups(Node& node);
  ~Groups();

  // Replays __consumer_offsets. Called once, when the node's data are open.
  [[nodiscard]] Result<void> start();

  // The error may carry the member id to use (Reason::member_id_required): it is Error::detail then.
  using JoinDone = std::function<void(Result<Joined>)>;
  void join(const JoinGroup& request, JoinDone done);
  using SyncDone = std::function<void(Result<Synced>)>;
  void sync(const SyncGroup& request, SyncDone done);
  [[nodiscard]] Result<void> heartbeat(const Committer& member);
  // One result a member, in order.
  [[nodiscard]] std::vector<Result<void>> leave(const std::string& group, const std::vector<LeavingMember>& members);

  // `done` after the offsets are durable. With a producer the offsets are pending until its transaction ends.
  using CommitDone = std::function<void(Result<void>)>;
  void commit(const Committer& who, const std::map<TopicPartition, CommittedOffset>& offsets,
              std::optional<ProducerIdentity> producer, CommitDone done);
  // No partitions: all that the group has. A partition without an offset is absent from the answer. With
  // `require_stable`, partitions with pending transactional offsets give Reason::unstable_offset_commit.
  [[nodiscard]] Result<std::map<TopicPartition, CommittedOffset>> committed(
      const std::string& group, const std::optional<std::vector<TopicPartition>>& partitions, bool require_stable);

  [[nodiscard]] std::vector<GroupInfo> list() const;
  [[nodiscard]] Result<GroupInfo> describe(const std::string& group) const;
  [[nodiscard]] Result<void> remove(const std::string& group);
  // Forgets offsets of the group, partition by partition; those of topics that a member reads stay (group_subscribed).
  // Appended, not yet durable, when it returns; so is remove().
  [[nodiscard]] Result<std::map<TopicPartition, Result<void>>> delete_offsets(const std::string& group,
                                                                              const std::vector<TopicPartition>& partitions);
  // A transaction of `producer` ended: its pending offsets count, or are dropped. Called by Transactions.
  void transaction_ended(ProducerIdentity producer, const std::set<std::string>& groups, bool committed);
  // Forgets the offsets of a deleted topic.
  void topic_deleted(const std::string& topic);
  void tick(std::int64_t now_ms);

 private:
  struct Group;
  struct Member;
  using Effects = std::vector<std::function<void()>>;  // answers to give when the lock is free

  [[nodiscard]] Result<void> replay(const record::BatchView& batch);
  void replay_offset(ByteReader& key, std::optional<ByteView> value, std::optional<ProducerIdentity> producer);
  void replay_group(ByteReader& key, std::optional<ByteView> value);
  [[nodiscard]] Result<void> check_join(const JoinGroup& request) const;
  [[nodiscard]] Result<std::string> member_id_for(Group& group, const JoinGroup& request, Effects& effects);
  [[nodiscard]] Result<Member*> find_member(Group& group, const Committer& who);
  void join_locked(const JoinGroup& request, JoinDone done, Effects& effects);
  void prepare_rebalance(Group& group, Effects& effects);
  void finish_join_if_ready(Group& group, bool give_up_on_absent, Effects& effects);
  void answer_join(const Group& group, Member& member, Effects& effects);
  void finish_sync(Group& group, Effects& effects);
  void remove_member(Group& group, const std::string& member_id, Effects& effects);
  [[nodiscard]] Result<void> store_group(const Group& group);
  void show_durable(Offset end, bool durable);
  [[nodiscard]] Result<void> check_committer(const Committer& who, bool transactional);

  Node& node_;
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Group>> groups_;
};

}  // namespace sluice::node
