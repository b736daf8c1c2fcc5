// The text is parsed as "SELECT WHERE " + text, and refused when the statement is more than that.
#include "sql/expression.h"

#include <algorithm>
#include <utility>

#include "sql/expression_reader.h"
#include "sql/parse_tree.h"

namespace sluice::sql {

namespace {

constexpr std::string_view kPrefix = "SELECT WHERE ";
constexpr std::size_t kLongestText = std::size_t{64} << 10;
constexpr std::size_t kDeepestTree = 1024;  // of JSON: a level of the expression is five of them

// The WHERE of the one statement; null when there is more in it.
const NodeValue* only_where(const NodeValue& tree) {
  const auto& statements = list_of(tree.as_object(), "stmts");
  if (statements.size() != 1) return nullptr;
  const auto* select = node_of(statements[0].as_object().at("stmt"), "SelectStmt");
  if (select == nullptr) return nullptr;
  for (const auto& [key, value] : *select) {
    if (key == "whereClause") continue;
    if (key == "limitOption" && value == "LIMIT_OPTION_DEFAULT") continue;
    if (key == "op" && value == "SETOP_NONE") continue;
    return nullptr;
  }
  return select->if_contains("whereClause");
}

}  // namespace

Result<Expression> parse_expression(std::string_view text) {
  if (text.size() > kLongestText) return Error{.code = ErrorCode::rejected, .message = "it is longer than 64 KiB"};
  const Places places(text, kPrefix.size());
  if (const auto zero = text.find('\0'); zero != std::string_view::npos) return places.rejected(places.character_at(zero), "a zero byte");
  const auto parsed = parse_tree(std::string(kPrefix) + std::string(text));
  if (!parsed) {
    const auto at = parsed.error().character;
    return places.rejected(at > kPrefix.size() ? at - kPrefix.size() : 1, parsed.error().message);
  }
  const auto tree = tree_of_json(*parsed, kDeepestTree);
  if (!tree.ok()) return places.rejected(1, tree.error().message);
  const auto* where = only_where(*tree);
  if (where == nullptr) return places.rejected(1, "it is more than one expression");
  return ExpressionReader(places).read(*where);
}

}  // namespace sluice::sql
