#include "sql/parse_tree.h"

#include <pg_query.h>

#include <algorithm>
#include <memory>

namespace sluice::sql {

std::expected<std::string, SyntaxError> parse_tree(const std::string& text) {
  const std::unique_ptr<PgQueryParseResult, void (*)(PgQueryParseResult*)> result(
      new PgQueryParseResult(pg_query_parse(text.c_str())), [](PgQueryParseResult* parsed) {
        pg_query_free_parse_result(*parsed);
        delete parsed;
      });
  // Its cursor counts characters (pg_mbstrlen_with_len).
  if (const auto* error = result->error) {
    return std::unexpected(SyntaxError{static_cast<std::size_t>(std::max(error->cursorpos, 0)), error->message});
  }
  return std::string(result->parse_tree);
}

}  // namespace sluice::sql
