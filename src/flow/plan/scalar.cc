#include "flow/plan/scalar.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace sluice::flow {

Scalar::Scalar(const Scalar& other)
    : kind(other.kind), type(other.type), column(other.column), constant(other.constant), text(other.text),
      function(other.function), negated(other.negated), position(other.position), parts(other.parts) {
  constant.text = text;
}

Scalar::Scalar(Scalar&& other) noexcept
    : kind(other.kind), type(std::move(other.type)), column(other.column), constant(other.constant), text(std::move(other.text)),
      function(std::move(other.function)), negated(other.negated), position(other.position), parts(std::move(other.parts)) {
  constant.text = text;  // a short text lies in the string itself
}

Scalar& Scalar::operator=(Scalar other) noexcept {
  kind = other.kind;
  type = std::move(other.type);
  column = other.column;
  constant = other.constant;
  text = std::move(other.text);
  function = std::move(other.function);
  negated = other.negated;
  position = other.position;
  parts = std::move(other.parts);
  constant.text = text;
  return *this;
}

void Scalar::set_constant(const Value& value) {
  kind = Kind::constant;
  text = std::string(value.text);
  constant = value;
  constant.text = text;
}

namespace {

constexpr std::size_t kFewArguments = 4;  // on the stack; more of them are in the arena

// One evaluation: false means that it failed, and why is in `error`.
class Evaluation {
 public:
  Evaluation(Row row, Arena& arena) : row_(row), arena_(arena) {}

  [[nodiscard]] bool run(const Scalar& scalar, Value& out) {
    switch (scalar.kind) {
      case Scalar::Kind::column: out = row_[scalar.column]; return true;
      case Scalar::Kind::constant: out = scalar.constant; return true;
      case Scalar::Kind::call: return call(scalar, out);
      case Scalar::Kind::and_: return logical(scalar, false, out);
      case Scalar::Kind::or_: return logical(scalar, true, out);
      case Scalar::Kind::not_: return opposite(scalar, out);
      case Scalar::Kind::is_null:
      case Scalar::Kind::is_true:
      case Scalar::Kind::is_false: return test(scalar, out);
      case Scalar::Kind::is_distinct: return distinct(scalar, out);
      case Scalar::Kind::case_: return choose(scalar, out);
      case Scalar::Kind::coalesce: return first_of(scalar, out);
      case Scalar::Kind::in: return among(scalar, out);
    }
    return true;
  }
  [[nodiscard]] Error take_error() { return std::move(*error_); }

 private:
  // The parts that are columns or constants, most of them, are not worth a call.
  [[nodiscard]] bool part(const Scalar& scalar, Value& out) {
    if (scalar.kind == Scalar::Kind::column) return out = row_[scalar.column], true;
    if (scalar.kind == Scalar::Kind::constant) return out = scalar.constant, true;
    return run(scalar, out);
  }

  [[nodiscard]] bool call(const Scalar& scalar, Value& out) {
    const auto count = scalar.parts.size();
    std::array<Value, kFewArguments> few;
    const auto arguments = count <= few.size() ? std::span(few).first(count) : arena_.row(count);
    bool is_null = false;  // known only when all of them are there: a later one may fail
    for (std::size_t i = 0; i < count; ++i) {
      if (!part(scalar.parts[i], arguments[i])) return false;
      is_null = is_null || arguments[i].null;
    }
    if (is_null && scalar.function.strict) return out = Value::none(), true;
    return apply(scalar.function, arguments, out);
  }
  [[nodiscard]] bool apply(const Function& function, std::span<const Value> arguments, Value& out) {
    auto result = function.call(arguments, arena_);
    if (!result.ok()) return error_ = std::move(result).error(), false;
    out = *result;
    return true;
  }

  // AND, which a false decides; OR, which a true does.
  [[nodiscard]] bool logical(const Scalar& scalar, bool decides, Value& out) {
    bool unknown = false;
    for (const auto& each : scalar.parts) {
      Value value;
      if (!part(each, value)) return false;
      if (!value.null && value.boolean == decides) return out = Value::of(decides), true;
      unknown = unknown || value.null;
    }
    out = unknown ? Value::none() : Value::of(!decides);
    return true;
  }
  [[nodiscard]] bool opposite(const Scalar& scalar, Value& out) {
    Value value;
    if (!part(scalar.parts[0], value)) return false;
    out = value.null ? Value::none() : Value::of(!value.boolean);
    return true;
  }
  [[nodiscard]] bool test(const Scalar& scalar, Value& out) {
    Value value;
    if (!part(scalar.parts[0], value)) return false;
    const bool is = scalar.kind == Scalar::Kind::is_null
                        ? value.null
                        : !value.null && value.boolean == (scalar.kind == Scalar::Kind::is_true);
    out = Value::of(is != scalar.negated);
    return true;
  }
  [[nodiscard]] bool distinct(const Scalar& scalar, Value& out) {
    Value left;
    Value right;
    if (!part(scalar.parts[0], left) || !part(scalar.parts[1], right)) return false;
    const bool differ = left.null != right.null || (!left.null && compare_values(scalar.parts[0].type, left, right) != 0);
    out = Value::of(differ != scalar.negated);
    return true;
  }
  [[nodiscard]] bool choose(const Scalar& scalar, Value& out) {
    for (std::size_t i = 0; i + 1 < scalar.parts.size(); i += 2) {
      Value condition;
      if (!part(scalar.parts[i], condition)) return false;
      if (!condition.null && condition.boolean) return part(scalar.parts[i + 1], out);
    }
    return part(scalar.parts.back(), out);
  }
  [[nodiscard]] bool first_of(const Scalar& scalar, Value& out) {
    for (const auto& each : scalar.parts) {
      if (!part(each, out)) return false;
      if (!out.null) return true;
    }
    return true;
  }
  [[nodiscard]] bool among(const Scalar& scalar, Value& out) {
    std::array<Value, 2> pair;
    if (!part(scalar.parts[0], pair[0])) return false;
    bool unknown = pair[0].null;
    for (std::size_t i = 1; i < scalar.parts.size(); ++i) {
      Value equal;
      if (!part(scalar.parts[i], pair[1])) return false;
      if (pair[0].null || pair[1].null) {
        unknown = true;
        continue;
      }
      if (!apply(scalar.function, pair, equal)) return false;
      if (equal.boolean) return out = Value::of(!scalar.negated), true;
    }
    out = unknown ? Value::none() : Value::of(scalar.negated);
    return true;
  }

  Row row_;
  Arena& arena_;
  std::optional<Error> error_;
};

void gather(const Scalar& scalar, std::vector<std::size_t>& out) {
  if (scalar.kind == Scalar::Kind::column) out.push_back(scalar.column);
  for (const auto& part : scalar.parts) gather(part, out);
}

}  // namespace

Result<Value> evaluate(const Scalar& scalar, Row row, Arena& arena) {
  if (scalar.kind == Scalar::Kind::column) return row[scalar.column];
  if (scalar.kind == Scalar::Kind::constant) return scalar.constant;
  Evaluation evaluation(row, arena);
  Value out;
  if (!evaluation.run(scalar, out)) return evaluation.take_error();
  return out;
}

Result<bool> holds(const Scalar& condition, Row row, Arena& arena) {
  Evaluation evaluation(row, arena);
  Value out;
  if (!evaluation.run(condition, out)) return evaluation.take_error();
  return !out.null && out.boolean;
}

std::vector<std::size_t> columns_of(const Scalar& scalar) {
  std::vector<std::size_t> out;
  gather(scalar, out);
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

Scalar with_columns(Scalar scalar, std::span<const std::size_t> to) {
  if (scalar.kind == Scalar::Kind::column) scalar.column = to[scalar.column];
  for (auto& part : scalar.parts) part = with_columns(std::move(part), to);
  return scalar;
}

bool same(const Scalar& a, const Scalar& b) {
  if (a.kind != b.kind || a.type.kind != b.type.kind || a.negated != b.negated || a.parts.size() != b.parts.size()) return false;
  switch (a.kind) {
    case Scalar::Kind::column: return a.column == b.column;
    case Scalar::Kind::constant:
      if (a.constant.null || b.constant.null) return a.constant.null == b.constant.null;
      return value_text(a.type, a.constant) == value_text(b.type, b.constant);
    case Scalar::Kind::call:
    case Scalar::Kind::in:
      if (a.function.name != b.function.name || a.function.parameters != b.function.parameters || !(a.type == b.type)) return false;
      break;
    default: break;
  }
  return std::ranges::equal(a.parts, b.parts, same);
}

}  // namespace sluice::flow
