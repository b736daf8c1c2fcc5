#pragma once
// An archive to another place: by its commit records, each with its files before it, as a sink would have written them.
//
// What is at the target is a whole archive at any time, one that ends earlier; a copy that was cut short goes on where it
// was, and copying again brings what has been archived since.

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "pipeline/store.h"

namespace sluice::deliver::archive {

// What one call has copied; `topic` and `partition` are those at hand.
struct Copied {
  std::string topic;
  std::int32_t partition = 0;
  std::uint64_t records = 0;
  std::uint64_t files = 0;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
};

// `tell` is called after each file. Works beside a sink that writes to `from`, and not to `to`. Errors: not_found (no
// archive; a committed file is gone), unsupported (a later version), rejected (the target holds another archive, or its
// sink has gone on), corrupt (a file is not what was committed), fenced (somebody writes to the target), those of the
// stores.
[[nodiscard]] Result<Copied> copy_archive(pipeline::Store& from, pipeline::Store& to,
                                          const std::function<void(const Copied&)>& tell);

// Removes an archive, its files before its commit records, and leaves what is not its own. Gives how many files there
// were. Nobody may write to it. Safe to repeat after any failure. Errors: not_found (no archive), those of the store.
[[nodiscard]] Result<std::uint64_t> remove_archive(pipeline::Store& store);

}  // namespace sluice::deliver::archive
