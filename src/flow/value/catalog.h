#pragma once
// What there is of operators, functions and casts: lists of overloads, from which function.h's questions are answered.

#include <array>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "flow/value/function.h"
#include "flow/value/scan.h"

namespace sluice::flow {

using Arguments = std::span<const Value>;

struct Overload {
  static constexpr std::size_t kParametersMax = 8;

  std::string_view name;
  std::array<TypeKind, kParametersMax> kinds{};
  std::size_t count = 0;
  TypeKind result = TypeKind::unknown;
  Call call = {};
  bool strict = true;

  Overload(std::string_view name_, std::initializer_list<TypeKind> parameters, TypeKind result_, Call call_)
      : name(name_), count(parameters.size()), result(result_), call(call_) {
    std::size_t i = 0;
    for (const auto kind : parameters) kinds[i++] = kind;
  }
  [[nodiscard]] std::span<const TypeKind> parameters() const { return {kinds.data(), count}; }
};

using Overloads = std::vector<Overload>;

// Operators' names are signs; unary ones have one parameter.
void add_comparisons(Overloads& operators);
void add_arithmetic(Overloads& operators);
void add_time_operators(Overloads& operators);
void add_text_operators(Overloads& operators);
void add_json_operators(Overloads& operators);

void add_number_functions(Overloads& functions);
void add_time_functions(Overloads& functions);
void add_text_functions(Overloads& functions);
void add_pattern_functions(Overloads& functions);
void add_byte_functions(Overloads& functions);
void add_json_functions(Overloads& functions);

// The call that turns a value's kind into another's, or none.
struct CastEntry {
  Call call = {};
  bool implicit = false;
  bool identity = false;
};
[[nodiscard]] const CastEntry* cast_between(TypeKind from, TypeKind to);
[[nodiscard]] bool is_implicit(TypeKind from, TypeKind to);  // itself, and unknown to anything, included

// PostgreSQL's categories and the type that each prefers.
enum class Category : std::uint8_t { unknown, boolean, number, string, time, timespan, user };
[[nodiscard]] Category category_of(TypeKind kind);
[[nodiscard]] bool is_preferred(TypeKind kind);

// Of those with this name and count of arguments, the one that PostgreSQL would take. None: it does not exist, or (`ambiguous`) it
// is not unique.
[[nodiscard]] const Overload* choose(std::span<const Overload* const> named, std::span<const TypeKind> arguments, bool& ambiguous);

[[nodiscard]] std::string types_text(std::span<const Type> types);  // "integer, text", without modifiers
[[nodiscard]] Function function_of(const Overload& overload, std::span<const Type> arguments);

}  // namespace sluice::flow
