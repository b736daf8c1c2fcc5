// GROUP BY without windows, or with windows whose place time alone decides (tumble, hop).
//
//   1. take() finds the groups of each row (of hop there are several, one a window), reads those that are new to this feed from
//      the state, and adds the row to their accumulators.
//   2. finish() writes each group once, and gives its former row back and the present one out, where they differ.
//   3. advance() takes the groups whose windows are closed out of the state, which are its first.
//
// Keys in the state, after the operator's; the group is [window's end,] encoded values:
//     'g', group                           -> zigzag rows, values, accumulators
//     'd', number of function, group, key  -> zigzag count, the value as a row: of DISTINCT, and of min and max that may lose their extreme

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "flow/operators/grouping.h"
#include "flow/value/row_code.h"

namespace sluice::flow {

namespace {

struct Group {
  ByteView key;
  Row values;
  Grouping::Span span = {};
  std::int64_t rows = 0;
  std::size_t first = 0;   // of its accumulators
  Row before = {};         // what it has given
  std::uint32_t origin = 0;
};

class AggregateOperator : public Operator {
 public:
  AggregateOperator(const PlanNode& node, Bytes prefix)
      : grouping_(node, !node.inputs[0]->append_only), aggregate_(grouping_.aggregate()), keys_(std::move(prefix)), single_(node.single_row) {}

  Result<void> take(std::size_t, Deltas deltas, Context& context) override {
    for (const Delta& delta : deltas) {
      SLUICE_TRY(const bool is, grouping_.read(delta, context));
      if (is) SLUICE_RETURN_IF_ERROR(aggregate_.window ? add_to_windows(delta, context) : add(delta, {}, context));
    }
    return {};
  }
  Result<void> begin(Context& context) override {
    if (!single_) return {};
    SLUICE_TRY([[maybe_unused]] Group* const made, group({}, context));
    return {};
  }
  Result<void> finish(Context& context) override;
  Result<void> advance(std::int64_t watermark_us, Context& context) override;

 private:
  [[nodiscard]] bool is_closed(std::int64_t end_us, std::int64_t watermark_us) const {
    return watermark_us != kNoWatermark && add_time(end_us, aggregate_.window->grace_us) <= watermark_us;
  }
  [[nodiscard]] std::span<Accumulator> accumulators(const Group& group) {
    return std::span(accumulators_).subspan(group.first, grouping_.functions().size());
  }
  Result<void> add_to_windows(const Delta& delta, Context& context);
  Result<void> add(const Delta& delta, Grouping::Span span, Context& context);
  Result<Group*> group(Grouping::Span span, Context& context);
  Result<void> load(Group& group, Context& context);
  Result<void> add_argument(Group& group, std::size_t function, const Value& value, std::int64_t weight, Context& context);
  // How many there are of a value in the group, before and after.
  struct Counts {
    std::int64_t before;
    std::int64_t after;
  };
  Result<Counts> count(const Group& group, std::size_t function, const Value& value, std::int64_t weight, Context& context);
  Result<void> look_for_extreme(const Group& group, std::size_t function, Accumulator& to, Context& context);
  Result<void> finish(Group& group, Context& context);
  Result<void> close(ByteView key, ByteView value, Context& context);
  [[nodiscard]] Bytes& values_key(std::size_t function, ByteView group) {
    Bytes& key = keys_.begin('d');
    key.push_back(static_cast<char>(function));
    return key.append(group);
  }
  // The group's row, or none where a sum is out of range, which is told if somebody is to blame.
  Result<Row> row_of(const Group& group, Context& context, bool tell);

  Grouping grouping_;
  const Aggregate& aggregate_;
  Keys keys_;
  bool single_;
  std::optional<std::uint32_t> late_;  // whom the last late row was of
  // Of this feed.
  std::unordered_map<ByteView, std::size_t> by_key_;
  std::vector<Group> groups_;
  std::vector<Accumulator> accumulators_;
  Bytes group_key_;
  Bytes value_;
};

Result<void> AggregateOperator::add_to_windows(const Delta& delta, Context& context) {
  const Window& window = *aggregate_.window;
  const std::int64_t time = grouping_.time_us();
  const std::int64_t step = window.kind == Window::Kind::hop ? window.slide_us : window.size_us;
  std::int64_t start = time / step * step;
  if (start > time) start -= step;
  bool closed = false;
  bool open = false;
  for (; start > time - window.size_us; start -= step) {
    const Grouping::Span span{start, start + window.size_us};
    if (is_closed(span.end_us, context.watermark_us)) {
      closed = true;
      continue;
    }
    open = true;
    SLUICE_RETURN_IF_ERROR(add(delta, span, context));
  }
  if (!closed || open || std::exchange(late_, delta.origin) == delta.origin) return {};
  return context.results.late(delta.origin);
}

Result<void> AggregateOperator::add(const Delta& delta, Grouping::Span span, Context& context) {
  SLUICE_TRY(Group* const group, this->group(span, context));
  group->rows += delta.weight;
  group->origin = delta.origin;
  for (std::size_t i = 0; i < grouping_.functions().size(); ++i) {
    const auto& value = grouping_.argument(i);
    if (value) SLUICE_RETURN_IF_ERROR(add_argument(*group, i, *value, delta.weight, context));
  }
  return {};
}

Result<Group*> AggregateOperator::group(Grouping::Span span, Context& context) {
  group_key_.clear();
  if (aggregate_.window) append_time(span.end_us, group_key_);
  if (!single_) grouping_.append_key(group_key_);
  if (const auto at = by_key_.find(group_key_); at != by_key_.end()) return &groups_[at->second];
  Group& made = groups_.emplace_back();
  made.key = context.held.copy(group_key_);
  made.span = span;
  made.first = accumulators_.size();
  accumulators_.resize(made.first + grouping_.functions().size());
  by_key_.emplace(made.key, groups_.size() - 1);
  SLUICE_RETURN_IF_ERROR(load(made, context));
  return &made;
}

Result<void> AggregateOperator::load(Group& group, Context& context) {
  SLUICE_TRY(const auto found, context.state.find(keys_.begin('g').append(group.key)));
  if (!found) {
    group.values = grouping_.keep_groups(context.held);
    return {};
  }
  ByteView rest = context.held.copy(*found);
  ByteReader in(rest);
  group.rows = in.zigzag();
  rest = in.rest();
  SLUICE_TRY(group.values, grouping_.decode(rest, accumulators(group), context.held));
  if (aggregate_.emit_final) return {};
  SLUICE_TRY(group.before, row_of(group, context, false));
  return {};
}

Result<void> AggregateOperator::add_argument(Group& group, std::size_t function, const Value& value, std::int64_t weight, Context& context) {
  const AggregateFunction& how = grouping_.functions()[function];
  Accumulator& to = accumulators(group)[function];
  if (!how.is_distinct() && !how.is_ordered()) return how.add(to, value, weight, context.held);
  SLUICE_TRY(const Counts counts, count(group, function, value, weight, context));
  if ((counts.before > 0) == (counts.after > 0)) return {};
  return how.add(to, value, counts.after > 0 ? 1 : -1, context.held);
}

Result<AggregateOperator::Counts> AggregateOperator::count(const Group& group, std::size_t function, const Value& value, std::int64_t weight,
                                                           Context& context) {
  const AggregateFunction& how = grouping_.functions()[function];
  Bytes& key = values_key(function, group.key);
  encode_key(how.argument_type(), value, key, how.is_maximum());
  SLUICE_TRY(const auto found, context.state.find(key));
  const std::int64_t before = found ? ByteReader(*found).zigzag() : 0;
  const std::int64_t after = before + weight;
  if (after == 0) {
    context.state.erase(key);
  } else {
    value_.clear();
    ByteWriter(value_).zigzag(after);
    const Type& type = how.argument_type();
    encode_row({&type, 1}, {&value, 1}, value_);
    context.state.put(key, value_);
  }
  return Counts{before, after};
}

Result<void> AggregateOperator::look_for_extreme(const Group& group, std::size_t function, Accumulator& to, Context& context) {
  to.lost = false;
  to.value = Value::none();
  std::optional<ByteView> row;
  SLUICE_RETURN_IF_ERROR(context.state.scan(values_key(function, group.key), {}, [&](ByteView, ByteView value) {
    ByteReader in(value);
    if (in.zigzag() <= 0) return true;
    row = context.held.copy(in.rest());
    return false;
  }));
  if (!row) return {};
  const Type& type = grouping_.functions()[function].argument_type();
  SLUICE_TRY(const Row value, decode_row({&type, 1}, *row, context.held));
  to.value = value[0];
  return {};
}

Result<Row> AggregateOperator::row_of(const Group& group, Context& context, bool tell) {
  auto row = grouping_.row(group.values, group.span, accumulators(group), context.held);
  if (row.ok()) return row;
  if (tell) SLUICE_RETURN_IF_ERROR(context.results.failed(group.origin, row.error()));
  return Row{};
}

Result<void> AggregateOperator::finish(Context& context) {
  late_.reset();
  if (groups_.empty()) return {};
  for (Group& group : groups_) SLUICE_RETURN_IF_ERROR(finish(group, context));
  by_key_.clear();
  groups_.clear();
  accumulators_.clear();
  return give(context);
}

Result<void> AggregateOperator::finish(Group& group, Context& context) {
  const auto accumulated = accumulators(group);
  for (std::size_t i = 0; i < accumulated.size(); ++i) {
    if (accumulated[i].lost) SLUICE_RETURN_IF_ERROR(look_for_extreme(group, i, accumulated[i], context));
  }
  Row after;
  if (group.rows == 0 && !single_) {
    context.state.erase(keys_.begin('g').append(group.key));
  } else {
    value_.clear();
    ByteWriter(value_).zigzag(group.rows);
    grouping_.encode(group.values, accumulated, value_);
    context.state.put(keys_.begin('g').append(group.key), value_);
    if (!aggregate_.emit_final) {
      SLUICE_TRY(after, row_of(group, context, true));
    }
  }
  grouping_.put(group.before, after, group.origin, out_);
  return {};
}

Result<void> AggregateOperator::advance(std::int64_t watermark_us, Context& context) {
  if (!aggregate_.window) return {};
  struct Closed {
    ByteView key;
    ByteView value;
  };
  std::vector<Closed> closed;
  const Bytes& head = keys_.begin('g');
  const Bytes from = after_time(head, add_time(context.watermark_us, -aggregate_.window->grace_us));
  SLUICE_RETURN_IF_ERROR(context.state.scan(head, from, [&](ByteView key, ByteView value) {
    const ByteView group = key.substr(keys_.head_size());
    if (!is_closed(time_at(group), watermark_us)) return false;
    closed.push_back({context.held.copy(group), context.held.copy(value)});
    return true;
  }));
  for (const auto& [key, value] : closed) SLUICE_RETURN_IF_ERROR(close(key, value, context));
  accumulators_.clear();
  return give(context);
}

Result<void> AggregateOperator::close(ByteView key, ByteView value, Context& context) {
  if (aggregate_.emit_final) {
    Group group;
    accumulators_.clear();
    accumulators_.resize(grouping_.functions().size());
    ByteReader in(value);
    group.rows = in.zigzag();
    ByteView rest = in.rest();
    group.span.end_us = time_at(key);
    group.span.start_us = group.span.end_us - aggregate_.window->size_us;
    SLUICE_TRY(group.values, grouping_.decode(rest, accumulators(group), context.held));
    SLUICE_TRY(const Row row, row_of(group, context, true));
    grouping_.put({}, row, group.origin, out_);
  }
  context.state.erase(keys_.begin('g').append(key));
  for (std::size_t i = 0; i < grouping_.functions().size(); ++i) {
    if (!grouping_.functions()[i].is_distinct() && !grouping_.functions()[i].is_ordered()) continue;
    std::vector<ByteView> values;
    SLUICE_RETURN_IF_ERROR(context.state.scan(values_key(i, key), {}, [&](ByteView each, ByteView) {
      values.push_back(context.held.copy(each));
      return true;
    }));
    for (const ByteView each : values) context.state.erase(each);
  }
  return {};
}

}  // namespace

std::unique_ptr<Operator> aggregate_operator(const PlanNode& node, Bytes prefix) {
  return std::make_unique<AggregateOperator>(node, std::move(prefix));
}

}  // namespace sluice::flow
