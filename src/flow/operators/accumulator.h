#pragma once
// What an aggregate function remembers of its arguments, so that they can be taken back.

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "flow/plan/plan.h"

namespace sluice::flow {

__extension__ typedef __int128 Int128;

struct Accumulator {
  std::int64_t count = 0;       // of arguments that are not null; of all rows for count(*)
  std::int64_t trues = 0;       // of booleans
  Int128 integer = 0;           // sum of integers
  double floating = 0;          // sum of floats that are finite
  std::int64_t nan = 0;         // of floats and numerics: how many there are of what no sum can be rid of
  std::int64_t infinite[2] = {};  // -, +
  Value value = {};             // min, max: the extreme; or the sum of what are no numbers of the machine
  std::vector<std::pair<std::int32_t, std::int64_t>> scales = {};  // of numerics: how many have each display scale
  std::map<Bytes, Bytes> seen = {};  // of a session's DISTINCT: keys of the values, and the values as rows
  bool lost = false;            // the extreme has gone: the next is to be looked for
};

// One function of an Aggregate.
class AggregateFunction {
 public:
  // `inverse`: of rows that may be taken back.
  AggregateFunction(const Aggregation& aggregation, bool inverse);

  // What a row adds: nothing where FILTER or a null keep it out. Errors: those of evaluating.
  [[nodiscard]] Result<std::optional<Value>> argument(Row row, Arena& arena) const;

  [[nodiscard]] const Aggregation& aggregation() const { return *aggregation_; }
  [[nodiscard]] const Type& argument_type() const { return type_; }
  // A value comes (weight > 0) or goes (< 0) so many times; what is kept of it lies in the arena. Of min and max only what comes is told here, or that the extreme goes (lost).
  // Errors: rejected, with PostgreSQL's text; the accumulator is then of no use.
  [[nodiscard]] Result<void> add(Accumulator& to, const Value& value, std::int64_t weight, Arena& arena) const;
  // The same for DISTINCT where the accumulator itself knows what it has seen. Precondition: !inverse.
  [[nodiscard]] Result<void> add_distinct(Accumulator& to, const Value& value, Arena& arena) const;
  // All of another's values. Precondition: !inverse.
  [[nodiscard]] Result<void> merge(Accumulator& to, const Accumulator& other, Arena& arena) const;
  [[nodiscard]] Result<Value> result(const Accumulator& of, Arena& arena) const;

  void encode(const Accumulator& of, Bytes& out) const;
  // Takes it off `bytes`, which must outlive it. Errors: corrupt.
  [[nodiscard]] Result<void> decode(ByteView& bytes, Accumulator& out, Arena& arena) const;

  // Whether its values are kept, each with its number, in an order in which the first is the extreme.
  [[nodiscard]] bool is_ordered() const { return inverse_ && sums_ == Sums::extreme; }
  [[nodiscard]] bool is_maximum() const { return aggregation_->kind == Aggregation::Kind::max; }
  [[nodiscard]] bool is_distinct() const { return aggregation_->distinct && sums_ != Sums::extreme && sums_ != Sums::truths; }

 private:
  enum class Sums : std::uint8_t { none, integers, floats, numerics, intervals, extreme, truths };

  void add_float(Accumulator& to, double value, std::int64_t weight) const;
  [[nodiscard]] Result<void> add_numeric(Accumulator& to, const Value& value, std::int64_t weight, Arena& arena) const;
  [[nodiscard]] Result<void> add_interval(Accumulator& to, const Value& value, std::int64_t weight, Arena& arena) const;
  void add_extreme(Accumulator& to, const Value& value, std::int64_t weight, Arena& arena) const;
  [[nodiscard]] Result<Value> float_result(const Accumulator& of) const;
  [[nodiscard]] Result<Value> integer_result(const Accumulator& of, Arena& arena) const;
  [[nodiscard]] Result<Value> numeric_result(const Accumulator& of, Arena& arena) const;
  [[nodiscard]] Result<Value> interval_result(const Accumulator& of, Arena& arena) const;

  const Aggregation* aggregation_;
  Type type_;
  bool inverse_;
  Sums sums_ = Sums::none;
};

}  // namespace sluice::flow
