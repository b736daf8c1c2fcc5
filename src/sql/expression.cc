// libpg_query gives PostgreSQL's parse tree as JSON; this takes the few nodes that an Expression has.
//
// The text is parsed as "SELECT WHERE " + text, and refused when the statement is more than that. The JSON leaves out
// integers that are not positive: those are read in the text, at the place of the constant.
#include "sql/expression.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <utility>

#include "sql/parse_tree.h"

namespace sluice::sql {

namespace json = boost::json;

namespace {

constexpr std::string_view kPrefix = "SELECT WHERE ";
constexpr std::size_t kLongestText = std::size_t{64} << 10;
constexpr std::size_t kDeepestTree = 1024;  // of JSON: a level of the expression is five of them

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<Expression> read(const json::value& value) const {
    const auto& entry = *value.as_object().begin();
    const std::string_view kind(entry.key().data(), entry.key().size());
    const auto& node = entry.value().as_object();
    if (kind == "ColumnRef") return column(node);
    if (kind == "A_Const") return constant(node);
    if (kind == "A_Expr") return operation(node);
    if (kind == "BoolExpr") return logical(node);
    if (kind == "NullTest") return test(node, member(node, "nulltesttype"));
    if (kind == "BooleanTest") return test(node, member(node, "booltesttype"));
    return unsupported(place(node), named(kind));
  }

  // Of the byte at `at` of our text: "character N".
  [[nodiscard]] std::size_t character(std::size_t at) const {
    const auto before = text_.substr(0, std::min(at, text_.size()));
    return 1 + static_cast<std::size_t>(std::ranges::count_if(before, [](char c) { return (c & 0xC0) != 0x80; }));
  }
  [[nodiscard]] static Error rejected(std::size_t position, const std::string& why) {
    return {.code = ErrorCode::rejected, .message = "character " + std::to_string(position) + ": " + why};
  }

 private:
  static std::string_view member(const json::object& node, std::string_view key) {
    const auto* value = node.if_contains(key);
    return value != nullptr && value->is_string() ? view(value->get_string()) : std::string_view();
  }
  // Where a node is in our text, in bytes.
  [[nodiscard]] std::size_t at(const json::object& node) const {
    const auto* value = node.if_contains("location");
    const auto location = value != nullptr && value->is_int64() ? value->get_int64() : 0;
    return std::min(static_cast<std::size_t>(std::max<std::int64_t>(location - static_cast<std::int64_t>(kPrefix.size()), 0)),
                    text_.size());
  }
  [[nodiscard]] std::size_t place(const json::object& node) const {
    if (node.contains("location") && node.at("location").as_int64() >= 0) return character(at(node));
    for (const auto& [key, below] : node) {  // a cast has none, what it casts has
      if (below.is_object() && key != "typeName") {
        const auto& inner = *below.get_object().begin();
        return inner.value().is_object() ? place(inner.value().get_object()) : 1;
      }
    }
    return 1;
  }

  static Error unsupported(std::size_t position, const std::string& what) {
    return {.code = ErrorCode::unsupported,
            .message = "character " + std::to_string(position) + ": " + what + " is not known here",
            .hint = "known are = <> < <= > >= IN BETWEEN LIKE, IS [NOT] NULL, TRUE, FALSE, UNKNOWN, AND OR NOT, columns and constants"};
  }
  static std::string named(std::string_view node) {
    constexpr auto kNames = std::to_array<std::pair<std::string_view, std::string_view>>({
        {"FuncCall", "a function"}, {"TypeCast", "a cast"}, {"SubLink", "a subquery"}, {"CaseExpr", "CASE"},
        {"SQLValueFunction", "this word as a value (a column of that name stands in \"quotes\")"},
        {"A_ArrayExpr", "an array"}, {"CoalesceExpr", "COALESCE"}, {"RowExpr", "a row"}, {"ParamRef", "a parameter"},
        {"CollateClause", "COLLATE"}, {"A_Indirection", "a part of a value"}, {"MinMaxExpr", "GREATEST and LEAST"}});
    const auto* const found = std::ranges::find(kNames, node, &std::pair<std::string_view, std::string_view>::first);
    return std::string(found == kNames.end() ? node : found->second);
  }

  [[nodiscard]] Result<Expression> column(const json::object& node) const {
    const auto& fields = node.at("fields").as_array();
    const auto* name = fields.size() == 1 ? fields[0].as_object().if_contains("String") : nullptr;
    if (name == nullptr) return unsupported(place(node), "a column of another name than its own");
    return Expression{Expression::Kind::column, std::string(member(name->as_object(), "sval")), false, place(node), {}};
  }

  [[nodiscard]] Result<Expression> constant(const json::object& node) const {
    Expression out{.position = place(node)};
    if (node.contains("isnull")) return out;
    if (const auto* text = node.if_contains("sval")) {
      out.kind = Expression::Kind::text;
      out.text = member(text->as_object(), "sval");
    } else if (const auto* decimal = node.if_contains("fval")) {
      out.kind = Expression::Kind::number;
      out.text = member(decimal->as_object(), "fval");
    } else if (const auto* truth = node.if_contains("boolval")) {
      out.kind = Expression::Kind::boolean;
      out.text = truth->as_object().empty() ? "false" : "true";
    } else if (const auto* whole = node.if_contains("ival")) {
      out.kind = Expression::Kind::number;
      const auto* value = whole->as_object().if_contains("ival");
      out.text = value != nullptr ? std::to_string(value->as_int64()) : integer_at(at(node));
      if (out.text.empty()) return rejected(out.position, "a number stands like -7, without anything between");
    } else {
      return unsupported(out.position, "a constant of bits");
    }
    return out;
  }
  // An integer with its sign; empty when there is something else.
  [[nodiscard]] std::string integer_at(std::size_t from) const {
    auto rest = text_.substr(from);
    std::string out;
    if (rest.starts_with('-')) {
      out = "-";
      rest.remove_prefix(std::min(rest.find_first_not_of(" \t\n", 1), rest.size()));
    }
    const auto digits = rest.substr(0, rest.find_first_not_of("0123456789"));
    return digits.empty() || digits.size() > 10 ? std::string() : out + std::string(digits);
  }

  [[nodiscard]] Result<Expression> with_parts(Expression out, std::initializer_list<const json::value*> parts) const {
    for (const auto* part : parts) {
      const auto* list = part->as_object().if_contains("List");
      if (list == nullptr) {
        SLUICE_TRY(auto read_part, read(*part));
        out.parts.push_back(std::move(read_part));
        continue;
      }
      for (const auto& item : list->as_object().at("items").as_array()) {
        SLUICE_TRY(auto read_part, read(item));
        out.parts.push_back(std::move(read_part));
      }
    }
    return out;
  }

  [[nodiscard]] Result<Expression> operation(const json::object& node) const {
    const auto kind = member(node, "kind");
    const auto& names = node.at("name").as_array();
    const auto name = member(names.back().as_object().at("String").as_object(), "sval");
    Expression out{.position = place(node)};
    const auto* left = node.if_contains("lexpr");
    const auto* right = node.if_contains("rexpr");
    if (left == nullptr || right == nullptr || names.size() != 1) {
      return unsupported(out.position, "the operator " + std::string(name));
    }
    constexpr auto kOperators = std::to_array<std::string_view>({"=", "<>", "<", "<=", ">", ">="});
    if (kind == "AEXPR_OP" && std::ranges::find(kOperators, name) != kOperators.end()) {
      out.kind = Expression::Kind::compare;
      out.text = name;
    } else if (kind == "AEXPR_IN") {
      out.kind = Expression::Kind::in;
      out.negated = name == "<>";
    } else if (kind == "AEXPR_BETWEEN" || kind == "AEXPR_NOT_BETWEEN") {
      out.kind = Expression::Kind::between;
      out.negated = kind == "AEXPR_NOT_BETWEEN";
    } else if (kind == "AEXPR_LIKE") {
      out.kind = Expression::Kind::like;
      out.negated = name == "!~~";
    } else {
      return unsupported(out.position, kind == "AEXPR_OP" ? "the operator " + std::string(name) : spoken(kind));
    }
    return with_parts(std::move(out), {left, right});
  }
  // "AEXPR_NOT_DISTINCT" as "NOT DISTINCT".
  static std::string spoken(std::string_view kind) {
    std::string out(kind.substr(std::min(kind.size(), std::string_view("AEXPR_").size())));
    std::ranges::replace(out, '_', ' ');
    return out;
  }

  [[nodiscard]] Result<Expression> logical(const json::object& node) const {
    Expression out{.position = place(node)};
    const auto which = member(node, "boolop");
    out.kind = which == "AND_EXPR" ? Expression::Kind::and_ : which == "OR_EXPR" ? Expression::Kind::or_ : Expression::Kind::not_;
    for (const auto& arg : node.at("args").as_array()) {
      SLUICE_TRY(auto part, read(arg));
      out.parts.push_back(std::move(part));
    }
    return out;
  }

  // `which`: IS_NULL, IS_NOT_TRUE …
  [[nodiscard]] Result<Expression> test(const json::object& node, std::string_view which) const {
    Expression out{.kind = Expression::Kind::is, .position = place(node)};
    which.remove_prefix(std::string_view("IS_").size());
    out.negated = which.starts_with("NOT_");
    if (out.negated) which.remove_prefix(std::string_view("NOT_").size());
    for (const char c : which) out.text += static_cast<char>(c | 0x20);
    return with_parts(std::move(out), {&node.at("arg")});
  }

  std::string_view text_;
};

// The WHERE of the one statement; null when there is more in it.
const json::value* only_where(const json::value& tree) {
  const auto& statements = tree.as_object().at("stmts").as_array();
  if (statements.size() != 1) return nullptr;
  const auto* select = statements[0].as_object().at("stmt").as_object().if_contains("SelectStmt");
  if (select == nullptr) return nullptr;
  constexpr auto kOurs = std::to_array<std::string_view>({"whereClause", "limitOption", "op"});
  for (const auto& [key, value] : select->as_object()) {
    if (std::ranges::find(kOurs, std::string_view(key.data(), key.size())) == kOurs.end()) return nullptr;
    if (key == "limitOption" && value != "LIMIT_OPTION_DEFAULT") return nullptr;
    if (key == "op" && value != "SETOP_NONE") return nullptr;
  }
  return select->as_object().if_contains("whereClause");
}

Result<Expression> read_tree(std::string_view text, const std::string& parsed) {
  const Reader reader(text);
  json::parse_options options;
  options.max_depth = kDeepestTree;
  json::error_code failed;
  const auto tree = json::parse(parsed, failed, {}, options);
  if (failed) return Reader::rejected(1, failed == json::error::too_deep ? "it is nested too deep" : "it is no UTF-8 text");
  const auto* where = only_where(tree);
  if (where == nullptr) return Reader::rejected(1, "it is more than one expression");
  return reader.read(*where);
}

}  // namespace

Result<Expression> parse_expression(std::string_view text) {
  const Reader reader(text);
  if (text.size() > kLongestText) return Reader::rejected(1, "it is longer than 64 KiB");
  if (const auto zero = text.find('\0'); zero != std::string_view::npos) {
    return Reader::rejected(reader.character(zero), "a zero byte");
  }
  const auto statement = std::string(kPrefix) + std::string(text);
  const auto tree = parse_tree(statement);
  if (!tree) {
    const auto at = tree.error().character;
    return Reader::rejected(at > kPrefix.size() ? at - kPrefix.size() : 1, tree.error().message);
  }
  return read_tree(text, *tree);
}

}  // namespace sluice::sql
