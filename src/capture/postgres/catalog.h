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

// Fills in what follows from the columns' type_oid and typmod. Types that are gone are text.
[[nodiscard]] Result<void> describe_types(PostgresConnection& connection, std::vector<Column>& columns);

// The table's name in a statement; as what is read or published: without the tables that inherit from it (they are tables of
// their own), but with the partitions.
[[nodiscard]] std::string sql_name(const PostgresConnection& connection, const Table& table);
[[nodiscard]] std::string sql_source(const PostgresConnection& connection, const Table& table);

struct ServerIdentity {
  std::string system_identifier;
  std::int32_t timeline = 0;
};
// On a replication connection.
[[nodiscard]] Result<ServerIdentity> identify(PostgresConnection& replication);

}  // namespace sluice::capture::postgres
