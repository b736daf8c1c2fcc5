// The coordinator's way is told in the header. Its callbacks run inside sync rounds and therefore never wait for one.

#include "node/transactions.h"

#include <algorithm>

#include "base/trace.h"
#include "kafka/coordinator_records.h"
#include "kafka/records.h"
#include "node/groups.h"
#include "node/node_state.h"

namespace sluice::node {
namespace {

constexpr std::int32_t kMaxTimeoutMs = 15 * 60 * 1000;
constexpr std::int16_t kLastEpoch = INT16_MAX - 1;
constexpr std::int64_t kForgetAfterMs = std::int64_t{7} * 24 * 3600 * 1000;  // Kafka's transactional.id.expiration.ms
const TopicPartition kStateLog{kTransactionsTopic, 0};
const TopicPartition kOffsetsLog{kOffsetsTopic, 0};

Error fenced(const std::string& id) {
  return refused(ErrorCode::fenced, Reason::producer_fenced, "a newer producer has the transactional id '" + id + "'");
}

Error concurrent(const std::string& id) {
  return refused(ErrorCode::retry, Reason::concurrent_transactions, "the last transaction of '" + id + "' is still being ended");
}

Error impossible_timeout(std::int32_t timeout_ms) {
  return refused(ErrorCode::rejected, Reason::invalid_txn_timeout,
                 "transaction.timeout.ms=" + std::to_string(timeout_ms) + ": 1 to " + std::to_string(kMaxTimeoutMs) + " are possible");
}

kafka::TransactionLogValue log_value(const TransactionInfo& info, std::int64_t now_ms) {
  kafka::TransactionLogValue value;
  value.producer_id = info.producer.id.value;
  value.producer_epoch = info.producer.epoch.value;
  value.transaction_timeout_ms = info.timeout_ms;
  value.transaction_status = static_cast<std::int8_t>(info.state);
  value.transaction_last_update_timestamp_ms = now_ms;
  value.transaction_start_timestamp_ms = info.started_ms;
  const bool open = info.state == TransactionState::ongoing || info.state == TransactionState::prepare_commit ||
                    info.state == TransactionState::prepare_abort;
  if (!open) return value;
  std::map<std::string, std::vector<std::int32_t>> by_topic;
  for (const auto& where : info.partitions) by_topic[where.topic].push_back(where.partition);
  value.transaction_partitions.emplace();
  for (auto& [topic, partitions] : by_topic) value.transaction_partitions->push_back({topic, std::move(partitions)});
  return value;
}

}  // namespace

Result<void> Transactions::replay(ByteView key, std::optional<ByteView> value) {
  SLUICE_TRY(auto frame, kafka::parse_coordinator_frame(key));
  if (frame.number != kafka::TransactionLogKey::kType) return {};
  SLUICE_TRY(const auto id, kafka::decode<kafka::TransactionLogKey>(frame.body, 0));
  if (!value) {
    states_.erase(id.transactional_id);
    return {};
  }
  SLUICE_TRY(const auto read, kafka::parse_coordinator_value<kafka::TransactionLogValue>(*value));
  State state;
  state.transactional_id = id.transactional_id;
  state.producer = {ProducerId{read.producer_id}, ProducerEpoch{read.producer_epoch}};
  state.state = static_cast<TransactionState>(read.transaction_status);
  state.timeout_ms = read.transaction_timeout_ms;
  state.started_ms = read.transaction_start_timestamp_ms;
  state.updated_ms = read.transaction_last_update_timestamp_ms;
  if (read.transaction_partitions) {
    for (const auto& topic : *read.transaction_partitions) {
      for (const auto partition : topic.partition_ids) state.partitions.insert({topic.topic, partition});
    }
  }
  states_[id.transactional_id] = std::move(state);
  return {};
}

Result<void> Transactions::start() {
  SLUICE_TRY(const auto log, node_.partition(kStateLog));
  SLUICE_RETURN_IF_ERROR(log->for_each_batch(Offset{0}, log->log_end(), [&](const record::BatchView& batch) -> Result<bool> {
    Result<void> applied;
    SLUICE_RETURN_IF_ERROR(batch.for_each([&](const record::Record& record) {
      if (record.key) applied = replay(*record.key, record.value);
      return applied.ok();
    }));
    if (!applied.ok()) return std::move(applied).error().in("__transaction_state");
    return true;
  }));
  // What was decided is completed before anything is served.
  std::vector<CompletionPtr> decided;
  for (auto& [id, state] : states_) {
    if (state.state != TransactionState::prepare_commit && state.state != TransactionState::prepare_abort) continue;
    auto completion = std::make_shared<Completion>();
    completion->transactional_id = id;
    completion->producer = state.producer;
    completion->commit = state.state == TransactionState::prepare_commit;
    completion->partitions = state.partitions;
    completion->decided = true;
    completion->done = [](const Result<Ends>&) {};
    state.busy = true;
    decided.push_back(std::move(completion));
  }
  for (const auto& completion : decided) write_markers(completion);
  return node_.wait_durable();
}

bool Transactions::knows(ProducerId producer, const TopicPartition& where) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(states_.begin(), states_.end(), [&](const auto& item) {
    return item.second.producer.id == producer && item.second.partitions.contains(where);
  });
}

Result<Node::DurableEnd> Transactions::store(State& state) {
  SLUICE_TRY(const auto key, kafka::coordinator_key(kafka::TransactionLogKey{state.transactional_id}));
  const auto now = node_.clock().wall_ms();
  SLUICE_TRY(const auto value, kafka::coordinator_value(log_value(state, now), 0));
  record::BatchBuilder builder({});
  builder.add(now, key, value);
  SLUICE_TRY(auto log, node_.partition(kStateLog));
  SLUICE_TRY(const auto appended, node_.append_internal(kStateLog, builder.finish()));
  state.updated_ms = now;
  return Node::DurableEnd{std::move(log), appended.last_offset + 1};
}

Result<void> Transactions::forget(const std::string& transactional_id) {
  SLUICE_TRY(const auto key, kafka::coordinator_key(kafka::TransactionLogKey{transactional_id}));
  record::BatchBuilder builder({});
  builder.add(node_.clock().wall_ms(), key, std::nullopt);
  SLUICE_RETURN_IF_ERROR(node_.append_internal(kStateLog, builder.finish()));
  return {};
}

Result<Transactions::State*> Transactions::find(const std::string& transactional_id, ProducerIdentity producer) {
  const auto found = states_.find(transactional_id);
  if (found == states_.end() || found->second.producer.id != producer.id) {
    return refused(ErrorCode::rejected, Reason::invalid_producer_id_mapping,
                   "producer " + to_string(producer.id) + " is not the one of transactional id '" + transactional_id + "'");
  }
  if (found->second.producer.epoch != producer.epoch) return fenced(transactional_id);
  return &found->second;
}

// --- identities

void Transactions::init(const std::optional<std::string>& transactional_id, std::int32_t timeout_ms, ProducerIdentity known,
                        InitDone done) {
  if (transactional_id) return init_transactional(*transactional_id, timeout_ms, known, true, std::move(done));
  if (known.id != kNoProducerId && known.epoch.value < kLastEpoch) {
    return done(ProducerIdentity{known.id, ProducerEpoch{static_cast<std::int16_t>(known.epoch.value + 1)}});
  }
  const auto id = node_.next_producer_id();
  if (!id.ok()) return done(id.error());
  done(ProducerIdentity{*id, ProducerEpoch{0}});
}

// A producer id, if the transactional id needs a new one: it has none, or its epochs are used up.
Result<ProducerId> Transactions::fresh_id_for(const std::string& transactional_id, bool may_block) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = states_.find(transactional_id);
    if (found != states_.end() && found->second.producer.epoch.value < kLastEpoch) return kNoProducerId;
  }
  if (!may_block) return concurrent(transactional_id);
  return node_.next_producer_id();
}

void Transactions::init_transactional(const std::string& transactional_id, std::int32_t timeout_ms, ProducerIdentity known,
                                      bool may_block, InitDone done) {
  if (timeout_ms <= 0 || timeout_ms > kMaxTimeoutMs) return done(impossible_timeout(timeout_ms));
  const auto fresh = fresh_id_for(transactional_id, may_block);
  if (!fresh.ok()) return done(fresh.error());

  std::unique_lock lock(mutex_);
  auto& state = states_[transactional_id];
  state.transactional_id = transactional_id;
  const bool prepared = state.state == TransactionState::prepare_commit || state.state == TransactionState::prepare_abort;
  if (state.busy || prepared) return lock.unlock(), done(concurrent(transactional_id));
  const bool named = known.id != kNoProducerId && state.producer.id != kNoProducerId;
  if (named && known != state.producer) {
    const bool repeated = known.id == state.producer.id && known.epoch == state.asked_with && state.state == TransactionState::empty;
    const auto identity = state.producer;
    return lock.unlock(), repeated ? done(identity) : done(fenced(transactional_id));
  }
  if (state.state == TransactionState::ongoing) return abort_then_init(state, timeout_ms, std::move(done), lock);
  if (*fresh != kNoProducerId) {
    state.producer = {*fresh, ProducerEpoch{0}};
  } else {
    state.producer.epoch = ProducerEpoch{static_cast<std::int16_t>(state.producer.epoch.value + 1)};
  }
  state.asked_with = named && state.producer.id == known.id ? known.epoch : kNoProducerEpoch;
  state.state = TransactionState::empty;
  state.timeout_ms = timeout_ms;
  state.partitions.clear();
  const auto identity = state.producer;
  auto stored = store(state);
  lock.unlock();
  if (!stored.ok()) return done(std::move(stored).error());
  node_.after_round({*stored}, [identity, done = std::move(done)](const Result<void>& outcome) {
    outcome.ok() ? done(identity) : done(outcome.error());
  });
}

// The newer producer's epoch fences the older one; what that left open is aborted in the newer one's name.
void Transactions::abort_then_init(State& state, std::int32_t timeout_ms, InitDone done, std::unique_lock<std::mutex>& lock) {
  state.producer.epoch = ProducerEpoch{static_cast<std::int16_t>(state.producer.epoch.value + 1)};
  const auto id = state.transactional_id;
  complete(state, false,
           [this, id, timeout_ms, done = std::move(done)](const Result<Ends>& outcome) {
             if (!outcome.ok()) return done(outcome.error());
             init_transactional(id, timeout_ms, {}, false, done);
           },
           lock);
}

Result<void> Transactions::fence(ProducerId producer) {
  std::unique_lock lock(mutex_);
  const auto found = std::find_if(states_.begin(), states_.end(), [&](const auto& item) { return item.second.producer.id == producer; });
  if (found == states_.end()) return {};
  auto& state = found->second;
  state.producer.epoch = ProducerEpoch{static_cast<std::int16_t>(state.producer.epoch.value + 1)};
  if (state.busy || state.unfinished) return {};  // decided before; it is on its way
  if (state.state == TransactionState::ongoing) return complete(state, false, [](const Result<Ends>&) {}, lock), Result<void>{};
  auto stored = store(state);
  return stored.ok() ? Result<void>{} : std::move(stored).error();
}

// --- what belongs to a transaction

Result<void> Transactions::begin(State& state) {
  const bool prepared = state.state == TransactionState::prepare_commit || state.state == TransactionState::prepare_abort;
  if (state.busy || prepared) return concurrent(state.transactional_id);
  if (state.state == TransactionState::ongoing) return {};
  state.state = TransactionState::ongoing;
  state.started_ms = node_.clock().wall_ms();
  state.partitions.clear();
  return {};
}

Result<void> Transactions::add_partitions(const std::string& transactional_id, ProducerIdentity producer,
                                          const std::vector<TopicPartition>& partitions) {
  for (const auto& where : partitions) SLUICE_RETURN_IF_ERROR(node_.partition(where));
  const std::lock_guard lock(mutex_);
  SLUICE_TRY(auto* state, find(transactional_id, producer));
  SLUICE_RETURN_IF_ERROR(begin(*state));
  const auto before = state->partitions;
  state->partitions.insert(partitions.begin(), partitions.end());
  if (state->partitions == before) return {};
  auto stored = store(*state);
  if (!stored.ok()) state->partitions = before;
  return stored.ok() ? Result<void>{} : std::move(stored).error();
}

Result<void> Transactions::add_group(const std::string& transactional_id, ProducerIdentity producer, const std::string&) {
  return add_partitions(transactional_id, producer, {kOffsetsLog});
}

Result<void> Transactions::verify(const std::string& transactional_id, ProducerIdentity producer, const TopicPartition& where) {
  const std::lock_guard lock(mutex_);
  SLUICE_TRY(const auto* state, find(transactional_id, producer));
  if (state->busy) return concurrent(transactional_id);
  if (state->state != TransactionState::ongoing || !state->partitions.contains(where)) {
    return refused(ErrorCode::rejected, Reason::invalid_txn_state,
                   where.topic + "-" + std::to_string(where.partition) + " is no part of the transaction of '" + transactional_id + "'");
  }
  return {};
}

Result<void> Transactions::verify_group(const std::string& transactional_id, ProducerIdentity producer) {
  return verify(transactional_id, producer, kOffsetsLog);
}

Result<void> Transactions::check(const std::string& transactional_id, ProducerIdentity producer) {
  const std::lock_guard lock(mutex_);
  SLUICE_TRY(const auto* state, find(transactional_id, producer));
  static_cast<void>(state);
  return {};
}

// --- the end

void Transactions::end(const std::string& transactional_id, ProducerIdentity producer, bool commit, EndDone done) {
  end_with_ends(transactional_id, producer, commit, [done = std::move(done)](const Result<Ends>& ends) {
    done(ends.ok() ? Result<void>{} : Result<void>{ends.error()});
  });
}

void Transactions::end_with_ends(const std::string& transactional_id, ProducerIdentity producer, bool commit,
                                 std::function<void(Result<Ends>)> done) {
  std::unique_lock lock(mutex_);
  auto found = find(transactional_id, producer);
  if (!found.ok()) return lock.unlock(), done(std::move(found).error());
  auto& state = **found;
  if (state.busy) return lock.unlock(), done(concurrent(transactional_id));
  if (state.state == TransactionState::ongoing) return complete(state, commit, std::move(done), lock);
  const bool prepared = state.state == (commit ? TransactionState::prepare_commit : TransactionState::prepare_abort);
  if (prepared && state.unfinished) return resume(state, std::move(done), lock);
  const bool repeated = state.state == (commit ? TransactionState::complete_commit : TransactionState::complete_abort);
  const bool nothing = state.state == TransactionState::empty;
  lock.unlock();
  if (prepared) return done(concurrent(transactional_id));  // the decision is not known to be durable: a restart tells
  if (repeated) return done(Ends{});
  done(refused(ErrorCode::rejected, Reason::invalid_txn_state,
               "transaction of '" + transactional_id + (nothing ? "': none has begun" : "': ended the other way before")));
}

// With the lock, which it gives back: decides an ongoing transaction.
void Transactions::complete(State& state, bool commit, std::function<void(Result<Ends>)> done, std::unique_lock<std::mutex>& lock) {
  auto completion = std::make_shared<Completion>();
  completion->transactional_id = state.transactional_id;
  completion->producer = state.producer;
  completion->commit = commit;
  completion->partitions = state.partitions;
  completion->done = std::move(done);
  state.busy = true;
  lock.unlock();
  if (!commit) return write_decision(completion);
  // What an earlier round lost counts as much as what the next one may lose.
  std::vector<Node::DurableEnd> data;
  for (const auto& where : completion->partitions) {
    const auto log = node_.partition(where);
    if (log.ok() && (*log)->durable_end() < (*log)->log_end()) data.push_back({*log, (*log)->log_end()});
  }
  if (data.empty()) return write_decision(completion);
  node_.after_round(std::move(data), [this, completion](Result<void> outcome) {
    outcome.ok() ? write_decision(completion) : finish(completion, std::move(outcome));
  });
}

void Transactions::write_decision(const CompletionPtr& completion) {
  Result<Node::DurableEnd> stored = Node::DurableEnd{};
  {
    const std::lock_guard lock(mutex_);
    auto& state = states_[completion->transactional_id];
    state.state = completion->commit ? TransactionState::prepare_commit : TransactionState::prepare_abort;
    stored = store(state);
    // Nothing was decided: the log refused the record, or takes no more of them.
    if (!stored.ok()) state.state = TransactionState::ongoing;
  }
  if (!stored.ok()) return finish(completion, std::move(stored).error());
  node_.after_round({*stored}, [this, completion](Result<void> outcome) {
    completion->decided = outcome.ok();
    outcome.ok() ? write_markers(completion) : finish(completion, std::move(outcome));
  });
}

// With the lock, which it gives back: writes the markers that are missing, all in one round.
void Transactions::resume(State& state, std::function<void(Result<Ends>)> done, std::unique_lock<std::mutex>& lock) {
  const auto completion = std::exchange(state.unfinished, nullptr);
  completion->done = std::move(done);
  state.busy = true;
  lock.unlock();
  node_.after_round({}, [this, completion](const Result<void>&) { write_markers(completion); });
}

// A transaction shows everywhere or nowhere: no marker is written while one of them cannot be.
Result<void> Transactions::check_online(const CompletionPtr& completion) const {
  for (const auto& where : completion->partitions) {
    const auto log = node_.partition(where);
    if (!log.ok()) continue;
    if (auto offline = (*log)->offline()) return translate(*std::move(offline));
  }
  return {};
}

// On a round's thread: so no round comes between the markers.
void Transactions::write_markers(const CompletionPtr& completion) {
  if (auto online = check_online(completion); !online.ok()) return finish(completion, std::move(online));
  const auto type = completion->commit ? record::ControlType::commit : record::ControlType::abort;
  std::vector<Node::DurableEnd> markers;
  for (const auto& where : completion->partitions) {
    if (completion->ends.contains(where)) continue;
    const auto log = node_.partition(where);
    auto marked = node_.append_marker(where, completion->producer.id, completion->producer.epoch, type);
    if (marked.ok() && log.ok()) {
      completion->ends[where] = marked->last_offset + 1;
      markers.push_back({*log, marked->last_offset + 1});
    } else if (!marked.ok() && marked.error().code != ErrorCode::not_found) {  // a topic that was deleted needs no marker
      return finish(completion, std::move(marked).error());
    }
  }
  node_.after_round(std::move(markers), [this, completion](Result<void> outcome) { finish(completion, std::move(outcome)); });
}

void Transactions::finish(const CompletionPtr& completion, Result<void> outcome) {
  if (outcome.ok()) return write_completed(completion);
  {
    const std::lock_guard lock(mutex_);
    auto& state = states_[completion->transactional_id];
    state.busy = false;
    if (completion->decided) state.unfinished = completion;
  }
  std::exchange(completion->done, nullptr)(std::move(outcome).error());
}

// The transaction shows. Before that is durable in the coordinator's log no next one may begin: after a crash the markers would
// be written once more, and would end what had come of the next one, with the outcome of this one.
void Transactions::write_completed(const CompletionPtr& completion) {
  Result<Node::DurableEnd> stored = Node::DurableEnd{};
  {
    const std::lock_guard lock(mutex_);
    auto& state = states_[completion->transactional_id];
    const auto prepared = std::exchange(state.state, completion->commit ? TransactionState::complete_commit : TransactionState::complete_abort);
    auto partitions = std::exchange(state.partitions, {});
    stored = store(state);
    if (!stored.ok()) {
      trace::warn("node", "__transaction_state: " + stored.error().text());
      state.state = prepared;
      state.partitions = std::move(partitions);
      state.unfinished = completion;
      state.busy = false;
    }
  }
  if (completion->partitions.contains(kOffsetsLog)) node_.groups().transaction_ended(completion->producer, {}, completion->commit);
  auto answer = [completion, done = std::exchange(completion->done, nullptr)] { done(Ends(completion->ends)); };
  if (!stored.ok()) return answer();
  node_.after_round({*stored}, [this, completion, answer = std::move(answer)](const Result<void>&) {
    {
      const std::lock_guard lock(mutex_);
      states_[completion->transactional_id].busy = false;
    }
    answer();
  });
}

std::vector<TransactionInfo> Transactions::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<TransactionInfo> all;
  for (const auto& [id, state] : states_) all.push_back(state);
  return all;
}

void Transactions::tick(std::int64_t now_ms) {
  abort_late(now_ms);
  resume_unfinished();
  forget_unused(now_ms);
}

void Transactions::abort_late(std::int64_t now_ms) {
  std::vector<std::string> late;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, state] : states_) {
      if (state.state == TransactionState::ongoing && !state.busy && now_ms - state.started_ms > state.timeout_ms) late.push_back(id);
    }
  }
  for (const auto& id : late) {
    std::unique_lock lock(mutex_);
    auto& state = states_[id];
    if (state.state != TransactionState::ongoing || state.busy) continue;
    trace::warn("node", "transaction of '" + id + "': older than its time-out of " + std::to_string(state.timeout_ms) + " ms, aborted");
    state.producer.epoch = ProducerEpoch{static_cast<std::int16_t>(state.producer.epoch.value + 1)};
    complete(state, false, [](const Result<Ends>&) {}, lock);
  }
}

void Transactions::resume_unfinished() {
  std::vector<std::string> unfinished;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, state] : states_) {
      if (state.unfinished && check_online(state.unfinished).ok()) unfinished.push_back(id);
    }
  }
  for (const auto& id : unfinished) {
    std::unique_lock lock(mutex_);
    auto& state = states_[id];
    if (state.unfinished) resume(state, [](const Result<Ends>&) {}, lock);
  }
}

void Transactions::forget_unused(std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  for (auto it = states_.begin(); it != states_.end();) {
    const auto& state = it->second;
    const bool idle = !state.busy && !state.unfinished && state.partitions.empty() && state.state != TransactionState::ongoing;
    if (!idle || now_ms - state.updated_ms <= kForgetAfterMs || !forget(it->first).ok()) {
      ++it;
    } else {
      it = states_.erase(it);
    }
  }
}

}  // namespace sluice::node
