#pragma once
// An expression of SQL, as PostgreSQL's own grammar reads it (libpg_query): what may stand in a WHERE, but functions,
// arithmetic, casts and subqueries, which are refused by name and position.
//
// Only the form is known here: no column, no type. Thread-safe.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::sql {

struct Expression {
  enum class Kind : std::uint8_t {
    column,   // `text` is its name, folded to lower case unless it was quoted
    null,
    boolean,  // `text` is "true" or "false"
    number,   // `text` is it, as written: "-12.50", "1e5"
    text,
    compare,  // `text` is = <> < <= > >=; two parts
    in,       // the first part among the others
    between,  // three parts
    like,     // two parts
    is,       // `text` is "null", "true", "false" or "unknown"; one part
    and_,     // two parts or more
    or_,
    not_,     // one part
  };
  Kind kind = Kind::null;
  std::string text = {};
  bool negated = false;       // NOT IN, NOT BETWEEN, NOT LIKE, IS NOT
  std::size_t position = 1;   // the character where it begins (of an operator: itself), from 1
  std::vector<Expression> parts = {};
};

// Errors: rejected, with the position: no expression; unsupported, with the position: one with more than the above.
[[nodiscard]] Result<Expression> parse_expression(std::string_view text);

}  // namespace sluice::sql
