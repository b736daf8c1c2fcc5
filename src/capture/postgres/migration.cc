// The tables are held by name, and the changes carried out on them one after the other, as PostgreSQL would.
#include "capture/postgres/migration.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <functional>

#include "base/bytes.h"
#include "base/escape.h"

namespace sluice::capture::postgres {

namespace json = boost::json;

namespace {

using sql::TableChange;
using Change = TableChange::Kind;

// What column_type() knows by object id, under the names of pg_type, and those that format_type() prints otherwise.
struct BuiltIn {
  std::string_view name;
  Oid oid;
  std::string_view printed;
  std::string_view after_modifier = {};  // "timestamp(3) with time zone"
};
constexpr auto kBuiltIns = std::to_array<BuiltIn>({
    {"bool", 16, "boolean"}, {"bytea", 17, "bytea"}, {"int8", 20, "bigint"}, {"int2", 21, "smallint"}, {"int4", 23, "integer"},
    {"float4", 700, "real"}, {"float8", 701, "double precision"}, {"date", 1082, "date"}, {"time", 1083, "time", " without time zone"},
    {"timestamp", 1114, "timestamp", " without time zone"}, {"timestamptz", 1184, "timestamp", " with time zone"}, {"numeric", 1700, "numeric"},
    {"uuid", 2950, "uuid"}, {"varchar", 1043, "character varying"}, {"bpchar", 1042, "character"}, {"timetz", 1266, "time", " with time zone"},
    {"varbit", 1562, "bit varying"}, {"text", 25, "text"}, {"json", 114, "json"}, {"jsonb", 3802, "jsonb"}, {"xml", 142, "xml"}, {"money", 790, "money"},
    {"interval", 1186, "interval"}, {"inet", 869, "inet"}, {"cidr", 650, "cidr"}, {"macaddr", 829, "macaddr"}, {"bit", 1560, "bit"},
    {"tsvector", 3614, "tsvector"}, {"point", 600, "point"}, {"name", 19, "name"}, {"oid", 26, "oid"}, {"int4range", 3904, "int4range"},
    {"tstzrange", 3910, "tstzrange"}, {"daterange", 3912, "daterange"}, {"numrange", 3906, "numrange"}, {"int8range", 3926, "int8range"},
});

bool is_digit(char c) { return c >= '0' && c <= '9'; }

const BuiltIn* built_in(const sql::TypeName& type) {
  const auto* const found = std::ranges::find(kBuiltIns, type.name, &BuiltIn::name);
  return found == kBuiltIns.end() || (!type.schema.empty() && type.schema != "pg_catalog") ? nullptr : found;
}

// As format_type() prints it.
std::string printed(const BuiltIn& type, const std::vector<std::int64_t>& modifiers, bool array) {
  std::string text(type.printed);
  auto shown = modifiers;
  if (type.name == "numeric" && shown.size() == 1) shown.push_back(0);
  if (type.name == "bpchar" && shown.empty()) shown = {1};
  for (std::size_t i = 0; i < shown.size(); ++i) text += (i == 0 ? "(" : ",") + std::to_string(shown[i]);
  if (!shown.empty()) text += ")";
  return text + std::string(type.after_modifier) + (array ? "[]" : "");
}

// A type of the database's own, as format_type() prints it where only pg_catalog is searched.
std::string printed(const sql::TypeName& type, bool array) {
  const auto quoted = [](const std::string& name) {
    const bool plain = std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_'; }) && !name.empty() && !is_digit(name[0]);
    return plain ? name : '"' + name + '"';
  };
  return quoted(type.schema.empty() ? "public" : type.schema) + "." + quoted(type.name) + (array ? "[]" : "");
}

std::int32_t typmod_of(const BuiltIn& type, const std::vector<std::int64_t>& modifiers) {
  if (type.name != "numeric" || modifiers.empty()) return -1;
  const auto scale = modifiers.size() > 1 ? modifiers[1] : 0;
  return static_cast<std::int32_t>(((modifiers[0] << 16) | (scale & 0x7ff)) + 4);
}

// The other way than escape_topic_part() and escape_avro_name().
std::string unescape(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    unsigned byte = 0;
    const auto* digits = name.data() + i + 2;
    if (name[i] == '_' && i + 3 < name.size() && name[i + 1] == 'x' && std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      out += static_cast<char>(byte);
      i += 3;
    } else {
      out += name[i];
    }
  }
  return out;
}

std::string text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}
std::int32_t number_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_int64() ? static_cast<std::int32_t>(value->get_int64()) : 0;
}

// The other way than avro_type().
ColumnType type_of(const json::value& avro) {
  const auto* object = avro.if_object();
  const auto name = object != nullptr ? text_of(*object, "type") : avro.is_string() ? std::string(avro.get_string()) : std::string();
  const auto logical = object != nullptr ? text_of(*object, "logicalType") : std::string();
  constexpr auto kKinds = std::to_array<std::pair<std::string_view, Kind>>({
      {"boolean", Kind::boolean}, {"int", Kind::int32}, {"long", Kind::int64}, {"float", Kind::float32}, {"double", Kind::float64}, {"bytes", Kind::bytes},
      {"date", Kind::date}, {"time-micros", Kind::time}, {"local-timestamp-micros", Kind::local_timestamp}, {"timestamp-micros", Kind::timestamp}, {"uuid", Kind::uuid}});
  if (logical == "decimal") return {.kind = Kind::decimal, .precision = number_of(*object, "precision"), .scale = number_of(*object, "scale")};
  if (name == "array") {
    const auto* items = object->if_contains("items");
    const auto* branches = items != nullptr ? items->if_array() : nullptr;
    const auto inner = branches != nullptr && branches->size() == 2 ? type_of((*branches)[1]) : ColumnType{};
    return {.kind = Kind::array, .element = inner.kind, .element_precision = inner.precision, .element_scale = inner.scale};
  }
  const auto* const found = std::ranges::find(kKinds, logical.empty() ? name : logical, &std::pair<std::string_view, Kind>::first);
  return {.kind = found == kKinds.end() ? Kind::text : found->second};
}

const json::array* fields_of(const json::value& schema) {
  const auto* object = schema.if_object();
  const auto* fields = object != nullptr ? object->if_contains("fields") : nullptr;
  return fields != nullptr ? fields->if_array() : nullptr;
}

Column column_of(const json::object& field) {
  const auto given = text_of(field, "sqlName");
  Column column{.name = given.empty() ? unescape(text_of(field, "name")) : given, .sql_type = text_of(field, "sqlType")};
  const auto* type = field.if_contains("type");
  const auto* branches = type != nullptr ? type->if_array() : nullptr;
  if (branches != nullptr && branches->size() == 2) column.type = type_of((*branches)[1]);
  column.not_null = field.contains("notNull");
  column.comment = text_of(field, "doc");
  if (const auto* symbols = field.if_contains("enumSymbols"); symbols != nullptr && symbols->is_array()) {
    for (const auto& symbol : symbols->get_array()) {
      if (symbol.is_string()) column.enum_symbols.emplace_back(symbol.get_string());
    }
  }
  return column;
}

Column* find_column(Table& table, const std::string& name) {
  const auto found = std::ranges::find(table.columns, name, &Column::name);
  return found == table.columns.end() ? nullptr : &*found;
}

Error rejected(std::string message) { return {.code = ErrorCode::rejected, .message = std::move(message)}; }

// One table on its way.
struct Entry {
  std::optional<Table> before = {};
  std::optional<Table> now = {};
  bool touched = false;
  std::vector<std::string> notes = {};
};

class Runner {
 public:
  explicit Runner(const std::vector<Table>& tables) {
    for (const auto& table : tables) entries_.push_back({table, table, false, {}});
  }

  Result<Migration> run(const std::vector<TableChange>& changes) {
    for (const auto& change : changes) {
      auto done = apply(change);
      if (!done.ok()) return std::move(done).error().in("line " + std::to_string(change.line));
    }
    for (auto& entry : entries_) {
      if (entry.touched) out_.tables.push_back({std::move(entry.before), std::move(entry.now), std::move(entry.notes)});
    }
    return std::move(out_);
  }

 private:
  Result<void> apply(const TableChange& change) {
    switch (change.kind) {
      case Change::create_table: return create(change);
      case Change::create_enum: enums_[printed(change.type, false)] = change.key; return {};
      case Change::create_domain: domains_[printed(change.type, false)] = change.columns.at(0).type; return {};
      case Change::add_label:
      case Change::rename_label: return relabel(change);
      case Change::unknown:
        out_.unknown.push_back("line " + std::to_string(change.line) + ": " + first_line(change.name));
        return {};
      default: break;
    }
    SLUICE_TRY(auto* entry, find(change.table));
    if (entry == nullptr) return {};  // not the source's
    entry->touched = true;
    return alter(*entry, change);
  }

  static std::string first_line(const std::string& text) {
    constexpr std::size_t kMost = 80;
    const auto line = text.substr(0, text.find('\n'));
    return line.size() > kMost ? line.substr(0, kMost) + "…" : line;
  }

  // By its name, in `public` if there is no schema, else wherever there is one only.
  Result<Entry*> find(const sql::TableName& name) {
    std::vector<Entry*> found;
    for (auto& entry : entries_) {
      if (!entry.now || entry.now->name != name.name || (!name.schema.empty() && entry.now->schema != name.schema)) continue;
      if (entry.now->schema == "public") return &entry;
      found.push_back(&entry);
    }
    if (found.size() > 1) {
      return rejected(name.name + " may be " + found[0]->now->full_name() + " or " + found[1]->now->full_name() + ": write the schema before the name");
    }
    return found.empty() ? nullptr : found[0];
  }

  Column column_of(const sql::ColumnDefinition& definition, Entry& entry) const {
    Column column{.name = definition.name, .not_null = definition.not_null};
    describe(definition.type, column, entry);
    return column;
  }

  // Fills in what follows from the type.
  void describe(const sql::TypeName& type, Column& column, Entry& entry) const {
    column.enum_symbols.clear();
    column.type = type.array ? ColumnType{.kind = Kind::array} : ColumnType{};
    if (const auto* known = built_in(type)) {
      column.sql_type = printed(*known, type.modifiers, type.array);
      const auto typmod = typmod_of(*known, type.modifiers);
      column.type = type.array ? column_type(0, typmod, known->oid) : column_type(known->oid, typmod, 0);
      return;
    }
    const auto name = printed(type, false);
    column.sql_type = printed(type, type.array);
    if (const auto labels = enums_.find(name); labels != enums_.end()) {
      if (!type.array) column.enum_symbols = labels->second;
    } else if (const auto domain = domains_.find(name); domain != domains_.end() && !type.array) {
      describe(domain->second, column, entry);
      column.sql_type = name;
    } else if (const auto* like = same_type(column.sql_type)) {
      column.type = like->type;
      column.enum_symbols = like->enum_symbols;
    } else {
      entry.notes.push_back("type " + column.sql_type + " of column " + column.name +
                            " is not known here: taken for one that becomes a string (a domain becomes what is behind it)");
    }
  }
  // A column that has a type of this name already.
  [[nodiscard]] const Column* same_type(const std::string& sql_type) const {
    for (const auto& entry : entries_) {
      if (!entry.now) continue;
      const auto found = std::ranges::find(entry.now->columns, sql_type, &Column::sql_type);
      if (found != entry.now->columns.end()) return &*found;
    }
    return nullptr;
  }

  Result<void> create(const TableChange& change) {
    SLUICE_TRY(const auto* there, find(change.table));
    if (there != nullptr) return {};  // IF NOT EXISTS; else PostgreSQL refuses it
    Entry entry{.now = Table{}, .touched = true};
    entry.now->schema = change.table.schema.empty() ? "public" : change.table.schema;
    entry.now->name = change.table.name;
    for (const auto& definition : change.columns) {
      if (!definition.generated) entry.now->columns.push_back(column_of(definition, entry));
    }
    SLUICE_RETURN_IF_ERROR(set_key(*entry.now, change.key));
    entries_.push_back(std::move(entry));
    return {};
  }

  Result<void> relabel(const TableChange& change) {
    const auto type = printed(change.type, false);
    auto& labels = enums_[type];
    if (labels.empty()) {
      const auto* like = same_type(type);
      if (like != nullptr) labels = like->enum_symbols;
    }
    const auto at = std::ranges::find(labels, change.column);
    if (change.kind == Change::add_label) {
      labels.push_back(change.name);
    } else if (at != labels.end()) {
      *at = change.name;
    }
    for (auto& entry : entries_) {
      if (!entry.now) continue;
      for (auto& column : entry.now->columns) {
        if (column.sql_type != type || column.enum_symbols.empty()) continue;
        column.enum_symbols = labels;
        entry.touched = true;
      }
    }
    return {};
  }

  static Result<void> set_key(Table& table, const std::vector<std::string>& names) {
    std::vector<std::size_t> key;
    for (const auto& name : names) {
      auto* column = find_column(table, name);
      if (column == nullptr) return rejected("table " + table.full_name() + " has no column " + name);
      column->not_null = true;
      key.push_back(static_cast<std::size_t>(column - table.columns.data()));
    }
    table.key = std::move(key);
    return {};
  }

  Result<void> alter(Entry& entry, const TableChange& change) {
    auto& table = *entry.now;
    switch (change.kind) {
      case Change::drop_table: entry.now.reset(); return {};
      case Change::rename_table:
      case Change::move_table: return rename(entry, change);
      case Change::add_column: return add_column(entry, change);
      case Change::add_key:
        if (!change.key.empty()) return set_key(table, change.key);
        entry.notes.push_back("the primary key takes over index " + change.name + ": its columns are not known here");
        return {};
      case Change::drop_constraint:
        if (change.name.ends_with("_pkey")) table.key.clear();
        return {};
      case Change::replica_identity:
        if (change.name == "full" || change.name == "nothing") table.key.clear();
        if (change.name.starts_with("index ")) entry.notes.push_back("the replica identity becomes " + change.name + ": its columns are not known here");
        return {};
      case Change::truncate:
        entry.notes.push_back("TRUNCATE: a tombstone for each live row");
        return {};
      default: return alter_column(entry, change);
    }
  }

  Result<void> rename(Entry& entry, const TableChange& change) {
    // A table under another name is another topic's: the old one ends.
    Entry renamed{.now = entry.now, .touched = true};
    (change.kind == Change::rename_table ? renamed.now->name : renamed.now->schema) = change.name;
    entry.notes.push_back("goes on as " + renamed.now->full_name());
    entry.now.reset();
    entries_.push_back(std::move(renamed));
    return {};
  }

  Result<void> add_column(Entry& entry, const TableChange& change) {
    const auto& definition = change.columns.at(0);
    if (definition.generated || find_column(*entry.now, definition.name) != nullptr) return {};
    entry.now->columns.push_back(column_of(definition, entry));
    return {};
  }

  Result<void> alter_column(Entry& entry, const TableChange& change) {
    auto& table = *entry.now;
    if (change.kind == Change::comment && change.column.empty()) {
      table.comment = change.name;
      return {};
    }
    auto* column = find_column(table, change.column);
    if (column == nullptr) return rejected("table " + table.full_name() + " has no column " + change.column);
    switch (change.kind) {
      case Change::drop_column: drop_column(table, static_cast<std::size_t>(column - table.columns.data())); break;
      case Change::rename_column: column->name = change.name; break;
      case Change::retype_column: describe(change.columns.at(0).type, *column, entry); break;
      case Change::set_not_null: column->not_null = true; break;
      case Change::drop_not_null: column->not_null = false; break;
      case Change::comment: column->comment = change.name; break;
      default: break;
    }
    return {};
  }

  // A key goes with any of its columns.
  static void drop_column(Table& table, std::size_t index) {
    if (std::ranges::find(table.key, index) != table.key.end()) table.key.clear();
    for (auto& place : table.key) place -= place > index ? 1 : 0;
    table.columns.erase(table.columns.begin() + static_cast<std::ptrdiff_t>(index));
  }

  std::vector<Entry> entries_;
  std::map<std::string, std::vector<std::string>> enums_;
  std::map<std::string, sql::TypeName> domains_;
  Migration out_;
};

}  // namespace

Result<Table> table_of_topic(std::string_view topic, std::string_view value_schema, std::string_view key_schema) {
  const auto first = topic.find('.'), second = topic.find('.', first + 1);
  boost::system::error_code error;
  const auto parsed = json::parse({value_schema.data(), value_schema.size()}, error);
  const auto* fields = error ? nullptr : fields_of(parsed);
  if (fields == nullptr || second == std::string_view::npos || topic.find('.', second + 1) != std::string_view::npos) {
    return rejected(std::string(topic) + " is no topic of a captured table");
  }
  Table table;
  table.schema = unescape(topic.substr(first + 1, second - first - 1));
  table.name = unescape(topic.substr(second + 1));
  table.comment = text_of(parsed.get_object(), "doc");
  for (const auto& field : *fields) {
    if (const auto* object = field.if_object()) table.columns.push_back(column_of(*object));
  }
  for (const auto& name : key_fields(key_schema)) {
    const auto found = std::ranges::find_if(table.columns, [&](const Column& column) { return escape_avro_name(column.name) == name; });
    if (found == table.columns.end()) return rejected(std::string(topic) + ": the key's column " + name + " is not in the value's schema");
    table.key.push_back(static_cast<std::size_t>(found - table.columns.begin()));
  }
  return table;
}

Result<Migration> migrate(const std::vector<Table>& tables, std::string_view migration) {
  SLUICE_TRY(const auto changes, sql::parse_migration(migration));
  return Runner(tables).run(changes);
}

}  // namespace sluice::capture::postgres
