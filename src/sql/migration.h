#pragma once
// What a migration's statements change of tables, as PostgreSQL's own grammar reads them (libpg_query).
//
// Only the form is known here: whether a table or a type exists is for the caller. Statements that change no table's shape
// (CREATE INDEX, INSERT, GRANT, BEGIN, …) are left out; those that may, but are not understood, are there as `unknown`.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::sql {

struct TypeName {
  std::string schema = {};  // empty: by the search path; "pg_catalog" for those that the grammar knows
  std::string name = {};    // as pg_type has it: "int8", "varchar", "mood"
  std::vector<std::int64_t> modifiers = {};  // numeric(10,2): {10, 2}
  bool array = false;
};

struct TableName {
  std::string schema = {};  // empty: by the search path
  std::string name = {};
};

struct ColumnDefinition {
  std::string name = {};
  TypeName type = {};
  bool not_null = false;
  bool primary_key = false;
  bool generated = false;  // GENERATED ALWAYS AS (…) STORED
};

struct TableChange {
  enum class Kind : std::uint8_t {
    create_table,      // `columns`, `key`
    drop_table,
    rename_table,      // `name`: the new one
    move_table,        // `name`: the new schema
    add_column,        // `columns`: the one
    drop_column,       // `column`
    rename_column,     // `column`, `name`: the new one
    retype_column,     // `column`, `columns`: the one, with its type
    set_not_null,      // `column`
    drop_not_null,     // `column`
    add_key,           // `key`: a primary key; `name`: of the index that becomes it, then `key` is empty
    drop_constraint,   // `name`
    replica_identity,  // `name`: "default", "full", "nothing", or "index " and the index
    comment,           // `column` (empty: of the table), `name`: the text
    create_enum,       // `type`, `key`: its labels
    add_label,         // `type`, `name`
    rename_label,      // `type`, `column`: the old one, `name`: the new one
    create_domain,     // `type`, `columns`: one that has the type behind it
    truncate,
    unknown,           // `name`: the statement, as written
  };
  Kind kind = Kind::unknown;
  std::size_t line = 1;  // where its statement begins
  TableName table = {};
  TypeName type = {};
  std::string column = {};
  std::string name = {};
  std::vector<std::string> key = {};
  std::vector<ColumnDefinition> columns = {};
};

// In their order. Errors: rejected, "line N, character N: …", as PostgreSQL says it.
[[nodiscard]] Result<std::vector<TableChange>> parse_migration(std::string_view text);

}  // namespace sluice::sql
