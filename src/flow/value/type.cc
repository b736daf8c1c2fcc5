#include "flow/value/type.h"

#include <array>
#include <utility>

namespace sluice::flow {
namespace {

constexpr std::array<std::pair<std::string_view, TypeKind>, 35> kNames{{
    {"bool", TypeKind::boolean}, {"boolean", TypeKind::boolean},
    {"int2", TypeKind::int2}, {"smallint", TypeKind::int2},
    {"int4", TypeKind::int4}, {"int", TypeKind::int4}, {"integer", TypeKind::int4},
    {"int8", TypeKind::int8}, {"bigint", TypeKind::int8},
    {"numeric", TypeKind::numeric}, {"decimal", TypeKind::numeric},
    {"float4", TypeKind::float4}, {"real", TypeKind::float4},
    {"float8", TypeKind::float8}, {"double precision", TypeKind::float8},
    {"text", TypeKind::text}, {"varchar", TypeKind::text}, {"character varying", TypeKind::text},
    {"bpchar", TypeKind::text}, {"character", TypeKind::text}, {"char", TypeKind::text}, {"name", TypeKind::text},
    {"bytea", TypeKind::bytea}, {"date", TypeKind::date},
    {"time", TypeKind::time}, {"time without time zone", TypeKind::time},
    {"timestamp", TypeKind::timestamp}, {"timestamp without time zone", TypeKind::timestamp},
    {"timestamptz", TypeKind::timestamptz}, {"timestamp with time zone", TypeKind::timestamptz},
    {"interval", TypeKind::interval}, {"uuid", TypeKind::uuid},
    {"json", TypeKind::json}, {"jsonb", TypeKind::json}, {"unknown", TypeKind::unknown},
}};

constexpr int kPrecisionMax = 1000;

Result<Type> numeric_type(const std::vector<int>& modifiers) {
  if (modifiers.empty()) return Type{TypeKind::numeric};
  const int precision = modifiers[0], scale = modifiers.size() > 1 ? modifiers[1] : 0;
  if (modifiers.size() > 2) return Error{.code = ErrorCode::rejected, .message = "invalid NUMERIC type modifier"};
  if (precision < 1 || precision > kPrecisionMax) {
    return Error{.code = ErrorCode::rejected,
                 .message = "NUMERIC precision " + std::to_string(precision) + " must be between 1 and 1000"};
  }
  if (scale < 0 || scale > kPrecisionMax) {
    return Error{.code = ErrorCode::unsupported,
                 .message = "NUMERIC scale " + std::to_string(scale) + " must be between 0 and 1000"};
  }
  return Type{TypeKind::numeric, precision, scale};
}

}  // namespace

bool Type::operator==(const Type& other) const {
  if (kind != other.kind || precision != other.precision || scale != other.scale) return false;
  if (avro == other.avro) return true;
  return avro && other.avro && *avro == *other.avro;
}

std::string type_text(const Type& type) {
  switch (type.kind) {
    case TypeKind::unknown: return "unknown";
    case TypeKind::boolean: return "boolean";
    case TypeKind::int2: return "smallint";
    case TypeKind::int4: return "integer";
    case TypeKind::int8: return "bigint";
    case TypeKind::numeric:
      if (type.precision < 0) return "numeric";
      return "numeric(" + std::to_string(type.precision) + "," + std::to_string(type.scale) + ")";
    case TypeKind::float4: return "real";
    case TypeKind::float8: return "double precision";
    case TypeKind::text: return "text";
    case TypeKind::bytea: return "bytea";
    case TypeKind::date: return "date";
    case TypeKind::time: return "time without time zone";
    case TypeKind::timestamp: return "timestamp without time zone";
    case TypeKind::timestamptz: return "timestamp with time zone";
    case TypeKind::interval: return "interval";
    case TypeKind::uuid: return "uuid";
    case TypeKind::json: return "json";
    case TypeKind::opaque: return "opaque";
  }
  return "unknown";
}

Result<Type> type_named(std::string_view name, const std::vector<int>& modifiers) {
  for (const auto& [theirs, kind] : kNames) {
    if (theirs != name) continue;
    if (kind == TypeKind::numeric) return numeric_type(modifiers);
    if (modifiers.empty() || (is_time(kind) && modifiers[0] == 6)) return Type{kind};
    const bool is_text = kind == TypeKind::text;
    return Error{.code = ErrorCode::unsupported,
                 .message = "type " + std::string(name) + "(" + std::to_string(modifiers[0]) + ") is not supported",
                 .hint = is_text ? "write text, and left(x, " + std::to_string(modifiers[0]) + ") where a text is to be cut"
                                 : "write " + std::string(name) + " without a precision"};
  }
  return Error{.code = ErrorCode::unsupported,
               .message = "type \"" + std::string(name) + "\" is not supported",
               .hint = "write boolean, smallint, integer, bigint, numeric, real, double precision, text, bytea, date, time, "
                       "timestamp, timestamptz, interval, uuid or json"};
}

bool is_integer(TypeKind kind) { return kind == TypeKind::int2 || kind == TypeKind::int4 || kind == TypeKind::int8; }

bool is_number(TypeKind kind) {
  return is_integer(kind) || kind == TypeKind::numeric || kind == TypeKind::float4 || kind == TypeKind::float8;
}

bool is_time(TypeKind kind) { return kind == TypeKind::timestamp || kind == TypeKind::timestamptz; }

}  // namespace sluice::flow
