// GROUP BY session: rows of a group whose spans, each from its time for as long as the gap, overlap are in one window. Only of
// rows that are never taken back.
//
//   1. take() lets the rows wait, by group.
//   2. finish() reads, for each group at once, the sessions that its rows may touch, lets each row grow one, or make one of several, and
//      writes what has changed.
//   3. advance() takes those that are closed out, in the order of their ends.
//
// A row is late when its own span is closed, whatever it touches: so a session never begins again where one that has closed did, which is
// what tells them apart.
//
// Keys in the state, after the operator's; the group is encoded values:
//     'g', group, session's end            -> its start, values, accumulators
//     't', session's end, group            -> nothing

#include <algorithm>
#include <unordered_map>

#include "flow/operators/grouping.h"

namespace sluice::flow {

namespace {

struct Waiting {
  std::int64_t time_us;
  std::uint32_t origin;
  std::int64_t weight;
  std::span<Value> arguments;  // null: none
};

struct Group {
  Row values;
  std::vector<Waiting> rows;
};

struct Session {
  Grouping::Span span;
  Row values = {};
  std::vector<Accumulator> accumulators = {};
  std::int64_t stored_end_us = 0;
  bool stored = false;
  bool changed = false;
  Row before = {};
  std::uint32_t origin = 0;
};

class SessionOperator : public Operator {
 public:
  SessionOperator(const PlanNode& node, Bytes prefix) : grouping_(node, false), window_(*grouping_.aggregate().window), keys_(std::move(prefix)) {}

  Result<void> take(std::size_t, Deltas deltas, Context& context) override {
    for (const Delta& delta : deltas) {
      SLUICE_TRY(const bool is, grouping_.read(delta, context));
      if (is) wait(delta, context);
    }
    return {};
  }
  Result<void> finish(Context& context) override {
    if (groups_.empty()) return {};
    for (const ByteView key : order_) SLUICE_RETURN_IF_ERROR(finish(key, groups_[key], context));
    groups_.clear();
    order_.clear();
    return give(context);
  }
  Result<void> advance(std::int64_t watermark_us, Context& context) override;

 private:
  [[nodiscard]] bool is_closed(std::int64_t end_us, std::int64_t watermark_us) const {
    return watermark_us != kNoWatermark && add_time(end_us, window_.grace_us) <= watermark_us;
  }
  void wait(const Delta& delta, Context& context);
  Result<void> finish(ByteView key, const Group& group, Context& context);
  Result<void> load(ByteView key, const Group& group, Context& context);
  Result<Session> decode(ByteView value, std::int64_t end_us, Context& context);
  Result<void> add(ByteView key, const Group& group, const Waiting& row, Context& context);
  Result<void> merge(ByteView key, Session& to, Session& other, Context& context);
  Result<void> store(ByteView key, Session& session, Context& context);
  void erase(ByteView key, std::int64_t end_us, Context& context);
  Result<Row> row_of(const Session& session, Context& context);
  [[nodiscard]] Bytes& session_key(ByteView group, std::int64_t end_us) {
    Bytes& key = keys_.begin('g').append(group);
    append_time(end_us, key);
    return key;
  }
  [[nodiscard]] Bytes& time_key(ByteView group, std::int64_t end_us) {
    Bytes& key = keys_.begin('t');
    append_time(end_us, key);
    return key.append(group);
  }

  Grouping grouping_;
  const Window& window_;
  Keys keys_;
  std::unordered_map<ByteView, Group> groups_;
  std::vector<ByteView> order_;
  std::vector<Session> sessions_;  // of the group that is being finished; apart, in the order of time
  Bytes group_key_;
  Bytes value_;
};

void SessionOperator::wait(const Delta& delta, Context& context) {
  group_key_.clear();
  grouping_.append_key(group_key_);
  auto at = groups_.find(group_key_);
  if (at == groups_.end()) {
    const ByteView key = order_.emplace_back(context.held.copy(group_key_));
    at = groups_.emplace(key, Group{.values = grouping_.keep_groups(context.held), .rows = {}}).first;
  }
  const auto arguments = context.held.row(grouping_.functions().size());
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto& argument = grouping_.argument(i);
    if (!argument) continue;
    arguments[i] = *argument;
    arguments[i].text = context.held.copy(argument->text);
  }
  at->second.rows.push_back({grouping_.time_us(), delta.origin, delta.weight, arguments});
}

Result<void> SessionOperator::finish(ByteView key, const Group& group, Context& context) {
  SLUICE_RETURN_IF_ERROR(load(key, group, context));
  for (const Waiting& row : group.rows) SLUICE_RETURN_IF_ERROR(add(key, group, row, context));
  for (Session& session : sessions_) {
    if (session.changed) SLUICE_RETURN_IF_ERROR(store(key, session, context));
  }
  return {};
}

// Sessions do not overlap, so that their ends are in the order of their starts.
Result<void> SessionOperator::load(ByteView key, const Group& group, Context& context) {
  sessions_.clear();
  const auto [first, last] = std::ranges::minmax(group.rows, {}, &Waiting::time_us);
  struct Found {
    std::int64_t end_us;
    ByteView value;
  };
  std::vector<Found> found;
  const Bytes prefix = keys_.begin('g').append(key);
  const Bytes from = session_key(key, first.time_us + 1);
  SLUICE_RETURN_IF_ERROR(context.state.scan(prefix, from, [&](ByteView at, ByteView value) {
    if (time_at(value) >= last.time_us + window_.size_us) return false;
    found.push_back({time_at(at.substr(prefix.size())), context.held.copy(value)});
    return true;
  }));
  for (const auto& [end_us, value] : found) {
    SLUICE_TRY(Session session, decode(value, end_us, context));
    if (!grouping_.aggregate().emit_final) {
      SLUICE_TRY(session.before, row_of(session, context));
    }
    sessions_.push_back(std::move(session));
  }
  return {};
}

Result<Session> SessionOperator::decode(ByteView value, std::int64_t end_us, Context& context) {
  Session session{.span = {time_at(value), end_us}, .stored_end_us = end_us, .stored = true};
  session.accumulators.resize(grouping_.functions().size());
  ByteView rest = value.substr(8);
  SLUICE_TRY(session.values, grouping_.decode(rest, session.accumulators, context.held));
  return session;
}

Result<void> SessionOperator::add(ByteView key, const Group& group, const Waiting& row, Context& context) {
  const Grouping::Span span{row.time_us, row.time_us + window_.size_us};
  if (is_closed(span.end_us, context.watermark_us)) return context.results.late(row.origin);
  const auto begin = std::ranges::find_if(sessions_, [&](const Session& each) { return each.span.end_us > span.start_us; });
  auto end = begin;
  while (end != sessions_.end() && end->span.start_us < span.end_us) ++end;
  auto at = begin;
  if (begin == end) {
    at = sessions_.insert(begin, Session{.span = span, .values = group.values});
    at->accumulators.resize(grouping_.functions().size());
  } else {
    for (auto other = begin + 1; other != end; ++other) SLUICE_RETURN_IF_ERROR(merge(key, *at, *other, context));
    sessions_.erase(begin + 1, end);
    at->span = {std::min(at->span.start_us, span.start_us), std::max(at->span.end_us, span.end_us)};
  }
  at->changed = true;
  at->origin = row.origin;
  for (std::size_t i = 0; i < row.arguments.size(); ++i) {
    const AggregateFunction& how = grouping_.functions()[i];
    if (row.arguments[i].null) continue;
    SLUICE_RETURN_IF_ERROR(how.is_distinct() ? how.add_distinct(at->accumulators[i], row.arguments[i], context.held)
                                             : how.add(at->accumulators[i], row.arguments[i], row.weight, context.held));
  }
  return {};
}

Result<void> SessionOperator::merge(ByteView key, Session& to, Session& other, Context& context) {
  for (std::size_t i = 0; i < to.accumulators.size(); ++i) {
    SLUICE_RETURN_IF_ERROR(grouping_.functions()[i].merge(to.accumulators[i], other.accumulators[i], context.held));
  }
  to.span.end_us = std::max(to.span.end_us, other.span.end_us);
  if (other.stored) erase(key, other.stored_end_us, context);
  grouping_.put(other.before, {}, other.origin, out_);
  return {};
}

Result<void> SessionOperator::store(ByteView key, Session& session, Context& context) {
  if (session.stored && session.stored_end_us != session.span.end_us) erase(key, session.stored_end_us, context);
  value_.clear();
  append_time(session.span.start_us, value_);
  grouping_.encode(session.values, session.accumulators, value_);
  context.state.put(session_key(key, session.span.end_us), value_);
  context.state.put(time_key(key, session.span.end_us), {});
  if (grouping_.aggregate().emit_final) return {};
  SLUICE_TRY(const Row after, row_of(session, context));
  grouping_.put(session.before, after, session.origin, out_);
  return {};
}

void SessionOperator::erase(ByteView key, std::int64_t end_us, Context& context) {
  context.state.erase(session_key(key, end_us));
  context.state.erase(time_key(key, end_us));
}

// None where a sum is out of range: told for the row that made it so.
Result<Row> SessionOperator::row_of(const Session& session, Context& context) {
  auto row = grouping_.row(session.values, session.span, session.accumulators, context.held);
  if (row.ok()) return row;
  if (session.changed) SLUICE_RETURN_IF_ERROR(context.results.failed(session.origin, row.error()));
  return Row{};
}

Result<void> SessionOperator::advance(std::int64_t watermark_us, Context& context) {
  struct Closed {
    std::int64_t end_us;
    ByteView group;
  };
  std::vector<Closed> closed;
  const Bytes& head = keys_.begin('t');
  const Bytes from = after_time(head, add_time(context.watermark_us, -window_.grace_us));
  SLUICE_RETURN_IF_ERROR(context.state.scan(head, from, [&](ByteView key, ByteView) {
    key.remove_prefix(keys_.head_size());
    if (!is_closed(time_at(key), watermark_us)) return false;
    closed.push_back({time_at(key), context.held.copy(key.substr(8))});
    return true;
  }));
  for (const auto& [end_us, group] : closed) {
    if (grouping_.aggregate().emit_final) {
      SLUICE_TRY(const auto value, context.state.find(session_key(group, end_us)));
      if (!value) return Error{ErrorCode::corrupt, "the state of a session window is damaged", {}, "remove it: it is restored from the log"};
      SLUICE_TRY(Session session, decode(context.held.copy(*value), end_us, context));
      session.changed = true;  // a failure is told, although nobody knows whom to blame
      SLUICE_TRY(const Row row, row_of(session, context));
      grouping_.put({}, row, session.origin, out_);
    }
    erase(group, end_us, context);
  }
  return give(context);
}

}  // namespace

std::unique_ptr<Operator> session_operator(const PlanNode& node, Bytes prefix) {
  return std::make_unique<SessionOperator>(node, std::move(prefix));
}

}  // namespace sluice::flow
