// Each statement's node becomes no, one or several changes. A node has one member, whose name is its kind.
#include "sql/migration.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "sql/node.h"
#include "sql/parse_tree.h"

namespace sluice::sql {

namespace {

using Kind = TableChange::Kind;

constexpr std::size_t kLongestText = std::size_t{16} << 20;
constexpr std::size_t kDeepestTree = 2048;

TableName table_of(const Node& node) {
  const auto* relation = object_of(node, "relation");
  return relation == nullptr ? TableName{} : TableName{text_of(*relation, "schemaname"), text_of(*relation, "relname")};
}
// The last parts of a name: {column, table, schema}; empty where there are fewer.
std::array<std::string, 3> parts_of(const std::vector<std::string>& names) {
  std::array<std::string, 3> parts;
  for (std::size_t i = 0; i < parts.size() && i < names.size(); ++i) parts[i] = names[names.size() - 1 - i];
  return parts;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::vector<TableChange> read(const NodeList& statements) {
    for (const auto& statement : statements) {
      const auto& outer = statement.as_object();
      const auto* from = outer.if_contains("stmt_location");
      const auto* length = outer.if_contains("stmt_len");
      begin_ = from != nullptr ? static_cast<std::size_t>(from->as_int64()) : 0;
      begin_ = std::min(text_.find_first_not_of(" \t\r\n", begin_), text_.size());
      const auto end = (from != nullptr ? static_cast<std::size_t>(from->as_int64()) : 0) + (length != nullptr ? static_cast<std::size_t>(length->as_int64()) : text_.size());
      statement_ = text_.substr(begin_, std::max(end, begin_) - begin_);
      read_statement(outer.at("stmt"));
    }
    return std::move(changes_);
  }

 private:
  TableChange& add(Kind kind, TableName table = {}) {
    changes_.push_back({.kind = kind, .line = 1 + static_cast<std::size_t>(std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(begin_), '\n')), .table = std::move(table)});
    return changes_.back();
  }
  void unknown() { add(Kind::unknown).name = statement_; }

  void read_statement(const NodeValue& value) {
    const auto [kind, node] = opened(value);
    if (node == nullptr) return;
    if (kind == "CreateStmt") return create(*node);
    if (kind == "AlterTableStmt") return alter(*node);
    if (kind == "RenameStmt") return rename(*node);
    if (kind == "AlterObjectSchemaStmt") return move(*node);
    if (kind == "DropStmt") return drop(*node);
    if (kind == "CommentStmt") return comment(*node);
    if (kind == "CreateEnumStmt" || kind == "AlterEnumStmt") return enumeration(*node, kind == "CreateEnumStmt");
    if (kind == "CreateDomainStmt") return domain(*node);
    if (kind == "TruncateStmt") return truncate(*node);
    constexpr auto kMayChangeTables = std::to_array<std::string_view>({"DoStmt", "CallStmt", "CreateTableAsStmt", "AlterDomainStmt", "AlterTypeStmt", "CompositeTypeStmt",
                                                                       "CreateExtensionStmt", "AlterTableMoveAllStmt", "ImportForeignSchemaStmt"});
    if (std::ranges::find(kMayChangeTables, kind) != kMayChangeTables.end()) unknown();
  }

  // An integer constant; those that the tree leaves out are read in the text.
  std::int64_t integer(const Node& constant) const {
    const auto* value = object_of(constant, "ival");
    if (const auto* number = value != nullptr ? value->if_contains("ival") : nullptr) return number->as_int64();
    const auto* location = constant.if_contains("location");
    auto rest = text_.substr(std::min(static_cast<std::size_t>(location != nullptr ? std::max<std::int64_t>(location->as_int64(), 0) : 0), text_.size()));
    const bool negative = rest.starts_with('-');
    if (negative) rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n", 1), rest.size()));
    std::int64_t out = 0;
    std::from_chars(rest.data(), rest.data() + rest.size(), out);
    return negative ? -out : out;
  }

  static TypeName type_named(const NodeList& names) {
    const auto parts = parts_of(names_of(names));
    return {.schema = parts[1], .name = parts[0]};
  }

  TypeName type_of(const Node& column) const {
    const auto* node = object_of(column, "typeName");
    if (node == nullptr) return {};
    auto type = type_named(list_of(*node, "names"));
    for (const auto& item : list_of(*node, "typmods")) {
      if (const auto* constant = node_of(item, "A_Const")) type.modifiers.push_back(integer(*constant));
    }
    type.array = !list_of(*node, "arrayBounds").empty();
    serial(type);
    return type;
  }
  // The grammar knows no serial; the parser behind it does.
  static void serial(TypeName& type) {
    constexpr auto kSerials = std::to_array<std::pair<std::string_view, std::string_view>>(
        {{"serial", "int4"}, {"serial4", "int4"}, {"bigserial", "int8"}, {"serial8", "int8"}, {"smallserial", "int2"}, {"serial2", "int2"}});
    const auto* const found = std::ranges::find(kSerials, type.name, &std::pair<std::string_view, std::string_view>::first);
    if (type.schema.empty() && found != kSerials.end()) type = {.schema = "pg_catalog", .name = std::string(found->second)};
  }

  ColumnDefinition column_of(const Node& node) const {
    ColumnDefinition column{.name = text_of(node, "colname"), .type = type_of(node)};
    const auto* name = object_of(node, "typeName");
    if (name != nullptr) {
      const auto names = names_of(list_of(*name, "names"));
      column.not_null = !names.empty() && names.back().find("serial") != std::string::npos;
    }
    for (const auto& item : list_of(node, "constraints")) {
      const auto* constraint = node_of(item, "Constraint");
      if (constraint == nullptr) continue;
      const auto type = text_of(*constraint, "contype");
      column.primary_key = column.primary_key || type == "CONSTR_PRIMARY";
      column.not_null = column.not_null || type == "CONSTR_NOTNULL" || type == "CONSTR_PRIMARY" || type == "CONSTR_IDENTITY";
      column.generated = column.generated || type == "CONSTR_GENERATED";
    }
    return column;
  }

  void create(const Node& node) {
    const auto* relation = object_of(node, "relation");
    if (relation != nullptr && text_of(*relation, "relpersistence") == "t") return;  // of a session alone
    if (node.contains("partbound")) return;                                          // its rows are its parent's
    if (node.contains("inhRelations")) return unknown();
    auto& change = add(Kind::create_table, table_of(node));
    for (const auto& item : list_of(node, "tableElts")) {
      const auto [kind, element] = opened(item);
      if (kind == "ColumnDef") change.columns.push_back(column_of(*element));
      if (kind == "Constraint" && text_of(*element, "contype") == "CONSTR_PRIMARY") change.key = names_of(list_of(*element, "keys"));
      if (kind == "TableLikeClause") {
        change = {.kind = Kind::unknown, .line = change.line, .name = std::string(statement_)};
        return;
      }
    }
    for (const auto& column : change.columns) {
      if (column.primary_key) change.key = {column.name};
    }
  }

  void alter(const Node& node) {
    if (text_of(node, "objtype") != "OBJECT_TABLE") {
      if (text_of(node, "objtype") == "OBJECT_TYPE") unknown();
      return;
    }
    for (const auto& item : list_of(node, "cmds")) {
      if (const auto* command = node_of(item, "AlterTableCmd")) alter_once(table_of(node), *command);
    }
  }

  void alter_once(const TableName& table, const Node& command) {
    const auto subtype = text_of(command, "subtype");
    const auto* definition = object_of(command, "def");
    const Node* column = definition != nullptr ? object_of(*definition, "ColumnDef") : nullptr;
    if (subtype == "AT_AddColumn" && column != nullptr) {
      const auto added = column_of(*column);
      add(Kind::add_column, table).columns.push_back(added);
      if (added.primary_key) add(Kind::add_key, table).key = {added.name};
    } else if (subtype == "AT_AlterColumnType" && column != nullptr) {
      auto& change = add(Kind::retype_column, table);
      change.column = text_of(command, "name");
      change.columns.push_back({.name = change.column, .type = type_of(*column)});
    } else if (subtype == "AT_DropColumn" || subtype == "AT_SetNotNull" || subtype == "AT_DropNotNull") {
      add(subtype == "AT_DropColumn" ? Kind::drop_column : subtype == "AT_SetNotNull" ? Kind::set_not_null : Kind::drop_not_null, table).column = text_of(command, "name");
    } else if (subtype == "AT_DropConstraint") {
      add(Kind::drop_constraint, table).name = text_of(command, "name");
    } else if (subtype == "AT_AddConstraint" && definition != nullptr) {
      add_constraint(table, object_of(*definition, "Constraint"));
    } else if (subtype == "AT_ReplicaIdentity" && definition != nullptr) {
      identity(table, object_of(*definition, "ReplicaIdentityStmt"));
    }  // others (storage, owner, defaults, triggers, …) change no shape
  }

  void add_constraint(const TableName& table, const Node* constraint) {
    if (constraint == nullptr || text_of(*constraint, "contype") != "CONSTR_PRIMARY") return;
    auto& change = add(Kind::add_key, table);
    change.key = names_of(list_of(*constraint, "keys"));
    change.name = text_of(*constraint, "indexname");
  }

  void identity(const TableName& table, const Node* statement) {
    if (statement == nullptr) return;
    const auto type = text_of(*statement, "identity_type");
    add(Kind::replica_identity, table).name = type == "f" ? "full" : type == "n" ? "nothing" : type == "i" ? "index " + text_of(*statement, "name") : "default";
  }

  void rename(const Node& node) {
    const auto type = text_of(node, "renameType");
    if (type == "OBJECT_TABLE") add(Kind::rename_table, table_of(node)).name = text_of(node, "newname");
    if (type == "OBJECT_COLUMN" && text_of(node, "relationType") == "OBJECT_TABLE") {
      auto& change = add(Kind::rename_column, table_of(node));
      change.column = text_of(node, "subname");
      change.name = text_of(node, "newname");
    }
    if (type == "OBJECT_SCHEMA" || type == "OBJECT_TYPE" || type == "OBJECT_ATTRIBUTE") unknown();
  }

  void move(const Node& node) {
    if (text_of(node, "objectType") == "OBJECT_TABLE") add(Kind::move_table, table_of(node)).name = text_of(node, "newschema");
  }

  void drop(const Node& node) {
    const auto type = text_of(node, "removeType");
    if (type == "OBJECT_SCHEMA" || type == "OBJECT_TYPE" || type == "OBJECT_DOMAIN") return unknown();
    if (type != "OBJECT_TABLE") return;
    for (const auto& item : list_of(node, "objects")) {
      const auto* list = node_of(item, "List");
      if (list == nullptr) continue;
      const auto parts = parts_of(names_of(list_of(*list, "items")));
      add(Kind::drop_table, {parts[1], parts[0]});
    }
  }

  void comment(const Node& node) {
    const auto type = text_of(node, "objtype");
    const auto* object = object_of(node, "object");
    const auto* list = object != nullptr ? object_of(*object, "List") : nullptr;
    if (list == nullptr || (type != "OBJECT_TABLE" && type != "OBJECT_COLUMN")) return;
    const auto parts = parts_of(names_of(list_of(*list, "items")));
    auto& change = add(Kind::comment, type == "OBJECT_COLUMN" ? TableName{parts[2], parts[1]} : TableName{parts[1], parts[0]});
    if (type == "OBJECT_COLUMN") change.column = parts[0];
    change.name = text_of(node, "comment");
  }

  void enumeration(const Node& node, bool is_new) {
    const auto old = text_of(node, "oldVal");
    auto& change = add(is_new ? Kind::create_enum : old.empty() ? Kind::add_label : Kind::rename_label);
    change.type = type_named(list_of(node, "typeName"));
    change.column = old;
    change.name = text_of(node, "newVal");
    change.key = names_of(list_of(node, "vals"));
  }

  void domain(const Node& node) {
    auto& change = add(Kind::create_domain);
    change.type = type_named(list_of(node, "domainname"));
    change.columns.push_back({.type = type_of(node)});
  }

  void truncate(const Node& node) {
    for (const auto& item : list_of(node, "relations")) {
      if (const auto* relation = node_of(item, "RangeVar")) add(Kind::truncate, {text_of(*relation, "schemaname"), text_of(*relation, "relname")});
    }
  }

  std::string_view text_;
  std::size_t begin_ = 0;
  std::string_view statement_;
  std::vector<TableChange> changes_;
};

Error rejected(const std::string& why) { return {.code = ErrorCode::rejected, .message = why}; }

// "line N, character N", both from 1, of a character of the text.
std::string place(std::string_view text, std::size_t character) {
  std::size_t line = 1, column = 1, seen = 1;
  for (const char c : text) {
    if (seen >= character) break;
    if ((c & 0xC0) == 0x80) continue;
    ++seen;
    c == '\n' ? (++line, column = 1) : ++column;
  }
  return "line " + std::to_string(line) + ", character " + std::to_string(column);
}

}  // namespace

Result<std::vector<TableChange>> parse_migration(std::string_view text) {
  if (text.size() > kLongestText) return rejected("the migration is longer than 16 MiB");
  if (text.find('\0') != std::string_view::npos) return rejected("there is a zero byte in the migration");
  const auto tree = parse_tree(std::string(text));
  if (!tree) return rejected(place(text, std::max<std::size_t>(tree.error().character, 1)) + ": " + tree.error().message);
  const auto parsed = tree_of_json(*tree, kDeepestTree);
  if (!parsed.ok()) return Error(parsed.error()).in("the migration");
  return Reader(text).read(list_of(parsed->as_object(), "stmts"));
}

}  // namespace sluice::sql
