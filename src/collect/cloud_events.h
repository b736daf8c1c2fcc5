#pragma once
// CloudEvents 1.0 by HTTP: binary, structured and batched content (cloudevents/spec, http-protocol-binding). Their attributes
// become record headers `ce_…`, as CloudEvents' own binding to Kafka has them; the data become the value.

#include <string>

#include "collect/event.h"

namespace sluice::collect {

// Errors as parse_batch()'s; an event without a required attribute (id, source, type, specversion) is wrong alone. With
// `dedupe`, source and id together tell an event from others. Attribute partitionkey is the record's key.
[[nodiscard]] Result<Batch> parse_cloud_events(const io::HttpRequest& request, const std::string& media_type, const std::string& body, const Rule& rule);

}  // namespace sluice::collect
