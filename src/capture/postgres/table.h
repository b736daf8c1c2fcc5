#pragma once
// A captured table, as the catalog or a Relation message describes it, and what follows from it: topic, Avro schemas.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::capture::postgres {

using Oid = std::uint32_t;

// How a value goes into Avro. Everything that has no form of its own is its text.
enum class Kind : std::uint8_t {
  boolean, int32, int64, float32, float64, text, bytes, decimal, date, time, local_timestamp, timestamp, uuid, array
};

struct ColumnType {
  Kind kind = Kind::text;
  std::int32_t precision = 0, scale = 0;  // decimal
  Kind element = Kind::text;              // array
  std::int32_t element_precision = 0, element_scale = 0;
};

struct Column {
  std::string name;
  Oid type_oid = 0;
  std::int32_t typmod = -1;
  std::string sql_type = {};               // format_type(): "numeric(10,2)"
  ColumnType type = {};
  bool not_null = false;
  bool ordered = false;                    // PostgreSQL's order of its values is that of their Avro forms
  std::vector<std::string> enum_symbols = {};  // in their order
  std::string comment = {};
};

struct Table {
  Oid oid = 0;
  std::string schema, name;
  std::string comment;
  bool partitioned = false;
  std::string storage;                     // changes when the table is rewritten or truncated
  std::vector<Column> columns;             // generated ones left out
  std::vector<std::size_t> key;            // indexes into columns, in key order; empty: keyless

  [[nodiscard]] bool keyless() const { return key.empty(); }
  [[nodiscard]] std::string full_name() const { return schema + "." + name; }
};

// The Avro form of a SQL type. `base` is the type behind a domain; `element` of arrays, 0 for others.
[[nodiscard]] ColumnType column_type(Oid base, std::int32_t typmod, Oid element);

// Errors: rejected, when the name is over 249 characters.
[[nodiscard]] Result<std::string> topic_name(std::string_view source, const Table& table);

// Where the changes of a parked table go: the topic's name after __sluice_parked., cut where that would be too long.
[[nodiscard]] std::string parked_topic_name(std::string_view topic);

// The columns' names of a key schema, as Avro has them, in key order; empty for an empty text.
[[nodiscard]] std::vector<std::string> key_fields(std::string_view key_schema);

// Whether keys under schema `now` may go on under schema `before`: they are equal, or decimals have become wider at the same scale.
[[nodiscard]] bool same_key_schema(std::string_view before, std::string_view now);

// Avro JSON. The key holds names, types and logical types only, so that its id stays while the rest changes.
[[nodiscard]] std::string key_schema(std::string_view source, const Table& table);
[[nodiscard]] std::string value_schema(std::string_view source, const Table& table);

// Does `name` ("schema.table") match one of the globs (*, ? and [set])?
[[nodiscard]] bool matches(const std::vector<std::string>& globs, const std::string& name);

}  // namespace sluice::capture::postgres
