#pragma once
// Answers a question: its relations are read to one moment, and what its plan makes of them is ordered.

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "flow/plan/plan.h"
#include "flow/state/state.h"
#include "flow/views.h"
#include "pipeline/log.h"
#include "pipeline/schema_catalog.h"

namespace sluice::flow {

struct AskLimits {
  std::size_t memory_bytes = std::size_t{512} << 20;  // of the plan's state, and again of what it gives
  std::chrono::seconds time{60};
};

// The rows of a view whose topic it is, or null: then the topic is read. Errors: those that make it impossible to ask now.
using FindRows = std::function<Result<std::shared_ptr<const Snapshot>>(const std::string& topic)>;

// Errors: rejected: it takes more than the limits, an expression failed (PostgreSQL's text); those of the log and the registry.
[[nodiscard]] Result<Answer> answer_question(const Question& question, pipeline::Log& log, pipeline::SchemaCatalog& catalog,
                                             const FindRows& rows, const AskLimits& limits = {});

// One row as an answer.
[[nodiscard]] std::vector<Answer::Cell> cells_of(std::span<const Column> columns, Row row);

}  // namespace sluice::flow
