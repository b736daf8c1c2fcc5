#pragma once
// A plan that runs: changes of its relations go in, changes of its result come out.
//
// Passive and deterministic: what comes out depends on what was fed, in which order, and on the state, on nothing else. A row whose
// expressions fail is as if it were not there; one that is older than what the joins keep meets what they have, and is not kept.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/result.h"
#include "flow/plan/plan.h"
#include "flow/state/state.h"
#include "flow/value/value.h"

namespace sluice::flow {

// A change of a relation, as a record brings it.
struct Change {
  Row row = {};             // of all columns; a table's delete: only those of the key are set
  bool deleted = false;     // of a table: the row of this key leaves
  std::uint32_t origin = 0;  // the feeder's number of the record
};

// Takes what comes out; views live during the call.
class Results {
 public:
  virtual ~Results() = default;
  [[nodiscard]] virtual Result<void> row(const Delta& delta) = 0;
  // A row for a window that has closed: it is in no result.
  [[nodiscard]] virtual Result<void> late(std::uint32_t origin) = 0;
  // An expression failed for a row ("division by zero"), which then is as if it were not there.
  [[nodiscard]] virtual Result<void> failed(std::uint32_t origin, const Error& why) = 0;
};

class Execution {
 public:
  // `prefix` begins all its keys in `state`, where also the watermark is. All must outlive it. It knows what it has put into the
  // state: when the state is rolled back, and after any error, it is of no use, and another is opened.
  [[nodiscard]] static Result<std::unique_ptr<Execution>> open(const Plan& plan, State& state, Bytes prefix);
  virtual ~Execution() = default;

  // Once, before all else, on a state that is empty: what a result has without any rows (count(*) of nothing is 0).
  [[nodiscard]] virtual Result<void> begin(Arena& arena, Results& results) = 0;
  // Changes of Plan::relations[relation], in order. A table's former rows are looked up and taken back here.
  [[nodiscard]] virtual Result<void> feed(std::size_t relation, std::span<const Change> changes, Arena& arena, Results& results) = 0;
  // The watermark (microseconds of event time) has come to here: windows close, what is kept so long is forgotten. It never goes back.
  [[nodiscard]] virtual Result<void> advance(std::int64_t watermark_us, Arena& arena, Results& results) = 0;
};

}  // namespace sluice::flow
