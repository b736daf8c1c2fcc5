#include "flow/operators/accumulator.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "flow/value/function.h"
#include "flow/value/numeric/numeric.h"
#include "flow/value/row_code.h"
#include "flow/value/time/interval.h"

namespace sluice::flow {

namespace {

using Kind = Aggregation::Kind;

Error out_of_range(const char* what) { return {ErrorCode::rejected, std::string(what) + " out of range"}; }

// A sum of integers as a numeric.
Value numeric_of(Int128 n, Arena& arena) {
  if (n >= std::numeric_limits<std::int64_t>::min() && n <= std::numeric_limits<std::int64_t>::max()) {
    return Value::of_numeric(static_cast<std::int64_t>(n), 0);
  }
  char* const at = arena.bytes(16);
  store_be<std::uint64_t>(at, static_cast<std::uint64_t>(n >> 64));
  store_be<std::uint64_t>(at + 8, static_cast<std::uint64_t>(n));
  std::string_view text(at, 16);
  const auto sign_only = [](char byte, char next) { return (byte == 0 && next >= 0) || (byte == -1 && next < 0); };
  while (sign_only(text[0], text[1])) text.remove_prefix(1);
  Value value = Value::of_numeric(0, 0);
  value.text = text;
  return value;
}

void count_scale(Accumulator& in, std::int32_t scale, std::int64_t weight) {
  const auto at = std::ranges::find(in.scales, scale, &std::pair<std::int32_t, std::int64_t>::first);
  if (at == in.scales.end()) {
    in.scales.emplace_back(scale, weight);
  } else if ((at->second += weight) == 0) {
    in.scales.erase(at);
  }
}

void decode_seen(ByteView& bytes, Accumulator& out) {
  ByteReader in(bytes);
  for (auto n = in.varint(); n > 0 && in.ok(); --n) {
    Bytes key(in.view(in.varint()));
    out.seen.emplace(std::move(key), in.view(in.varint()));
  }
  bytes = in.rest();
}

std::span<const Type> one(const Type& type) { return {&type, 1}; }

}  // namespace

AggregateFunction::AggregateFunction(const Aggregation& aggregation, bool inverse)
    : aggregation_(&aggregation), type_(aggregation.argument ? aggregation.argument->type : Type{TypeKind::int8}), inverse_(inverse) {
  switch (aggregation.kind) {
    case Kind::count_all:
    case Kind::count: return;
    case Kind::min:
    case Kind::max: sums_ = Sums::extreme; return;
    case Kind::bool_and:
    case Kind::bool_or: sums_ = Sums::truths; return;
    case Kind::sum:
    case Kind::avg: break;
  }
  sums_ = is_integer(type_.kind)              ? Sums::integers
          : type_.kind == TypeKind::numeric   ? Sums::numerics
          : type_.kind == TypeKind::interval  ? Sums::intervals
                                              : Sums::floats;
}

Result<void> AggregateFunction::add(Accumulator& to, const Value& value, std::int64_t weight, Arena& arena) const {
  if (sums_ == Sums::extreme) return add_extreme(to, value, weight, arena), Result<void>{};
  to.count += weight;
  switch (sums_) {
    case Sums::none:
    case Sums::extreme: return {};
    case Sums::integers: to.integer += static_cast<Int128>(value.integer) * weight; return {};
    case Sums::floats: return add_float(to, value.floating, weight), Result<void>{};
    case Sums::numerics: return add_numeric(to, value, weight, arena);
    case Sums::intervals: return add_interval(to, value, weight, arena);
    case Sums::truths: to.trues += value.boolean ? weight : 0; return {};
  }
  return {};
}

void AggregateFunction::add_float(Accumulator& to, double value, std::int64_t weight) const {
  if (std::isnan(value)) to.nan += weight;
  else if (std::isinf(value)) to.infinite[value > 0] += weight;
  else to.floating += value * static_cast<double>(weight);
  if (to.count == 0) to.floating = 0;  // what rounding left
}

Result<void> AggregateFunction::add_numeric(Accumulator& to, const Value& value, std::int64_t weight, Arena& arena) const {
  if (decimal::is_special(value)) {
    (decimal::is_nan(value) ? to.nan : to.infinite[value.integer > 0]) += weight;
    return {};
  }
  count_scale(to, value.scale, weight);
  if (to.value.null) to.value = Value::of_numeric(0, 0);
  if (value.text.empty() && to.value.text.empty() && value.scale == to.value.scale) {
    std::int64_t product = 0;
    std::int64_t sum = 0;
    if (!__builtin_mul_overflow(value.integer, weight, &product) && !__builtin_add_overflow(to.value.integer, product, &sum)) {
      to.value.integer = sum;
      return {};
    }
  }
  SLUICE_TRY(const Value product, decimal::multiply(value, Value::of_numeric(weight, 0), arena));
  SLUICE_TRY(to.value, decimal::add(to.value, product, arena));
  to.value.text = arena.copy(to.value.text);
  return {};
}

Result<void> AggregateFunction::add_interval(Accumulator& to, const Value& value, std::int64_t weight, Arena& arena) const {
  Interval each = interval_of(value);
  if (weight < 0) {
    SLUICE_TRY(each, flow::negate(each));
  }
  Interval sum = to.value.null ? Interval{} : interval_of(to.value);
  for (std::int64_t n = 0; n < std::abs(weight); ++n) {
    SLUICE_TRY(sum, flow::add(sum, each));
  }
  to.value = value_of(sum, arena);
  return {};
}

void AggregateFunction::add_extreme(Accumulator& to, const Value& value, std::int64_t weight, Arena& arena) const {
  const int order = to.value.null ? -1 : compare_values(type_, value, to.value) * (is_maximum() ? -1 : 1);
  if (weight > 0) {
    if (order >= 0) return;
    to.value = value;
    to.value.text = arena.copy(value.text);
  } else if (order == 0) {
    to.lost = true;
  }
}

Result<std::optional<Value>> AggregateFunction::argument(Row row, Arena& arena) const {
  if (aggregation_->filter) {
    SLUICE_TRY(const bool is, holds(*aggregation_->filter, row, arena));
    if (!is) return std::optional<Value>{};
  }
  if (!aggregation_->argument) return std::optional<Value>{Value::of_integer(1)};
  SLUICE_TRY(const Value value, evaluate(*aggregation_->argument, row, arena));
  if (value.null && aggregation_->kind != Kind::count_all) return std::optional<Value>{};
  return std::optional<Value>{value};
}

Result<void> AggregateFunction::add_distinct(Accumulator& to, const Value& value, Arena& arena) const {
  Bytes key;
  encode_key(type_, value, key);
  const auto [at, is_new] = to.seen.try_emplace(std::move(key));
  if (!is_new) return {};
  encode_row(one(type_), {&value, 1}, at->second);
  return add(to, value, 1, arena);
}

Result<void> AggregateFunction::merge(Accumulator& to, const Accumulator& other, Arena& arena) const {
  if (sums_ == Sums::extreme) {
    if (!other.value.null) add_extreme(to, other.value, 1, arena);
    return {};
  }
  for (const auto& [key, bytes] : other.seen) {
    ByteView rest = arena.copy(bytes);
    SLUICE_TRY(const Row row, take_row(one(type_), rest, arena));
    SLUICE_RETURN_IF_ERROR(add_distinct(to, row[0], arena));
  }
  if (is_distinct()) return {};
  to.count += other.count;
  to.trues += other.trues;
  to.integer += other.integer;
  to.floating += other.floating;
  to.nan += other.nan;
  for (int i = 0; i < 2; ++i) to.infinite[i] += other.infinite[i];
  for (const auto& [scale, count] : other.scales) count_scale(to, scale, count);
  if (other.value.null) return {};
  if (to.value.null) {
    to.value = other.value;
  } else if (sums_ == Sums::numerics) {
    SLUICE_TRY(to.value, decimal::add(to.value, other.value, arena));
  } else {
    SLUICE_TRY(const Interval sum, flow::add(interval_of(to.value), interval_of(other.value)));
    to.value = value_of(sum, arena);
  }
  return {};
}

Result<Value> AggregateFunction::result(const Accumulator& of, Arena& arena) const {
  if (aggregation_->kind == Kind::count || aggregation_->kind == Kind::count_all) return Value::of_integer(of.count);
  if (sums_ == Sums::extreme) return of.value;
  if (of.count == 0) return Value::none();
  switch (sums_) {
    case Sums::integers: return integer_result(of, arena);
    case Sums::floats: return float_result(of);
    case Sums::numerics: return numeric_result(of, arena);
    case Sums::intervals: return interval_result(of, arena);
    case Sums::truths: return Value::of(aggregation_->kind == Kind::bool_or ? of.trues > 0 : of.trues == of.count);
    case Sums::none:
    case Sums::extreme: break;
  }
  return Value::none();
}

Result<Value> AggregateFunction::integer_result(const Accumulator& of, Arena& arena) const {
  if (aggregation_->kind == Kind::avg) return decimal::divide(numeric_of(of.integer, arena), Value::of_numeric(of.count, 0), arena);
  if (aggregation_->result.kind == TypeKind::numeric) return numeric_of(of.integer, arena);
  if (of.integer < std::numeric_limits<std::int64_t>::min() || of.integer > std::numeric_limits<std::int64_t>::max()) {
    return out_of_range("bigint");
  }
  return Value::of_integer(static_cast<std::int64_t>(of.integer));
}

Result<Value> AggregateFunction::float_result(const Accumulator& of) const {
  if (of.nan > 0 || (of.infinite[0] > 0 && of.infinite[1] > 0)) return Value::of_double(std::numeric_limits<double>::quiet_NaN());
  if (of.infinite[0] > 0 || of.infinite[1] > 0) {
    const double infinity = std::numeric_limits<double>::infinity();
    return Value::of_double(of.infinite[1] > 0 ? infinity : -infinity);
  }
  double value = of.floating;
  if (aggregation_->kind == Kind::avg) value /= static_cast<double>(of.count);
  if (aggregation_->result.kind == TypeKind::float4) value = static_cast<double>(static_cast<float>(value));
  if (std::isinf(value)) return Error{ErrorCode::rejected, "value out of range: overflow"};
  return Value::of_double(value);
}

Result<Value> AggregateFunction::numeric_result(const Accumulator& of, Arena& arena) const {
  if (of.nan > 0 || (of.infinite[0] > 0 && of.infinite[1] > 0)) return decimal::nan();
  if (of.infinite[0] > 0 || of.infinite[1] > 0) return decimal::infinity(of.infinite[1] > 0 ? 1 : -1);
  // As long as a scale is among the numbers it shows in the sum: PostgreSQL's own rule.
  std::int32_t scale = 0;
  for (const auto& [each, count] : of.scales) scale = std::max(scale, each);
  const Value sum = of.value.scale == scale ? of.value : decimal::to_scale(of.value, scale, decimal::Rounding::half_away, arena);
  if (aggregation_->kind == Kind::avg) return decimal::divide(sum, Value::of_numeric(of.count, 0), arena);
  return sum;
}

Result<Value> AggregateFunction::interval_result(const Accumulator& of, Arena& arena) const {
  if (aggregation_->kind == Kind::sum) return of.value;
  SLUICE_TRY(const Function divide, find_operator("/", std::vector<Type>{{TypeKind::interval}, {TypeKind::float8}}));
  const Value arguments[2] = {of.value, Value::of_double(static_cast<double>(of.count))};
  return divide.call(arguments, arena);
}

void AggregateFunction::encode(const Accumulator& of, Bytes& out) const {
  ByteWriter writer(out);
  if (sums_ == Sums::extreme) return encode_row(one(type_), {&of.value, 1}, out);
  writer.zigzag(of.count);
  switch (sums_) {
    case Sums::integers:
      writer.zigzag(static_cast<std::int64_t>(of.integer));
      writer.zigzag(static_cast<std::int64_t>(of.integer >> 64) - (static_cast<std::int64_t>(of.integer) >> 63));
      break;
    case Sums::truths: writer.zigzag(of.trues); break;
    case Sums::floats:
    case Sums::numerics:
      for (const std::int64_t n : {of.nan, of.infinite[0], of.infinite[1]}) writer.zigzag(n);
      if (sums_ == Sums::floats) {
        writer.u64(std::bit_cast<std::uint64_t>(of.floating));
        break;
      }
      writer.varint(of.scales.size());
      for (const auto& [scale, count] : of.scales) {
        writer.zigzag(scale);
        writer.zigzag(count);
      }
      [[fallthrough]];
    case Sums::intervals: encode_row(one(type_), {&of.value, 1}, out); break;
    case Sums::none:
    case Sums::extreme: break;
  }
  if (!is_distinct()) return;
  writer.varint(of.seen.size());
  for (const auto& [key, row] : of.seen) {
    for (const Bytes* const each : {&key, &row}) {
      writer.varint(each->size());
      writer.raw(*each);
    }
  }
}

Result<void> AggregateFunction::decode(ByteView& bytes, Accumulator& out, Arena& arena) const {
  const auto value = [&]() -> Result<void> {
    SLUICE_TRY(const Row row, take_row(one(type_), bytes, arena));
    out.value = row[0];
    return {};
  };
  if (sums_ == Sums::extreme) return value();
  ByteReader in(bytes);
  out.count = in.zigzag();
  if (sums_ == Sums::integers) {
    out.integer = in.zigzag();
    out.integer += static_cast<Int128>(in.zigzag()) * (static_cast<Int128>(1) << 64);
  } else if (sums_ == Sums::truths) {
    out.trues = in.zigzag();
  } else if (sums_ == Sums::floats || sums_ == Sums::numerics) {
    for (std::int64_t* const n : {&out.nan, &out.infinite[0], &out.infinite[1]}) *n = in.zigzag();
  }
  if (sums_ == Sums::floats) out.floating = std::bit_cast<double>(in.u64());
  if (sums_ == Sums::numerics) {
    for (auto n = in.varint(); n > 0 && in.ok(); --n) {
      const auto scale = static_cast<std::int32_t>(in.zigzag());
      out.scales.emplace_back(scale, in.zigzag());
    }
  }
  bytes = in.rest();
  if (!in.ok()) return Error{ErrorCode::corrupt, "the state of an aggregate is damaged", {}, "remove it: it is restored from the log"};
  if (sums_ == Sums::numerics || sums_ == Sums::intervals) SLUICE_RETURN_IF_ERROR(value());
  if (is_distinct()) decode_seen(bytes, out);
  return {};
}

}  // namespace sluice::flow
