#pragma once
// Which rows of a topic a sink takes: an expression of SQL over a row's columns (docs/formats/archive.md, Filters).
//
// It means what it means to PostgreSQL: three truth values, of which only true passes; numbers are compared without loss,
// texts by their bytes (COLLATE "C"), times in UTC. What PostgreSQL would compare by guessing a type is refused.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "avro/schema.h"
#include "base/bytes.h"
#include "base/result.h"

namespace sluice::sql {
struct Expression;
}

namespace sluice::deliver::archive {

// An expression, of no schema yet. Immutable.
class Filter {
 public:
  // Errors: rejected and unsupported, with the position in the text.
  [[nodiscard]] static Result<Filter> parse(std::string_view text);

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const sql::Expression& expression() const { return *expression_; }
  // The columns that it names, without repeats.
  [[nodiscard]] const std::vector<std::string>& columns() const { return columns_; }
  // Whether it names the archive's own columns alone (_op, _timestamp …). Only then is it asked about deletes: their rows
  // have no values, and without them a reader would keep the rows that were deleted.
  [[nodiscard]] bool decides_deletes() const;

 private:
  Filter() = default;
  std::string text_;
  std::shared_ptr<const sql::Expression> expression_;
  std::vector<std::string> columns_;
};

// A filter for encoded rows of one schema.
class RowFilter {
 public:
  // `row` is a schema of rows. A column that only `known` has, when it is given, is null in all of them. Errors: rejected,
  // with the position: a column that is in neither, or two types that are not compared.
  [[nodiscard]] static Result<RowFilter> compile(const Filter& filter, const avro::Schema& row,
                                                 const avro::Schema* known = nullptr);
  // Of one thread. Precondition: `row` is one of the schema.
  [[nodiscard]] bool passes(ByteView row);

  struct Program;

 private:
  RowFilter() = default;
  std::shared_ptr<Program> program_;
};

}  // namespace sluice::deliver::archive
