#pragma once
// Expressions of a statement, bound: names are columns, operators are functions, aggregates are collected.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "flow/plan/place.h"
#include "flow/plan/plan.h"
#include "flow/plan/scope.h"
#include "flow/plan/typing.h"
#include "sql/expression.h"

namespace sluice::flow {

// Numbers of columns that are not of FROM: grouping gives them their place.
inline constexpr std::size_t kWindowStart = std::size_t{1} << 40;
inline constexpr std::size_t kWindowEnd = kWindowStart + 1;
inline constexpr std::size_t kFirstAggregation = std::size_t{1} << 41;

// Binds the expressions of one SELECT. What it refers to must outlive it.
class Expressions {
 public:
  Expressions(const Places& places, const Scope& scope) : places_(places), typing_(places), scope_(scope) {}

  // Without aggregates; `clause` is what refuses them: "aggregate functions are not allowed in WHERE".
  [[nodiscard]] Result<Scalar> plain(const sql::Expression& expression, std::string_view clause);
  // With aggregates, which are columns from kFirstAggregation on, of aggregations(). So are window_start and window_end, of window().
  [[nodiscard]] Result<Scalar> with_aggregates(const sql::Expression& expression);
  // tumble(…), hop(…), session(…): from then on there is a window.
  [[nodiscard]] Result<void> open_window(const sql::Expression& call);
  [[nodiscard]] static bool is_window(const sql::Expression& expression);

  [[nodiscard]] const std::vector<Aggregation>& aggregations() const { return aggregations_; }
  [[nodiscard]] const std::optional<Window>& window() const { return window_; }
  [[nodiscard]] const Typing& typing() const { return typing_; }

  // The name that PostgreSQL gives a result without AS.
  [[nodiscard]] static std::string name_of(const sql::Expression& expression);

 private:
  [[nodiscard]] Result<Scalar> bind(const sql::Expression& expression);
  [[nodiscard]] Result<std::vector<Scalar>> parts_of(const sql::Expression& expression);
  [[nodiscard]] Result<Scalar> column(const sql::Expression& expression);
  [[nodiscard]] Result<Scalar> operation(const sql::Expression& expression);
  [[nodiscard]] Result<Scalar> in(const sql::Expression& expression);
  [[nodiscard]] Result<Scalar> among(std::vector<Scalar> parts, std::size_t position) const;
  [[nodiscard]] Result<Scalar> between(const sql::Expression& expression);
  [[nodiscard]] Result<Scalar> is(const sql::Expression& expression);
  [[nodiscard]] Result<Scalar> logical(const sql::Expression& expression);
  [[nodiscard]] Result<Scalar> distinct(const sql::Expression& expression);
  [[nodiscard]] Result<Scalar> cast(const sql::Expression& expression);
  [[nodiscard]] Result<Scalar> case_of(const sql::Expression& expression);
  [[nodiscard]] Result<Scalar> function(const sql::Expression& expression);
  [[nodiscard]] Result<Scalar> coalesce(const sql::Expression& expression);
  [[nodiscard]] Result<Scalar> named_function(const sql::Expression& expression);
  [[nodiscard]] Result<Scalar> aggregate(const sql::Expression& expression);
  [[nodiscard]] Result<Aggregation> aggregation(const sql::Expression& expression);

  const Places& places_;
  Typing typing_;
  const Scope& scope_;
  std::string clause_;  // that refuses aggregates; empty: none does
  std::vector<Aggregation> aggregations_;
  std::optional<Window> window_;
};

}  // namespace sluice::flow
