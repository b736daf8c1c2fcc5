// A join kept up to date. A change of a row on one side, of weight w, meets the rows that the other side has now:
//
//   1. the joint rows change, each by w times the other's weight;
//   2. a row of a side that is extended by nulls and finds nothing is given with nulls instead, and remembers that it stands alone;
//   3. the first row that the other side gets for a key takes that back for all who stand alone there, and its last row, when
//      it goes, leaves them alone again.
//
// Rows that are forgotten, because the watermark has passed them, take nothing back: who had found them does not stand alone.
//
// What is remembered depends on how far the watermark has come, which is another time in each interleaving; what is found must not. So of
// rows that have event times one that is kept for a while is found by those only that are less than that younger, which, unless they
// are late, come before it is forgotten. Then 3. is of each row by itself.

#include <algorithm>
#include <array>

#include "flow/operators/join_side.h"

namespace sluice::flow {

namespace {

class JoinOperator : public Operator {
 public:
  JoinOperator(const PlanNode& node, const Bytes& prefix)
      : join_(std::get<Join>(node.form)),
        is_bounded_(join_.left_memory.other_time || join_.right_memory.other_time),
        may_freeze_{!node.inputs[0]->append_only, !node.inputs[1]->append_only},
        sides_{JoinSide(*node.inputs[0], join_.left_key, join_.left_memory, {.right = false, .counted = extends(1)}, prefix),
               JoinSide(*node.inputs[1], join_.right_key, join_.right_memory, {.right = true, .counted = extends(0)}, prefix)} {}

  Result<void> take(std::size_t input, Deltas deltas, Context& context) override {
    for (const Delta& delta : deltas) {
      if (is_frozen(input, delta, context)) {
        if (delta.weight > 0) SLUICE_RETURN_IF_ERROR(context.results.late(delta.origin));
      } else if (const auto key = sides_[input].key_of(delta.row)) {
        SLUICE_RETURN_IF_ERROR(meet(input, delta, *key, context));
      } else if (extends(input)) {
        put_alone(input, delta.row, delta.weight, delta.origin, context);
      }
    }
    return give(context);
  }
  Result<void> advance(std::int64_t watermark_us, Context& context) override {
    for (JoinSide& side : sides_) SLUICE_RETURN_IF_ERROR(side.forget(watermark_us, context));
    return {};
  }

 private:
  // Whether rows of this side that find nothing come with nulls.
  [[nodiscard]] bool extends(std::size_t side) const {
    return join_.kind == Join::Kind::full || (join_.kind == Join::Kind::left && side == 0);
  }

  [[nodiscard]] const Join::Memory& memory(std::size_t side) const { return side == 0 ? join_.left_memory : join_.right_memory; }

  // A row that may be taken back, but is forgotten: nobody knows whom it had met, so it stays what it was.
  [[nodiscard]] bool is_frozen(std::size_t side, const Delta& delta, const Context& context) const {
    return may_freeze_[side] && !memory(side).other_time && sides_[side].is_past(delta.row, context);
  }
  Result<void> meet(std::size_t side, const Delta& delta, ByteView key, Context& context) {
    JoinSide& here = sides_[side];
    JoinSide& there = sides_[1 - side];
    SLUICE_TRY(const auto others, there.rows(key, context));
    if (is_bounded_) return meet_some(side, delta, key, others, context);
    bool first = false;
    bool last = false;
    if (extends(1 - side)) {
      SLUICE_TRY(const std::int64_t before, here.count(key, context));
      first = before <= 0 && before + delta.weight > 0;
      last = before > 0 && before + delta.weight <= 0;
    }
    if (first) put_all_alone(side, others, -1, delta.origin, context);
    SLUICE_RETURN_IF_ERROR(put_joint(side, delta, others, context));
    if (last) put_all_alone(side, others, 1, delta.origin, context);
    std::int64_t found = 0;
    for (const auto& other : others) found += other.weight;
    if (first || last) there.set_alone(key, last, context);
    SLUICE_TRY(const bool alone, here.add(key, delta, extends(side) && found <= 0, context));
    if (extends(side) && alone) put_alone(side, delta.row, delta.weight, delta.origin, context);
    return {};
  }
  Result<void> meet_some(std::size_t side, const Delta& delta, ByteView key, std::span<const JoinSide::Stored> others, Context& context) {
    JoinSide& here = sides_[side];
    JoinSide& there = sides_[1 - side];
    there.select([&](const auto& other) { return finds(side, delta.row, other.row); });
    const bool first = extends(1 - side) && delta.weight > 0;
    if (first) put_all_alone(side, others, -1, delta.origin, context);
    if (first) there.set_alone(key, false, context);
    SLUICE_RETURN_IF_ERROR(put_joint(side, delta, others, context));
    std::int64_t found = 0;
    for (const auto& other : others) found += other.met ? other.weight : 0;
    SLUICE_TRY(const bool alone, here.add(key, delta, extends(side) && found <= 0, context));
    if (extends(side) && alone) put_alone(side, delta.row, delta.weight, delta.origin, context);
    if (first || !extends(1 - side)) return {};
    SLUICE_TRY(const auto left, here.rows(key, context));
    there.select([&](const auto& other) {
      return std::ranges::none_of(left, [&](const auto& each) { return each.weight > 0 && finds(side, each.row, other.row); });
    });
    put_all_alone(side, others, 1, delta.origin, context);
    there.set_alone(key, true, context);
    return {};
  }
  [[nodiscard]] bool finds(std::size_t side, Row here, Row there) const {
    return is_within(side, here, there) && is_within(1 - side, there, here);
  }
  [[nodiscard]] bool is_within(std::size_t side, Row here, Row there) const {
    const auto& memory = this->memory(side);
    if (!memory.other_time) return true;
    const Value& time = here[*memory.time];
    const Value& other = there[*memory.other_time];
    return time.null || other.null || other.integer < add_time(time.integer, memory.bound_us);
  }
  Result<void> put_joint(std::size_t side, const Delta& delta, std::span<const JoinSide::Stored> others, Context& context) {
    for (const auto& other : others) {
      if (!other.met) continue;
      const Row row = side == 0 ? joint(delta.row, other.row, context) : joint(other.row, delta.row, context);
      const std::int64_t weight = delta.weight * other.weight;
      if (join_.residual) {
        const auto is = holds(*join_.residual, row, context.block);
        if (!is.ok() && weight > 0) SLUICE_RETURN_IF_ERROR(context.results.failed(delta.origin, is.error()));
        if (!is.ok() || !*is) continue;
      }
      out_.push_back({row, weight, delta.origin});
    }
    return {};
  }
  // The other side's rows that stand alone (sign -1), or no longer do not (1).
  void put_all_alone(std::size_t side, std::span<const JoinSide::Stored> others, int sign, std::uint32_t origin, Context& context) {
    for (const auto& other : others) {
      if (other.met && other.alone == (sign < 0)) put_alone(1 - side, other.row, sign * other.weight, origin, context);
    }
  }
  void put_alone(std::size_t side, Row row, std::int64_t weight, std::uint32_t origin, Context& context) {
    const auto extended = context.block.row(sides_[0].width() + sides_[1].width());
    std::ranges::copy(row, extended.begin() + static_cast<std::ptrdiff_t>(side == 0 ? 0 : sides_[0].width()));
    out_.push_back({extended, weight, origin});
  }
  static Row joint(Row left, Row right, Context& context) {
    const auto row = context.block.row(left.size() + right.size());
    std::ranges::copy(right, std::ranges::copy(left, row.begin()).out);
    return row;
  }

  const Join& join_;
  bool is_bounded_;  // some of a key's rows do not find each other
  std::array<bool, 2> may_freeze_;  // may be taken back
  std::array<JoinSide, 2> sides_;
};

}  // namespace

std::unique_ptr<Operator> join_operator(const PlanNode& node, Bytes prefix) { return std::make_unique<JoinOperator>(node, prefix); }

}  // namespace sluice::flow
