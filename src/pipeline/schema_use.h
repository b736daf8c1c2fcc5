#pragma once
// Whether a log still holds records of a schema: what must be known before the schema is deleted for good.

#include <optional>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "pipeline/log.h"

namespace sluice::pipeline {

// Reads the topic to the end that it has now, and gives whether any committed record's key or value begins with Confluent's
// frame of `id`, or has a header that names a schema so, or by its GUID, whichever that is. Exact for topics whose records are
// checked when they are written; elsewhere what only looks like a frame counts, and what hides the id otherwise does not.
// Without an id: whether there is any record. False when there is no such topic.
[[nodiscard]] Result<bool> may_hold(Log& log, const std::string& topic, std::optional<SchemaId> id);

}  // namespace sluice::pipeline
