#pragma once
// FROM and WHERE made into a tree of joins: equalities become keys, conditions go down as far as they may, each side keeps no more
// columns than what is above needs (a join remembers its rows).

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "flow/plan/place.h"
#include "flow/plan/plan.h"
#include "flow/plan/typing.h"

namespace sluice::flow {

// What stands in FROM. Its columns are numbered through all of FROM, in the order of the text: virtual columns.
struct FromPart {
  enum class Kind : std::uint8_t { leaf, inner, left, full };
  Kind kind = Kind::leaf;
  std::size_t position = 1;
  std::size_t first = 0;  // its columns are first … end - 1
  std::size_t end = 0;
  PlanPointer leaf = {};
  std::vector<FromPart> sides = {};       // two; of RIGHT JOIN the right one first
  std::vector<Scalar> conditions = {};    // of ON and USING, split
};

struct Joined {
  PlanPointer node;
  std::vector<std::size_t> columns;  // the virtual column that each of the node's is; kNone: a key that was computed
  static constexpr std::size_t kNone = ~std::size_t{0};

  // The expression, over the node's columns.
  [[nodiscard]] Scalar placed(Scalar scalar) const;
};

// The rows of `from` for which all `conditions` hold, with at least the columns that are `needed`. `cross`: joins without an
// equality are allowed. Errors: unsupported: a join that there is no operator for.
[[nodiscard]] Result<Joined> plan_joins(FromPart from, std::vector<Scalar> conditions, const std::vector<bool>& needed, bool cross,
                                        const Typing& typing, const Places& places);

}  // namespace sluice::flow
