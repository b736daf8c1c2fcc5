#pragma once
// What a produce request's batch must be before it may enter a log (reference: Kafka's LogValidator).

#include <span>

#include "base/result.h"
#include "record/batch.h"
#include "storage/partition_options.h"

namespace sluice::storage {

// `bytes` must be exactly one batch. Checks, cheapest first: format, size, attributes, counts, producer fields, CRC,
// timestamps, and with a compacted log that every record has a key (which takes inflating it). `platform`: no limit of
// size. Errors: corrupt, rejected, unsupported, each with a Reason.
[[nodiscard]] Result<record::BatchView> validate_batch(ByteView bytes, const PartitionOptions& options, bool platform,
                                                       std::int64_t now_ms);

}  // namespace sluice::storage
