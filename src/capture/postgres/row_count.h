#pragma once
// How many records a topic has had of its table, exact over a kill: what __sluice_tables says holds up to an offset, and what
// lies from there on is counted again at the next start.

#include <cstdint>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "pipeline/log.h"

namespace sluice::capture::postgres {

struct RowCount {
  struct Rows {
    std::uint64_t all = 0;
    std::uint64_t of_snapshot = 0;
  };
  Rows appended;         // with those of the open log transaction
  Rows committed;        // without
  Offset until;          // `committed` are those of the records below
  std::uint64_t stored = 0;  // of `committed.all`, what __sluice_tables has

  void commit(Offset end) {
    committed = appended;
    until = end;
  }
  void abort() { appended = committed; }
};

// Adds what the topic has from count.until on.
[[nodiscard]] Result<void> recount(pipeline::Log& log, const std::string& topic, RowCount& count);

}  // namespace sluice::capture::postgres
