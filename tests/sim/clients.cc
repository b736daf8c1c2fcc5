// The clients of the simulation: what real ones do, in small.

#include <algorithm>
#include <deque>

#include "node/groups.h"
#include "node/reason.h"
#include "record/batch.h"
#include "world.h"

namespace sluice::sim {
namespace {

using node::Acks;
using node::ProducerIdentity;
using node::Writer;

struct Batch {
  enum class State : std::uint8_t { in_flight, failed, acknowledged };
  Bytes bytes;
  std::vector<Record> records;
  State state = State::in_flight;
};
using BatchPtr = std::shared_ptr<Batch>;

BatchPtr make_batch(World& world, const std::string& client, const TopicPartition& where, const record::BatchOptions& options, bool tombstones) {
  auto batch = std::make_shared<Batch>();
  record::BatchBuilder builder(options);
  for (auto left = 1 + world.below(3); left > 0; --left) {
    batch->records.push_back(world.new_record(client, where, tombstones));
    const auto& record = batch->records.back();
    builder.add(world.clock().wall_ms(), record.key, record.value ? std::optional<ByteView>(*record.value) : std::nullopt);
  }
  batch->bytes = builder.finish();
  return batch;
}

record::Compression any_codec(World& world) { return world.chance(0.8) ? record::Compression::none : static_cast<record::Compression>(world.below(5)); }

bool has_reason(const Error& error, node::Reason reason) { return error.reason == static_cast<std::uint16_t>(reason); }

// --- no sequence, no retry

class Plain final : public Client {
 public:
  using Client::Client;
  void step() override {
    const auto where = world_.any_partition();
    if (!where) return;
    record::BatchOptions options;
    options.compression = any_codec(world_);
    const auto batch = make_batch(world_, name_, *where, options, true);
    const auto acks = static_cast<Acks>(world_.below(3));
    ++world_.counts.appended;
    world_.node().append(*where, batch->bytes, acks, Writer::client, [this, batch, acks, place = *where, life = world_.life_of(*where)](const Result<node::Appended>& appended) {
      if (!appended.ok()) ++world_.counts.refused;
      if (!appended.ok() || acks != Acks::all) return;
      ++world_.counts.acknowledged;
      world_.model.acknowledged(place, life, appended->base_offset, batch->records, false);
    });
  }
  void node_died() override {}
};

// --- sequences: what is not answered is sent again, in order, five in flight at most

struct Lane {
  std::int32_t next_sequence = 0;
  int life = 0;
  std::deque<BatchPtr> open;  // oldest first
};

class Idempotent : public Client {
 public:
  using Client::Client;

  void step() override {
    if (identity_.id == kNoProducerId) return identify();
    if (repeat_one()) return;
    const auto where = world_.any_partition();
    if (where) send_new(*where);
  }
  void node_died() override {
    for (auto& [where, lane] : lanes_) {
      for (auto& batch : lane.open) {
        if (batch->state == Batch::State::in_flight) batch->state = Batch::State::failed;
      }
    }
  }

 protected:
  virtual void identify() {
    world_.node().transactions().init(std::nullopt, 0, {}, [this](const Result<ProducerIdentity>& given) {
      if (given.ok()) take(*given);
    });
  }
  void take(ProducerIdentity identity) {
    identity_ = identity;
    lanes_.clear();
  }
  virtual void lost_identity() { take({}); }

  static void drop_answered(Lane& lane) {
    while (!lane.open.empty() && lane.open.front()->state == Batch::State::acknowledged) lane.open.pop_front();
  }

  void send_new(const TopicPartition& where) {
    auto& lane = lanes_[where];
    const auto life = world_.life_of(where);
    if (lane.life != life) lane = {0, life, {}};  // another topic of this name
    drop_answered(lane);
    if (lane.open.size() >= 5) return;
    record::BatchOptions options;
    options.compression = any_codec(world_);
    options.producer_id = identity_.id;
    options.producer_epoch = identity_.epoch;
    options.base_sequence = lane.next_sequence;
    options.transactional = transactional_;
    const auto batch = make_batch(world_, name_, where, options, !transactional_);
    lane.next_sequence += static_cast<std::int32_t>(batch->records.size());
    lane.open.push_back(batch);
    sent(where, *batch);
    send(where, life, batch);
  }
  virtual void sent(const TopicPartition&, const Batch&) {}
  virtual Result<void> may_send(const TopicPartition&) { return {}; }

  void send(const TopicPartition& where, int life, const BatchPtr& batch) {
    batch->state = Batch::State::in_flight;
    ++world_.counts.appended;
    const auto done = [this, where, life, batch, identity = identity_, age = world_.age()](const Result<node::Appended>& appended) {
      if (age != world_.age()) return;
      answered(where, life, batch, identity, appended);
    };
    if (auto may = may_send(where); !may.ok()) return done(std::move(may).error());
    world_.node().append(where, batch->bytes, Acks::all, Writer::client, done);
  }

  void answered(const TopicPartition& where, int life, const BatchPtr& batch, ProducerIdentity identity, const Result<node::Appended>& appended) {
    world_.tell(name_ + " of epoch " + to_string(identity.epoch) + " sent to " + where.topic + "-" + std::to_string(where.partition) + " " +
                batch->records[0].value.value_or("none").substr(0, 12) + ": " + (appended.ok() ? "at " + to_string(appended->base_offset) : appended.error().text()));
    if (appended.ok()) {
      batch->state = Batch::State::acknowledged;
      ++world_.counts.acknowledged;
      return world_.model.acknowledged(where, life, appended->base_offset, batch->records, transactional_);
    }
    ++world_.counts.refused;
    batch->state = Batch::State::failed;
    if (identity != identity_) return;
    const auto& error = appended.error();
    if (error.code == ErrorCode::fenced || has_reason(error, node::Reason::out_of_order_sequence) || has_reason(error, node::Reason::invalid_txn_state) ||
        has_reason(error, node::Reason::invalid_producer_id_mapping)) {
      lost_identity();
    }
  }

  // Sends what failed again, with all that follows it. Gives whether there was any.
  bool repeat_one() {
    for (auto& [where, lane] : lanes_) {
      drop_answered(lane);
      const auto failed = std::find_if(lane.open.begin(), lane.open.end(), [](const auto& batch) { return batch->state == Batch::State::failed; });
      if (failed == lane.open.end()) continue;
      if (lane.life != world_.life_of(where)) {
        lane = {};
        continue;
      }
      const std::vector<BatchPtr> again(failed, lane.open.end());
      const auto identity = identity_;
      const auto place = where;
      const auto life = lane.life;
      for (const auto& batch : again) {
        if (batch->state == Batch::State::acknowledged) continue;
        ++world_.counts.retried;
        send(place, life, batch);
        if (batch->state == Batch::State::failed || identity != identity_) break;
      }
      return true;
    }
    return false;
  }

  ProducerIdentity identity_;
  std::map<TopicPartition, Lane> lanes_;
  bool transactional_ = false;
};

// --- transactions over the wire's calls

class Transactional final : public Idempotent {
 public:
  Transactional(World& world, std::string name) : Idempotent(world, std::move(name)) { transactional_ = true; }

  void step() override {
    if (waiting_) return;
    if (identity_.id == kNoProducerId) return identify();
    if (!transaction_) return begin();
    if (ending_) return end(*ending_);
    if (broken_) return end(false);
    if (repeat_one()) return;
    const auto what = world_.below(100);
    if (what < 5) return lost_identity();  // it dies without a word
    if (what < 65) return produce();
    if (what < 80) return commit_offsets();
    if (all_answered()) return end(world_.chance(0.7));
  }
  void node_died() override {
    Idempotent::node_died();
    waiting_ = false;
    if (std::exchange(offsets_unanswered_, false)) broken_ = true;  // nobody knows whether they are part of it
    if (world_.chance(0.3)) lost_identity();
  }

 private:
  void identify() override {
    waiting_ = true;
    world_.node().transactions().init(name_, 60'000, {}, [this, age = world_.age()](const Result<ProducerIdentity>& given) {
      if (age != world_.age()) return;
      waiting_ = false;
      world_.tell(name_ + (given.ok() ? " is producer " + to_string(given->id) + " of epoch " + to_string(given->epoch) : " has no identity: " + given.error().text()));
      if (given.ok()) take(*given);
    });
  }
  void lost_identity() override {
    world_.tell(name_ + " gives up its identity");
    take({});
    transaction_.reset();
    ending_.reset();
    added_.clear();
    broken_ = false;
    offsets_unanswered_ = false;
    offsets_.clear();
  }
  void begin() {
    transaction_ = std::make_shared<Transaction>();
    added_.clear();
    offsets_.clear();
    broken_ = offsets_unanswered_ = false;
  }

  void produce() {
    const auto where = world_.any_partition();
    if (!where) return;
    if (!added_.contains(*where)) {
      const auto added = world_.node().transactions().add_partitions(name_, identity_, {*where});
      if (!added.ok()) return refused(added.error());
      added_.insert(*where);
    }
    send_new(*where);
  }
  void refused(const Error& error) {
    if (error.code == ErrorCode::retry) return;
    if (error.code == ErrorCode::fenced || error.code == ErrorCode::rejected) return lost_identity();
    broken_ = true;
  }
  void sent(const TopicPartition& where, const Batch& batch) override {
    for (const auto& record : batch.records) world_.model.belongs_to(transaction_, where, record);
  }
  Result<void> may_send(const TopicPartition& where) override { return world_.node().transactions().verify(name_, identity_, where); }

  void commit_offsets() {
    const auto where = world_.any_partition();
    if (!where || offsets_unanswered_) return;
    const auto added = world_.node().transactions().add_group(name_, identity_, name_);
    if (!added.ok()) return refused(added.error());
    const Offset offset{++next_offset_};
    offsets_unanswered_ = true;
    world_.node().groups().commit({name_, "", std::nullopt, -1}, {{*where, {offset, -1, "", 0}}}, identity_, [this, place = *where, offset, age = world_.age(), transaction = transaction_](const Result<void>& outcome) {
      if (age != world_.age() || transaction != transaction_) return;
      offsets_unanswered_ = false;
      world_.tell(name_ + " commits offset " + to_string(offset) + " of " + place.topic + "-" + std::to_string(place.partition) + ": " + (outcome.ok() ? "done" : outcome.error().text()));
      if (!outcome.ok()) return void(broken_ = true);
      offsets_[place] = offset;
    });
  }

  [[nodiscard]] bool all_answered() {
    return !offsets_unanswered_ && std::all_of(lanes_.begin(), lanes_.end(), [](auto& item) {
             drop_answered(item.second);
             return item.second.open.empty();
           });
  }

  void end(bool commit) {
    ending_ = commit;
    if (commit) {
      transaction_->fate = Transaction::Fate::ending;
      for (const auto& [where, offset] : offsets_) world_.model.offset_asked(name_, where, offset);
    }
    waiting_ = true;
    world_.node().transactions().end(name_, identity_, commit, [this, commit, age = world_.age(), transaction = transaction_, identity = identity_](const Result<void>& outcome) {
      if (age != world_.age()) return;
      waiting_ = false;
      world_.tell(name_ + (commit ? " commits: " : " aborts: ") + (outcome.ok() ? "done" : outcome.error().text()));
      if (transaction != transaction_ || identity != identity_) return;
      ended(commit, outcome);
    });
  }
  void ended(bool commit, const Result<void>& outcome) {
    if (!outcome.ok()) {
      if (outcome.error().code == ErrorCode::fenced || outcome.error().code == ErrorCode::rejected) lost_identity();
      return;  // else it is asked again
    }
    commit ? ++world_.counts.committed : ++world_.counts.aborted;
    transaction_->fate = commit ? Transaction::Fate::committed : Transaction::Fate::aborted;
    if (commit) {
      for (const auto& [where, offset] : offsets_) world_.model.offset_committed(name_, where, offset);
    }
    transaction_.reset();
    ending_.reset();
    // An aborted transaction may have left batches that were never answered: their sequences are unknown.
    if (!commit) lost_identity();
  }

  std::shared_ptr<Transaction> transaction_;
  std::set<TopicPartition> added_;
  std::map<TopicPartition, Offset> offsets_;
  std::int64_t next_offset_ = 0;
  std::optional<bool> ending_;
  bool waiting_ = false;
  bool broken_ = false;
  bool offsets_unanswered_ = false;
};

// --- the platform's own producer

class Embedded final : public Client {
 public:
  using Client::Client;
  void step() override {
    node::EmbeddedLog log(world_.node());
    if (!producer_) {
      auto opened = log.producer(name_);
      if (opened.ok()) producer_ = std::move(*opened);
      return;
    }
    if (!producer_->begin().ok()) return producer_.reset();
    const auto transaction = std::make_shared<Transaction>();
    bool good = true;
    for (auto left = 1 + world_.below(6); left > 0 && good; --left) good = append(transaction);
    if (!good || world_.chance(0.15)) {
      const auto aborted = producer_->abort();
      world_.tell(name_ + " aborts: " + (aborted.ok() ? "done" : aborted.error().text()));
      transaction->fate = aborted.ok() ? Transaction::Fate::aborted : Transaction::Fate::open;
      if (!aborted.ok()) producer_.reset();
      ++world_.counts.aborted;
      return;
    }
    commit(*transaction);
  }
  void node_died() override { producer_.reset(); }

 private:
  bool append(const std::shared_ptr<Transaction>& transaction) {
    const auto where = world_.any_partition();
    if (!where) return true;
    const auto record = world_.new_record(name_, *where, false);
    world_.model.belongs_to(transaction, *where, record);
    pipeline::NewRecord out;
    out.topic = where->topic;
    out.partition = where->partition;
    out.timestamp_ms = world_.clock().wall_ms();
    out.key = record.key;
    out.value = *record.value;
    ++world_.counts.appended;
    world_.tell(name_ + " appends to " + where->topic + "-" + std::to_string(where->partition) + " " + record.value->substr(0, 12));
    // A round may come between.
    if (world_.chance(0.2)) static_cast<void>(world_.node().run_sync_round());
    return producer_->append(out).ok();
  }
  void commit(Transaction& transaction) {
    transaction.fate = Transaction::Fate::ending;
    const pipeline::PositionUpdate position{name_, std::to_string(++position_)};
    const auto committed = producer_->commit({&position, 1});
    world_.tell(name_ + " commits " + std::to_string(transaction.parts.size()) + ": " + (committed.ok() ? "done" : committed.error().text()));
    if (committed.ok()) {
      transaction.fate = Transaction::Fate::committed;
      ++world_.counts.committed;
    } else {
      static_cast<void>(producer_->abort().ok());
      producer_.reset();
    }
  }

  std::unique_ptr<pipeline::Producer> producer_;
  std::int64_t position_ = 0;
};

// --- offsets without a transaction

class GroupMember final : public Client {
 public:
  using Client::Client;
  void step() override {
    const auto where = world_.any_partition();
    if (!where) return;
    const Offset offset{++next_offset_};
    world_.model.offset_asked(name_, *where, offset);
    world_.node().groups().commit({name_, "", std::nullopt, -1}, {{*where, {offset, -1, "", 0}}}, std::nullopt, [this, place = *where, offset](const Result<void>& outcome) {
      if (outcome.ok()) world_.model.offset_committed(name_, place, offset);
    });
  }
  void node_died() override {}

 private:
  std::int64_t next_offset_ = 0;
};

}  // namespace

std::unique_ptr<Client> plain_client(World& world, std::string name) { return std::make_unique<Plain>(world, std::move(name)); }
std::unique_ptr<Client> idempotent_client(World& world, std::string name) { return std::make_unique<Idempotent>(world, std::move(name)); }
std::unique_ptr<Client> transactional_client(World& world, std::string name) { return std::make_unique<Transactional>(world, std::move(name)); }
std::unique_ptr<Client> embedded_client(World& world, std::string name) { return std::make_unique<Embedded>(world, std::move(name)); }
std::unique_ptr<Client> group_client(World& world, std::string name) { return std::make_unique<GroupMember>(world, std::move(name)); }

}  // namespace sluice::sim
