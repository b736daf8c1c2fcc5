#pragma once
// A typed expression over a row, bound: columns are numbers, operators are functions, casts are there.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "flow/value/function.h"
#include "flow/value/type.h"
#include "flow/value/value.h"

namespace sluice::flow {

struct Scalar {
  enum class Kind : std::uint8_t {
    column,    // of the row, number `column`
    constant,  // `constant`, whose text lies in `text`
    call,      // `function` of the parts
    and_, or_, not_,
    is_null, is_true, is_false, is_distinct,  // `negated`: IS NOT …; is_distinct has two parts
    case_,     // when, then, …, else
    coalesce,
    in,        // the first among the others, by `function` (=)
  };
  Kind kind = Kind::constant;
  Type type = {};
  std::size_t column = 0;
  Value constant = {};
  std::string text = {};  // what constant.text is a view of: set both by set_constant()
  Function function = {};
  bool negated = false;
  std::size_t position = 1;  // in the statement, for errors
  std::vector<Scalar> parts = {};

  Scalar() = default;
  Scalar(const Scalar& other);
  Scalar(Scalar&& other) noexcept;
  Scalar& operator=(Scalar other) noexcept;
  void set_constant(const Value& value);
};

// Errors: rejected, with PostgreSQL's text.
[[nodiscard]] Result<Value> evaluate(const Scalar& scalar, Row row, Arena& arena);
// Whether it is true (not false, not null).
[[nodiscard]] Result<bool> holds(const Scalar& condition, Row row, Arena& arena);

// The columns that it reads, without repeats, ascending.
[[nodiscard]] std::vector<std::size_t> columns_of(const Scalar& scalar);
// The same expression over other rows: column i becomes to[i].
[[nodiscard]] Scalar with_columns(Scalar scalar, std::span<const std::size_t> to);
// Whether they are the same expression, wherever they stand.
[[nodiscard]] bool same(const Scalar& a, const Scalar& b);

}  // namespace sluice::flow
