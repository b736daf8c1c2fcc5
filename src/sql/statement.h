#pragma once
// Statements of SQL, as PostgreSQL's own grammar reads them: the ones that define streams and views, and queries.
//
//   CREATE TABLE clicks (user_id int8, ts timestamptz) WITH (topic = 'clicks', watermark = 'ts - interval ''5 s''');
//   CREATE MATERIALIZED VIEW v WITH (emit = 'changes') AS SELECT …;
//   SELECT …;
//
// Only the form is known here: no relation, no column, no type. Thread-safe.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "sql/expression.h"

namespace sluice::sql {

struct Select;

// What stands in FROM. Positions are characters of the whole text, from 1, here as everywhere.
struct Source {
  enum class Kind : std::uint8_t { relation, subquery, join };
  enum class Join : std::uint8_t { inner, left, right, full, cross };
  Kind kind = Kind::relation;
  std::size_t position = 1;
  std::string name = {};                     // relation: with its dots, "shop.public.orders"
  std::string alias = {};                    // empty: the name after its last dot (of a subquery: none)
  std::vector<std::string> columns = {};     // AS a (x, y)
  std::shared_ptr<const Select> query = {};  // subquery
  bool asked = false;                        // subquery: made of IN or EXISTS of WHERE; it has `columns`, and * leaves them out
  Join join = Join::inner;
  std::vector<Source> sides = {};            // join: left and right
  std::vector<Expression> on = {};           // join: none or one
  std::vector<std::string> using_ = {};      // join: USING (a, b); of NATURAL JOIN there is an error
};

struct SelectResult {
  Expression value;
  std::string name;  // AS; empty: a column's own name, a function's name, or "?column?", as PostgreSQL
};

struct Sort {
  Expression value;
  bool descending = false;
  bool nulls_first = false;  // PostgreSQL's default is worked in
};

struct CommonTable {
  std::string name;
  std::vector<std::string> columns;
  std::shared_ptr<const Select> query;
};

struct Select {
  std::size_t position = 1;
  std::vector<CommonTable> with = {};
  // UNION ALL of these, or (`distinct` true) UNION: then only with, sort, limit and offset are here as well.
  std::vector<std::shared_ptr<const Select>> union_of = {};
  bool distinct = false;                      // SELECT DISTINCT, UNION
  std::vector<Expression> distinct_on = {};   // SELECT DISTINCT ON (…)
  std::vector<SelectResult> results = {};
  std::optional<Source> from = {};            // FROM a, b is a cross join
  std::optional<Expression> where = {};
  std::vector<Expression> group_by = {};      // a number or a result's name is resolved by who binds it
  std::optional<Expression> having = {};
  std::vector<Sort> sort = {};
  std::optional<Expression> limit = {};
  std::optional<Expression> offset = {};
};

struct TableColumn {
  std::string name;
  std::string type;             // PostgreSQL's own name
  std::vector<int> modifiers;
  bool not_null = false;
  std::size_t position = 1;
};

struct Option {
  std::string name;   // lower case
  std::string value;  // as text
  std::size_t position = 1;
};

struct CreateTable {
  std::string name;  // with its dots
  std::vector<TableColumn> columns;
  std::vector<std::string> primary_key;
  std::vector<Option> options;
};

struct CreateView {
  std::string name;
  std::vector<std::string> columns;  // CREATE MATERIALIZED VIEW v (a, b)
  std::vector<Option> options;
  Select query;
};

struct DropView {
  std::string name;
  bool if_exists = false;
};

struct Statement {
  std::variant<CreateTable, CreateView, DropView, Select> form;
  std::string text;          // its own part of the whole, without the semicolon
  std::size_t position = 1;  // where that begins
};

// Line and column of a character, both from 1: "line 3, column 14".
[[nodiscard]] std::string place_of(std::string_view text, std::size_t position);

// Errors, with line and column: rejected: PostgreSQL's grammar refuses it (with its message); unsupported: a form that is not
// above, by its name, and what to write instead where there is something (hint): subqueries in expressions (but IN and [NOT] EXISTS among the conditions of WHERE: see where_reader.cc), window functions (OVER),
// CREATE VIEW (MATERIALIZED is meant), INSERT, FOR UPDATE, GROUPING SETS, INTERSECT, EXCEPT, VALUES, LATERAL …
[[nodiscard]] Result<std::vector<Statement>> parse_statements(std::string_view text);

}  // namespace sluice::sql
