#pragma once
// What a migration will make of captured tables, said before it is run: from the schemas that their topics have, and the
// migration's text. No database is asked.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "capture/postgres/table.h"
#include "sql/migration.h"

namespace sluice::capture::postgres {

// The table behind a topic ("shop.public.orders"), as its newest schemas tell it; `key_schema` empty: keyless. Errors:
// rejected, when the schemas are not those of a captured table.
[[nodiscard]] Result<Table> table_of_topic(std::string_view topic, std::string_view value_schema, std::string_view key_schema);

// One table that the migration touches.
struct MigratedTable {
  std::optional<Table> before = {};  // none: the migration makes it
  std::optional<Table> after = {};   // none: it is dropped, or goes on under another name
  std::vector<std::string> notes = {};  // what cannot be known from the text alone
};

struct Migration {
  std::vector<MigratedTable> tables;
  std::vector<std::string> unknown;  // statements that may change tables, and are not understood: "line 3: DO $$ …"
};

// Tables that are not among `tables` are none of the source's, unless the migration makes them. Errors: rejected, with the
// line: a syntax error, an unknown column, a table's name that is two tables' in different schemas.
[[nodiscard]] Result<Migration> migrate(const std::vector<Table>& tables, std::string_view migration);

}  // namespace sluice::capture::postgres
