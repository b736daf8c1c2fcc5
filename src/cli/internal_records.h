#pragma once
// Records of Kafka's own internal topics, for people: __cluster_metadata, __consumer_offsets, __transaction_state.

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace sluice::cli {

struct InternalRecord {
  std::string key;    // JSON: {"OffsetCommitKey":{…}}, or null
  std::string value;
};

// None for other topics, and for a record that is not understood.
[[nodiscard]] std::optional<InternalRecord> internal_record(std::string_view topic, std::optional<ByteView> key,
                                                            std::optional<ByteView> value);

}  // namespace sluice::cli
