#pragma once
// The bodies of Kafka's REST proxy, version 2: application/vnd.kafka.{json,avro,binary}.v2+json.

#include <string>

#include "collect/event.h"

namespace sluice::collect {

// Errors as parse_batch()'s.
[[nodiscard]] Result<Batch> parse_kafka_rest(const std::string& media_type, const std::string& body, const Rule& rule);

}  // namespace sluice::collect
