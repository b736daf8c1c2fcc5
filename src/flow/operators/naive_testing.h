#pragma once
// The answer of a plan over whole relations, computed plainly: what a running plan must have given in sum.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "flow/operators/execution.h"

namespace sluice::flow {

// A row's values as texts, a null as ~.
[[nodiscard]] std::string text_of(const std::vector<Column>& columns, Row row);

using ZSet = std::map<std::string, std::int64_t>;

// `relations` are the rows of Plan::relations. No row is late, and none is forgotten.
[[nodiscard]] ZSet naive_answer(const Plan& plan, const std::vector<std::vector<Row>>& relations, Arena& arena);

// Adds up what an execution gives.
class Sum : public Results {
 public:
  explicit Sum(const std::vector<Column>& columns) : columns_(columns) {}
  Result<void> row(const Delta& delta) override;
  Result<void> late(std::uint32_t origin) override;
  Result<void> failed(std::uint32_t origin, const Error& why) override;

  ZSet rows;
  std::vector<std::string> given;  // each delta, with its weight: "+1 1|2"
  std::vector<std::uint32_t> late_origins;
  std::vector<std::string> failures;

 private:
  std::vector<Column> columns_;
};

// a, b: tables (id int4 key, k int4, v int4, t text, n numeric, f float8); s, r: streams (k int4, v int4, ts timestamptz; watermark), s for ever,
// r kept for ten seconds; q: one that is not kept; w: one without event time, k int4, v int4; c: a table (id int4 key, ts timestamptz).
class TestCatalog : public Catalog {
 public:
  [[nodiscard]] Result<Relation> relation(const std::string& name) override;
};

// The plan of a SELECT; a failure of the test if there is none.
[[nodiscard]] Plan plan_of(const std::string& query, Emit emit = Emit::changes, std::int64_t grace_us = 0,
                           std::optional<std::int64_t> within_us = {});

}  // namespace sluice::flow
