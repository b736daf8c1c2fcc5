// The first row of each key, again and again: DISTINCT ON within a span. A row that comes less than the span after the beginning of
// another of its key is of the same run as that one; the first row that is of no run begins the next. Of each run the first row, in
// the order asked for, is given: a result of its own, told apart by its time. Which runs there are depends on the rows alone, in whatever
// order they come, as long as none is older than the watermark.
//
//   1. take() lets rows wait, by key.
//   2. finish() reads, for each key at once, what is remembered of it, and compares the runs before and after its rows have joined.
//   3. Of a run whose beginning the watermark has passed only that and the row that is given can still matter: others are erased.
//   4. advance() forgets a run when no row that is not late can be of it: when the watermark is a span past its end.
//
// Keys in the state, after the operator's:
//     'o', key, time, order                -> row
//     't', end of a run, key               -> nothing
// The order is of the columns to sort by, and then of all, so that one row is the first.

#include <algorithm>
#include <unordered_map>

#include "flow/operators/operator.h"
#include "flow/value/row_code.h"

namespace sluice::flow {

namespace {

struct Member {
  ByteView place;  // time, order
  Row row;
  std::uint32_t origin = 0;
  [[nodiscard]] std::int64_t time_us() const { return time_at(place); }
  [[nodiscard]] ByteView order() const { return place.substr(8); }
};

// A part of a key's members, which are in the order of time.
struct Run {
  std::size_t begin;
  std::size_t end;
  std::size_t first;  // in the order asked for
};

class DeduplicateOperator : public Operator {
 public:
  DeduplicateOperator(const PlanNode& node, Bytes prefix)
      : form_(std::get<DistinctOn>(node.form)), types_(types_of(node.columns)), keys_(std::move(prefix)) {}

  Result<void> take(std::size_t, Deltas deltas, Context& context) override {
    for (const Delta& delta : deltas) {
      if (is_over(time_of(delta.row), context.watermark_us)) SLUICE_RETURN_IF_ERROR(context.results.late(delta.origin));
      else wait(delta, context);
    }
    return {};
  }
  Result<void> finish(Context& context) override {
    for (auto& [key, rows] : waiting_) SLUICE_RETURN_IF_ERROR(finish(key, rows, context));
    waiting_.clear();
    by_key_.clear();
    return give(context);
  }
  Result<void> advance(std::int64_t watermark_us, Context& context) override;

 private:
  // Without a time it is after all others.
  [[nodiscard]] std::int64_t time_of(Row row) const {
    const Value& time = row[*form_.time];
    return time.null ? std::numeric_limits<std::int64_t>::max() : time.integer;
  }
  [[nodiscard]] std::int64_t end_of(std::int64_t time_us) const { return add_time(time_us, *form_.within_us); }
  [[nodiscard]] bool is_over(std::int64_t time_us, std::int64_t watermark_us) const {
    return watermark_us != kNoWatermark && end_of(time_us) <= watermark_us;
  }

  void wait(const Delta& delta, Context& context);
  Result<void> finish(ByteView key, std::vector<Member>& rows, Context& context);
  Result<void> load(ByteView key, Context& context);
  void add(std::vector<Member>& rows);
  [[nodiscard]] std::vector<Run> runs() const;
  void keep(ByteView key, const std::vector<Run>& runs, Context& context);
  Result<void> forget(ByteView key, std::int64_t end_us, Context& context);
  [[nodiscard]] Bytes& row_key(ByteView key, ByteView place) { return keys_.begin('o').append(key).append(place); }
  [[nodiscard]] Bytes& end_key(ByteView key, std::int64_t end_us) {
    Bytes& out = keys_.begin('t');
    append_time(end_us, out);
    return out.append(key);
  }

  const DistinctOn& form_;
  std::vector<Type> types_;
  Keys keys_;
  std::unordered_map<ByteView, std::size_t> by_key_;
  std::vector<std::pair<ByteView, std::vector<Member>>> waiting_;
  std::vector<Member> members_;  // of the key that is being finished
  std::vector<Member> before_;
  Bytes key_;
  Bytes value_;
};

void DeduplicateOperator::wait(const Delta& delta, Context& context) {
  key_.clear();
  for (const std::size_t column : form_.keys) encode_key(types_[column], delta.row[column], key_);
  auto at = by_key_.find(key_);
  if (at == by_key_.end()) {
    waiting_.emplace_back(context.held.copy(key_), std::vector<Member>());
    at = by_key_.emplace(waiting_.back().first, waiting_.size() - 1).first;
  }
  key_.clear();
  append_time(time_of(delta.row), key_);
  for (const auto& order : form_.order) encode_key(types_[order.column], delta.row[order.column], key_, order.descending, order.nulls_first);
  for (std::size_t i = 0; i < types_.size(); ++i) encode_key(types_[i], delta.row[i], key_);
  const auto kept = context.held.row(delta.row.size());
  for (std::size_t i = 0; i < kept.size(); ++i) {
    kept[i] = delta.row[i];
    kept[i].text = context.held.copy(kept[i].text);
  }
  waiting_[at->second].second.push_back({context.held.copy(key_), kept, delta.origin});
}

Result<void> DeduplicateOperator::finish(ByteView key, std::vector<Member>& rows, Context& context) {
  SLUICE_RETURN_IF_ERROR(load(key, context));
  const auto old = runs();
  before_ = members_;
  add(rows);
  const auto now = runs();
  const auto origin = rows.back().origin;
  std::size_t same = 0;  // the first of the old that is still to be compared
  std::vector<Delta> added;
  for (const Run& run : now) {
    const Member& first = members_[run.first];
    for (; same < old.size() && before_[old[same].first].time_us() < first.time_us(); ++same) {
      out_.push_back({before_[old[same].first].row, -1, origin});
    }
    if (same < old.size() && before_[old[same].first].place == first.place) {
      ++same;
      continue;
    }
    added.push_back({first.row, 1, first.origin});
  }
  for (; same < old.size(); ++same) out_.push_back({before_[old[same].first].row, -1, origin});
  out_.insert(out_.end(), added.begin(), added.end());
  for (const Run& run : old) context.state.erase(end_key(key, end_of(before_[run.begin].time_us())));
  keep(key, now, context);
  return {};
}

Result<void> DeduplicateOperator::load(ByteView key, Context& context) {
  members_.clear();
  std::optional<Error> error;
  const Bytes head = row_key(key, {});
  SLUICE_RETURN_IF_ERROR(context.state.scan(head, {}, [&](ByteView at, ByteView value) {
    auto row = decode_row(types_, context.held.copy(value), context.held);
    if (!row.ok()) return error = row.error(), false;
    members_.push_back({context.held.copy(at.substr(head.size())), *row});
    return true;
  }));
  if (error) return *std::move(error);
  return {};
}

// Of rows that are the same one is enough.
void DeduplicateOperator::add(std::vector<Member>& rows) {
  members_.insert(members_.end(), rows.begin(), rows.end());
  std::ranges::stable_sort(members_, {}, &Member::place);
  const auto same = std::ranges::unique(members_, {}, &Member::place);
  members_.erase(same.begin(), same.end());
}

std::vector<Run> DeduplicateOperator::runs() const {
  std::vector<Run> out;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const auto begin_us = out.empty() ? 0 : members_[out.back().begin].time_us();
    const auto time_us = members_[i].time_us();
    if (out.empty() || (time_us != begin_us && time_us >= end_of(begin_us))) {
      out.push_back({i, i + 1, i});
      continue;
    }
    Run& run = out.back();
    run.end = i + 1;
    if (members_[i].order() < members_[run.first].order()) run.first = i;
  }
  return out;
}

void DeduplicateOperator::keep(ByteView key, const std::vector<Run>& runs, Context& context) {
  for (const Run& run : runs) {
    const auto begin_us = members_[run.begin].time_us();
    const bool is_settled = begin_us < context.watermark_us;
    context.state.put(end_key(key, end_of(begin_us)), {});
    for (auto i = run.begin; i < run.end; ++i) {
      const Bytes& at = row_key(key, members_[i].place);
      if (is_settled && i != run.begin && i != run.first) {
        context.state.erase(at);
        continue;
      }
      value_.clear();
      encode_row(types_, members_[i].row, value_);
      context.state.put(at, value_);
    }
  }
}

Result<void> DeduplicateOperator::advance(std::int64_t watermark_us, Context& context) {
  struct Gone {
    ByteView key;
    std::int64_t end_us;
  };
  std::vector<Gone> gone;
  const Bytes& head = keys_.begin('t');
  const std::size_t head_size = head.size();
  const auto gone_us = add_time(context.watermark_us, -*form_.within_us);
  SLUICE_RETURN_IF_ERROR(context.state.scan(head, after_time(head, gone_us), [&](ByteView at, ByteView) {
    at.remove_prefix(head_size);
    if (end_of(time_at(at)) > watermark_us) return false;
    gone.push_back({context.held.copy(at.substr(8)), time_at(at)});
    return true;
  }));
  for (const auto& [key, end_us] : gone) SLUICE_RETURN_IF_ERROR(forget(key, end_us, context));
  return {};
}

Result<void> DeduplicateOperator::forget(ByteView key, std::int64_t end_us, Context& context) {
  std::vector<ByteView> gone;
  const Bytes head = row_key(key, {});
  SLUICE_RETURN_IF_ERROR(context.state.scan(head, {}, [&](ByteView at, ByteView) {
    if (time_at(at.substr(head.size())) >= end_us) return false;
    gone.push_back(context.held.copy(at));
    return true;
  }));
  for (const ByteView at : gone) context.state.erase(at);
  context.state.erase(end_key(key, end_us));
  return {};
}

}  // namespace

std::unique_ptr<Operator> deduplicate_operator(const PlanNode& node, Bytes prefix) {
  return std::make_unique<DeduplicateOperator>(node, std::move(prefix));
}

}  // namespace sluice::flow
