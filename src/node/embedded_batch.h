#pragma once
// How the platform's own writers make batches of the port's records; private to embedded_*.cc.

#include <cstddef>
#include <string>

#include "base/result.h"
#include "node/node.h"
#include "pipeline/log.h"
#include "record/batch.h"

namespace sluice::node {

inline constexpr std::size_t kBatchBytes = std::size_t{1} << 20;

// As the topic's compression.type says.
[[nodiscard]] record::Compression compression_of(const TopicInfo& topic);
// The topic's max.message.bytes.
[[nodiscard]] std::size_t max_record_bytes(const TopicInfo& topic);
// At most what the record takes in a batch.
[[nodiscard]] std::size_t batch_bytes(const pipeline::NewRecord& record);
// Errors: rejected, when the record is over the limit.
[[nodiscard]] Result<void> check_size(std::size_t bytes, std::size_t limit, const std::string& topic);
void add_record(record::BatchBuilder& batch, const pipeline::NewRecord& record);

}  // namespace sluice::node
