#pragma once
// Queries, bound: what bind() and bind_question() are made of.

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "flow/plan/joins.h"
#include "flow/plan/place.h"
#include "flow/plan/plan.h"
#include "flow/plan/scope.h"
#include "sql/statement.h"

namespace sluice::flow {

// What all SELECTs of a statement share.
struct Binding {
  const Places& places;
  Catalog& catalog;
  const BindOptions& options;
  bool question = false;
  std::vector<Relation> relations = {};
  std::vector<std::string> asked = {};  // the names that they were asked for by
  std::size_t selects = 0;
  bool windows = false;                 // some aggregate has one
  bool deduplicates = false;            // there is a DISTINCT ON
  std::string key_hint = {};            // what would give the last SELECT that was bound a key
};

// The WITH of a SELECT and of those around it: of `tables`, the first `count` are known.
struct CommonTables {
  const CommonTables* outer = nullptr;
  const std::vector<sql::CommonTable>* tables = nullptr;
  std::size_t count = 0;
};

// What stands in FROM, bound; Scope's columns are virtual (joins.h).
struct From {
  struct Leaf {
    std::string qualifier;
    std::vector<std::size_t> key;  // virtual
    std::size_t first = 0;
    std::size_t end = 0;
    bool relation = false;         // not a subquery
    bool stream = false;           // a relation that is no table
  };
  FromPart part = {};
  Scope scope = {};
  std::vector<Leaf> leaves = {};
};
[[nodiscard]] Result<From> bind_from(Binding& binding, const sql::Source& source, const CommonTables* names);

// `ordering`: where ORDER BY, LIMIT and OFFSET go; without it they are refused. `open`: literals without a type stay so, for a UNION
// to decide. The node's columns are the query's results, and Ordering::extra more.
[[nodiscard]] Result<PlanPointer> bind_query(Binding& binding, const sql::Select& query, const CommonTables* names, Ordering* ordering,
                                             bool open = false);

// One SELECT, that is no UNION.
[[nodiscard]] Result<PlanPointer> bind_select(Binding& binding, const sql::Select& query, const CommonTables* names, Ordering* ordering,
                                              bool open);

}  // namespace sluice::flow
