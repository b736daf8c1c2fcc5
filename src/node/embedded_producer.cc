#include "node/embedded_producer.h"

#include <algorithm>
#include <atomic>

#include "node/embedded_batch.h"
#include "node/node_state.h"

namespace sluice::node {
namespace {

constexpr std::size_t kBufferedBytes = std::size_t{16} << 20;  // over all partitions
constexpr std::int32_t kTimeoutMs = 15 * 60 * 1000;

// Calls `start` with a callback, and runs rounds until it was called.
template <typename T>
Result<T> wait_for(Node& node, const std::function<void(std::function<void(Result<T>)>)>& start) {
  struct Outcome {
    std::atomic<bool> there{false};
    std::optional<Result<T>> result;
  };
  auto outcome = std::make_shared<Outcome>();
  start([outcome](Result<T> result) {
    outcome->result.emplace(std::move(result));
    outcome->there.store(true, std::memory_order_release);
  });
  while (!outcome->there.load(std::memory_order_acquire)) static_cast<void>(node.run_sync_round());
  return std::move(*outcome->result);
}

}  // namespace

Result<std::unique_ptr<pipeline::Producer>> EmbeddedProducer::open(Node& node, const std::string& owner) {
  std::unique_ptr<EmbeddedProducer> producer(new EmbeddedProducer(node, "sluice-" + owner));
  SLUICE_RETURN_IF_ERROR(producer->init());
  return std::unique_ptr<pipeline::Producer>(std::move(producer));
}

EmbeddedProducer::~EmbeddedProducer() {
  if (open_) static_cast<void>(end(false).ok());
}

Result<void> EmbeddedProducer::init() {
  auto identity = wait_for<ProducerIdentity>(node_, [&](auto done) {
    node_.transactions().init(transactional_id_, kTimeoutMs, {}, std::move(done));
  });
  if (!identity.ok()) return std::move(identity).error();
  identity_ = *identity;
  return {};
}

Result<void> EmbeddedProducer::begin() {
  if (open_) return Error{ErrorCode::rejected, "a transaction of '" + transactional_id_ + "' is open already"};
  open_ = true;
  return {};
}

Result<EmbeddedProducer::Target*> EmbeddedProducer::target(std::string_view topic, std::int32_t partition) {
  if (last_ != nullptr && last_->where.topic == topic && last_->where.partition == partition) return last_;
  const std::pair key(std::string(topic), partition);
  auto found = targets_.find(key);
  if (found == targets_.end()) {
    SLUICE_TRY(const auto info, node_.topic(key.first));
    Target made;
    made.where = {key.first, partition};
    made.compression = compression_of(info);
    made.max_record_bytes = max_record_bytes(info);
    found = targets_.emplace(key, std::move(made)).first;
  }
  return last_ = &found->second;
}

Result<void> EmbeddedProducer::append(const pipeline::NewRecord& record) {
  SLUICE_CHECK(open_);
  SLUICE_TRY(auto* to, target(record.topic, record.partition));
  const auto bytes = batch_bytes(record);
  SLUICE_RETURN_IF_ERROR(check_size(bytes, to->max_record_bytes, to->where.topic));
  if (!to->in_transaction) {
    SLUICE_RETURN_IF_ERROR(node_.transactions().add_partitions(transactional_id_, identity_, {to->where}));
    to->in_transaction = true;
  }
  const auto limit = std::min(kBatchBytes, to->max_record_bytes);
  if (to->batch && !to->batch->empty() && to->batch->size() + bytes > limit) SLUICE_RETURN_IF_ERROR(flush(*to));
  if (!to->batch) {
    to->batch = std::make_unique<record::BatchBuilder>(record::BatchOptions{
        .compression = to->compression, .producer_id = identity_.id, .producer_epoch = identity_.epoch, .transactional = true});
  }
  const auto before = to->batch->size();
  add_record(*to->batch, record);
  buffered_bytes_ += to->batch->size() - before;
  if (buffered_bytes_ < kBufferedBytes) return {};
  for (auto& [key, other] : targets_) SLUICE_RETURN_IF_ERROR(flush(other));
  return {};
}

Result<void> EmbeddedProducer::flush(Target& to) {
  if (!to.batch || to.batch->empty()) return {};
  to.batch->set_sequence(to.sequence);
  const auto count = to.batch->count();
  buffered_bytes_ -= std::min(buffered_bytes_, to.batch->size());
  Result<void> outcome;
  node_.append(to.where, to.batch->finish(), Acks::leader, Writer::platform, [&](const Result<Appended>& appended) {
    if (!appended.ok()) outcome = appended.error();
  });
  SLUICE_RETURN_IF_ERROR(std::move(outcome));
  to.sequence = static_cast<std::int32_t>((static_cast<std::int64_t>(to.sequence) + count) & 0x7fffffff);
  return {};
}

Result<Transactions::Ends> EmbeddedProducer::end(bool commit) {
  // One that nothing was appended to is not known to the coordinator.
  const bool began = std::any_of(targets_.begin(), targets_.end(), [](const auto& item) { return item.second.in_transaction; });
  Result<Transactions::Ends> ended = Transactions::Ends{};
  if (began) {
    ended = wait_for<Transactions::Ends>(node_, [&](auto done) {
      node_.transactions().end_with_ends(transactional_id_, identity_, commit, std::move(done));
    });
  } else if (auto current = node_.transactions().check(transactional_id_, identity_); !current.ok()) {
    ended = std::move(current).error();
  }
  open_ = false;
  buffered_bytes_ = 0;
  for (auto& [key, to] : targets_) {
    to.in_transaction = false;
    to.batch.reset();
  }
  return ended;
}

Result<std::vector<pipeline::AppendedTo>> EmbeddedProducer::commit(std::span<const pipeline::PositionUpdate> positions) {
  SLUICE_CHECK(open_);
  for (const auto& position : positions) {
    pipeline::NewRecord record;
    record.topic = pipeline::kPositionsTopic;
    record.timestamp_ms = node_.clock().wall_ms();
    record.key = position.key;
    if (position.value) record.value = *position.value;
    SLUICE_RETURN_IF_ERROR(append(record));
  }
  for (auto& [key, to] : targets_) SLUICE_RETURN_IF_ERROR(flush(to));
  SLUICE_TRY(const auto ends, end(true));
  std::vector<pipeline::AppendedTo> appended;
  for (const auto& [where, offset] : ends) appended.push_back({where.topic, where.partition, offset});
  return appended;
}

Result<void> EmbeddedProducer::abort() {
  if (!open_) return {};
  // What was only buffered was never appended: its sequence numbers are still free.
  auto ended = end(false);
  if (!ended.ok()) return std::move(ended).error();
  return {};
}

}  // namespace sluice::node
