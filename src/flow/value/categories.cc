#include <algorithm>

#include "flow/value/catalog.h"

namespace sluice::flow {

using enum TypeKind;

Category category_of(TypeKind kind) {
  switch (kind) {
    case unknown: return Category::unknown;
    case boolean: return Category::boolean;
    case int2: case int4: case int8: case numeric: case float4: case float8: return Category::number;
    case text: return Category::string;
    case date: case time: case timestamp: case timestamptz: return Category::time;
    case interval: return Category::timespan;
    case bytea: case uuid: case json: case opaque: return Category::user;
  }
  return Category::unknown;
}

bool is_preferred(TypeKind kind) {
  return kind == boolean || kind == text || kind == float8 || kind == timestamptz || kind == interval;
}

// select_common_type(): the first type that is known, unless a later one takes it implicitly and not the other way round.
Result<Type> common_type(std::span<const Type> types, std::string_view construct) {
  Type out{unknown};
  bool alike = true;  // but for literals
  for (const auto& type : types) {
    if (type.kind == unknown || type == out) continue;
    if (out.kind == unknown) {
      out = type;
      continue;
    }
    alike = false;
    if (type.kind == out.kind) continue;
    if (category_of(type.kind) != category_of(out.kind)) {
      return Error{.code = ErrorCode::rejected,
                   .message = std::string(construct) + " types " + type_text({out.kind}) + " and " + type_text({type.kind}) +
                              " cannot be matched",
                   .hint = "cast one of them"};
    }
    if (!is_preferred(out.kind) && is_implicit(out.kind, type.kind) && !is_implicit(type.kind, out.kind)) out = type;
  }
  if (out.kind == unknown) return Type{text};
  for (const auto& type : types) {
    if (is_implicit(type.kind, out.kind)) continue;
    return Error{.code = ErrorCode::rejected,
                 .message = std::string(construct) + " could not convert type " + type_text({type.kind}) + " to " + type_text({out.kind}),
                 .hint = "cast one of them"};
  }
  if (!alike) out.precision = out.scale = -1;
  return out;
}

}  // namespace sluice::flow
