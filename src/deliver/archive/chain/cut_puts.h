#pragma once
// What a process leaves that dies within Store::put() or replace(): a small temporary that nobody asks for again.

#include <string>
#include <string_view>

#include "base/result.h"
#include "pipeline/store.h"

namespace sluice::deliver::archive {

// Removes the objects directly under `folder` whose names begin with `prefix`. One that another process is just putting goes
// as well: its put fails, and is made again.
[[nodiscard]] Result<void> remove_cut_puts(pipeline::Store& store, const std::string& folder, std::string_view prefix);

}  // namespace sluice::deliver::archive
