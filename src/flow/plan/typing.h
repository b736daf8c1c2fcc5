#pragma once
// Typed expressions out of parts: which operator, function or cast is meant, implicit casts, unknown literals, constants folded.

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "flow/plan/place.h"
#include "flow/plan/scalar.h"

namespace sluice::flow {

// The constant; without `value`, a null.
[[nodiscard]] Scalar constant_of(const Type& type, const Value& value, std::size_t position = 1);
// The column `index`.
[[nodiscard]] Scalar column_of(const Type& type, std::size_t index, std::size_t position = 1);
[[nodiscard]] std::vector<Type> types_of(const std::vector<Scalar>& scalars);
// Both must hold; either may be missing (a true constant).
[[nodiscard]] Scalar conjunction(std::vector<Scalar> conditions);
// Appends the conditions that `condition` is the AND of.
void split_conjunction(Scalar condition, std::vector<Scalar>& out);

// Errors have the place of the expression.
class Typing {
 public:
  explicit Typing(const Places& places) : places_(places) {}

  // A number as it is written: int4, int8 or numeric.
  [[nodiscard]] Result<Scalar> number(std::string_view digits, std::size_t position) const;
  // `sign` of one part or two.
  [[nodiscard]] Result<Scalar> operation(std::string_view sign, std::vector<Scalar> parts, std::size_t position) const;
  [[nodiscard]] Result<Scalar> function(std::string_view name, std::vector<Scalar> parts, std::size_t position) const;
  [[nodiscard]] Result<Scalar> cast(Scalar scalar, const Type& to, CastContext context, std::size_t position) const;
  // Gives all of them their common type, which is returned.
  [[nodiscard]] Result<Type> unify(std::vector<Scalar*> parts, std::string_view construct, std::size_t position) const;
  // `clause`: "WHERE", "AND" …: what takes a truth only.
  [[nodiscard]] Result<Scalar> truth(Scalar scalar, std::string_view clause) const;
  // A literal that nothing gave a type is a text.
  [[nodiscard]] Result<Scalar> known(Scalar scalar) const;
  // Errors: it has no equality: DISTINCT and GROUP BY cannot take it.
  [[nodiscard]] Result<void> comparable(const Scalar& scalar) const;
  // A constant, if all its parts are constants and it does not fail, or one of them decides whatever the others are (and though they
  // fail, as in PostgreSQL): a false in AND, a null in a call.
  [[nodiscard]] Scalar folded(Scalar scalar) const;
  // Without months: microseconds.
  [[nodiscard]] Result<std::int64_t> span_of(const Scalar& interval, std::string_view what) const;

 private:
  // A unit or a time zone that there is not is told once, and not for every row.
  [[nodiscard]] Result<void> check_names(const Scalar& call) const;
  [[nodiscard]] Result<Scalar> called(Function function, std::vector<Scalar> parts, std::size_t position) const;
  [[nodiscard]] Result<Scalar> read(const Scalar& literal, const Type& to) const;

  const Places& places_;
};

// The microseconds of an interval's text, "5 s", "1 day". Errors: rejected: none, negative, or with months.
[[nodiscard]] Result<std::int64_t> span_of_text(std::string_view text);

}  // namespace sluice::flow
