#pragma once
// What is said of a folder when its time is over and all its rows are published: `_SUCCESS`, with the watermark and counts.

#include <cstdint>
#include <string>

#include "base/result.h"
#include "pipeline/store.h"

namespace sluice::deliver::archive {

// Counts the folder's published files and rows by their commit records, and writes its `_SUCCESS`, in place of an earlier
// one when late rows came. `temporary` is a name that is never used twice. Errors: those of the store, corrupt.
[[nodiscard]] Result<void> write_success(pipeline::Store& store, const std::string& topic, const std::string& folder,
                                         std::int64_t watermark_ms, const std::string& temporary);

}  // namespace sluice::deliver::archive
