#pragma once
// The rows of one side of a join, by the join's key.
//
// Keys in the state, after the operator's: of a side that has at most one row of a join key,
//     'l' or 'r', join key                 -> for each row: zigzag weight, byte alone, row
// of another, which is read by its prefix,
//     'l' or 'r', join key, row            -> zigzag weight, byte alone
//     'm' or 's', join key                 -> zigzag count of its rows, where the other side is extended by nulls
// and of one whose rows are forgotten,
//     't' or 'u', time, join key, row      -> varint size of the join key: the row leaves when the watermark reaches the time

#include <optional>
#include <span>
#include <vector>

#include "flow/operators/operator.h"

namespace sluice::flow {

class JoinSide {
 public:
  struct Stored {
    Row row;
    std::int64_t weight = 0;
    bool alone = false;   // it was given with nulls for the other side
    ByteView bytes = {};  // of the row
    bool met = true;      // not ruled out by select()
  };
  struct Form {
    bool right = false;
    bool counted = false;  // count() is asked for
  };
  JoinSide(const PlanNode& node, const std::vector<std::size_t>& key, const Join::Memory& memory, Form form, const Bytes& prefix);

  // The bytes of a row's join key; none: one of its columns is null, which equals nothing. Lives until the next call.
  [[nodiscard]] std::optional<ByteView> key_of(Row row);
  // The rows of a join key, in context.block; lives until the next call.
  [[nodiscard]] Result<std::span<const Stored>> rows(ByteView key, Context& context);
  // How many those are, by weight. Precondition: Form::counted.
  [[nodiscard]] Result<std::int64_t> count(ByteView key, Context& context);
  // Changes a row's weight; a row that was not there gets `alone`. Gives what that is, or was for one that leaves; a row that was forgotten
  // already, or is too old to be remembered, gives `alone`.
  [[nodiscard]] Result<bool> add(ByteView key, const Delta& delta, bool alone, Context& context);
  // Leaves out those of rows()' last result that are not meant.
  template <typename Is>
  void select(const Is& is) {
    for (Stored& stored : stored_) stored.met = stored.met && is(stored);
  }
  // Sets it for all rows of a join key that select() has left. Precondition: rows() of the key was the last call.
  void set_alone(ByteView key, bool alone, Context& context);
  [[nodiscard]] Result<void> forget(std::int64_t watermark_us, Context& context);

  // Whether the row is too old to be remembered.
  [[nodiscard]] bool is_past(Row row, const Context& context) const;
  [[nodiscard]] std::size_t width() const { return types_.size(); }
  [[nodiscard]] bool is_kept() const { return memory_.keep_us != 0; }

 private:
  [[nodiscard]] Result<bool> add_single(ByteView key, const Delta& delta, bool alone, Context& context);
  [[nodiscard]] Result<void> forget_single(ByteView key, ByteView row, Context& context);
  [[nodiscard]] Result<void> add_count(ByteView key, std::int64_t more, Context& context);
  void index(ByteView key, Row row, bool there, Context& context);
  void put_all(ByteView key, Context& context);
  [[nodiscard]] Bytes& state_key(ByteView key) { return keys_.begin(form_.right ? 'r' : 'l').append(key); }
  [[nodiscard]] Bytes& count_key(ByteView key) { return keys_.begin(form_.right ? 's' : 'm').append(key); }
  [[nodiscard]] Bytes& time_key() { return keys_.begin(form_.right ? 'u' : 't'); }

  std::vector<Type> types_;
  std::vector<std::size_t> key_columns_;
  Join::Memory memory_;
  Form form_;
  bool single_ = false;
  Keys keys_;
  Bytes key_;
  Bytes row_;
  Bytes value_;
  std::vector<Stored> stored_;
};

}  // namespace sluice::flow
