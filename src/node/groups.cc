// How a rebalance goes.
//
//   1. The first join of a member, a changed one, or a leave makes the group preparing_rebalance. Members that join wait.
//   2. When all members wait, or the rebalance time-out is over (who did not come is removed), a generation begins: the
//      protocol that most members like of those that all know is taken, every waiting join is answered, the group is
//      completing_rebalance.
//   3. The leader's sync brings the assignment; it is stored with the group; when it is durable all syncs are answered, the
//      group is stable.
// Answers are collected as effects and given without the lock.

#include "node/group_state.h"

#include <algorithm>
#include <random>

#include "base/trace.h"
#include "kafka/coordinator_records.h"
#include "kafka/records.h"
#include "node/node_state.h"

namespace sluice::node {
namespace {

constexpr std::int32_t kMinSessionTimeoutMs = 100;
constexpr std::int32_t kMaxSessionTimeoutMs = 30 * 60 * 1000;
constexpr std::int64_t kOffsetRetentionMs = std::int64_t{7} * 24 * 3600 * 1000;
constexpr std::int16_t kGroupValueVersion = 3;

constexpr std::string_view kStateNames[] = {"Empty", "PreparingRebalance", "CompletingRebalance", "Stable"};

std::string new_member_id(const std::string& prefix) {
  static thread_local std::mt19937_64 random{std::random_device{}()};
  char suffix[40];
  std::snprintf(suffix, sizeof suffix, "-%016llx%016llx", static_cast<unsigned long long>(random()),
                static_cast<unsigned long long>(random()));
  return prefix + suffix;
}

}  // namespace

std::optional<std::vector<ByteView>> subscribed_topics(ByteView metadata) {
  ByteReader in{metadata};
  in.i16();  // version
  const auto count = in.i32();
  std::vector<ByteView> topics;
  for (std::int32_t i = 0; i < count && in.ok(); ++i) {
    const auto size = in.i16();
    if (size < 0) in.fail();
    topics.push_back(in.view(static_cast<std::size_t>(std::max<std::int16_t>(size, 0))));
  }
  if (!in.ok() || count < 0) return std::nullopt;
  return topics;
}

Groups::Groups(Node& node) : node_(node) {}
Groups::~Groups() = default;

// --- replay

Result<void> Groups::start() {
  SLUICE_TRY(const auto log, node_.partition(kOffsetsLog));
  SLUICE_RETURN_IF_ERROR(log->for_each_batch(Offset{0}, log->log_end(), [&](const record::BatchView& batch) -> Result<bool> {
    auto applied = replay(batch);
    if (!applied.ok()) return std::move(applied).error().in("__consumer_offsets");
    return true;
  }));
  const auto now = node_.clock().steady_ms();
  std::set<std::string> gone;  // a crash came between the deletion of a topic and that of its offsets
  for (auto& [name, group] : groups_) {
    for (auto& [id, member] : group->members) member.seen_ms = now;
    for (const auto& [where, offset] : group->offsets) {
      if (!node_.topic(where.topic).ok()) gone.insert(where.topic);
    }
  }
  for (const auto& topic : gone) topic_deleted(topic);
  return {};
}

Result<void> Groups::replay(const record::BatchView& batch) {
  const ProducerIdentity producer{batch.producer_id(), batch.producer_epoch()};
  if (batch.is_control()) {
    SLUICE_TRY(const auto type, record::control_type(batch));
    transaction_ended(producer, {}, type == record::ControlType::commit);
    return {};
  }
  const auto owner = batch.is_transactional() ? std::optional(producer) : std::nullopt;
  Result<void> outcome;
  SLUICE_RETURN_IF_ERROR(batch.for_each([&](const record::Record& record) {
    if (!record.key) return true;
    auto frame = kafka::parse_coordinator_frame(*record.key);
    if (!frame.ok()) return outcome = std::move(frame).error(), false;
    if (frame->number == 0 || frame->number == 1) replay_offset(frame->body, record.value, owner);
    if (frame->number == kafka::GroupMetadataKey::kType) replay_group(frame->body, record.value);
    return true;
  }));
  return outcome;
}

void Groups::replay_offset(ByteReader& key_body, std::optional<ByteView> value, std::optional<ProducerIdentity> producer) {
  const auto key = kafka::decode<kafka::OffsetCommitKey>(key_body, 0);
  if (!key.ok()) return;
  auto& group = groups_[key->group];
  if (!group) group = std::make_unique<Group>(), group->name = key->group;
  const TopicPartition where{key->topic, key->partition};
  if (!value) {
    group->offsets.erase(where);
    return;
  }
  const auto read = kafka::parse_coordinator_value<kafka::OffsetCommitValue>(*value);
  if (!read.ok()) return;
  auto& target = producer ? group->pending[producer->id] : group->offsets;
  target[where] = {Offset{read->offset}, read->leader_epoch, read->metadata, read->commit_timestamp};
}

void Groups::replay_group(ByteReader& key_body, std::optional<ByteView> value) {
  const auto key = kafka::decode<kafka::GroupMetadataKey>(key_body, 0);
  if (!key.ok()) return;
  auto& group = groups_[key->group];
  if (!group) group = std::make_unique<Group>(), group->name = key->group;
  group->members.clear();
  group->instances.clear();
  group->state = GroupState::empty;
  if (!value) return;
  const auto read = kafka::parse_coordinator_value<kafka::GroupMetadataValue>(*value);
  if (!read.ok()) return;
  group->generation = read->generation;
  group->protocol_type = read->protocol_type;
  group->protocol = read->protocol.value_or("");
  group->leader = read->leader.value_or("");
  for (const auto& stored : read->members) {
    Member member;
    member.id = stored.member_id;
    member.instance_id = stored.group_instance_id;
    member.client_id = stored.client_id;
    member.client_host = stored.client_host;
    member.session_timeout_ms = stored.session_timeout;
    member.rebalance_timeout_ms = stored.rebalance_timeout;
    member.protocols = {{group->protocol, stored.subscription}};
    member.assignment = stored.assignment;
    if (member.instance_id) group->instances[*member.instance_id] = member.id;
    group->members[member.id] = std::move(member);
  }
  if (!group->members.empty()) group->state = GroupState::stable;
}

Result<void> Groups::store_group(const Group& group) {
  kafka::GroupMetadataValue value;
  value.protocol_type = group.protocol_type;
  value.generation = group.generation;
  if (!group.protocol.empty()) value.protocol = group.protocol;
  if (!group.leader.empty()) value.leader = group.leader;
  value.current_state_timestamp = node_.clock().wall_ms();
  for (const auto& [id, member] : group.members) {
    const auto* protocol = member.protocol(group.protocol);
    value.members.push_back({id, member.instance_id, member.client_id, member.client_host, member.rebalance_timeout_ms,
                             member.session_timeout_ms, protocol == nullptr ? Bytes() : protocol->metadata, member.assignment});
  }
  SLUICE_TRY(const auto key, kafka::coordinator_key(kafka::GroupMetadataKey{group.name}));
  SLUICE_TRY(const auto bytes, kafka::coordinator_value(value, kGroupValueVersion));
  record::BatchBuilder builder({});
  builder.add(node_.clock().wall_ms(), key, bytes);
  SLUICE_TRY(const auto appended, node_.append_internal(kOffsetsLog, builder.finish()));
  static_cast<void>(appended);
  return {};
}

// --- join

Result<void> Groups::check_join(const JoinGroup& request) const {
  if (request.group.empty()) return group_error(Reason::invalid_group_id, request.group, "a name is needed");
  if (request.session_timeout_ms < kMinSessionTimeoutMs || request.session_timeout_ms > kMaxSessionTimeoutMs) {
    return group_error(Reason::invalid_session_timeout, request.group,
                       "session.timeout.ms=" + std::to_string(request.session_timeout_ms) + ": " + std::to_string(kMinSessionTimeoutMs) + " to " +
                           std::to_string(kMaxSessionTimeoutMs) + " are possible");
  }
  if (request.protocols.empty()) return group_error(Reason::inconsistent_protocol, request.group, "no protocol was offered");
  const auto found = groups_.find(request.group);
  if (found == groups_.end() || found->second->members.empty()) return {};
  const auto& group = *found->second;
  if (group.members.size() == 1 && group.members.contains(request.member_id)) return {};
  const bool common = std::any_of(request.protocols.begin(), request.protocols.end(), [&](const auto& offered) {
    return std::all_of(group.members.begin(), group.members.end(), [&](const auto& item) {
      return item.first == request.member_id || item.second.protocol(offered.name) != nullptr;
    });
  });
  if (group.protocol_type != request.protocol_type || !common) {
    return group_error(Reason::inconsistent_protocol, request.group, "the member shares no protocol with the others");
  }
  return {};
}

// Which member joins: a new one, a known one, or a static one that came back. Errors carry what the client must do.
Result<std::string> Groups::member_id_for(Group& group, const JoinGroup& request, Effects& effects) {
  if (request.member_id.empty()) {
    auto id = new_member_id(request.instance_id.value_or(request.client_id.empty() ? "member" : request.client_id));
    if (request.instance_id) {
      const auto known = group.instances.find(*request.instance_id);
      if (known == group.instances.end()) return id;
      auto member = std::move(group.members[known->second]);
      group.members.erase(known->second);
      if (member.join) effects.push_back([done = std::move(member.join), error = group_error(Reason::fenced_instance, group.name, "another process has this instance id")] { done(error); });
      if (member.sync) effects.push_back([done = std::move(member.sync), error = group_error(Reason::fenced_instance, group.name, "another process has this instance id")] { done(error); });
      if (group.leader == known->second) group.leader = id;
      member.id = id;
      member.join = nullptr;
      member.sync = nullptr;
      group.instances[*request.instance_id] = id;
      group.members[id] = std::move(member);
      return id;
    }
    if (!request.require_known_member_id) return id;
    group.announced[id] = node_.clock().steady_ms() + request.session_timeout_ms;
    auto error = group_error(Reason::member_id_required, group.name, "join again with the member id given");
    error.detail = id;
    return error;
  }
  if (request.instance_id) {
    const auto known = group.instances.find(*request.instance_id);
    if (known != group.instances.end() && known->second != request.member_id) {
      return group_error(Reason::fenced_instance, group.name, "another process has instance id '" + *request.instance_id + "'");
    }
  }
  if (group.members.contains(request.member_id) || group.announced.erase(request.member_id) > 0) return request.member_id;
  return group_error(Reason::unknown_member, group.name, "there is no member '" + request.member_id + "'");
}

void Groups::join(const JoinGroup& request, JoinDone done) {
  Effects effects;
  {
    const std::lock_guard lock(mutex_);
    join_locked(request, std::move(done), effects);
  }
  for (const auto& effect : effects) effect();
}

void Groups::join_locked(const JoinGroup& request, JoinDone done, Effects& effects) {
  const auto refuse = [&](Error error) { effects.push_back([done, error = std::move(error)] { done(error); }); };
  if (auto fine = check_join(request); !fine.ok()) return refuse(std::move(fine).error());
  auto& slot = groups_[request.group];
  if (!slot) slot = std::make_unique<Group>(), slot->name = request.group;
  auto& group = *slot;
  auto id = member_id_for(group, request, effects);
  if (!id.ok()) return refuse(std::move(id).error());

  const bool known = group.members.contains(*id);
  auto& member = group.members[*id];
  const bool returned = known && request.member_id.empty();  // a static member, in another life
  const bool changed = !known || !(returned ? member.same_subscription(request.protocols) : member.same_protocols(request.protocols));
  member.id = *id;
  member.instance_id = request.instance_id;
  member.client_id = request.client_id;
  member.client_host = request.client_host;
  member.session_timeout_ms = request.session_timeout_ms;
  member.rebalance_timeout_ms = request.rebalance_timeout_ms > 0 ? request.rebalance_timeout_ms : request.session_timeout_ms;
  member.seen_ms = node_.clock().steady_ms();
  member.protocols = request.protocols;
  if (request.instance_id) group.instances[*request.instance_id] = *id;
  if (group.members.size() == 1) group.protocol_type = request.protocol_type;
  if (member.join) effects.push_back([old = std::move(member.join), error = group_error(Reason::rebalance_in_progress, group.name, "the member joined again")] { old(error); });
  member.join = std::move(done);

  const bool leader_again = group.state == GroupState::stable && *id == group.leader && !request.member_id.empty();
  if (!changed && !leader_again && (group.state == GroupState::stable || group.state == GroupState::completing_rebalance)) {
    return answer_join(group, member, effects);  // it missed the answer: the generation is still the same
  }
  if (group.state != GroupState::preparing_rebalance) prepare_rebalance(group, effects);
  finish_join_if_ready(group, false, effects);
}

void Groups::prepare_rebalance(Group& group, Effects& effects) {
  std::int32_t wait_ms = 0;
  for (auto& [id, member] : group.members) {
    wait_ms = std::max(wait_ms, member.rebalance_timeout_ms);
    member.assignment.clear();
    if (!member.sync) continue;
    effects.push_back([done = std::move(member.sync), error = group_error(Reason::rebalance_in_progress, group.name, "a rebalance began")] { done(error); });
    member.sync = nullptr;
  }
  group.state = GroupState::preparing_rebalance;
  group.rebalance_until_ms = node_.clock().steady_ms() + wait_ms;
}

// Begins a generation when every member has joined; absent ones are waited for until the time is over.
void Groups::finish_join_if_ready(Group& group, bool give_up_on_absent, Effects& effects) {
  if (group.state != GroupState::preparing_rebalance) return;
  if (give_up_on_absent) {
    for (auto it = group.members.begin(); it != group.members.end();) {
      if (it->second.join || it->second.instance_id) {
        ++it;
        continue;
      }
      it = group.members.erase(it);
    }
  } else if (!std::all_of(group.members.begin(), group.members.end(), [](const auto& item) { return static_cast<bool>(item.second.join); })) {
    return;
  }
  ++group.generation;
  if (group.members.empty()) {
    group.state = GroupState::empty;
    group.protocol.clear();
    group.leader.clear();
    if (const auto stored = store_group(group); !stored.ok()) trace::warn("node", stored.error().text());
    return;
  }
  if (!group.members.contains(group.leader)) group.leader = group.members.begin()->first;
  group.protocol = group.elected_protocol();
  group.state = GroupState::completing_rebalance;
  const auto now = node_.clock().steady_ms();
  for (auto& [id, member] : group.members) {
    member.seen_ms = now;
    group.rebalance_until_ms = std::max(group.rebalance_until_ms, now + member.rebalance_timeout_ms);
    if (member.join) answer_join(group, member, effects);
  }
}

void Groups::answer_join(const Group& group, Member& member, Effects& effects) {
  Joined joined{group.generation, group.protocol_type, group.protocol, group.leader, member.id, {}};
  if (member.id == group.leader) {
    for (const auto& [id, other] : group.members) {
      const auto* protocol = other.protocol(group.protocol);
      joined.members.push_back({id, other.instance_id, protocol == nullptr ? Bytes() : protocol->metadata});
    }
  }
  effects.push_back([done = std::move(member.join), joined = std::move(joined)] { done(joined); });
  member.join = nullptr;
}

// --- sync

Result<Groups::Member*> Groups::find_member(Group& group, const Committer& who) {
  if (who.instance_id) {
    const auto known = group.instances.find(*who.instance_id);
    if (known != group.instances.end() && known->second != who.member_id) {
      return group_error(Reason::fenced_instance, group.name, "another process has instance id '" + *who.instance_id + "'");
    }
  }
  const auto found = group.members.find(who.member_id);
  if (found == group.members.end()) return group_error(Reason::unknown_member, group.name, "there is no member '" + who.member_id + "'");
  if (who.generation != group.generation) {
    return group_error(Reason::illegal_generation, group.name, "generation " + std::to_string(who.generation) + " is not the current one, " + std::to_string(group.generation));
  }
  return &found->second;
}

void Groups::sync(const SyncGroup& request, SyncDone done) {
  Effects effects;
  {
    const std::lock_guard lock(mutex_);
    const auto refuse = [&](Error error) { effects.push_back([done, error = std::move(error)] { done(error); }); };
    const auto slot = groups_.find(request.group);
    if (slot == groups_.end()) {
      refuse(group_error(Reason::unknown_member, request.group, "there is no such group"));
    } else {
      auto& group = *slot->second;
      auto found = find_member(group, {request.group, request.member_id, request.instance_id, request.generation});
      const bool other_protocol = (request.protocol_type && *request.protocol_type != group.protocol_type) || (request.protocol && *request.protocol != group.protocol);
      if (!found.ok()) {
        refuse(std::move(found).error());
      } else if (other_protocol) {
        refuse(group_error(Reason::inconsistent_protocol, group.name, "the member speaks of another protocol than the group's"));
      } else if (group.state == GroupState::preparing_rebalance) {
        refuse(group_error(Reason::rebalance_in_progress, group.name, "join again"));
      } else {
        auto& member = **found;
        member.seen_ms = node_.clock().steady_ms();
        member.sync = std::move(done);
        if (group.state == GroupState::stable) {
          effects.push_back([answer = std::move(member.sync), synced = Synced{group.protocol_type, group.protocol, member.assignment}] { answer(synced); });
          member.sync = nullptr;
        } else if (member.id == group.leader) {
          for (auto& [id, other] : group.members) {
            const auto given = request.assignments.find(id);
            other.assignment = given == request.assignments.end() ? Bytes() : given->second;
          }
          finish_sync(group, effects);
        }
      }
    }
  }
  for (const auto& effect : effects) effect();
}

// The assignment is there: it is stored, and given when it is durable, unless another rebalance came in between.
void Groups::finish_sync(Group& group, Effects& effects) {
  if (const auto stored = store_group(group); !stored.ok()) trace::warn("node", stored.error().text());
  const auto name = group.name;
  const auto generation = group.generation;
  effects.push_back([this, name, generation] {
    node_.after_round({}, [this, name, generation](const Result<void>&) {
      Effects answers;
      {
        const std::lock_guard lock(mutex_);
        const auto slot = groups_.find(name);
        if (slot == groups_.end() || slot->second->generation != generation || slot->second->state != GroupState::completing_rebalance) return;
        auto& current = *slot->second;
        current.state = GroupState::stable;
        for (auto& [id, member] : current.members) {
          if (!member.sync) continue;
          answers.push_back([done = std::move(member.sync), synced = Synced{current.protocol_type, current.protocol, member.assignment}] { done(synced); });
          member.sync = nullptr;
        }
      }
      for (const auto& answer : answers) answer();
    });
  });
}

Result<void> Groups::heartbeat(const Committer& who) {
  const std::lock_guard lock(mutex_);
  const auto slot = groups_.find(who.group);
  if (slot == groups_.end()) return group_error(Reason::unknown_member, who.group, "there is no such group");
  SLUICE_TRY(auto* member, find_member(*slot->second, who));
  member->seen_ms = node_.clock().steady_ms();
  if (slot->second->state == GroupState::preparing_rebalance) return group_error(Reason::rebalance_in_progress, who.group, "join again");
  return {};
}

// --- leave

void Groups::remove_member(Group& group, const std::string& member_id, Effects& effects) {
  const auto found = group.members.find(member_id);
  if (found == group.members.end()) return;
  const auto gone = group_error(Reason::unknown_member, group.name, "the member was removed");
  if (found->second.join) effects.push_back([done = std::move(found->second.join), gone] { done(gone); });
  if (found->second.sync) effects.push_back([done = std::move(found->second.sync), gone] { done(gone); });
  if (found->second.instance_id) group.instances.erase(*found->second.instance_id);
  group.members.erase(found);
  if (group.state == GroupState::stable || group.state == GroupState::completing_rebalance) prepare_rebalance(group, effects);
  finish_join_if_ready(group, false, effects);
}

std::vector<Result<void>> Groups::leave(const std::string& name, const std::vector<LeavingMember>& members) {
  std::vector<Result<void>> results;
  Effects effects;
  {
    const std::lock_guard lock(mutex_);
    const auto slot = groups_.find(name);
    for (const auto& leaving : members) {
      auto id = leaving.member_id;
      if (slot != groups_.end() && leaving.instance_id) {
        const auto known = slot->second->instances.find(*leaving.instance_id);
        if (known != slot->second->instances.end()) {
          if (!id.empty() && id != known->second) {
            results.emplace_back(group_error(Reason::fenced_instance, name, "another process has this instance id"));
            continue;
          }
          id = known->second;
        }
      }
      const bool there = slot != groups_.end() && (slot->second->members.contains(id) || slot->second->announced.erase(id) > 0);
      if (there) {
        remove_member(*slot->second, id, effects);
        results.emplace_back();
      } else {
        results.emplace_back(group_error(Reason::unknown_member, name, "there is no member '" + id + "'"));
      }
    }
  }
  for (const auto& effect : effects) effect();
  return results;
}

// --- listing and removal

std::vector<GroupInfo> Groups::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<GroupInfo> all;
  for (const auto& [name, group] : groups_) {
    all.push_back({name, std::string(kStateNames[static_cast<std::size_t>(group->state)]), group->protocol_type, group->protocol, {}});
  }
  return all;
}

Result<GroupInfo> Groups::describe(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto slot = groups_.find(name);
  if (slot == groups_.end()) return refused(ErrorCode::not_found, Reason::group_not_found, "there is no group '" + name + "'");
  const auto& group = *slot->second;
  GroupInfo info{name, std::string(kStateNames[static_cast<std::size_t>(group.state)]), group.protocol_type, group.protocol, {}};
  for (const auto& [id, member] : group.members) {
    const auto* protocol = member.protocol(group.protocol);
    info.members.push_back({id, member.instance_id, member.client_id, member.client_host, protocol == nullptr ? Bytes() : protocol->metadata, member.assignment});
  }
  return info;
}

Result<void> Groups::remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto slot = groups_.find(name);
  if (slot == groups_.end()) return refused(ErrorCode::not_found, Reason::group_not_found, "there is no group '" + name + "'");
  if (!slot->second->members.empty()) return group_error(Reason::group_not_empty, name, "it has members");
  record::BatchBuilder builder({});
  const auto now = node_.clock().wall_ms();
  for (const auto& where : slot->second->committed_partitions()) {
    SLUICE_TRY(const auto key, kafka::coordinator_key(kafka::OffsetCommitKey{name, where.topic, where.partition}));
    builder.add(now, key, std::nullopt);
  }
  SLUICE_TRY(const auto key, kafka::coordinator_key(kafka::GroupMetadataKey{name}));
  builder.add(now, key, std::nullopt);
  SLUICE_TRY(const auto appended, node_.append_internal(kOffsetsLog, builder.finish()));
  static_cast<void>(appended);
  groups_.erase(slot);
  return {};
}

// --- time

void Groups::tick(std::int64_t) {
  Effects effects;
  {
    const std::lock_guard lock(mutex_);
    const auto now = node_.clock().steady_ms();
    for (auto it = groups_.begin(); it != groups_.end();) {
      auto& group = *it->second;
      std::erase_if(group.announced, [&](const auto& item) { return item.second < now; });
      std::vector<std::string> silent;
      for (const auto& [id, member] : group.members) {
        // A member that waits for a join or a sync cannot send heartbeats.
        if (member.join || member.sync) continue;
        const bool owes_sync = group.state == GroupState::completing_rebalance && now >= group.rebalance_until_ms;
        if (owes_sync || now - member.seen_ms > member.session_timeout_ms) silent.push_back(id);
      }
      for (const auto& id : silent) {
        trace::info("node", "group '" + group.name + "': member " + id + " sent no heartbeat, or did not sync, in time and is removed");
        remove_member(group, id, effects);
      }
      if (group.state == GroupState::preparing_rebalance && now >= group.rebalance_until_ms) finish_join_if_ready(group, true, effects);
      if (group.members.empty()) {
        const auto wall = node_.clock().wall_ms();
        std::erase_if(group.offsets, [&](const auto& item) { return wall - item.second.commit_ms > kOffsetRetentionMs; });
      }
      it = group.is_idle() ? groups_.erase(it) : std::next(it);
    }
  }
  for (const auto& effect : effects) effect();
}

}  // namespace sluice::node
