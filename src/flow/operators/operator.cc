// What all share, and the operators that remember nothing.

#include "flow/operators/operator.h"

namespace sluice::flow {

namespace {

constexpr std::uint64_t kSign = std::uint64_t{1} << 63;

class FilterOperator : public Operator {
 public:
  explicit FilterOperator(const Filter& filter) : condition_(filter.condition) {}
  Result<void> take(std::size_t, Deltas deltas, Context& context) override {
    for (const Delta& delta : deltas) {
      const auto is = holds(condition_, delta.row, context.block);
      if (is.ok()) {
        if (*is) out_.push_back(delta);
      } else if (delta.weight > 0) {
        SLUICE_RETURN_IF_ERROR(context.results.failed(delta.origin, is.error()));
      }
    }
    return give(context);
  }

 private:
  const Scalar& condition_;
};

class ProjectOperator : public Operator {
 public:
  explicit ProjectOperator(const Project& project) : values_(project.values) {}
  Result<void> take(std::size_t, Deltas deltas, Context& context) override {
    for (const Delta& delta : deltas) SLUICE_RETURN_IF_ERROR(project(delta, context));
    return give(context);
  }

 private:
  Result<void> project(const Delta& delta, Context& context) {
    const auto row = context.block.row(values_.size());
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (values_[i].kind == Scalar::Kind::column) {
        row[i] = delta.row[values_[i].column];
        continue;
      }
      const auto value = evaluate(values_[i], delta.row, context.block);
      if (!value.ok()) return delta.weight > 0 ? context.results.failed(delta.origin, value.error()) : Result<void>{};
      row[i] = *value;
    }
    out_.push_back({row, delta.weight, delta.origin});
    return {};
  }

  const std::vector<Scalar>& values_;
};

class UnionOperator : public Operator {
 public:
  Result<void> take(std::size_t, Deltas deltas, Context& context) override {
    out_.assign(deltas.begin(), deltas.end());
    return give(context);
  }
};

}  // namespace

void append_time(std::int64_t time_us, Bytes& out) { ByteWriter(out).u64(static_cast<std::uint64_t>(time_us) ^ kSign); }

std::int64_t time_at(ByteView bytes) { return static_cast<std::int64_t>(load_be<std::uint64_t>(bytes.data()) ^ kSign); }

Bytes after_time(ByteView head, std::int64_t gone_us) {
  Bytes out(head);
  append_time(gone_us, out);
  return out;
}

std::int64_t add_time(std::int64_t time_us, std::int64_t more_us) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(time_us, more_us, &sum)) return sum;
  return more_us < 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
}

std::vector<Type> types_of(const std::vector<Column>& columns) {
  std::vector<Type> types;
  for (const Column& column : columns) types.push_back(column.type);
  return types;
}

std::unique_ptr<Operator> filter_operator(const Filter& filter) { return std::make_unique<FilterOperator>(filter); }
std::unique_ptr<Operator> project_operator(const Project& project) { return std::make_unique<ProjectOperator>(project); }
std::unique_ptr<Operator> union_operator() { return std::make_unique<UnionOperator>(); }

}  // namespace sluice::flow
