#pragma once
// An expression of SQL, as PostgreSQL's own grammar reads it (libpg_query).
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
    column,   // `text` is its name, folded to lower case unless it was quoted; `qualifier` what stands before the dot
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
    star,       // of `qualifier`, or of all; in a list of results, and the only part of count(*)
    operation,  // `text` is the operator: + - * / % ^ || -> ->> #> #>> ~ ~* !~ !~*, ilike; one part or two
    distinct,   // IS DISTINCT FROM; two parts
    cast,       // of one part to `type`; DATE '2026-01-01' and INTERVAL '5 s' as well
    function,   // `text` is its name, lower case, without pg_catalog; parts are its arguments. coalesce, nullif, greatest, least,
                // extract (the field is a text), timezone (AT TIME ZONE) as well
    case_,      // parts: when, then, when, then …, and the last is ELSE (a null if there was none). CASE x WHEN y is x = y
  };
  Kind kind = Kind::null;
  std::string text = {};
  bool negated = false;       // NOT IN, NOT BETWEEN, NOT LIKE, IS NOT, IS NOT DISTINCT FROM
  std::size_t position = 1;   // the character where it begins (of an operator: itself), from 1
  std::vector<Expression> parts = {};
  std::string qualifier = {};
  std::string type = {};              // PostgreSQL's own name: int4, int8, numeric, bpchar, timestamptz …
  std::vector<int> modifiers = {};    // of the type: numeric(10, 2)
  bool only_distinct = false;         // count(DISTINCT x)
  std::vector<Expression> filter = {};  // FILTER (WHERE …): none or one
};

// One expression: a sink's filter, a watermark. Errors, with line and column, as those of parse_statements() (statement.h).
[[nodiscard]] Result<Expression> parse_expression(std::string_view text);

}  // namespace sluice::sql
