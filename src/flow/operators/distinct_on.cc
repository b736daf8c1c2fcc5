// The first row of each key.
//
// Keys in the state, after the operator's:
//     'o', key, order                      -> zigzag weight, row: all rows of a key, the first first
//     'f', key                             -> varint size of the order, order, row: the first only, of rows that are never taken back
// The order is of the columns to sort by, and then of all, so that one row is the first.

#include <algorithm>
#include <unordered_map>

#include "flow/operators/operator.h"
#include "flow/value/row_code.h"

namespace sluice::flow {

namespace {

struct First {
  ByteView key;
  Row before = {};         // the row that is given
  ByteView before_place = {};  // its order
  Row row = {};            // of rows that stay: the first now
  ByteView place = {};
  std::uint32_t origin = 0;
};

class DistinctOnOperator : public Operator {
 public:
  DistinctOnOperator(const PlanNode& node, Bytes prefix)
      : form_(std::get<DistinctOn>(node.form)), types_(types_of(node.columns)), keys_(std::move(prefix)), stays_(node.inputs[0]->append_only) {}

  Result<void> take(std::size_t, Deltas deltas, Context& context) override {
    for (const Delta& delta : deltas) SLUICE_RETURN_IF_ERROR(add(delta, context));
    return {};
  }
  Result<void> finish(Context& context) override {
    if (firsts_.empty()) return {};
    for (First& first : firsts_) SLUICE_RETURN_IF_ERROR(finish(first, context));
    firsts_.clear();
    by_key_.clear();
    return give(context);
  }

 private:
  Result<void> add(const Delta& delta, Context& context);
  Result<First*> first_of(Row row, Context& context);
  // The first row of a key in the state, and its order.
  Result<void> read(ByteView key, Row& row, ByteView& place, Context& context) {
    return stays_ ? read_only(key, row, place, context) : read_least(key, row, place, context);
  }
  Result<void> read_only(ByteView key, Row& row, ByteView& place, Context& context);
  Result<void> read_least(ByteView key, Row& row, ByteView& place, Context& context);
  void append_place(Row row, Bytes& out) const;
  Result<void> count(ByteView key, const Delta& delta, Context& context);
  Result<void> finish(First& first, Context& context);
  void store(const First& first, Context& context);

  const DistinctOn& form_;
  std::vector<Type> types_;
  Keys keys_;
  bool stays_;
  std::unordered_map<ByteView, std::size_t> by_key_;
  std::vector<First> firsts_;
  Bytes key_;
  Bytes place_;
  Bytes value_;
};

void DistinctOnOperator::append_place(Row row, Bytes& out) const {
  for (const auto& order : form_.order) encode_key(types_[order.column], row[order.column], out, order.descending, order.nulls_first);
  for (std::size_t i = 0; i < types_.size(); ++i) encode_key(types_[i], row[i], out);
}

Result<First*> DistinctOnOperator::first_of(Row row, Context& context) {
  key_.clear();
  for (const std::size_t column : form_.keys) encode_key(types_[column], row[column], key_);
  if (const auto at = by_key_.find(key_); at != by_key_.end()) return &firsts_[at->second];
  First& first = firsts_.emplace_back();
  first.key = context.held.copy(key_);
  by_key_.emplace(first.key, firsts_.size() - 1);
  SLUICE_RETURN_IF_ERROR(read(first.key, first.before, first.before_place, context));
  first.row = first.before;
  first.place = first.before_place;
  return &first;
}

Result<void> DistinctOnOperator::read_only(ByteView key, Row& row, ByteView& place, Context& context) {
  SLUICE_TRY(const auto found, context.state.find(keys_.begin('f').append(key)));
  if (!found) return {};
  ByteReader in(context.held.copy(*found));
  place = in.view(in.varint());
  SLUICE_TRY(row, decode_row(types_, in.rest(), context.held));
  return {};
}

Result<void> DistinctOnOperator::read_least(ByteView key, Row& row, ByteView& place, Context& context) {
  row = {};
  std::optional<ByteView> bytes;
  const Bytes& head = keys_.begin('o').append(key);
  SLUICE_RETURN_IF_ERROR(context.state.scan(head, {}, [&](ByteView at, ByteView value) {
    ByteReader in(value);
    if (in.zigzag() <= 0) return true;
    place = context.held.copy(at.substr(head.size()));
    bytes = context.held.copy(in.rest());
    return false;
  }));
  if (!bytes) return {};
  SLUICE_TRY(row, decode_row(types_, *bytes, context.held));
  return {};
}

Result<void> DistinctOnOperator::add(const Delta& delta, Context& context) {
  SLUICE_TRY(First* const first, first_of(delta.row, context));
  first->origin = delta.origin;
  place_.clear();
  append_place(delta.row, place_);
  if (!stays_) return count(first->key, delta, context);
  if (first->row.data() != nullptr && first->place <= place_) return {};
  const auto kept = context.held.row(delta.row.size());
  for (std::size_t i = 0; i < kept.size(); ++i) {
    kept[i] = delta.row[i];
    kept[i].text = context.held.copy(kept[i].text);
  }
  first->row = kept;
  first->place = context.held.copy(place_);
  return {};
}

// Precondition: place_ is the row's.
Result<void> DistinctOnOperator::count(ByteView key, const Delta& delta, Context& context) {
  const Bytes& at = keys_.begin('o').append(key).append(place_);
  SLUICE_TRY(const auto found, context.state.find(at));
  const std::int64_t weight = delta.weight + (found ? ByteReader(*found).zigzag() : 0);
  if (weight == 0) {
    context.state.erase(at);
    return {};
  }
  value_.clear();
  ByteWriter(value_).zigzag(weight);
  encode_row(types_, delta.row, value_);
  context.state.put(at, value_);
  return {};
}

Result<void> DistinctOnOperator::finish(First& first, Context& context) {
  if (!stays_) SLUICE_RETURN_IF_ERROR(read(first.key, first.row, first.place, context));
  if (first.row.data() != nullptr && first.before.data() != nullptr && first.place == first.before_place) return {};
  if (first.before.data() != nullptr) out_.push_back({first.before, -1, first.origin});
  if (first.row.data() == nullptr) return {};
  out_.push_back({first.row, 1, first.origin});
  if (stays_) store(first, context);
  return {};
}

void DistinctOnOperator::store(const First& first, Context& context) {
  value_.clear();
  ByteWriter(value_).varint(first.place.size());
  value_.append(first.place);
  encode_row(types_, first.row, value_);
  context.state.put(keys_.begin('f').append(first.key), value_);
}

}  // namespace

std::unique_ptr<Operator> distinct_on_operator(const PlanNode& node, Bytes prefix) {
  return std::make_unique<DistinctOnOperator>(node, std::move(prefix));
}

}  // namespace sluice::flow
