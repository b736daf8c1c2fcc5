// The offsets that groups commit: plain ones, and those of a transaction, which wait for its end.

#include <algorithm>

#include "base/trace.h"
#include "kafka/coordinator_records.h"
#include "kafka/records.h"
#include "node/group_state.h"

namespace sluice::node {
namespace {

constexpr std::int16_t kOffsetValueVersion = 3;

}  // namespace

Result<void> Groups::check_committer(const Committer& who, bool transactional) {
  if (who.group.empty()) return group_error(Reason::invalid_group_id, who.group, "a name is needed");
  auto& slot = groups_[who.group];
  if (!slot) slot = std::make_unique<Group>(), slot->name = who.group;
  if (who.generation < 0 && slot->members.empty()) return {};
  if (who.generation < 0 && who.member_id.empty() && !who.instance_id) {
    if (transactional) return {};
    return group_error(Reason::unknown_member, who.group, "it has members; offsets come from them");
  }
  SLUICE_TRY(auto* member, find_member(*slot, who));
  member->seen_ms = node_.clock().steady_ms();
  if (slot->state == GroupState::completing_rebalance) return group_error(Reason::rebalance_in_progress, who.group, "join again");
  return {};
}

void Groups::commit(const Committer& who, const std::map<TopicPartition, CommittedOffset>& offsets,
                    std::optional<ProducerIdentity> producer, CommitDone done) {
  const auto now = node_.clock().wall_ms();
  record::BatchOptions options;
  if (producer) options.producer_id = producer->id, options.producer_epoch = producer->epoch, options.transactional = true;
  record::BatchBuilder builder(options);
  for (const auto& [where, offset] : offsets) {
    const auto key = kafka::coordinator_key(kafka::OffsetCommitKey{who.group, where.topic, where.partition});
    kafka::OffsetCommitValue value;
    value.offset = offset.offset.value;
    value.leader_epoch = offset.leader_epoch;
    value.metadata = offset.metadata;
    value.commit_timestamp = now;
    const auto bytes = kafka::coordinator_value(value, kOffsetValueVersion);
    if (!key.ok() || !bytes.ok()) return done(key.ok() ? bytes.error() : key.error());
    builder.add(now, *key, *bytes);
  }
  const std::lock_guard lock(mutex_);
  if (auto allowed = check_committer(who, producer.has_value()); !allowed.ok()) return done(std::move(allowed).error());
  if (builder.empty()) return done({});
  const auto log = node_.partition(kOffsetsLog);
  const auto appended = node_.append_internal(kOffsetsLog, builder.finish());
  if (!appended.ok() || !log.ok()) return done(appended.ok() ? log.error() : appended.error());
  const auto end = appended->last_offset + 1;
  auto& group = *groups_[who.group];
  for (auto [where, offset] : offsets) {
    offset.commit_ms = now;
    if (producer) {
      group.pending[producer->id][where] = offset;
    } else {
      group.undurable.push_back({end, where, offset});
    }
  }
  node_.after_round({{*log, end}}, [this, end, done = std::move(done)](const Result<void>& outcome) {
    show_durable(end, outcome.ok());
    done(outcome);
  });
}

// What was committed up to `end` is shown, or forgotten when it could not be made durable.
void Groups::show_durable(Offset end, bool durable) {
  const std::lock_guard lock(mutex_);
  for (auto& [name, group] : groups_) {
    while (!group->undurable.empty() && group->undurable.front().end <= end) {
      auto& first = group->undurable.front();
      if (durable) group->offsets[first.where] = std::move(first.offset);
      group->undurable.pop_front();
    }
  }
}

Result<std::map<TopicPartition, CommittedOffset>> Groups::committed(
    const std::string& name, const std::optional<std::vector<TopicPartition>>& partitions, bool require_stable) {
  const std::lock_guard lock(mutex_);
  std::map<TopicPartition, CommittedOffset> found;
  const auto slot = groups_.find(name);
  if (slot == groups_.end()) return found;
  const auto& group = *slot->second;
  if (require_stable) {
    for (const auto& [producer, pending] : group.pending) {
      const bool touches = !partitions || std::any_of(partitions->begin(), partitions->end(), [&, &offsets = pending](const auto& where) { return offsets.contains(where); });
      if (touches && !pending.empty()) {
        return refused(ErrorCode::retry, Reason::unstable_offset_commit, "group '" + name + "': a transaction has offsets pending");
      }
    }
  }
  if (!partitions) return group.offsets;
  for (const auto& where : *partitions) {
    if (const auto offset = group.offsets.find(where); offset != group.offsets.end()) found.insert(*offset);
  }
  return found;
}

void Groups::transaction_ended(ProducerIdentity producer, const std::set<std::string>&, bool committed) {
  const std::lock_guard lock(mutex_);
  for (auto& [name, group] : groups_) {
    const auto pending = group->pending.find(producer.id);
    if (pending == group->pending.end()) continue;
    if (committed) {
      for (auto& [where, offset] : pending->second) group->offsets[where] = std::move(offset);
    }
    group->pending.erase(pending);
  }
}

Result<std::map<TopicPartition, Result<void>>> Groups::delete_offsets(const std::string& name,
                                                                      const std::vector<TopicPartition>& partitions) {
  const std::lock_guard lock(mutex_);
  const auto slot = groups_.find(name);
  if (slot == groups_.end()) return refused(ErrorCode::not_found, Reason::group_not_found, "there is no group '" + name + "'");
  auto& group = *slot->second;
  const auto committed = group.committed_partitions();
  std::map<TopicPartition, Result<void>> outcomes;
  std::vector<TopicPartition> deleted;
  record::BatchBuilder builder({});
  for (const auto& where : partitions) {
    auto& outcome = outcomes[where];
    if (group.reads(where.topic)) {
      outcome = group_error(Reason::group_subscribed, name, "a member reads topic '" + where.topic + "'");
    } else if (committed.contains(where)) {
      SLUICE_TRY(const auto key, kafka::coordinator_key(kafka::OffsetCommitKey{name, where.topic, where.partition}));
      builder.add(node_.clock().wall_ms(), key, std::nullopt);
      deleted.push_back(where);
    }
  }
  if (!builder.empty()) SLUICE_RETURN_IF_ERROR(node_.append_internal(kOffsetsLog, builder.finish()));
  for (const auto& where : deleted) group.forget(where);
  return outcomes;
}

void Groups::topic_deleted(const std::string& topic) {
  const std::lock_guard lock(mutex_);
  record::BatchBuilder builder({});
  for (auto& [name, group] : groups_) {
    for (const auto& where : group->committed_partitions()) {
      if (where.topic != topic) continue;
      const auto key = kafka::coordinator_key(kafka::OffsetCommitKey{name, where.topic, where.partition});
      if (key.ok()) builder.add(node_.clock().wall_ms(), *key, std::nullopt);
      group->forget(where);
    }
  }
  if (builder.empty()) return;
  if (const auto appended = node_.append_internal(kOffsetsLog, builder.finish()); !appended.ok()) trace::warn("node", appended.error().text());
}

}  // namespace sluice::node
