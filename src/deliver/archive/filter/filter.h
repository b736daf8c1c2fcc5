#pragma once
// Which rows of a topic a sink takes: an expression of SQL over a row's columns (docs/formats/archive.md, Filters).
//
// It is what the WHERE of a view is, bound and evaluated by flow: its meaning is PostgreSQL's, texts are compared by their bytes
// (COLLATE "C"), times are in UTC.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "avro/schema.h"
#include "base/bytes.h"
#include "base/result.h"
#include "sql/expression.h"

namespace sluice::deliver::archive {

// An expression, of no schema yet. Immutable.
class Filter {
 public:
  // Errors: rejected and unsupported, with line and column in the text: no expression; an aggregate, a window, a subquery.
  [[nodiscard]] static Result<Filter> parse(std::string_view text);

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const sql::Expression& expression() const { return *expression_; }
  // The columns that it names, each once: parts of the expression.
  [[nodiscard]] const std::vector<const sql::Expression*>& columns() const { return columns_; }
  // Whether it names the archive's own columns alone (_op, _timestamp …). Only then is it asked about deletes: their rows
  // have no values, and without them a reader would keep the rows that were deleted.
  [[nodiscard]] bool decides_deletes() const;

 private:
  Filter() = default;
  std::string text_;
  std::shared_ptr<const sql::Expression> expression_;
  std::vector<const sql::Expression*> columns_;
};

// A filter for encoded rows of one schema.
class RowFilter {
 public:
  // `row` is a schema of rows. A column that only `known` has, when it is given, is null in all of them. Errors: rejected,
  // with line and column: a column that is in neither, types that do not fit.
  [[nodiscard]] static Result<RowFilter> compile(const Filter& filter, const avro::Schema& row,
                                                 const avro::Schema* known = nullptr);
  // Of one thread. Precondition: `row` is one of the schema. Errors: why the expression fails for it, in PostgreSQL's words
  // (division by zero), or why a value is none of SQL's.
  [[nodiscard]] Result<bool> passes(ByteView row);

  struct Program;

 private:
  RowFilter() = default;
  std::shared_ptr<Program> program_;
};

}  // namespace sluice::deliver::archive
