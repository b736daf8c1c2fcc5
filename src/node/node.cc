// Opening, closing, rounds and housekeeping of a node. Topics are in topics.cc, data in data.cc.

#include "node/node.h"

#include <algorithm>

#include "base/trace.h"
#include "node/groups.h"
#include "node/node_state.h"
#include "node/topic_config.h"
#include "node/transactions.h"
#include "storage/log_directory.h"

namespace sluice::node {
namespace {

constexpr std::int64_t kCheckpointEveryMs = 5'000;
constexpr std::int64_t kCleanEveryMs = 15'000;
constexpr std::string_view kFormatFile = "sluice.format";
constexpr int kFormatVersion = 1;

// Our own mark on the directory: "format=1". Errors: unsupported, when it is newer.
Result<void> check_format(io::FileSystem& files, const std::string& data) {
  const auto path = data + "/" + std::string(kFormatFile);
  SLUICE_TRY(const bool there, files.exists(path));
  if (!there) return files.replace_file(path, "format=" + std::to_string(kFormatVersion) + "\n");
  SLUICE_TRY(const auto text, files.read_file(path));
  const auto digits = text.starts_with("format=") ? text.substr(7) : std::string();
  if (digits.empty() || digits.find_first_not_of("0123456789\n") != std::string::npos) {
    return Error{ErrorCode::corrupt, path + ": not 'format=N'", "", "is " + data + " really a data directory of sluice?"};
  }
  if (digits.size() > 9 || std::stoi(digits) > kFormatVersion) {
    return Error{ErrorCode::unsupported, data + " was written by a newer version of sluice (format " + digits.substr(0, digits.find('\n')) +
                                             "; this program knows up to " + std::to_string(kFormatVersion) + ")",
                 "", "start the newer program, or choose another directory with --data"};
  }
  return {};
}

}  // namespace

Node::Node(io::FileSystem& files, io::Clock& clock, NodeOptions options)
    : files_(files), clock_(clock), options_(std::move(options)), round_(files, options_.data, options_.sync_disabled),
      groups_(std::make_unique<Groups>(*this)), transactions_(std::make_unique<Transactions>(*this)) {}

Node::~Node() = default;

Result<std::unique_ptr<Node>> Node::open(io::FileSystem& files, io::Clock& clock, NodeOptions options) {
  std::unique_ptr<Node> node(new Node(files, clock, std::move(options)));
  SLUICE_RETURN_IF_ERROR(node->start());
  return node;
}

Result<void> Node::start() {
  SLUICE_RETURN_IF_ERROR(start_identity());
  SLUICE_RETURN_IF_ERROR(start_metadata());
  SLUICE_RETURN_IF_ERROR(open_partitions());
  SLUICE_RETURN_IF_ERROR(ensure_internal(kOffsetsTopic));
  SLUICE_RETURN_IF_ERROR(ensure_internal(kTransactionsTopic));
  SLUICE_RETURN_IF_ERROR(groups_->start());
  SLUICE_RETURN_IF_ERROR(transactions_->start());
  SLUICE_RETURN_IF_ERROR(close_open_transactions());
  return wait_durable();
}

Result<void> Node::start_identity() {
  SLUICE_TRY(const bool known, files_.exists(options_.data + "/" + std::string(kFormatFile)));
  if (!known) SLUICE_RETURN_IF_ERROR(files_.create_directories_durably(options_.data));
  if (&files_ == &io::real_file_system()) {
    SLUICE_TRY(lock_, io::ProcessLock::acquire(options_.data + "/.lock"));
  }
  SLUICE_RETURN_IF_ERROR(check_format(files_, options_.data));
  auto meta = storage::read_meta_properties(files_, options_.data);
  if (!meta.ok()) {
    if (meta.error().code != ErrorCode::not_found) return std::move(meta).error();
    meta = storage::MetaProperties{Uuid::random().text(), node_id(), Uuid::random()};
    SLUICE_RETURN_IF_ERROR(storage::write_meta_properties(files_, options_.data, *meta));
  }
  cluster_id_ = meta->cluster_id;
  SLUICE_TRY(was_clean_, storage::take_clean_marker(files_, options_.data));
  SLUICE_RETURN_IF_ERROR(storage::sweep_deleted(files_, options_.data));
  SLUICE_TRY(checkpoints_.recovery, storage::read_checkpoint(files_, options_.data + "/" + storage::kRecoveryPointFile));
  SLUICE_TRY(checkpoints_.log_start, storage::read_checkpoint(files_, options_.data + "/" + storage::kLogStartFile));
  SLUICE_TRY(checkpoints_.cleaned, storage::read_checkpoint(files_, options_.data + "/" + storage::kCleanerFile));
  return {};
}

// Transactions whose coordinator does not know them (its record was lost with an unsynced page, their data were not) would
// keep readers of committed records waiting for ever: they are aborted. The producer is fenced, for it may believe that
// they are part of what it goes on to commit.
Result<void> Node::close_open_transactions() {
  for (const auto& state : all_partitions()) {
    for (const auto& producer : state->log->producers()) {
      if (producer.transaction_start == kNoOffset || transactions_->knows(producer.id, state->where)) continue;
      SLUICE_RETURN_IF_ERROR(append_marker(state->where, producer.id, producer.epoch, record::ControlType::abort));
      SLUICE_RETURN_IF_ERROR(transactions_->fence(producer.id));
      if (state->where.topic == kOffsetsTopic) groups_->transaction_ended({producer.id, producer.epoch}, {}, false);
    }
  }
  return {};
}

std::vector<std::shared_ptr<Node::PartitionState>> Node::all_partitions() const {
  const std::shared_lock lock(topics_mutex_);
  std::vector<std::shared_ptr<PartitionState>> all;
  for (const auto& [name, topic] : topics_) {
    std::copy_if(topic->partitions.begin(), topic->partitions.end(), std::back_inserter(all), [](const auto& state) { return state != nullptr; });
  }
  if (metadata_) all.push_back(metadata_);
  return all;
}

Result<void> Node::close() {
  SLUICE_RETURN_IF_ERROR(wait_durable());
  for (const auto& state : all_partitions()) {
    if (state->log->offline()) return *state->log->offline();
    SLUICE_RETURN_IF_ERROR(state->log->close());
  }
  SLUICE_RETURN_IF_ERROR(write_checkpoints());
  if (!damaged().empty()) return {};  // what is restored is looked at before it is trusted
  return storage::write_clean_marker(files_, options_.data);
}

Result<void> Node::write_checkpoints() {
  const std::lock_guard lock(checkpoints_mutex_);
  Checkpoints fresh;
  for (const auto& state : all_partitions()) {
    const std::pair key(state->where.topic, state->where.partition);
    fresh.recovery[key] = state->log->recovery_point();
    if (state->log->log_start() > Offset{0}) fresh.log_start[key] = state->log->log_start();
    if (state->log->cleaned_until() > Offset{0}) fresh.cleaned[key] = state->log->cleaned_until();
  }
  // Of a partition that could not be opened stays known what was known: it may be restored.
  for (const auto& [where, error] : damaged()) {
    const std::pair key(where.topic, where.partition);
    for (const auto& [from, to] : {std::pair(&checkpoints_.recovery, &fresh.recovery), {&checkpoints_.log_start, &fresh.log_start}, {&checkpoints_.cleaned, &fresh.cleaned}}) {
      if (const auto known = from->find(key); known != from->end()) to->insert(*known);
    }
  }
  return store_checkpoints(fresh);
}

// A new topic must not inherit what was known of an earlier one of its name.
Result<void> Node::forget_checkpoints(const std::string& topic) {
  const std::lock_guard lock(checkpoints_mutex_);
  auto fresh = checkpoints_;
  for (auto* const checkpoint : {&fresh.recovery, &fresh.log_start, &fresh.cleaned}) {
    std::erase_if(*checkpoint, [&](const auto& item) { return item.first.first == topic; });
  }
  return store_checkpoints(fresh);
}

Result<void> Node::store_checkpoints(const Checkpoints& fresh) {
  const auto store = [&](const char* file, storage::OffsetCheckpoint& old, const storage::OffsetCheckpoint& now) -> Result<void> {
    if (old == now) return {};
    SLUICE_RETURN_IF_ERROR(storage::write_checkpoint(files_, options_.data + "/" + file, now));
    old = now;
    return {};
  };
  SLUICE_RETURN_IF_ERROR(store(storage::kRecoveryPointFile, checkpoints_.recovery, fresh.recovery));
  SLUICE_RETURN_IF_ERROR(store(storage::kLogStartFile, checkpoints_.log_start, fresh.log_start));
  return store(storage::kCleanerFile, checkpoints_.cleaned, fresh.cleaned);
}

// --- rounds

void Node::note_append(const std::shared_ptr<PartitionState>& state) {
  round_.add(state->log);
  {
    const std::lock_guard lock(appends_mutex_);
    appended_ = true;
  }
  appends_changed_.notify_one();
}

void Node::wait_for_appends(std::int64_t wait_ms) {
  std::unique_lock lock(appends_mutex_);
  appends_changed_.wait_for(lock, std::chrono::milliseconds(wait_ms), [&] { return appended_ || !after_round_.empty(); });
}

void Node::after_round(std::vector<DurableEnd> ends, std::function<void(Result<void>)> after) {
  // Also what somebody else has appended and not yet announced.
  for (const auto& wanted : ends) round_.add(wanted.log);
  {
    const std::lock_guard lock(appends_mutex_);
    after_round_.push_back({std::move(ends), std::move(after)});
  }
  appends_changed_.notify_one();
}

bool Node::run_sync_round() {
  const std::lock_guard one(round_mutex_);
  std::vector<AfterRound> after;
  {
    // Taken before the round takes its partitions: so it covers all that was appended before after_round().
    const std::lock_guard lock(appends_mutex_);
    after.swap(after_round_);
    appended_ = false;
  }
  if (!round_.pending() && after.empty()) return false;
  finish_round(round_.run_once());
  for (const auto& waiting : after) waiting.call(check_durable(waiting.ends));
  return true;
}

Result<void> Node::check_durable(const std::vector<DurableEnd>& ends) const {
  for (const auto& [log, end] : ends) {
    if (log->durable_end() >= end || !log->options().durable()) continue;
    const std::shared_lock topics(topics_mutex_);
    if (!by_log_.contains(log.get())) continue;  // its topic was deleted
    return refused(ErrorCode::back_off, Reason::storage_failed, log->name() + ": the disk failed before offset " + to_string(end) + " was durable");
  }
  return {};
}

Result<void> Node::wait_durable(std::vector<DurableEnd> ends) {
  auto state = std::make_shared<std::pair<std::atomic<bool>, Result<void>>>();
  after_round(std::move(ends), [state](Result<void> outcome) {
    state->second = std::move(outcome);
    state->first.store(true, std::memory_order_release);
  });
  while (!state->first.load(std::memory_order_acquire)) static_cast<void>(run_sync_round());
  return state->second;
}

void Node::finish_round(const storage::RoundResult& round) {
  if (round.all_lost) {
    for (const auto& state : all_partitions()) state->log->take_offline({ErrorCode::back_off, "the file system could not be synced"});
  }
  std::vector<TopicPartition> moved;
  show_round(round, moved);
  answer_pending(round);
  wake_waiters(moved);
}

void Node::show_round(const storage::RoundResult& round, std::vector<TopicPartition>& moved) {
  const std::shared_lock topics(topics_mutex_);
  const std::lock_guard lock(visibility_mutex_);
  for (const auto& entry : round.partitions) {
    const auto found = by_log_.find(entry.partition.get());
    if (found == by_log_.end()) continue;  // deleted meanwhile
    auto& state = *found->second;
    const bool forward = entry.high_watermark > state.shown() || entry.last_stable > state.stable();
    if (entry.high_watermark > state.shown()) state.high_watermark.store(entry.high_watermark.value, std::memory_order_release);
    if (entry.last_stable > state.stable()) state.last_stable.store(entry.last_stable.value, std::memory_order_release);
    if (forward) moved.push_back(state.where);
  }
}

void Node::answer_pending(const storage::RoundResult& round) {
  std::vector<Pending> ready;
  {
    const std::lock_guard lock(appends_mutex_);
    const auto waits = [&](const Pending& pending) {
      const bool failed = std::any_of(round.partitions.begin(), round.partitions.end(), [&](const auto& entry) {
        return entry.partition == pending.state->log && (entry.failure || entry.partition->offline());
      });
      return pending.last_offset >= pending.state->shown() && !failed && !pending.state->gone;
    };
    const auto middle = std::stable_partition(pending_.begin(), pending_.end(), waits);
    ready.assign(std::make_move_iterator(middle), std::make_move_iterator(pending_.end()));
    pending_.erase(middle, pending_.end());
  }
  for (auto& pending : ready) {
    if (pending.last_offset < pending.state->shown()) {
      pending.done(pending.appended);
    } else if (pending.state->gone) {
      pending.done(refused(ErrorCode::not_found, Reason::unknown_topic, pending.state->log->name() + ": the topic was deleted"));
    } else {
      pending.done(refused(ErrorCode::back_off, Reason::storage_failed,
                           pending.state->log->name() + ": the disk failed before the batch was durable"));
    }
  }
}

// --- waiting for data

std::shared_ptr<void> Node::wake_when_visible(std::span<const TopicPartition> partitions, std::function<void()> wake) {
  auto waiter = std::make_shared<Waiter>();
  waiter->wake = std::move(wake);
  const std::lock_guard lock(waiters_mutex_);
  for (const auto& where : partitions) {
    // Those that were dropped leave when somebody comes to the same partition.
    for (auto [it, end] = waiters_.equal_range(where); it != end;) it = it->second.expired() ? waiters_.erase(it) : std::next(it);
    waiters_.emplace(where, waiter);
  }
  return waiter;
}

void Node::wake_waiters(const std::vector<TopicPartition>& moved) {
  std::vector<std::shared_ptr<Waiter>> woken;
  {
    const std::lock_guard lock(waiters_mutex_);
    for (const auto& where : moved) {
      const auto [begin, end] = waiters_.equal_range(where);
      for (auto it = begin; it != end; ++it) {
        if (auto waiter = it->second.lock()) woken.push_back(std::move(waiter));
      }
      waiters_.erase(begin, end);
    }
  }
  for (const auto& waiter : woken) {
    if (!waiter->fired.exchange(true)) waiter->wake();
  }
}

// --- housekeeping

void Node::clean(PartitionState& state, std::int64_t now_ms) {
  auto& log = *state.log;
  if (log.offline()) return;  // said when it happened
  const auto note = [&](const Error& error) { trace::warn("node", log.name() + ": " + error.text()); };
  if (const auto rolled = log.roll_if_due(now_ms); !rolled.ok()) note(rolled.error());
  if (const auto gone = log.apply_retention(now_ms, state.shown()); !gone.ok()) note(gone.error());
  log.expire_producers(now_ms);
  const auto options = log.options();
  if (options.cleanup_compact && log.dirty_ratio(now_ms) >= options.min_cleanable_dirty_ratio) {
    if (const auto cleaned = log.compact(now_ms); !cleaned.ok()) note(cleaned.error());
  }
}

void Node::run_housekeeping(std::int64_t now_ms) {
  groups_->tick(now_ms);
  transactions_->tick(now_ms);
  if (now_ms - cleaned_ms_ >= kCleanEveryMs) {
    cleaned_ms_ = now_ms;
    break_large_holds();
    for (const auto& state : all_partitions()) clean(*state, now_ms);
  }
  if (now_ms - checkpointed_ms_ < kCheckpointEveryMs) return;
  checkpointed_ms_ = now_ms;
  for (const auto& state : all_partitions()) {
    if (state->log->offline()) continue;
    if (const auto point = state->log->advance_recovery_point(); !point.ok()) trace::warn("node", state->log->name() + ": " + point.error().text());
  }
  if (const auto written = write_checkpoints(); !written.ok()) trace::warn("node", "checkpoints: " + written.error().text());
}

void Node::write_metrics(Metrics& metrics) const {
  for (const auto& topic : topics()) {
    for (std::int32_t i = 0; i < topic.partitions; ++i) {
      const auto state = find({topic.name, i});
      if (!state.ok()) continue;
      const MetricLabels labels{{"topic", topic.name}, {"partition", std::to_string(i)}};
      metrics.gauge("sluice_partition_size_bytes", "Bytes of a partition's segments", labels).set(static_cast<double>((*state)->log->size_bytes()));
      metrics.gauge("sluice_partition_start_offset", "First offset that is kept", labels).set(static_cast<double>((*state)->log->log_start().value));
      metrics.gauge("sluice_partition_end_offset", "One past the last visible offset", labels).set(static_cast<double>((*state)->shown().value));
    }
  }
}

}  // namespace sluice::node
