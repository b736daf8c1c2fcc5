#pragma once
// What both kinds of aggregates do with a row and with a group: evaluate, encode, give the result.

#include <optional>
#include <span>
#include <vector>

#include "flow/operators/accumulator.h"
#include "flow/operators/operator.h"

namespace sluice::flow {

class Grouping {
 public:
  Grouping(const PlanNode& node, bool inverse);

  // Takes a row's groups, time and arguments, for the calls below. False: something failed, which has been told; the row is as if
  // it were not there.
  [[nodiscard]] Result<bool> read(const Delta& delta, Context& context);
  [[nodiscard]] Row groups() const { return groups_; }
  [[nodiscard]] std::int64_t time_us() const { return time_us_; }
  [[nodiscard]] const std::optional<Value>& argument(std::size_t function) const { return arguments_[function]; }
  void append_key(Bytes& out) const;
  // The row's groups, for as long as the arena.
  [[nodiscard]] Row keep_groups(Arena& arena) const;

  [[nodiscard]] const std::vector<AggregateFunction>& functions() const { return functions_; }
  [[nodiscard]] const Aggregate& aggregate() const { return aggregate_; }

  void encode(Row groups, std::span<const Accumulator> accumulators, Bytes& out) const;
  // Takes what encode() wrote off `bytes`, which must live as long as what it gives. Errors: corrupt.
  [[nodiscard]] Result<Row> decode(ByteView& bytes, std::span<Accumulator> accumulators, Arena& arena) const;

  struct Span {
    std::int64_t start_us = 0;
    std::int64_t end_us = 0;
  };
  // The row of a group. Errors: rejected: a sum that is out of range.
  [[nodiscard]] Result<Row> row(Row groups, Span span, std::span<const Accumulator> accumulators, Arena& arena) const;
  // What goes, what comes; an empty row: nothing. Nothing at all if they are the same.
  void put(Row before, Row after, std::uint32_t origin, std::vector<Delta>& out);

 private:
  const Aggregate& aggregate_;
  std::vector<Type> types_;
  std::vector<Type> group_types_;
  std::vector<AggregateFunction> functions_;
  std::vector<Value> groups_;
  std::vector<std::optional<Value>> arguments_;
  std::int64_t time_us_ = 0;
  Bytes before_;
  Bytes after_;
};

}  // namespace sluice::flow
