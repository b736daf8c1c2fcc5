#pragma once
// What the operators of a running plan have in common. Changes flow upwards through take(), a block at a time; what is better
// said once (an aggregate's rows) waits for finish(), which ends each feed.

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "flow/operators/execution.h"

namespace sluice::flow {

using Deltas = std::span<const Delta>;
inline constexpr std::int64_t kNoWatermark = std::numeric_limits<std::int64_t>::min();

struct Context {
  State& state;
  Results& results;
  Arena& block;  // of rows on their way: emptied between blocks
  Arena& held;   // lives until the feed has ended
  std::int64_t watermark_us = kNoWatermark;  // as it was before the feed or the advance
};

// The keys of one operator: the execution's prefix, the operator's number, a tag, and what is appended to that.
class Keys {
 public:
  explicit Keys(Bytes prefix) : buffer_(std::move(prefix)), size_(buffer_.size()) {}
  // One at a time: the next call begins the same buffer anew.
  [[nodiscard]] Bytes& begin(char tag) {
    buffer_.resize(size_);
    buffer_.push_back(tag);
    return buffer_;
  }
  // Of begin()'s result, what follows the tag.
  [[nodiscard]] std::size_t head_size() const { return size_ + 1; }

 private:
  Bytes buffer_;
  std::size_t size_;
};

// Eight bytes that compare as the times do.
void append_time(std::int64_t time_us, Bytes& out);
[[nodiscard]] std::int64_t time_at(ByteView bytes);
// Where to begin a scan of keys that go on with a time, below `head`, when all of times up to `gone_us` have been erased: the disk
// need not pass what it still remembers of them.
[[nodiscard]] Bytes after_time(ByteView head, std::int64_t gone_us);
// Infinity stays what it is.
[[nodiscard]] std::int64_t add_time(std::int64_t time_us, std::int64_t more_us);

[[nodiscard]] std::vector<Type> types_of(const std::vector<Column>& columns);

class Operator {
 public:
  Operator() = default;
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;
  virtual ~Operator() = default;

  // `input` is the number of the one below that gives it.
  [[nodiscard]] virtual Result<void> take(std::size_t input, Deltas deltas, Context& context) = 0;
  [[nodiscard]] virtual Result<void> begin(Context&) { return {}; }
  [[nodiscard]] virtual Result<void> finish(Context&) { return {}; }
  // The watermark goes from context.watermark_us to here.
  [[nodiscard]] virtual Result<void> advance(std::int64_t /*watermark_us*/, Context&) { return {}; }

  void set_above(Operator& above, std::size_t input) {
    above_ = &above;
    input_ = input;
  }

 protected:
  // What was collected in out_ goes up.
  [[nodiscard]] Result<void> give(Context& context) {
    if (out_.empty()) return {};
    auto given = above_->take(input_, out_, context);
    out_.clear();
    return given;
  }
  std::vector<Delta> out_;

 private:
  Operator* above_ = nullptr;
  std::size_t input_ = 0;
};

[[nodiscard]] std::unique_ptr<Operator> filter_operator(const Filter& filter);
[[nodiscard]] std::unique_ptr<Operator> project_operator(const Project& project);
[[nodiscard]] std::unique_ptr<Operator> union_operator();
// Of nodes with the form that their names say.
[[nodiscard]] std::unique_ptr<Operator> join_operator(const PlanNode& node, Bytes prefix);
[[nodiscard]] std::unique_ptr<Operator> aggregate_operator(const PlanNode& node, Bytes prefix);
[[nodiscard]] std::unique_ptr<Operator> session_operator(const PlanNode& node, Bytes prefix);
[[nodiscard]] std::unique_ptr<Operator> distinct_on_operator(const PlanNode& node, Bytes prefix);  // for ever
[[nodiscard]] std::unique_ptr<Operator> deduplicate_operator(const PlanNode& node, Bytes prefix);  // within a span

// For each relation of the plan, for each column, whether anything reads it.
[[nodiscard]] std::vector<std::vector<bool>> columns_read(const Plan& plan);

}  // namespace sluice::flow
