// Keys in the state, after the execution's prefix: a byte of the operator's number and a tag are an operator's; kRowsNumber and the
// relation's number, then the encoded primary key, has a table's row; kWatermarkNumber the watermark.

#include <algorithm>
#include <array>

#include "flow/operators/operator.h"
#include "flow/value/row_code.h"

namespace sluice::flow {

namespace {

constexpr char kRowsNumber = '\xfe';
constexpr char kWatermarkNumber = '\xff';
constexpr std::size_t kOperatorsMax = 250;
constexpr std::size_t kBlockRows = 1024;

class Root : public Operator {
 public:
  Result<void> take(std::size_t, Deltas deltas, Context& context) override {
    for (const Delta& delta : deltas) SLUICE_RETURN_IF_ERROR(context.results.row(delta));
    return {};
  }
};

// A table's rows as they are.
class Table {
 public:
  Table(const Relation& relation, Bytes prefix) : relation_(relation), types_(types_of(relation.columns)), key_(std::move(prefix)), head_(key_.size()) {}

  // The row that had this change's key goes, the new one comes, unless they are the same.
  Result<void> apply(const Change& change, Row row, Context& context, std::vector<Delta>& out) {
    key_.resize(head_);
    for (const std::size_t column : relation_.key) encode_key(types_[column], change.row[column], key_);
    SLUICE_TRY(const auto before, context.state.find(key_));
    if (!change.deleted) {
      value_.clear();
      encode_row(types_, row, value_);
      if (before && *before == value_) return {};
    }
    if (before) {
      SLUICE_TRY(const Row old, decode_row(types_, context.block.copy(*before), context.block));
      out.push_back({old, -1, change.origin});
      if (change.deleted) context.state.erase(key_);
    }
    if (!change.deleted) {
      out.push_back({row, 1, change.origin});
      context.state.put(key_, value_);
    }
    return {};
  }

 private:
  const Relation& relation_;
  std::vector<Type> types_;
  Bytes key_;
  std::size_t head_;
  Bytes value_;
};

// One way into the tree: a Scan's place.
struct Entry {
  Operator* above = nullptr;
  std::size_t input = 0;
};

struct Input {
  std::vector<bool> read;
  bool all_read = false;
  std::optional<Table> table;
  std::vector<Entry> entries;
};

class PlanExecution : public Execution {
 public:
  PlanExecution(State& state, Bytes prefix) : state_(state), prefix_(std::move(prefix)) {}

  Result<void> build(const Plan& plan) {
    auto read = columns_read(plan);
    for (std::size_t i = 0; i < plan.relations.size(); ++i) {
      Input& input = inputs_.emplace_back();
      input.read = std::move(read[i]);
      for (const std::size_t column : plan.relations[i].key) input.read[column] = true;
      input.all_read = std::ranges::count(input.read, false) == 0;
      Bytes rows = prefix_ + kRowsNumber;
      ByteWriter(rows).varint(i);
      if (plan.relations[i].is_table()) input.table.emplace(plan.relations[i], std::move(rows));
    }
    SLUICE_RETURN_IF_ERROR(build(*plan.root, root_, 0));
    SLUICE_TRY(const auto watermark, state_.find(prefix_ + kWatermarkNumber));
    if (watermark && watermark->size() == 8) watermark_us_ = time_at(*watermark);
    return {};
  }

  Result<void> begin(Arena& arena, Results& results) override {
    Context context{state_, results, block_, arena, watermark_us_};
    // From the top, so that what is above has its own row before it is given one.
    for (auto& each : operators_) SLUICE_RETURN_IF_ERROR(each->begin(context));
    return finish(context);
  }

  Result<void> feed(std::size_t relation, std::span<const Change> changes, Arena& arena, Results& results) override {
    Context context{state_, results, block_, arena, watermark_us_};
    for (std::size_t at = 0; at < changes.size(); at += kBlockRows) {
      SLUICE_RETURN_IF_ERROR(feed(inputs_[relation], changes.subspan(at, std::min(kBlockRows, changes.size() - at)), context));
      block_.reset();
    }
    return finish(context);
  }

  Result<void> advance(std::int64_t watermark_us, Arena& arena, Results& results) override {
    if (watermark_us <= watermark_us_) return {};
    Context context{state_, results, block_, arena, watermark_us_};
    // From below, so that what closes there is in before the same closes above.
    for (auto each = operators_.rbegin(); each != operators_.rend(); ++each) {
      SLUICE_RETURN_IF_ERROR((*each)->finish(context));
      SLUICE_RETURN_IF_ERROR((*each)->advance(watermark_us, context));
    }
    watermark_us_ = watermark_us;
    Bytes value;
    append_time(watermark_us, value);
    state_.put(prefix_ + kWatermarkNumber, value);
    block_.reset();
    return {};
  }

 private:
  // Operators are numbered, and stand in operators_, from the top.
  Result<void> build(const PlanNode& node, Operator& above, std::size_t input) {
    if (const auto* const scan = std::get_if<Scan>(&node.form)) {
      inputs_[scan->relation].entries.push_back({&above, input});
      return {};
    }
    if (operators_.size() == kOperatorsMax) return Error{ErrorCode::unsupported, "a query of more than 250 steps"};
    operators_.push_back(made(node, prefix_ + static_cast<char>(operators_.size())));
    Operator& made = *operators_.back();
    made.set_above(above, input);
    for (std::size_t i = 0; i < node.inputs.size(); ++i) SLUICE_RETURN_IF_ERROR(build(*node.inputs[i], made, i));
    return {};
  }
  static std::unique_ptr<Operator> made(const PlanNode& node, Bytes prefix) {
    if (const auto* const form = std::get_if<Filter>(&node.form)) return filter_operator(*form);
    if (const auto* const form = std::get_if<Project>(&node.form)) return project_operator(*form);
    if (std::holds_alternative<Join>(node.form)) return join_operator(node, std::move(prefix));
    if (const auto* const form = std::get_if<DistinctOn>(&node.form)) {
      return form->within_us ? deduplicate_operator(node, std::move(prefix)) : distinct_on_operator(node, std::move(prefix));
    }
    if (std::holds_alternative<UnionAll>(node.form)) return union_operator();
    const auto& window = std::get<Aggregate>(node.form).window;
    if (window && window->kind == Window::Kind::session) return session_operator(node, std::move(prefix));
    return aggregate_operator(node, std::move(prefix));
  }

  Result<void> feed(Input& input, std::span<const Change> changes, Context& context) {
    deltas_.clear();
    for (const Change& change : changes) {
      const Row row = input.all_read || change.deleted ? change.row : read_part(input, change.row);
      if (input.table) {
        SLUICE_RETURN_IF_ERROR(input.table->apply(change, row, context, deltas_));
      } else {
        deltas_.push_back({row, 1, change.origin});
      }
    }
    if (deltas_.empty()) return {};
    for (const Entry& entry : input.entries) SLUICE_RETURN_IF_ERROR(entry.above->take(entry.input, deltas_, context));
    return {};
  }
  Row read_part(const Input& input, Row row) {
    const auto part = block_.row(row.size());
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (input.read[i]) part[i] = row[i];
    }
    return part;
  }
  Result<void> finish(Context& context) {
    for (auto each = operators_.rbegin(); each != operators_.rend(); ++each) SLUICE_RETURN_IF_ERROR((*each)->finish(context));
    block_.reset();
    return {};
  }

  State& state_;
  Bytes prefix_;
  std::int64_t watermark_us_ = kNoWatermark;
  std::vector<Input> inputs_;
  std::vector<std::unique_ptr<Operator>> operators_;
  Root root_;
  Arena block_;
  std::vector<Delta> deltas_;
};

}  // namespace

Result<std::unique_ptr<Execution>> Execution::open(const Plan& plan, State& state, Bytes prefix) {
  auto made = std::make_unique<PlanExecution>(state, std::move(prefix));
  SLUICE_RETURN_IF_ERROR(made->build(plan));
  return std::unique_ptr<Execution>(std::move(made));
}

}  // namespace sluice::flow
