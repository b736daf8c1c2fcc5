#pragma once
// A view's state on disk: opened, and caught up from the log.

#include <functional>
#include <memory>
#include <string>

#include "flow/state/state.h"
#include "flow/view/position.h"
#include "pipeline/log.h"

namespace sluice::flow {

struct StateSource {
  std::string folder;             // of this generation
  std::size_t memory_bytes = 0;
  std::string state_topic;
  std::string rows_topic;         // the view's own, which the rows are restored from; empty: the state's topic has them
  bool begun = true;              // false: there is no position, so what the folder has is of no use
};

// Opens the state, and makes it what the topics say; a folder that is damaged, or older than tombstones live, is made anew. `progress` gets the part
// that is done, and may say no: then `cancelled` is the error. Precondition: the producer is open, so that nothing is added.
[[nodiscard]] Result<std::shared_ptr<DiskState>> restore_state(const StateSource& source, pipeline::Log& log, std::shared_ptr<DiskState> open,
                                                               const std::function<bool(double part)>& progress);

// Removes all keys with this prefix, in batches of their own.
[[nodiscard]] Result<void> erase_prefix(DiskState& state, ByteView prefix);

}  // namespace sluice::flow
