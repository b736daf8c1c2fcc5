#pragma once
// The counts of the captured tables under one snapshot, for `sluice verify`.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "capture/postgres/source.h"
#include "capture/postgres/visibility.h"

namespace sluice::capture::postgres {

struct AuditedTable {
  std::string topic;
  std::string schema, table;
  bool keyless = false;
  std::optional<std::uint64_t> rows;  // none: the source's user may not read it
};

struct Audit {
  Snapshot snapshot;
  Lsn end_of_wal;  // after the snapshot was taken
  std::vector<AuditedTable> tables;
};

// `log` tells which tables are captured without a key, whatever they have now.
[[nodiscard]] Result<Audit> audit(const SourceOptions& options, pipeline::Log& log);

}  // namespace sluice::capture::postgres
