#include "flow/plan/typing.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace sluice::flow {

namespace {

constexpr std::int64_t kDayUs = 86'400'000'000;

// Without months, and not negative.
Result<std::int64_t> microseconds(const Value& interval) {
  std::int32_t months_days[2] = {0, 0};
  if (interval.text.size() == sizeof months_days) std::memcpy(months_days, interval.text.data(), sizeof months_days);
  if (months_days[0] != 0) return Error{.code = ErrorCode::rejected, .message = "an interval of months has no fixed length"};
  std::int64_t out = 0;
  if (__builtin_mul_overflow(std::int64_t{months_days[1]}, kDayUs, &out) || __builtin_add_overflow(out, interval.integer, &out)) {
    return Error{.code = ErrorCode::rejected, .message = "interval out of range"};
  }
  if (out < 0) return Error{.code = ErrorCode::rejected, .message = "the interval is negative"};
  return out;
}

}  // namespace

std::vector<Type> types_of(const std::vector<Scalar>& scalars) {
  std::vector<Type> out;
  for (const auto& scalar : scalars) out.push_back(scalar.type);
  return out;
}

Scalar constant_of(const Type& type, const Value& value, std::size_t position) {
  Scalar out;
  out.type = type;
  out.position = position;
  out.set_constant(value);
  return out;
}

Scalar column_of(const Type& type, std::size_t index, std::size_t position) {
  Scalar out;
  out.kind = Scalar::Kind::column;
  out.type = type;
  out.column = index;
  out.position = position;
  return out;
}

Scalar conjunction(std::vector<Scalar> conditions) {
  if (conditions.empty()) return constant_of({TypeKind::boolean}, Value::of(true));
  if (conditions.size() == 1) return std::move(conditions[0]);
  Scalar out;
  out.kind = Scalar::Kind::and_;
  out.type = {TypeKind::boolean};
  out.position = conditions[0].position;
  out.parts = std::move(conditions);
  return out;
}

void split_conjunction(Scalar condition, std::vector<Scalar>& out) {
  if (condition.kind == Scalar::Kind::and_) {
    for (auto& part : condition.parts) split_conjunction(std::move(part), out);
  } else if (condition.kind != Scalar::Kind::constant || condition.constant.null || !condition.constant.boolean) {
    out.push_back(std::move(condition));
  }
}

Result<Scalar> Typing::number(std::string_view digits, std::size_t position) const {
  Arena arena;
  const bool whole = digits.find_first_not_of("-0123456789") == std::string_view::npos;
  for (const auto kind : {TypeKind::int4, TypeKind::int8, TypeKind::numeric}) {
    if (!whole && kind != TypeKind::numeric) continue;
    auto value = parse_value({kind}, digits, arena);
    if (value.ok()) return constant_of({kind}, *value, position);
    if (kind == TypeKind::numeric) return places_.at(position, std::move(value).error());
  }
  return places_.rejected(position, "invalid number: " + std::string(digits));
}

Result<Scalar> Typing::read(const Scalar& literal, const Type& to) const {
  if (literal.constant.null) return constant_of(to, Value::none(), literal.position);
  Arena arena;
  auto value = parse_value(to, literal.text, arena);
  if (!value.ok()) return places_.at(literal.position, std::move(value).error());
  return constant_of(to, *value, literal.position);
}

Result<Scalar> Typing::cast(Scalar scalar, const Type& to, CastContext context, std::size_t position) const {
  if (scalar.type.kind == TypeKind::unknown) return read(scalar, to);
  // A value of numeric(10,2) is one of numeric; the other way round it is rounded.
  const bool fits = scalar.type.kind == to.kind && to.precision < 0;
  if (scalar.type == to || (fits && to.kind != TypeKind::opaque)) return scalar;
  auto function = find_cast(scalar.type, to, context);
  if (!function.ok()) return places_.at(position, std::move(function).error());
  Scalar out;
  out.kind = Scalar::Kind::call;
  out.type = to;
  out.position = position;
  out.function = std::move(*function);
  out.parts.push_back(std::move(scalar));
  return folded(std::move(out));
}

Result<Scalar> Typing::called(Function function, std::vector<Scalar> parts, std::size_t position) const {
  Scalar out;
  out.kind = Scalar::Kind::call;
  out.type = function.result;
  out.position = position;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto at = parts[i].position;
    SLUICE_TRY(auto part, cast(std::move(parts[i]), function.parameters[i], CastContext::implicit, at));
    out.parts.push_back(std::move(part));
  }
  out.function = std::move(function);
  return folded(std::move(out));
}

Result<Scalar> Typing::operation(std::string_view sign, std::vector<Scalar> parts, std::size_t position) const {
  auto found = find_operator(sign, types_of(parts));
  if (!found.ok()) return places_.at(position, std::move(found).error());
  return called(std::move(*found), std::move(parts), position);
}

Result<Scalar> Typing::function(std::string_view name, std::vector<Scalar> parts, std::size_t position) const {
  auto found = find_function(name, types_of(parts));
  if (!found.ok()) return places_.at(position, std::move(found).error());
  SLUICE_TRY(auto call, called(std::move(*found), std::move(parts), position));
  constexpr auto kNaming = std::to_array<std::string_view>({"date_part", "date_trunc", "extract", "timezone"});
  if (std::ranges::find(kNaming, name) != kNaming.end()) SLUICE_RETURN_IF_ERROR(check_names(call));
  return call;
}

Result<void> Typing::check_names(const Scalar& call) const {
  Arena arena;
  Scalar sample = call;
  for (auto& part : sample.parts) {
    if (part.kind == Scalar::Kind::constant) continue;
    if (part.type.kind == TypeKind::text) return {};  // the name itself is a row's
    const bool span = part.type.kind == TypeKind::interval || part.type.kind == TypeKind::time;
    SLUICE_TRY(const auto value, parse_value(part.type, span ? "00:00" : "1970-01-01", arena));
    part = constant_of(part.type, value);
  }
  auto given = evaluate(sample, {}, arena);
  return given.ok() ? Result<void>{} : places_.at(call.position, std::move(given).error());
}

Result<Type> Typing::unify(std::vector<Scalar*> parts, std::string_view construct, std::size_t position) const {
  std::vector<Type> types;
  for (const auto* part : parts) types.push_back(part->type);
  auto common = common_type(types, construct);
  if (!common.ok()) return places_.at(position, std::move(common).error());
  if (common->kind == TypeKind::unknown) common->kind = TypeKind::text;
  for (auto* part : parts) {
    const auto at = part->position;
    SLUICE_TRY(*part, cast(std::move(*part), *common, CastContext::implicit, at));
  }
  return *common;
}

Result<Scalar> Typing::truth(Scalar scalar, std::string_view clause) const {
  if (scalar.type.kind == TypeKind::unknown) return read(scalar, {TypeKind::boolean});
  if (scalar.type.kind == TypeKind::boolean) return scalar;
  return places_.rejected(scalar.position, "argument of " + std::string(clause) + " must be type boolean, not type " +
                                               type_text(scalar.type));
}

Result<Scalar> Typing::known(Scalar scalar) const {
  if (scalar.type.kind != TypeKind::unknown) return scalar;
  return read(scalar, {TypeKind::text});
}

Result<void> Typing::comparable(const Scalar& scalar) const {
  const std::vector<Type> types(2, scalar.type);
  if (scalar.type.kind != TypeKind::opaque && find_operator("=", types).ok()) return {};
  return places_.rejected(scalar.position, "could not identify an equality operator for type " + type_text(scalar.type),
                          "take a part of it, or its text");
}

Scalar Typing::folded(Scalar scalar) const {
  const auto constant = [](const Scalar& part) { return part.kind == Scalar::Kind::constant; };
  const auto decides = [&](const Scalar& part) {
    if (!constant(part)) return false;
    if (scalar.kind == Scalar::Kind::call) return scalar.function.strict && part.constant.null;
    const bool logical = scalar.kind == Scalar::Kind::and_ || scalar.kind == Scalar::Kind::or_;
    return logical && !part.constant.null && part.constant.boolean == (scalar.kind == Scalar::Kind::or_);
  };
  if (const auto found = std::ranges::find_if(scalar.parts, decides); found != scalar.parts.end()) {
    return constant_of(scalar.type, found->constant, scalar.position);
  }
  if (scalar.kind == Scalar::Kind::constant || !std::ranges::all_of(scalar.parts, constant)) return scalar;
  Arena arena;
  const auto value = evaluate(scalar, {}, arena);
  return value.ok() ? constant_of(scalar.type, *value, scalar.position) : scalar;
}

Result<std::int64_t> Typing::span_of(const Scalar& interval, std::string_view what) const {
  SLUICE_TRY(const auto typed, cast(interval, {TypeKind::interval}, CastContext::implicit, interval.position));
  if (typed.kind != Scalar::Kind::constant || typed.constant.null) {
    return places_.unsupported(interval.position, std::string(what) + " is no constant interval", "write '1 minute', say");
  }
  auto span = microseconds(typed.constant);
  if (!span.ok()) return places_.at(interval.position, std::move(span).error());
  return *span;
}

Result<std::int64_t> span_of_text(std::string_view text) {
  Arena arena;
  SLUICE_TRY(const auto value, parse_value({TypeKind::interval}, text, arena));
  return microseconds(value);
}

}  // namespace sluice::flow
