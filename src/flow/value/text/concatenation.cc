#include "flow/value/text/concatenation.h"

#include "flow/value/catalog.h"

namespace sluice::flow {
namespace {

using enum TypeKind;

Result<Value> joined(Arguments a, Arena& arena) {
  const auto first = a[0].text, second = a[1].text;
  char* const out = arena.bytes(first.size() + second.size());
  if (!first.empty()) std::memcpy(out, first.data(), first.size());
  if (!second.empty()) std::memcpy(out + first.size(), second.data(), second.size());
  return Value::of_text({out, first.size() + second.size()});
}

// Bit i of `booleans`: argument i is one.
std::string_view text_of(Arguments a, std::size_t i, std::int64_t booleans) {
  if ((booleans >> i & 1) == 0) return a[i].text;
  return a[i].boolean ? "t" : "f";
}

Value joined_with(std::string_view separator, Arguments a, std::size_t from, std::int64_t booleans, Arena& arena) {
  std::size_t size = 0;
  for (std::size_t i = from; i < a.size(); ++i) {
    if (!a[i].null) size += text_of(a, i, booleans).size() + separator.size();
  }
  char* const begin = arena.bytes(size);
  char* out = begin;
  const auto put = [&](std::string_view text) { out = std::copy(text.begin(), text.end(), out); };
  bool first = true;
  for (std::size_t i = from; i < a.size(); ++i) {
    if (a[i].null) continue;
    if (!first) put(separator);
    first = false;
    put(text_of(a, i, booleans));
  }
  return Value::of_text({begin, static_cast<std::size_t>(out - begin)});
}

Result<Value> concat(Arguments a, Arena& arena, std::int64_t booleans) { return joined_with({}, a, 0, booleans, arena); }
Result<Value> concat_ws(Arguments a, Arena& arena, std::int64_t booleans) {
  return a[0].null ? Value::none() : joined_with(a[0].text, a, 1, booleans, arena);
}

}  // namespace

std::optional<Function> find_concatenation(std::span<const Type> arguments) {
  if (arguments.size() != 2) return {};
  const auto a = arguments[0].kind, b = arguments[1].kind;
  for (const auto kind : {a, b}) {
    if (kind == opaque) return {};
  }
  const auto is = [](TypeKind kind, TypeKind wanted) { return kind == wanted || kind == unknown; };
  const bool bytes = is(a, bytea) && is(b, bytea) && (a == bytea || b == bytea);
  if (!bytes && !is(a, text) && !is(b, text)) return {};
  const Type type{bytes ? bytea : text};
  return Function{.name = "||", .parameters = {type, type}, .result = type, .call = joined};
}

Result<Function> find_concat(std::string_view name, std::span<const Type> arguments) {
  constexpr std::size_t kArgumentsMax = 63;
  const bool separated = name == "concat_ws";
  const bool separator_fits = !separated || (!arguments.empty() && (arguments[0].kind == text || arguments[0].kind == unknown));
  if (arguments.size() > kArgumentsMax || arguments.size() < (separated ? 2 : 1) || !separator_fits) {
    return Error{.code = ErrorCode::unsupported,
                 .message = "function " + std::string(name) + "(" + types_text(arguments) + ") does not exist",
                 .hint = separated ? "write concat_ws(separator text, value, …), with at most 62 values" : "write concat(value, …), with 1 to 63 values"};
  }
  Function out{.name = std::string(name), .parameters = {}, .result = {text}, .call = {}, .strict = false};
  std::int64_t booleans = 0;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const bool is_boolean = arguments[i].kind == boolean;
    booleans |= static_cast<std::int64_t>(is_boolean) << i;
    out.parameters.push_back({is_boolean ? boolean : text});
  }
  out.call = separated ? Call(concat_ws, booleans) : Call(concat, booleans);
  return out;
}

}  // namespace sluice::flow
