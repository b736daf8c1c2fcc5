#include "flow/operators/grouping.h"

#include <algorithm>

#include "flow/value/row_code.h"

namespace sluice::flow {

Grouping::Grouping(const PlanNode& node, bool inverse)
    : aggregate_(std::get<Aggregate>(node.form)), types_(types_of(node.columns)), arguments_(aggregate_.aggregations.size()) {
  for (const Scalar& group : aggregate_.groups) group_types_.push_back(group.type);
  for (const Aggregation& each : aggregate_.aggregations) functions_.emplace_back(each, inverse);
  groups_.resize(group_types_.size());
}

Result<bool> Grouping::read(const Delta& delta, Context& context) {
  const auto failed = [&](const Error& why) -> Result<bool> {
    if (delta.weight > 0) SLUICE_RETURN_IF_ERROR(context.results.failed(delta.origin, why));
    return false;
  };
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    const auto value = evaluate(aggregate_.groups[i], delta.row, context.block);
    if (!value.ok()) return failed(value.error());
    groups_[i] = *value;
  }
  if (aggregate_.window) {
    const auto time = evaluate(aggregate_.window->time, delta.row, context.block);
    if (!time.ok()) return failed(time.error());
    constexpr std::int64_t kBound = std::int64_t{1} << 62;  // beyond any time of PostgreSQL's
    if (time->null || time->integer > kBound || time->integer < -kBound) {
      return failed({ErrorCode::rejected, "the event time is null or infinite: the row is in no window"});
    }
    time_us_ = time->integer;
  }
  for (std::size_t i = 0; i < functions_.size(); ++i) {
    auto argument = functions_[i].argument(delta.row, context.block);
    if (!argument.ok()) return failed(argument.error());
    arguments_[i] = *argument;
  }
  return true;
}

void Grouping::append_key(Bytes& out) const {
  for (std::size_t i = 0; i < groups_.size(); ++i) encode_key(group_types_[i], groups_[i], out);
}

Row Grouping::keep_groups(Arena& arena) const {
  const auto kept = arena.row(groups_.size());
  for (std::size_t i = 0; i < kept.size(); ++i) {
    kept[i] = groups_[i];
    kept[i].text = arena.copy(kept[i].text);
  }
  return kept;
}

void Grouping::encode(Row groups, std::span<const Accumulator> accumulators, Bytes& out) const {
  encode_row(group_types_, groups, out);
  for (std::size_t i = 0; i < functions_.size(); ++i) functions_[i].encode(accumulators[i], out);
}

Result<Row> Grouping::decode(ByteView& bytes, std::span<Accumulator> accumulators, Arena& arena) const {
  SLUICE_TRY(const Row groups, take_row(group_types_, bytes, arena));
  for (std::size_t i = 0; i < functions_.size(); ++i) {
    SLUICE_RETURN_IF_ERROR(functions_[i].decode(bytes, accumulators[i], arena));
  }
  return groups;
}

Result<Row> Grouping::row(Row groups, Span span, std::span<const Accumulator> accumulators, Arena& arena) const {
  const auto row = arena.row(types_.size());
  auto at = std::ranges::copy(groups, row.begin()).out;
  if (aggregate_.window) {
    *at++ = Value::of_integer(span.start_us);
    *at++ = Value::of_integer(span.end_us);
  }
  for (std::size_t i = 0; i < functions_.size(); ++i) {
    SLUICE_TRY(*at++, functions_[i].result(accumulators[i], arena));
  }
  return Row(row);
}

void Grouping::put(Row before, Row after, std::uint32_t origin, std::vector<Delta>& out) {
  if (before.data() != nullptr && after.data() != nullptr) {
    before_.clear();
    after_.clear();
    encode_row(types_, before, before_);
    encode_row(types_, after, after_);
    if (before_ == after_) return;
  }
  if (before.data() != nullptr) out.push_back({before, -1, origin});
  if (after.data() != nullptr) out.push_back({after, 1, origin});
}

}  // namespace sluice::flow
