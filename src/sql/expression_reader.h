#pragma once
// An Expression out of a node of the parse tree. For this module's readers.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sql/expression.h"
#include "sql/node.h"

namespace sluice::sql {

class ExpressionReader {
 public:
  explicit ExpressionReader(const Places& places) : places_(places) {}

  // Errors: as parse_expression().
  [[nodiscard]] Result<Expression> read(const NodeValue& value);
  // A type's name and modifiers, into `type` and `modifiers`.
  [[nodiscard]] Result<void> read_type(const Node& name, std::string& type, std::vector<int>& modifiers);

 private:
  [[nodiscard]] Result<Expression> read_other(std::string_view kind, const Node& node);
  [[nodiscard]] Result<Expression> column(const Node& node) const;
  [[nodiscard]] Result<Expression> constant(const Node& node) const;
  [[nodiscard]] Result<Expression> operation(const Node& node);
  [[nodiscard]] Result<Expression> other_operation(const Node& node, std::string_view kind, const std::string& name, Expression out);
  [[nodiscard]] Result<Expression> logical(const Node& node);
  [[nodiscard]] Result<Expression> test(const Node& node, std::string_view which);
  [[nodiscard]] Result<Expression> function(const Node& node);
  [[nodiscard]] Result<std::string> function_name(const Node& node) const;
  [[nodiscard]] Result<Expression> listed(const Node& node, std::string name);
  [[nodiscard]] Result<Expression> choice(const Node& node);
  [[nodiscard]] Result<Expression> cast(const Node& node);
  [[nodiscard]] Result<void> interval_unit(Expression& cast) const;
  [[nodiscard]] Result<Expression> with_parts(Expression out, std::initializer_list<const NodeValue*> parts);
  [[nodiscard]] Result<void> add_parts(Expression& out, const NodeList& parts);
  [[nodiscard]] Error refused(std::size_t position, const std::string& what) const;

  const Places& places_;
  std::size_t copied_ = 0;  // parts that stand in more than one place
};

// Errors: unsupported: `node` has a member that is none of these.
[[nodiscard]] Result<void> only_members(const Places& places, const Node& node, std::initializer_list<std::string_view> known);

}  // namespace sluice::sql
