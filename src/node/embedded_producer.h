#pragma once
// The transactional producer of EmbeddedLog: builds batches, one a partition at a time, and hands them to the node.

#include <map>
#include <memory>
#include <string>

#include "node/node.h"
#include "node/transactions.h"
#include "pipeline/log.h"
#include "record/batch.h"

namespace sluice::node {

class EmbeddedProducer final : public pipeline::Producer {
 public:
  // Fences earlier producers of `owner` and settles what they left.
  [[nodiscard]] static Result<std::unique_ptr<pipeline::Producer>> open(Node& node, const std::string& owner);
  ~EmbeddedProducer() override;

  [[nodiscard]] Result<void> begin() override;
  [[nodiscard]] Result<void> append(const pipeline::NewRecord& record) override;
  [[nodiscard]] Result<std::vector<pipeline::AppendedTo>> commit(std::span<const pipeline::PositionUpdate> positions) override;
  [[nodiscard]] Result<void> abort() override;

 private:
  // A partition written to; its sequence goes on over transactions.
  struct Target {
    TopicPartition where;
    record::Compression compression = record::Compression::none;
    std::size_t max_record_bytes = 0;
    std::int32_t sequence = 0;
    bool in_transaction = false;
    std::unique_ptr<record::BatchBuilder> batch;
  };

  EmbeddedProducer(Node& node, std::string transactional_id) : node_(node), transactional_id_(std::move(transactional_id)) {}
  [[nodiscard]] Result<void> init();
  [[nodiscard]] Result<Target*> target(std::string_view topic, std::int32_t partition);
  [[nodiscard]] Result<void> flush(Target& target);
  [[nodiscard]] Result<Transactions::Ends> end(bool commit);

  Node& node_;
  std::string transactional_id_;
  ProducerIdentity identity_;
  std::map<std::pair<std::string, std::int32_t>, Target, std::less<>> targets_;
  Target* last_ = nullptr;  // where the last record went; most go to the same
  std::size_t buffered_bytes_ = 0;
  bool open_ = false;
};

}  // namespace sluice::node
