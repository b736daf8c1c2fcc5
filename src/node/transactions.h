#pragma once
// The transaction coordinator: producer ids, transactional ids, and the commit of many partitions at once.
//
// A transaction's way (decided.md, "Sync round"): its data are durable before the decision is appended to
// __transaction_state; the decision is durable before the markers are appended, all in one round; when the markers are
// durable they become visible together; when that is durable in __transaction_state, `done` is called and the next
// transaction of the id may begin. A transaction that was decided before a crash is completed at start; one that was not
// is aborted by its time-out, or when its id is initialised again.
//
//     empty -> ongoing -> prepare_commit -> complete_commit -> ongoing ...
//                      -> prepare_abort  -> complete_abort  -> ongoing ...
//
// When a marker cannot be written (a full disk), the transaction stays prepared, and tick() or a repeated end() tries again.
// A transactional id that was not used for seven days is forgotten, as Kafka does.

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "node/node.h"

namespace sluice::node {

struct ProducerIdentity {
  ProducerId id = kNoProducerId;
  ProducerEpoch epoch = kNoProducerEpoch;
  auto operator<=>(const ProducerIdentity&) const = default;
};

enum class TransactionState : std::uint8_t {  // Kafka's numbers
  empty = 0,
  ongoing = 1,
  prepare_commit = 2,
  prepare_abort = 3,
  complete_commit = 4,
  complete_abort = 5,
};

struct TransactionInfo {
  std::string transactional_id;
  ProducerIdentity producer;
  TransactionState state = TransactionState::empty;
  std::int32_t timeout_ms = 0;
  std::int64_t started_ms = -1;
  std::set<TopicPartition> partitions;
};

class Transactions {
 public:
  explicit Transactions(Node& node) : node_(node) {}

  // Replays __transaction_state; completes what was decided. Called once, when the node's data are open.
  [[nodiscard]] Result<void> start();

  // No transactional id: a fresh identity for an idempotent producer. With one: fences earlier producers of the id,
  // aborts what they left, and gives the next epoch. `known` is what the client has (KIP-360), or none; asked again with
  // the same, it gives the same answer. `done` may come later, on a round's thread.
  using InitDone = std::function<void(Result<ProducerIdentity>)>;
  void init(const std::optional<std::string>& transactional_id, std::int32_t timeout_ms, ProducerIdentity known, InitDone done);

  // Adds partitions to the ongoing transaction (begins it if there is none); data of partitions not added are refused.
  [[nodiscard]] Result<void> add_partitions(const std::string& transactional_id, ProducerIdentity producer,
                                            const std::vector<TopicPartition>& partitions);
  // Adds the offsets topic, for `group`.
  [[nodiscard]] Result<void> add_group(const std::string& transactional_id, ProducerIdentity producer,
                                       const std::string& group);
  // Is `where` part of the id's ongoing transaction?
  [[nodiscard]] Result<void> verify(const std::string& transactional_id, ProducerIdentity producer,
                                    const TopicPartition& where);

  // Are offsets of groups part of it?
  [[nodiscard]] Result<void> verify_group(const std::string& transactional_id, ProducerIdentity producer);
  // Is this still the newest producer of the id?
  [[nodiscard]] Result<void> check(const std::string& transactional_id, ProducerIdentity producer);

  // Commits or aborts. `done` comes when the markers are durable and visible. Repeating a finished end is answered ok.
  using EndDone = std::function<void(Result<void>)>;
  void end(const std::string& transactional_id, ProducerIdentity producer, bool commit, EndDone done);

  // The same; gives the end of each partition after its marker.
  using Ends = std::map<TopicPartition, Offset>;
  void end_with_ends(const std::string& transactional_id, ProducerIdentity producer, bool commit,
                     std::function<void(Result<Ends>)> done);
  // Is `where` part of a transaction of this producer that is known here, ongoing or on its way to its end?
  [[nodiscard]] bool knows(ProducerId producer, const TopicPartition& where) const;

  // Whoever has this producer id must initialise it again; its ongoing transaction is aborted.
  [[nodiscard]] Result<void> fence(ProducerId producer);

  [[nodiscard]] std::vector<TransactionInfo> list() const;
  // Aborts transactions that are older than their time-out.
  void tick(std::int64_t now_ms);

 private:
  struct Completion {
    std::string transactional_id;
    ProducerIdentity producer;
    bool commit = false;
    std::set<TopicPartition> partitions;
    bool decided = false;  // durably
    Ends ends;             // of those that have their marker
    std::function<void(Result<Ends>)> done;
  };
  using CompletionPtr = std::shared_ptr<Completion>;
  struct State : TransactionInfo {
    bool busy = false;         // an end is on its way
    CompletionPtr unfinished;  // decided, but some marker could not be written
    // What the producer named when it asked for its present epoch; who asks again did not get the answer (KIP-360).
    ProducerEpoch asked_with = kNoProducerEpoch;
    std::int64_t updated_ms = 0;
  };

  [[nodiscard]] Result<State*> find(const std::string& transactional_id, ProducerIdentity producer);
  [[nodiscard]] Result<void> begin(State& state);
  void complete(State& state, bool commit, std::function<void(Result<Ends>)> done, std::unique_lock<std::mutex>& lock);
  void resume(State& state, std::function<void(Result<Ends>)> done, std::unique_lock<std::mutex>& lock);
  void write_decision(const CompletionPtr& completion);
  void write_markers(const CompletionPtr& completion);
  [[nodiscard]] Result<void> check_online(const CompletionPtr& completion) const;
  void finish(const CompletionPtr& completion, Result<void> outcome);
  void write_completed(const CompletionPtr& completion);
  // Gives what must be durable for the state to be.
  [[nodiscard]] Result<Node::DurableEnd> store(State& state);
  [[nodiscard]] Result<void> forget(const std::string& transactional_id);
  [[nodiscard]] Result<void> replay(ByteView key, std::optional<ByteView> value);
  void abort_late(std::int64_t now_ms);
  void resume_unfinished();
  void forget_unused(std::int64_t now_ms);
  [[nodiscard]] Result<ProducerId> fresh_id_for(const std::string& transactional_id, bool may_block);
  // `may_block`: not on a round's thread.
  void init_transactional(const std::string& transactional_id, std::int32_t timeout_ms, ProducerIdentity known,
                          bool may_block, InitDone done);
  void abort_then_init(State& state, std::int32_t timeout_ms, InitDone done, std::unique_lock<std::mutex>& lock);

  Node& node_;
  mutable std::mutex mutex_;
  std::map<std::string, State> states_;
};

}  // namespace sluice::node
