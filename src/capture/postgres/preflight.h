#pragma once
// What must be so before a database can be captured, checked without changing anything; and the way to leave it.

#include <string>
#include <vector>

#include "base/result.h"
#include "capture/postgres/source.h"

namespace sluice::capture::postgres {

struct Finding {
  bool blocking = false;   // capture cannot start
  std::string what;        // "wal_level is replica"
  std::string fix;         // "ALTER SYSTEM SET wal_level = logical;  -- then restart PostgreSQL"; may be empty
};

struct Preflight {
  std::string server;                 // "PostgreSQL 15.18"
  std::vector<std::string> tables;    // that would be captured: "public.orders"
  std::vector<std::string> keyless;   // of those: inserts only
  std::vector<Finding> findings;
  std::string slot_cost;              // what the slot keeps, in words

  [[nodiscard]] bool ok() const;
  // For people: what was found, one line each, with the SQL that mends it.
  [[nodiscard]] std::string text() const;
};

// Errors: back_off, when the server cannot be reached; rejected, when it refuses us (password, database).
[[nodiscard]] Result<Preflight> preflight(const SourceOptions& options);

// The statements that a DBA runs to let `user` capture, as SQL.
[[nodiscard]] Result<std::string> grants(const SourceOptions& options);

// Removes slot and publications of a source; needs no running server. Gives what was removed, one line each.
// Errors: rejected, when the slot is in use (the message names the process).
[[nodiscard]] Result<std::vector<std::string>> drop_source(const SourceOptions& options);

// WAL that the slot keeps now, in bytes; none when there is no slot.
[[nodiscard]] Result<std::optional<std::uint64_t>> slot_retained_bytes(const SourceOptions& options);

}  // namespace sluice::capture::postgres
