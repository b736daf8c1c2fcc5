#pragma once
// The Log port over a node in the same process.
//
// Blocking calls run the node's sync rounds themselves, so that no other thread is needed, and none is waited for.

#include <memory>
#include <string>

#include "node/node.h"
#include "pipeline/log.h"

namespace sluice::node {

class EmbeddedLog final : public pipeline::Log {
 public:
  explicit EmbeddedLog(Node& node) : node_(node) {}  // `node` outlives the log and all that it gives

  [[nodiscard]] Result<std::vector<pipeline::TopicDescription>> topics() override;
  [[nodiscard]] Result<pipeline::TopicDescription> describe(const std::string& topic) override;
  [[nodiscard]] Result<pipeline::TopicDescription> ensure_topic(const pipeline::TopicSpec& spec) override;
  [[nodiscard]] Result<void> alter_topic(const std::string& topic,
                                         const std::map<std::string, std::optional<std::string>>& config) override;
  [[nodiscard]] Result<pipeline::PartitionRange> range(const std::string& topic, std::int32_t partition) override;
  [[nodiscard]] Result<std::vector<Offset>> stable_ends(std::span<const pipeline::LogPartition> partitions, std::span<const Offset> seen,
                                                        std::int64_t wait_ms) override;
  [[nodiscard]] Result<Offset> offset_at(const std::string& topic, std::int32_t partition, std::int64_t timestamp_ms) override;
  [[nodiscard]] std::vector<Result<Offset>> append(std::span<const pipeline::NewRecord> records) override;
  [[nodiscard]] Result<std::unique_ptr<pipeline::Producer>> producer(const std::string& owner) override;
  [[nodiscard]] Result<std::unique_ptr<pipeline::Reader>> reader(const std::string& topic, std::int32_t partition,
                                                                 Offset from) override;
  [[nodiscard]] Result<void> hold(const std::string& name, const std::string& topic, std::int32_t partition,
                                  std::optional<Offset> offset) override;

 private:
  Node& node_;
};

}  // namespace sluice::node
