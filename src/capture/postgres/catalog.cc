// The catalog, read with a few statements whatever the number of tables.

#include "capture/postgres/catalog.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace sluice::capture::postgres {
namespace {

// `storage` is the table's file, or those of a partitioned table's leaves: a rewrite and a TRUNCATE give new ones.
constexpr const char* kTablesSql = R"(
  SELECT c.oid, n.nspname, c.relname, coalesce(obj_description(c.oid, 'pg_class'), ''), c.relkind = 'p',
    CASE c.relkind WHEN 'r' THEN c.relfilenode::text ELSE
      (WITH RECURSIVE tree(oid) AS (SELECT c.oid UNION ALL SELECT h.inhrelid FROM tree t JOIN pg_inherits h ON h.inhparent = t.oid)
       SELECT string_agg(l.oid || ':' || l.relfilenode, ' ' ORDER BY l.oid) FROM tree t JOIN pg_class l ON l.oid = t.oid) END
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_toast%' AND n.nspname NOT LIKE 'pg\_temp%'
    AND ($1::oid = 0 OR c.oid = $1::oid)
  ORDER BY n.nspname, c.relname)";

constexpr const char* kColumnsSql = R"(
  SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, coalesce(col_description(a.attrelid, a.attnum), ''),
    getdatabaseencoding() = 'UTF8' AND (a.attcollation IN (950, 951) OR a.attcollation = 100 AND d.datcollate IN ('C', 'POSIX'))
  FROM pg_attribute a JOIN pg_database d ON d.datname = current_database()
  WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attrelid = ANY($1::oid[])
  ORDER BY a.attrelid, a.attnum)";

// PostgreSQL's own rule (RelationGetIndexList): the replica identity is an index that is valid, unique, immediate and whole;
// the primary key under DEFAULT, the chosen index under INDEX. Under FULL the primary key serves us as well. Of a
// partitioned table every leaf must name its rows by the same columns, for an UPDATE of a leaf that cannot fails. A generated
// column never arrives, so that no key can stand on it.
constexpr const char* kKeysSql = R"(
  WITH RECURSIVE
    tree(root, oid) AS (
      SELECT c.oid, c.oid FROM pg_class c WHERE c.oid = ANY($1::oid[])
      UNION ALL SELECT t.root, h.inhrelid FROM tree t JOIN pg_class p ON p.oid = t.oid AND p.relkind = 'p' JOIN pg_inherits h ON h.inhparent = t.oid),
    identity AS (
      SELECT c.oid, c.relreplident, i.indkey::int2[] AS columns, i.indnkeyatts,
        (SELECT array_agg(a.attname ORDER BY a.attname) FROM pg_attribute a
          WHERE a.attrelid = c.oid AND a.attnum = ANY((i.indkey::int2[])[0:i.indnkeyatts - 1])) AS names
      FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid
      WHERE c.oid IN (SELECT oid FROM tree) AND i.indisvalid AND i.indisunique AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
        AND (c.relreplident IN ('d', 'f') AND i.indisprimary OR c.relreplident = 'i' AND i.indisreplident))
  SELECT r.oid, k.attnum FROM identity r, LATERAL unnest(r.columns) WITH ORDINALITY k(attnum, place)
  WHERE r.oid = ANY($1::oid[]) AND k.place <= r.indnkeyatts
    AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = r.oid AND a.attname = ANY(r.names) AND a.attgenerated <> '')
    AND NOT EXISTS (
      SELECT FROM tree t JOIN pg_class l ON l.oid = t.oid LEFT JOIN identity i ON i.oid = l.oid
      WHERE t.root = r.oid AND t.oid <> r.oid AND l.relkind <> 'p' AND l.relreplident <> 'f' AND i.names IS DISTINCT FROM r.names)
  ORDER BY r.oid, k.place)";

// Domains are followed to their base. Arrays whose elements a comma separates (those of box have a semicolon) have an element.
constexpr const char* kTypesSql = R"(
  WITH RECURSIVE
    wanted(place, oid, typmod) AS (SELECT place, oid, typmod FROM unnest($1::oid[], $2::int4[]) WITH ORDINALITY w(oid, typmod, place)),
    base(place, oid, typmod) AS (
      SELECT place, oid, typmod FROM wanted
      UNION ALL SELECT b.place, t.typbasetype, CASE WHEN b.typmod = -1 THEN t.typtypmod ELSE b.typmod END
        FROM base b JOIN pg_type t ON t.oid = b.oid AND t.typtype = 'd')
  SELECT w.place, format_type(w.oid, w.typmod), t.oid, b.typmod,
    CASE WHEN t.typoutput = 'pg_catalog.array_out'::regproc AND t.typdelim = ',' THEN t.typelem ELSE 0 END,
    coalesce((SELECT string_agg(e.enumlabel, chr(1) ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid), '')
  FROM base b JOIN wanted w ON w.place = b.place JOIN pg_type t ON t.oid = b.oid AND t.typtype <> 'd')";

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

struct Found {
  std::vector<Table> tables;
  std::map<Oid, std::size_t> index;
  std::map<std::pair<Oid, int>, std::size_t> places;  // of columns, by table and attnum
  std::string oids = "{";                             // as PostgreSQL's array
};

Result<Found> find_tables(PostgresConnection& connection, Oid only) {
  SLUICE_TRY(const auto rows, connection.query(kTablesSql, {std::to_string(only)}));
  Found found;
  for (const auto& row : rows) {
    Table table;
    table.oid = number<Oid>(row[0]);
    table.schema = *row[1];
    table.name = *row[2];
    table.comment = *row[3];
    table.partitioned = row[4] == "t";
    table.storage = row[5].value_or("");
    found.index[table.oid] = found.tables.size();
    found.oids += (found.oids.size() > 1 ? "," : "") + *row[0];
    found.tables.push_back(std::move(table));
  }
  found.oids += "}";
  return found;
}

Result<void> find_columns(PostgresConnection& connection, Found& found) {
  SLUICE_TRY(const auto rows, connection.query(kColumnsSql, {found.oids}));
  std::vector<Column> columns;
  std::vector<Oid> owners;
  std::map<Oid, std::size_t> counts;
  for (const auto& row : rows) {
    Column column;
    column.name = *row[2];
    column.type_oid = number<Oid>(row[3]);
    column.typmod = number<std::int32_t>(row[4]);
    column.not_null = row[5] == "t";
    column.comment = *row[6];
    column.ordered = row[7] == "t";
    owners.push_back(number<Oid>(row[0]));
    found.places[{owners.back(), number<int>(row[1])}] = counts[owners.back()]++;
    columns.push_back(std::move(column));
  }
  SLUICE_RETURN_IF_ERROR(describe_types(connection, columns));
  for (std::size_t i = 0; i < columns.size(); ++i) found.tables[found.index[owners[i]]].columns.push_back(std::move(columns[i]));
  return {};
}

Result<std::vector<Table>> read(PostgresConnection& connection, Oid only) {
  SLUICE_TRY(auto found, find_tables(connection, only));
  if (found.tables.empty()) return std::move(found.tables);
  SLUICE_RETURN_IF_ERROR(find_columns(connection, found));
  SLUICE_TRY(const auto keys, connection.query(kKeysSql, {found.oids}));
  for (const auto& row : keys) {
    const auto oid = number<Oid>(row[0]);
    const auto place = found.places.find({oid, number<int>(row[1])});
    if (place != found.places.end()) found.tables[found.index[oid]].key.push_back(place->second);
  }
  return std::move(found.tables);
}

// Text is ordered as its collation says; the others as their numbers and bytes.
bool ordered(const ColumnType& type, Oid base, bool by_bytes) {
  constexpr Oid kText = 25, kVarchar = 1043;
  switch (type.kind) {
    case Kind::int32:
    case Kind::int64:
    case Kind::bytes:
    case Kind::date:
    case Kind::time:
    case Kind::local_timestamp:
    case Kind::timestamp:
    case Kind::uuid: return true;
    case Kind::text: return by_bytes && (base == kText || base == kVarchar);
    default: return false;
  }
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
  std::string oids = "{", typmods = "{";
  std::map<std::pair<Oid, std::int32_t>, std::size_t> wanted;  // a type, and its place
  for (const auto& column : columns) {
    if (!wanted.emplace(std::pair(column.type_oid, column.typmod), wanted.size() + 1).second) continue;
    oids += (oids.size() > 1 ? "," : "") + std::to_string(column.type_oid);
    typmods += (typmods.size() > 1 ? "," : "") + std::to_string(column.typmod);
  }
  SLUICE_TRY(const auto rows, connection.query(kTypesSql, {oids + "}", typmods + "}"}));
  std::map<std::size_t, const std::vector<std::optional<std::string>>*> types;
  for (const auto& row : rows) types[number<std::size_t>(row[0])] = &row;
  for (auto& column : columns) {
    const auto type = types.find(wanted[{column.type_oid, column.typmod}]);
    if (type == types.end()) continue;  // the type is gone: text
    const auto& row = *type->second;
    const auto base = number<Oid>(row[2]);
    column.sql_type = *row[1];
    column.type = column_type(base, number<std::int32_t>(row[3]), number<Oid>(row[4]));
    column.enum_symbols = split(*row[5], '\1');
    column.ordered = ordered(column.type, base, column.ordered);
  }
  return {};
}

Result<ServerIdentity> identify(PostgresConnection& replication) {
  SLUICE_TRY(const auto rows, replication.query("IDENTIFY_SYSTEM"));
  if (rows.empty() || rows[0].size() < 2) return Error{ErrorCode::corrupt, "PostgreSQL: IDENTIFY_SYSTEM gave nothing"};
  return ServerIdentity{rows[0][0].value_or(""), number<std::int32_t>(rows[0][1])};
}

std::string sql_name(const PostgresConnection& connection, const Table& table) {
  return connection.quote_name(table.schema) + "." + connection.quote_name(table.name);
}

std::string sql_source(const PostgresConnection& connection, const Table& table) {
  return (table.partitioned ? "" : "ONLY ") + sql_name(connection, table);
}

}  // namespace sluice::capture::postgres
