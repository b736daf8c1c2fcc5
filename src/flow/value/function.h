#pragma once
// PostgreSQL's operators, functions and casts on values: which one is meant by given types, and what it gives.
//
// Meaning is PostgreSQL 15's: nulls, overflow ("integer out of range"), division, scales of numerics, text of numbers. What
// depends on a session is fixed: UTC, ISO dates, extra_float_digits 3, COLLATE "C". What depends on the wall clock (now()) is
// refused. Thread-safe, and without state.
//
// What is done less than PostgreSQL does: dates and times are read as ISO 8601 only (and "infinity", "epoch", BC, AM and PM); time zones
// are names of the tz database, offsets, and abbreviations whose offset never changed; to_char() is of moments, not of numbers; json and jsonb are one type, whose text is kept, with the casts to
// numbers that jsonb has; a path of #> is the text of an array; regular expressions: see regex.h.

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "flow/value/type.h"
#include "flow/value/value.h"

namespace sluice::flow {

// A function that is given values of exactly its parameters' types. Errors: rejected, with PostgreSQL's text ("division by zero").
// Some know more than their arguments: numeric(10, 2)'s precision and scale, say, are a cast's `modifier`.
class Call {
 public:
  using Plain = Result<Value> (*)(std::span<const Value> arguments, Arena& arena);
  using Modified = Result<Value> (*)(std::span<const Value> arguments, Arena& arena, std::int64_t modifier);

  constexpr Call() = default;
  template <typename F>
    requires std::convertible_to<F, Plain>
  constexpr Call(F plain) : plain_(plain) {}  // NOLINT: implicit by design
  constexpr Call(Modified modified, std::int64_t modifier) : modified_(modified), modifier_(modifier) {}

  [[nodiscard]] Result<Value> operator()(std::span<const Value> arguments, Arena& arena) const {
    return plain_ != nullptr ? plain_(arguments, arena) : modified_(arguments, arena, modifier_);
  }
  [[nodiscard]] explicit operator bool() const { return plain_ != nullptr || modified_ != nullptr; }

 private:
  Plain plain_ = nullptr;
  Modified modified_ = nullptr;
  std::int64_t modifier_ = 0;
};

struct Function {
  std::string name;
  std::vector<Type> parameters;  // as many as arguments were given
  Type result;
  Call call = {};
  bool strict = true;  // null if an argument is null, without being called
};

// Binary and unary operators by their signs (+ - * / % ^ || = <> < <= > >= -> ->> #> #>> ~ ~* !~ !~* like ilike & | # << >>),
// functions by their names.
// Arguments are given by their types; `unknown` fits anything, by PostgreSQL's rules of preference. The caller casts arguments
// to the parameters (implicit casts; an unknown literal is read by the parameter's type).
// Errors: unsupported: "operator does not exist: boolean + integer", with what to write; functions that depend on wall clock.
[[nodiscard]] Result<Function> find_operator(std::string_view sign, std::span<const Type> arguments);
[[nodiscard]] Result<Function> find_function(std::string_view name, std::span<const Type> arguments);
[[nodiscard]] bool is_function(std::string_view name);
[[nodiscard]] std::vector<std::string> function_names();  // for the reference and for did-you-mean

enum class CastContext : std::uint8_t { implicit, explicit_ };
// `parameters` has `from`, `result` is `to`; numeric(p, s) rounds and checks. Errors: unsupported.
[[nodiscard]] Result<Function> find_cast(const Type& from, const Type& to, CastContext context);
// The one type that UNION, CASE, COALESCE, IN and VALUES give their parts, by PostgreSQL's rules. Errors: rejected ("CASE types
// text and integer cannot be matched").
[[nodiscard]] Result<Type> common_type(std::span<const Type> types, std::string_view construct);

// PostgreSQL's own text of a value, and back. Errors: rejected: "invalid input syntax for type integer: "x"".
[[nodiscard]] std::string value_text(const Type& type, const Value& value);  // a null: empty
[[nodiscard]] Result<Value> parse_value(const Type& type, std::string_view text, Arena& arena);

// ORDER BY's order (nulls greatest; NaN greatest; -0 = 0), and equality as GROUP BY has it (null = null).
[[nodiscard]] int compare_values(const Type& type, const Value& a, const Value& b);

// Truth of LIKE for a constant pattern, and of a regular expression, may be prepared; that is their own affair.

}  // namespace sluice::flow
