#pragma once
// Values that a captured row does not bring, because the update left them where they were (TOAST; header __unchanged): they are those of the
// row before, which is kept for them.
//
// PostgreSQL moves values out of a row only when that has some 2,000 bytes. So of rows that may have, the columns that may be moved, and
// that the plan reads, are kept in the view's state.

#include <cstddef>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "flow/plan/plan.h"
#include "flow/state/state.h"
#include "pipeline/log.h"

namespace sluice::flow {

// Of one thread. For a captured table.
class UnchangedValues {
 public:
  // `number` of the relation in its plan, and which of its columns that reads. The state outlives it. Errors: those of the state.
  [[nodiscard]] static Result<UnchangedValues> open(const Relation& relation, std::size_t number, const std::vector<bool>& read, State& state);

  // Sets what the row lacks, from `arena`, and remembers the row if the next may lack something. A row that was never seen whole keeps its
  // nulls.
  [[nodiscard]] Result<void> complete(const pipeline::ReadRecord& record, std::span<Value> row, Arena& arena);
  // A tombstone. What changes its key takes its values along (header __newkey).
  [[nodiscard]] Result<void> removed(const pipeline::ReadRecord& record);

 private:
  UnchangedValues(std::size_t number, State& state) : state_(&state), prefix_("u" + std::to_string(number) + ":") {}
  [[nodiscard]] Bytes state_key(ByteView key) const;
  [[nodiscard]] Result<void> fill(ByteView names, ByteView key, std::span<Value> row, Arena& arena);

  State* state_;
  Bytes prefix_;
  std::vector<std::size_t> columns_;  // what is kept; of the relation
  std::vector<std::string> names_;    // theirs
  std::vector<Type> types_;           // theirs
  std::size_t all_columns_ = 0;
  bool any_ = false;                  // some row is kept
};

}  // namespace sluice::flow
