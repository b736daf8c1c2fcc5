#pragma once
// A Select out of a node of the parse tree. For this module's readers.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/expression_reader.h"
#include "sql/node.h"
#include "sql/statement.h"

namespace sluice::sql {

class SelectReader {
 public:
  explicit SelectReader(const Places& places) : places_(places), expressions_(places) {}

  // Of the inside of a SelectStmt. Errors: as parse_statements().
  [[nodiscard]] Result<Select> read(const Node& node);
  [[nodiscard]] ExpressionReader& expressions() { return expressions_; }

 private:
  [[nodiscard]] Result<void> check_members(const Node& node) const;
  [[nodiscard]] Result<void> read_with(const Node& with, Select& out);
  [[nodiscard]] Result<void> read_union(const Node& node, Select& out);
  [[nodiscard]] Result<void> read_simple(const Node& node, Select& out);
  [[nodiscard]] Result<void> read_where(const NodeValue& where, Select& out);
  [[nodiscard]] Result<void> join_in(const Node& link, Select& out);
  [[nodiscard]] Result<void> join_exists(const Node& link, bool negated, Select& out, std::vector<Expression>& conditions);
  [[nodiscard]] Result<Select> asked_query(const Node& link);
  [[nodiscard]] Source asked_source(Select query, std::size_t position);
  static void join(Source asked, std::vector<Expression> outer, Source::Join how, Select& out);
  [[nodiscard]] Result<void> read_distinct(const Node& node, Select& out);
  [[nodiscard]] Result<void> read_order(const Node& node, Select& out);
  [[nodiscard]] Result<Source> read_source(const NodeValue& value);
  [[nodiscard]] Result<Source> relation(const Node& node) const;
  [[nodiscard]] Result<Source> subquery(const Node& node);
  [[nodiscard]] Result<Source> join(const Node& node);

  const Places& places_;
  ExpressionReader expressions_;
  std::size_t asked_ = 0;  // subqueries of WHERE
};

// "a.b.c" of a RangeVar. Errors: unsupported: ONLY, temporary.
[[nodiscard]] Result<std::string> relation_name(const Places& places, const Node& range);

}  // namespace sluice::sql
