#include "capture/postgres/catalog.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace sluice::capture::postgres {
namespace {

// Keys only where the replica identity names rows: the primary key under DEFAULT and FULL, the index under INDEX.
constexpr const char* kTablesSql = R"(
  SELECT c.oid, n.nspname, c.relname, coalesce(obj_description(c.oid, 'pg_class'), '') FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_toast%' AND n.nspname NOT LIKE 'pg\_temp%'
    AND ($1::oid = 0 OR c.oid = $1::oid)
  ORDER BY n.nspname, c.relname)";

// Domains are followed to their base; base and element type, typmod, enum labels.
constexpr const char* kColumnsSql = R"(
  WITH RECURSIVE base(oid, base, typmod) AS (
    SELECT t.oid, CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END, t.typtypmod FROM pg_type t WHERE t.typtype = 'd'
    UNION ALL
    SELECT b.oid, t.typbasetype, CASE WHEN b.typmod = -1 THEN t.typtypmod ELSE b.typmod END
      FROM base b JOIN pg_type t ON t.oid = b.base WHERE t.typtype = 'd')
  SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, format_type(a.atttypid, a.atttypmod), a.attnotnull,
    coalesce(b.base, a.atttypid), CASE WHEN b.base IS NULL THEN a.atttypmod ELSE b.typmod END,
    CASE WHEN t.typcategory = 'A' AND t.typsubscript::text LIKE '%array_subscript_handler' THEN t.typelem ELSE 0 END,
    coalesce(col_description(a.attrelid, a.attnum), ''), coalesce(
      (SELECT string_agg(e.enumlabel, chr(1) ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = coalesce(b.base, a.atttypid)), '')
  FROM pg_attribute a
  LEFT JOIN LATERAL (SELECT x.base, x.typmod FROM base x JOIN pg_type y ON y.oid = x.base WHERE x.oid = a.atttypid AND y.typtype <> 'd' LIMIT 1) b ON true
  JOIN pg_type t ON t.oid = coalesce(b.base, a.atttypid)
  WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attrelid = ANY($1::oid[])
  ORDER BY a.attrelid, a.attnum)";

constexpr const char* kKeysSql = R"(
  SELECT i.indrelid, k.attnum FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid,
    LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, place)
  WHERE i.indrelid = ANY($1::oid[]) AND i.indisvalid AND k.place <= i.indnkeyatts
    AND ((c.relreplident IN ('d', 'f') AND i.indisprimary) OR (c.relreplident = 'i' AND i.indisreplident))
  ORDER BY i.indrelid, k.place)";

// typsubscript is new in PostgreSQL 14.
std::string for_version(std::string sql, int version) {
  if (version >= 140000) return sql;
  const std::string_view condition = " AND t.typsubscript::text LIKE '%array_subscript_handler'";
  const auto at = sql.find(condition);
  return at == std::string::npos ? sql : sql.replace(at, condition.size(), "");
}

template <typename T>
T number(const std::optional<std::string>& text) {
  T value{};
  if (text) std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(separator, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

Result<std::vector<Table>> read(PostgresConnection& connection, Oid only) {
  SLUICE_TRY(const auto rows, connection.query(kTablesSql, {std::to_string(only)}));
  std::vector<Table> tables;
  std::map<Oid, std::size_t> index;
  std::string oids = "{";
  for (const auto& row : rows) {
    Table table;
    table.oid = number<Oid>(row[0]);
    table.schema = *row[1];
    table.name = *row[2];
    table.comment = *row[3];
    index[table.oid] = tables.size();
    oids += (oids.size() > 1 ? "," : "") + *row[0];
    tables.push_back(std::move(table));
  }
  oids += "}";
  if (tables.empty()) return tables;
  std::map<std::pair<Oid, int>, std::size_t> places;
  SLUICE_TRY(const auto columns, connection.query(for_version(kColumnsSql, connection.server_version()), {oids}));
  for (const auto& row : columns) {
    auto& table = tables[index[number<Oid>(row[0])]];
    Column column;
    column.name = *row[2];
    column.type_oid = number<Oid>(row[3]);
    column.typmod = number<std::int32_t>(row[4]);
    column.sql_type = *row[5];
    column.not_null = row[6] == "t";
    column.type = column_type(number<Oid>(row[7]), number<std::int32_t>(row[8]), number<Oid>(row[9]));
    column.comment = *row[10];
    column.enum_symbols = split(*row[11], '\1');
    places[{table.oid, number<int>(row[1])}] = table.columns.size();
    table.columns.push_back(std::move(column));
  }
  SLUICE_TRY(const auto keys, connection.query(kKeysSql, {oids}));
  for (const auto& row : keys) {
    const auto oid = number<Oid>(row[0]);
    const auto place = places.find({oid, number<int>(row[1])});
    if (place != places.end()) tables[index[oid]].key.push_back(place->second);
  }
  return tables;
}

}  // namespace

Result<std::vector<Table>> read_tables(PostgresConnection& connection, const SourceOptions& options) {
  SLUICE_TRY(auto tables, read(connection, 0));
  const auto globs = options.tables.empty() ? std::vector<std::string>{"public.*"} : options.tables;
  std::erase_if(tables, [&](const Table& table) { return !matches(globs, table.full_name()) || matches(options.exclude, table.full_name()); });
  return tables;
}

Result<std::optional<Table>> read_table(PostgresConnection& connection, Oid oid) {
  SLUICE_TRY(auto tables, read(connection, oid));
  if (tables.empty()) return std::optional<Table>{};
  return std::optional<Table>(std::move(tables.front()));
}

Result<void> describe_types(PostgresConnection& connection, std::vector<Column>& columns) {
  for (auto& column : columns) {
    SLUICE_TRY(const auto rows, connection.query(
        "SELECT format_type($1::oid, $2::int4), CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END, "
        "CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE $2::int4 END, CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END "
        "FROM pg_type t WHERE t.oid = $1::oid",
        {std::to_string(column.type_oid), std::to_string(column.typmod)}));
    if (rows.empty()) continue;  // the type is gone as well: text
    column.sql_type = *rows[0][0];
    column.type = column_type(number<Oid>(rows[0][1]), number<std::int32_t>(rows[0][2]), number<Oid>(rows[0][3]));
  }
  return {};
}

Result<ServerIdentity> identify(PostgresConnection& replication) {
  SLUICE_TRY(const auto rows, replication.query("IDENTIFY_SYSTEM"));
  if (rows.empty() || rows[0].size() < 2) return Error{ErrorCode::corrupt, "PostgreSQL: IDENTIFY_SYSTEM gave nothing"};
  return ServerIdentity{rows[0][0].value_or(""), number<std::int32_t>(rows[0][1])};
}

}  // namespace sluice::capture::postgres
