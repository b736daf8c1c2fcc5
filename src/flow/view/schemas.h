#pragma once
// The schemas and topics of a view.

#include <string>

#include "base/result.h"
#include "flow/plan/plan.h"
#include "flow/view/output.h"
#include "pipeline/log.h"
#include "pipeline/schema_catalog.h"

namespace sluice::flow {

// The columns that no two rows of the view share, and whether there are such: without any, there is one row, or rows are only added.
[[nodiscard]] bool is_keyed(const Plan& plan);
// Whether the column is never null, as far as the plan shows.
[[nodiscard]] bool never_null(const Plan& plan, const PlanNode& node, std::size_t column);

// Registers <view>-key and <view>-value. Errors: those of the catalog; rejected: incompatible with what is registered there.
[[nodiscard]] Result<OutputSchema> register_schemas(const std::string& view, const Plan& plan, pipeline::SchemaCatalog& catalog);
// Makes the view's topic and its state's. Errors: rejected: the view's has several partitions.
[[nodiscard]] Result<void> make_topics(pipeline::Log& log, const std::string& view, const std::string& state_topic, bool keyed);

}  // namespace sluice::flow
