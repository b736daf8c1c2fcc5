#include "flow/plan/aggregates.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace sluice::flow {

namespace {

using Kind = Aggregation::Kind;

constexpr auto kAggregates = std::to_array<std::pair<std::string_view, Kind>>(
    {{"count", Kind::count}, {"sum", Kind::sum}, {"min", Kind::min}, {"max", Kind::max}, {"avg", Kind::avg},
     {"bool_and", Kind::bool_and}, {"every", Kind::bool_and}, {"bool_or", Kind::bool_or}});

Type sum_of(TypeKind argument) {
  switch (argument) {
    case TypeKind::int2:
    case TypeKind::int4: return {TypeKind::int8};
    case TypeKind::int8:
    case TypeKind::numeric: return {TypeKind::numeric};
    case TypeKind::float4:
    case TypeKind::float8:
    case TypeKind::interval: return {argument};
    default: return {};
  }
}

Type average_of(TypeKind argument) {
  if (is_integer(argument) || argument == TypeKind::numeric) return {TypeKind::numeric};
  if (argument == TypeKind::float4 || argument == TypeKind::float8) return {TypeKind::float8};
  return argument == TypeKind::interval ? Type{TypeKind::interval} : Type{};
}

bool has_order(TypeKind kind) {
  constexpr auto kWithout = std::to_array({TypeKind::boolean, TypeKind::bytea, TypeKind::uuid, TypeKind::json, TypeKind::opaque});
  return std::ranges::find(kWithout, kind) == kWithout.end();
}

// Of min and max: numeric(10,2)'s is a numeric.
Type extreme_of(const Type& argument) { return has_order(argument.kind) ? Type{argument.kind} : Type{}; }

Type result_of(Kind kind, const Type& argument) {
  switch (kind) {
    case Kind::count_all:
    case Kind::count: return {TypeKind::int8};
    case Kind::sum: return sum_of(argument.kind);
    case Kind::avg: return average_of(argument.kind);
    case Kind::min:
    case Kind::max: return extreme_of(argument);
    case Kind::bool_and:
    case Kind::bool_or: return argument.kind == TypeKind::boolean ? argument : Type{};
  }
  return {};
}

}  // namespace

bool is_aggregate(std::string_view name) {
  return std::ranges::find(kAggregates, name, &std::pair<std::string_view, Kind>::first) != kAggregates.end();
}

const std::vector<std::string_view>& aggregate_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> out;
    for (const auto& [name, kind] : kAggregates) out.push_back(name);
    return out;
  }();
  return names;
}

Result<Aggregation> find_aggregate(std::string_view name, const Type& argument) {
  const auto* const found = std::ranges::find(kAggregates, name, &std::pair<std::string_view, Kind>::first);
  Aggregation out{.kind = found->second, .result = result_of(found->second, argument)};
  if (out.result.kind == TypeKind::unknown) {
    return Error{.code = ErrorCode::unsupported,
                 .message = "function " + std::string(name) + "(" + type_text(argument) + ") does not exist",
                 .hint = "cast its argument to a type that it takes"};
  }
  return out;
}

}  // namespace sluice::flow
