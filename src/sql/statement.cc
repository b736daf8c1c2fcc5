#include "sql/statement.h"

#include <algorithm>
#include <array>
#include <utility>

#include "sql/expression_reader.h"
#include "sql/node.h"
#include "sql/parse_tree.h"
#include "sql/select_reader.h"

namespace sluice::sql {

namespace {

constexpr std::size_t kLongestText = std::size_t{1} << 20;
constexpr std::size_t kDeepestTree = 2048;  // of JSON
constexpr std::string_view kTableHint =
    "a stream is named so: CREATE TABLE clicks (user_id int8, ts timestamptz) WITH (topic = 'clicks', watermark = 'ts - interval ''5 s''')";
constexpr std::string_view kViewHint = "CREATE MATERIALIZED VIEW name AS SELECT …";
constexpr std::string_view kAgainHint = "leave it out: a statement that was carried out before changes nothing";

struct Refusal {
  std::string_view node;
  std::string_view name;
  std::string_view hint = {};
};
constexpr auto kRefusals = std::to_array<Refusal>({
    {"ViewStmt", "CREATE VIEW", "CREATE MATERIALIZED VIEW is meant: every view here is kept up to date"},
    {"InsertStmt", "INSERT", "events come in by HTTP (POST /topics/…), from a Kafka client, or from a captured table"},
    {"UpdateStmt", "UPDATE", "a view changes when its relations do"},
    {"DeleteStmt", "DELETE", "a view changes when its relations do"},
    {"MergeStmt", "MERGE", "a view changes when its relations do"},
    {"CopyStmt", "COPY"},
    {"TruncateStmt", "TRUNCATE"},
    {"ExplainStmt", "EXPLAIN", "sluice view show NAME prints a view's plan"},
    {"RefreshMatViewStmt", "REFRESH MATERIALIZED VIEW", "leave it out: a view is always up to date"},
    {"AlterTableStmt", "ALTER", "say CREATE with the new form: it takes the old one's place when it has caught up"},
    {"RenameStmt", "ALTER … RENAME", "create it with the new name, and drop the old one"},
    {"TransactionStmt", "BEGIN, COMMIT and ROLLBACK", "leave them out: the statements of a text are checked before the first is carried out"},
    {"VariableSetStmt", "SET", "options stand in WITH (…)"},
    {"VariableShowStmt", "SHOW", "sluice view list and sluice topic list show what there is"},
    {"IndexStmt", "CREATE INDEX"},
    {"CreateFunctionStmt", "CREATE FUNCTION"},
    {"CommentStmt", "COMMENT"},
});

// Forms of other systems, that PostgreSQL's grammar stumbles over.
struct Foreign {
  std::string_view words;
  std::string_view hint;
};
constexpr auto kForeign = std::to_array<Foreign>({
    {"create source", kTableHint},
    {"create stream", kTableHint},
    {"create or replace stream", kTableHint},
    {"watermark for", kTableHint},
    {"create sink", "a sink is named in the configuration: sinks: {lake: {topics: [v], to: ./archive}}"},
    {"create or replace materialized", "leave OR REPLACE out: another definition takes the place of the one that is there"},
    {"create or replace table", "leave OR REPLACE out: another definition takes the place of the one that is there"},
    {"emit changes", "the option is WITH (emit = 'changes'), and the default"},
    {"emit on window close", "the option is WITH (emit = 'final')"},
});

// Lower case, with one space between words.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (!space) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    if (space && !out.empty() && out.back() != ' ') out += ' ';
  }
  return out;
}

std::string foreign_hint(std::string_view text) {
  const auto words = plain(text);
  const auto* const found = std::ranges::find_if(kForeign, [&](const auto& f) { return words.find(f.words) != std::string::npos; });
  return found == kForeign.end() ? std::string() : std::string(found->hint);
}

class StatementReader {
 public:
  explicit StatementReader(std::string_view text) : places_(text, 0), selects_(places_) {}

  Result<std::vector<Statement>> read(const NodeList& statements) {
    for (const auto& item : statements) {
      const auto& outer = item.as_object();
      const auto begin = number(outer, "stmt_location");
      auto part = places_.text().substr(std::min(begin, places_.text().size()));
      if (outer.contains("stmt_len")) part = part.substr(0, number(outer, "stmt_len"));
      constexpr std::string_view kSpace = " \t\r\n";
      const auto blank = std::min(part.find_first_not_of(kSpace), part.size());
      part.remove_prefix(blank);
      part = part.substr(0, part.find_last_not_of(kSpace) + 1);
      text_ = part;
      position_ = places_.character_at(begin + blank);
      SLUICE_RETURN_IF_ERROR(statement(outer.at("stmt")));
    }
    return std::move(out_);
  }

 private:
  static std::size_t number(const Node& node, std::string_view key) {
    const auto* value = node.if_contains(key);
    return value != nullptr && value->is_int64() ? static_cast<std::size_t>(value->get_int64()) : 0;
  }

  void add(auto form) { out_.push_back({.form = std::move(form), .text = std::string(text_), .position = position_}); }
  [[nodiscard]] Error refused(const std::string& what, std::string_view hint = {}) const {
    return places_.unsupported(position_, what + " is not supported", std::string(hint));
  }

  Result<void> statement(const NodeValue& value) {
    const auto [kind, node] = opened(value);
    if (node == nullptr) return places_.rejected(position_, "it is no statement");
    if (kind == "CreateStmt") return create_table(*node);
    if (kind == "CreateTableAsStmt") return create_view(*node);
    if (kind == "DropStmt") return drop(*node);
    if (kind == "SelectStmt") {
      SLUICE_TRY(auto select, selects_.read(*node));
      add(std::move(select));
      return {};
    }
    const auto* const known = std::ranges::find(kRefusals, kind, &Refusal::node);
    if (known != kRefusals.end()) return refused(std::string(known->name), known->hint);
    return refused("this statement (" + std::string(kind) + ")", "known are CREATE TABLE, CREATE MATERIALIZED VIEW, DROP and SELECT");
  }

  Result<void> create_table(const Node& node) {
    if (node.contains("if_not_exists")) return refused("IF NOT EXISTS", kAgainHint);
    if (node.contains("inhRelations")) return refused("INHERITS");
    if (node.contains("partspec") || node.contains("partbound")) return refused("PARTITION", "a topic's partitions are its own");
    SLUICE_RETURN_IF_ERROR(only_members(places_, node, {"relation", "tableElts", "options", "oncommit"}));
    CreateTable out;
    SLUICE_TRY(out.name, relation_name(places_, *object_of(node, "relation")));
    for (const auto& item : list_of(node, "tableElts")) {
      const auto [kind, element] = opened(item);
      if (kind == "ColumnDef") {
        SLUICE_RETURN_IF_ERROR(column(*element, out));
      } else if (kind == "Constraint") {
        SLUICE_RETURN_IF_ERROR(constraint(*element, {}, out));
      } else {
        return refused("LIKE", "name the columns, or none for all that the topic's schema has");
      }
    }
    SLUICE_TRY(out.options, options(list_of(node, "options")));
    add(std::move(out));
    return {};
  }

  Result<void> column(const Node& node, CreateTable& out) {
    const auto* type = object_of(node, "typeName");
    if (type == nullptr) return refused("a column without a type");
    TableColumn column{.name = text_of(node, "colname"), .type = {}, .modifiers = {}, .position = places_.character_of(node)};
    SLUICE_RETURN_IF_ERROR(selects_.expressions().read_type(*type, column.type, column.modifiers));
    SLUICE_RETURN_IF_ERROR(only_members(places_, node, {"colname", "typeName", "is_local", "constraints", "location"}));
    out.columns.push_back(std::move(column));
    for (const auto& item : list_of(node, "constraints")) {
      const auto* limit = node_of(item, "Constraint");
      if (limit != nullptr) SLUICE_RETURN_IF_ERROR(constraint(*limit, out.columns.back().name, out));
    }
    return {};
  }

  // `column`: it stands at one.
  Result<void> constraint(const Node& node, const std::string& column, CreateTable& out) {
    const auto type = text_of(node, "contype");
    const auto position = places_.character_of(node);
    if (type == "CONSTR_NOTNULL") {
      out.columns.back().not_null = true;
    } else if (type == "CONSTR_PRIMARY") {
      if (!out.primary_key.empty()) return places_.rejected(position, "there is a primary key already");
      out.primary_key = column.empty() ? names_of(list_of(node, "keys")) : std::vector<std::string>{column};
    } else if (type != "CONSTR_NULL") {
      std::string word = type.substr(std::min(type.size(), std::string_view("CONSTR_").size()));
      std::ranges::replace(word, '_', ' ');
      return places_.unsupported(position, word + " is not supported at a stream's columns", "what may be written is the schema's affair");
    }
    return {};
  }

  Result<std::vector<Option>> options(const NodeList& list) {
    std::vector<Option> out;
    for (const auto& item : list) {
      const auto* element = node_of(item, "DefElem");
      if (element == nullptr) return refused("such an option");
      Option option{.name = text_of(*element, "defname"), .value = {}, .position = places_.character_of(*element)};
      if (element->contains("defnamespace")) return places_.unsupported(option.position, "an option of a namespace is not supported");
      for (auto& c : option.name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
      SLUICE_TRY(option.value, option_value(*element, option));
      out.push_back(std::move(option));
    }
    return out;
  }

  Result<std::string> option_value(const Node& element, const Option& option) {
    const auto* value = element.if_contains("arg");
    if (value == nullptr) return std::string("true");
    const auto [kind, node] = opened(*value);
    if (kind == "String") return text_of(*node, "sval");
    if (kind == "Float") return text_of(*node, "fval");
    if (kind == "TypeName") {
      const auto names = names_of(list_of(*node, "names"));
      if (!names.empty()) return names.back();
    }
    if (kind == "Integer" && node->contains("ival")) return std::to_string(node->at("ival").as_int64());
    if (kind == "Integer") {  // zero, or below
      const auto equals = places_.text().find('=', places_.byte_of(element));
      const auto digits = places_.text().find_first_not_of("= \t\r\n", equals);
      if (const auto written = places_.integer_at(digits); !written.empty()) return written;
    }
    return places_.rejected(option.position, "the value of " + option.name + " is a text in quotes, a number or a word");
  }

  Result<void> create_view(const Node& node) {
    if (text_of(node, "objtype") != "OBJECT_MATVIEW") return refused("CREATE TABLE AS", kViewHint);
    if (node.contains("if_not_exists")) return refused("IF NOT EXISTS", kAgainHint);
    const auto* into = object_of(node, "into");
    const auto* query = node.contains("query") ? node_of(node.at("query"), "SelectStmt") : nullptr;
    if (into == nullptr || query == nullptr) return refused("a view of something else than a SELECT");
    if (truth_of(*into, "skipData")) return refused("WITH NO DATA", "leave it out: a view holds what its query gives");
    SLUICE_RETURN_IF_ERROR(only_members(places_, *into, {"rel", "colNames", "options", "onCommit"}));
    CreateView out;
    SLUICE_TRY(out.name, relation_name(places_, *object_of(*into, "rel")));
    out.columns = names_of(list_of(*into, "colNames"));
    SLUICE_TRY(out.options, options(list_of(*into, "options")));
    SLUICE_TRY(out.query, selects_.read(*query));
    add(std::move(out));
    return {};
  }

  Result<void> drop(const Node& node) {
    const auto type = text_of(node, "removeType");
    if (type == "OBJECT_VIEW") return refused("DROP VIEW", "DROP MATERIALIZED VIEW is meant");
    if (type != "OBJECT_MATVIEW" && type != "OBJECT_TABLE") return refused("this DROP", "known are DROP MATERIALIZED VIEW and DROP TABLE");
    if (text_of(node, "behavior") == "DROP_CASCADE") return refused("CASCADE", "drop what reads it first, by name");
    for (const auto& item : list_of(node, "objects")) {
      const auto* list = node_of(item, "List");
      if (list == nullptr) return refused("such a name");
      DropView out{.name = {}, .if_exists = truth_of(node, "missing_ok")};
      for (const auto& name : names_of(list_of(*list, "items"))) out.name += (out.name.empty() ? "" : ".") + name;
      add(std::move(out));
    }
    return {};
  }

  Places places_;
  SelectReader selects_;
  std::string_view text_;     // the statement's own
  std::size_t position_ = 1;  // where that begins
  std::vector<Statement> out_;
};

}  // namespace

Result<std::vector<Statement>> parse_statements(std::string_view text) {
  const Places places(text.substr(0, kLongestText), 0);
  if (text.size() > kLongestText) return places.rejected(1, "the text is longer than 1 MiB");
  if (const auto zero = text.find('\0'); zero != std::string_view::npos) return places.rejected(places.character_at(zero), "a zero byte");
  const auto parsed = parse_tree(std::string(text));
  if (!parsed) {
    auto error = places.rejected(std::max<std::size_t>(parsed.error().character, 1), parsed.error().message);
    error.hint = foreign_hint(text);
    return error;
  }
  const auto tree = tree_of_json(*parsed, kDeepestTree);
  if (!tree.ok()) return places.rejected(1, tree.error().message);
  return StatementReader(text).read(list_of(tree->as_object(), "stmts"));
}

}  // namespace sluice::sql
