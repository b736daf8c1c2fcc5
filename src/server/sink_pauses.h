#pragma once
// Which sinks a person has paused: a record for each in __sluice_positions, so that a pause outlives the process.
//
// The key is {"owner":"sink:NAME"}, the value {"version":1,"paused":true}; a sink that is resumed or deleted has no record.

#include <string>

#include "base/result.h"
#include "pipeline/log.h"

namespace sluice::server {

// Errors: those of the log.
[[nodiscard]] Result<bool> is_paused(pipeline::Log& log, const std::string& sink);
// Durable on return. Errors: those of the log.
[[nodiscard]] Result<void> remember_pause(pipeline::Log& log, const std::string& sink, bool paused);

}  // namespace sluice::server
