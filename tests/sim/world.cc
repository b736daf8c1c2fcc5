#include "world.h"

#include <algorithm>

#include "base/trace.h"

namespace sluice::sim {

void Tally::operator+=(const Tally& other) {
  disk.crashes += other.disk.crashes;
  disk.kills += other.disk.kills;
  disk.syncs += other.disk.syncs;
  disk.failed_syncs += other.disk.failed_syncs;
  disk.failed_writes += other.disk.failed_writes;
  disk.full_writes += other.disk.full_writes;
  disk.lost_pages += other.disk.lost_pages;
  disk.torn_pages += other.disk.torn_pages;
  disk.lost_names += other.disk.lost_names;
  compared += other.compared;
  appended += other.appended;
  acknowledged += other.acknowledged;
  refused += other.refused;
  retried += other.retried;
  committed += other.committed;
  aborted += other.aborted;
  reopened += other.reopened;
  clean_stops += other.clean_stops;
  failed_opens += other.failed_opens;
}

World::World(std::uint64_t seed, const Options& options) : random_(seed), options_(options), disk_(seed * 7919 + 1) {
  clients_.push_back(plain_client(*this, "plain"));
  for (int i = 0; i < 2; ++i) clients_.push_back(idempotent_client(*this, "idem" + std::to_string(i)));
  for (int i = 0; i < 2; ++i) clients_.push_back(transactional_client(*this, "txn" + std::to_string(i)));
  clients_.push_back(embedded_client(*this, "embedded"));
  clients_.push_back(group_client(*this, "group"));
}

World::~World() { clients_.clear(); }

Tally World::tally() const {
  auto tally = counts;
  tally.disk = disk_.counts();
  tally.compared = model.compared();
  return tally;
}

std::optional<TopicPartition> World::any_partition() {
  std::vector<TopicPartition> all;
  for (const auto& [name, topic] : model.topics()) {
    for (std::int32_t i = 0; i < topic.partitions && !topic.unsure; ++i) all.push_back({name, i});
  }
  if (all.empty()) return std::nullopt;
  return all[below(all.size())];
}

int World::life_of(const TopicPartition& where) const {
  const auto* const topic = model.topic(where.topic);
  return topic == nullptr ? 0 : topic->life;
}

Record World::new_record(const std::string& client, const TopicPartition& where, bool tombstones) {
  const auto* const topic = model.topic(where.topic);
  const auto key = "key" + std::to_string(below(topic != nullptr && topic->compacted ? 6 : 1000));
  if (tombstones && topic != nullptr && topic->compacted && chance(0.15)) return {key, std::nullopt};
  const auto size = chance(0.02) ? 900 : below(120);
  return {key, client + "-" + std::to_string(next_value_++) + "-" + std::string(size, '.')};
}

// --- topics

void World::make_topic() {
  node::NewTopic made;
  made.name = "t" + std::to_string(below(3));
  if (model.topic(made.name) != nullptr) return;
  Topic topic;
  topic.partitions = made.partitions = 1 + static_cast<std::int32_t>(below(3));
  made.config["segment.bytes"] = std::to_string(1024 + below(3000));
  made.config["retention.ms"] = "-1";
  const auto kind = below(4);
  if (kind == 0) {
    topic.compacted = true;
    made.config["cleanup.policy"] = "compact";
    made.config["min.cleanable.dirty.ratio"] = "0.01";
    made.config["delete.retention.ms"] = "20000";
  }
  if (kind == 1) {
    topic.bounded = true;
    made.config["retention.bytes"] = "6000";
  }
  const auto outcome = node_->create_topic(made);
  topic.unsure = !outcome.ok();
  model.topic_made(made.name, topic);
  tell("made " + made.name + (topic.unsure ? " (not sure)" : "") + (topic.compacted ? " compacted" : "") + (topic.bounded ? " bounded" : ""));
}

void World::change_topics() {
  const auto where = any_partition();
  const auto what = below(10);
  if (!where || what < 6) return make_topic();
  auto* const topic = model.topic(where->topic);
  if (what < 8 && model.topics().size() > 1) {
    topic->unsure = true;
    const auto outcome = node_->delete_topic(where->topic);
    if (outcome.ok()) model.topic_gone(where->topic);
    tell("deleted " + where->topic + (outcome.ok() ? "" : " (not sure)"));
  } else if (what == 8 && topic->partitions < 4) {
    topic->unsure = true;
    if (!node_->add_partitions(where->topic, topic->partitions + 1).ok()) return;
    topic->unsure = false;
    ++topic->partitions;
  } else {
    static_cast<void>(node_->alter_config(where->topic, {{"segment.bytes", std::to_string(1024 + below(3000))}}).ok());
  }
}

void World::trim() {
  const auto where = any_partition();
  if (!where) return;
  const auto end = node_->list_offset(*where, -1, node::Isolation::read_uncommitted);
  if (!end.ok() || end->offset < Offset{4}) return;
  const Offset before{static_cast<std::int64_t>(below(static_cast<std::uint64_t>(end->offset.value / 2)))};
  model.begins_below(*where, before);
  static_cast<void>(node_->delete_records(*where, before).ok());
}

// --- life and death

void World::trouble() {
  switch (below(8)) {
    case 0: disk_.fail_next_syncs(1 + static_cast<int>(below(3))); break;
    case 1: faults_.sync_failure = 0.1; break;
    case 2: faults_.write_failure = 0.1; break;
    case 3: disk_.set_capacity(2000 + below(60'000)); break;
    case 4:
    case 5:
      faults_ = {};
      disk_.set_capacity(UINT64_MAX);
      break;
    case 6: return restart(false);
    default: return restart(true);
  }
  disk_.set_faults(faults_);
}

void World::open() {
  for (int i = 0; !node_; ++i) {
    // Recovery may be interrupted, too; in the end the disk is well and it must not fail.
    const bool well = settling_ || i > 2 || chance(0.7);
    if (well) disk_.set_faults({});
    if (!well) disk_.set_faults({.sync_failure = 0.1, .write_failure = 0.1});
    disk_.set_capacity(UINT64_MAX);
    disk_.fail_next_syncs(0);
    node::NodeOptions node_options;
    node_options.data = "data";
    node_options.sync_disabled = options_.sync_disabled;
    auto opened = node::Node::open(disk_, clock_, node_options);
    if (opened.ok()) {
      node_ = std::move(*opened);
    } else {
      ++counts.failed_opens;
      if (well) return model.fail("cannot be opened: " + opened.error().text());
      chance(0.5) ? disk_.crash() : disk_.kill_process();
    }
  }
  faults_ = {};
  disk_.set_faults({});
  ++counts.reopened;
  for (const auto* name : {"__consumer_offsets", "__transaction_state"}) {
    static_cast<void>(node_->alter_config(name, {{"segment.bytes", "2000"}, {"min.cleanable.dirty.ratio", "0.01"}, {"delete.retention.ms", "20000"}}).ok());
  }
  model.compare_topics(*node_);
  for (const auto& client : clients_) client->node_opened();
}

void World::tell(const std::string& what) const { trace::info("sim", what); }

void World::restart(bool power_fails) {
  tell(power_fails ? "the power fails" : "the process is killed");
  power_fails ? disk_.crash() : disk_.kill_process();
  node_.reset();
  ++age_;
  for (const auto& client : clients_) client->node_died();
  open();
  if (node_) compare();
}

void World::stop_cleanly() {
  const auto closed = node_->close();
  tell(closed.ok() ? "stopped cleanly" : "cannot stop cleanly");
  if (closed.ok()) ++counts.clean_stops;
  restart(chance(0.5));
}

void World::compare() {
  disk_.set_faults({});
  model.compare(*node_);
  disk_.set_faults(faults_);
}

void World::step() {
  const auto what = below(100);
  if (what < 60) return clients_[below(clients_.size())]->step();
  if (what < 82) return static_cast<void>(node_->run_sync_round());
  if (what < 89) {
    clock_.advance(static_cast<std::int64_t>(below(20'000)));
    return node_->run_housekeeping(clock_.wall_ms());
  }
  if (what < 92) return change_topics();
  if (what < 93) return trim();
  if (what < 95) return compare();
  if (what < 96) return stop_cleanly();
  trouble();
}

// Whatever happened: when the disk is well again everything must come to its end.
void World::settle() {
  settling_ = true;
  restart(chance(0.5));
  for (int i = 0; i < 40 && node_; ++i) {
    clock_.advance(60'000);
    node_->run_housekeeping(clock_.wall_ms());
    while (node_->run_sync_round()) {
    }
  }
  if (node_) model.compare_quiet(*node_);
  if (node_) restart(true);
}

void World::run() {
  open();
  for (int i = 0; i < 2 && node_; ++i) make_topic();
  for (int i = 0; i < options_.steps && node_ && problems().empty(); ++i) step();
  if (node_ && problems().empty()) settle();
}

}  // namespace sluice::sim
