#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "flow/plan/place.h"
#include "flow/plan/plan.h"
#include "flow/plan/query.h"

namespace sluice::flow {

namespace {

Plan made(Binding& binding, PlanPointer root) {
  Plan out{.relations = std::move(binding.relations), .root = std::move(root)};
  out.has_watermark = std::ranges::any_of(out.relations, [](const Relation& relation) { return relation.watermark.has_value(); });
  return out;
}

// The names that CREATE MATERIALIZED VIEW v (a, b) gives, and that all are different.
Result<void> name_columns(PlanNode& root, const sql::Select& query, const BindOptions& options, const Places& places) {
  if (options.columns.size() > root.columns.size()) return places.rejected(query.position, "too many column names were specified");
  std::ranges::transform(options.columns, root.columns, root.columns.begin(), [](const std::string& name, Column column) {
    return column.name = name, column;
  });
  std::set<std::string> seen;
  for (const auto& column : root.columns) {
    if (column.name == "?column?") {
      return places.rejected(query.position, "a result of the view has no name", "name what is computed: … AS total");
    }
    if (!seen.insert(column.name).second) {
      return places.rejected(query.position, "column \"" + column.name + "\" specified more than once",
                             "name one of them otherwise: … AS other");
    }
  }
  return {};
}

Result<void> check_options(const Binding& binding, const Plan& plan, const sql::Select& query) {
  const auto& options = binding.options;
  if (options.emit == Emit::final && !binding.windows) {
    return binding.places.unsupported(query.position, "emit 'final' without a window", "group by tumble(…), hop(…) or session(…)");
  }
  if (options.emit == Emit::final && !plan.has_watermark) {
    return binding.places.unsupported(query.position, "emit 'final' without a watermark",
                                      "give the stream one: CREATE TABLE … WITH (watermark = 'ts - interval ''5 s''')");
  }
  if (options.within_us && !binding.deduplicates) {
    return binding.places.rejected(query.position, "'within' is of DISTINCT ON, and there is none");
  }
  return {};
}

}  // namespace

Result<Plan> bind(const sql::Select& query, std::string_view text, Catalog& catalog, const BindOptions& options) {
  const Places places(text);
  Binding binding{.places = places, .catalog = catalog, .options = options};
  SLUICE_TRY(auto root, bind_query(binding, query, nullptr, nullptr));
  SLUICE_RETURN_IF_ERROR(name_columns(*root, query, options, places));
  if (root->key.empty() && !root->single_row && !root->append_only) {
    return places.rejected(query.position, "rows of this view may change, and nothing tells them apart", binding.key_hint);
  }
  auto plan = made(binding, std::move(root));
  SLUICE_RETURN_IF_ERROR(check_options(binding, plan, query));
  return plan;
}

Result<Question> bind_question(const sql::Select& query, std::string_view text, Catalog& catalog) {
  const Places places(text);
  const BindOptions options;
  Binding binding{.places = places, .catalog = catalog, .options = options, .question = true};
  Question out;
  SLUICE_TRY(auto root, bind_query(binding, query, nullptr, &out.ordering));
  out.plan = made(binding, std::move(root));
  return out;
}

}  // namespace sluice::flow
