#pragma once
// The SQL types that flow computes with: PostgreSQL's, with its names.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::flow {

enum class TypeKind : std::uint8_t {
  unknown,  // a quoted literal or NULL that nothing has given a type yet
  boolean, int2, int4, int8, numeric, float4, float8, text, bytea, date, time, timestamp, timestamptz, interval, uuid, json,
  opaque,   // an Avro type without an SQL one here (arrays, maps, records): it is passed on and counted, not computed with
};

struct Type {
  TypeKind kind = TypeKind::unknown;
  int precision = -1;  // numeric(p, s); -1: any
  int scale = -1;
  std::shared_ptr<const std::string> avro = {};  // opaque: its Avro schema

  [[nodiscard]] bool operator==(const Type& other) const;
};

// "numeric(10,2)", "timestamp with time zone": as format_type of PostgreSQL.
[[nodiscard]] std::string type_text(const Type& type);
// Of PostgreSQL's own name: int4, varchar, bpchar (both text), jsonb (json) … Errors: unsupported.
[[nodiscard]] Result<Type> type_named(std::string_view name, const std::vector<int>& modifiers);

[[nodiscard]] bool is_integer(TypeKind kind);
[[nodiscard]] bool is_number(TypeKind kind);
[[nodiscard]] bool is_time(TypeKind kind);  // timestamp, timestamptz: what windows and watermarks are of

}  // namespace sluice::flow
