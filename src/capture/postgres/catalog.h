#pragma once
// What the database's catalog says of the tables that are to be captured.

#include <optional>
#include <vector>

#include "base/result.h"
#include "capture/postgres/connection.h"
#include "capture/postgres/table.h"

namespace sluice::capture::postgres {

// The tables that match the options' globs: ordinary and partitioned ones (their leaves left out), by name. A table whose
// replica identity cannot name its rows in updates and deletes has no key here.
[[nodiscard]] Result<std::vector<Table>> read_tables(PostgresConnection& connection, const SourceOptions& options);

// One table, by its object id; none when it is gone.
[[nodiscard]] Result<std::optional<Table>> read_table(PostgresConnection& connection, Oid oid);

// The columns' types of a Relation whose table has changed since: names for type ids.
[[nodiscard]] Result<void> describe_types(PostgresConnection& connection, std::vector<Column>& columns);

struct ServerIdentity {
  std::string system_identifier;
  std::int32_t timeline = 0;
};
// On a replication connection.
[[nodiscard]] Result<ServerIdentity> identify(PostgresConnection& replication);

}  // namespace sluice::capture::postgres
