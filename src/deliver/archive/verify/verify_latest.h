#pragma once
// Proves a place of latest states (docs/formats/archive.md, The latest state): that each pointer leads to files with the
// rows and bytes it says, and that no key is there twice.

#include "base/result.h"
#include "deliver/archive/verify/verify.h"
#include "pipeline/store.h"

namespace sluice::deliver::archive {

// Reports a partition's offset as its end; rows are those of its partition, files and bytes stand at partition 0. Works
// beside a running sink. Memory: 32 to 64 bytes a key.
[[nodiscard]] Result<ArchiveReport> verify_latest(pipeline::Store& store, const VerifyOptions& options);

}  // namespace sluice::deliver::archive
