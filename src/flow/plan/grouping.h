#pragma once
// GROUP BY: what is grouped by, and expressions over the groups.

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "flow/plan/expressions.h"
#include "flow/plan/joins.h"
#include "flow/plan/place.h"
#include "flow/plan/query.h"

namespace sluice::flow {

// Scalars that come in are over virtual columns (joins.h) and those of aggregates and the window (expressions.h).
class Grouping {
 public:
  Grouping(const Places& places, const From& from, const Expressions& expressions)
      : places_(places), from_(from), expressions_(expressions) {}

  [[nodiscard]] Result<void> add(Scalar group);
  // That it is made of groups and aggregates; columns that depend on a primary key among the groups become groups as well.
  // Errors: rejected: "column "c.name" must appear in the GROUP BY clause or be used in an aggregate function".
  [[nodiscard]] Result<void> admit(const Scalar& scalar);
  // Once all is admitted: the aggregate over `input`, whose virtual columns all it needs are among.
  [[nodiscard]] PlanPointer over(Joined input, bool emit_final, std::int64_t grace_us);
  // An admitted scalar over the aggregate's columns.
  [[nodiscard]] Scalar placed(Scalar scalar) const;
  // Marks the virtual columns that the aggregate reads.
  void need(std::vector<bool>& columns) const;

 private:
  [[nodiscard]] bool depends_on_key(std::size_t column) const;
  [[nodiscard]] std::size_t find(const Scalar& scalar) const;

  const Places& places_;
  const From& from_;
  const Expressions& expressions_;
  std::vector<Scalar> groups_;
  std::size_t deciding_ = 0;
};

}  // namespace sluice::flow
