#pragma once
// libpg_query, wrapped: PostgreSQL's own parse tree of a text. For this module's readers of it.

#include <cstddef>
#include <expected>
#include <string>

namespace sluice::sql {

struct SyntaxError {
  std::size_t character = 0;  // from 1; 0: PostgreSQL does not tell
  std::string message;        // PostgreSQL's
};

// The tree of all statements as JSON. It leaves out members that are zero, negative integers and false truths.
// Precondition: no zero byte in `text`.
[[nodiscard]] std::expected<std::string, SyntaxError> parse_tree(const std::string& text);

}  // namespace sluice::sql
