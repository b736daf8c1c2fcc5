#include "flow/value/function.h"

#include <algorithm>
#include <map>
#include <string>

#include "base/nearest.h"
#include "flow/value/catalog.h"
#include "flow/value/comparison.h"
#include "flow/value/text/concatenation.h"

namespace sluice::flow {
namespace {

class Index {
 public:
  explicit Index(Overloads overloads) : overloads_(std::move(overloads)) {
    for (const auto& overload : overloads_) by_name_[overload.name].push_back(&overload);
  }
  [[nodiscard]] std::span<const Overload* const> named(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? std::span<const Overload* const>() : found->second;
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& [name, overloads] : by_name_) out.emplace_back(name);
    return out;
  }

 private:
  Overloads overloads_;
  std::map<std::string_view, std::vector<const Overload*>, std::less<>> by_name_;
};

const Index& operators() {
  static const Index kIndex([] {
    Overloads all;
    add_comparisons(all);
    add_arithmetic(all);
    add_time_operators(all);
    add_text_operators(all);
    add_json_operators(all);
    return all;
  }());
  return kIndex;
}

const Index& functions() {
  static const Index kIndex([] {
    Overloads all;
    add_number_functions(all);
    add_time_functions(all);
    add_text_functions(all);
    add_pattern_functions(all);
    add_byte_functions(all);
    add_json_functions(all);
    return all;
  }());
  return kIndex;
}

constexpr std::array<std::string_view, 5> kOfAnyTypes{"concat", "concat_ws", "greatest", "least", "nullif"};

std::vector<TypeKind> kinds_of(std::span<const Type> types) {
  std::vector<TypeKind> out;
  for (const auto& type : types) out.push_back(type.kind);
  return out;
}

std::string in_operator(std::string_view sign, std::span<const Type> types) {
  const auto text = std::string(sign) + " " + type_text({types.back().kind});
  return types.size() == 1 ? text : type_text({types.front().kind}) + " " + text;
}

// PostgreSQL's own names of LIKE and !=.
std::string_view sign_of(std::string_view sign) {
  if (sign == "!=") return "<>";
  if (sign == "like") return "~~";
  if (sign == "ilike") return "~~*";
  if (sign == "not like") return "!~~";
  if (sign == "not ilike") return "!~~*";
  return sign;
}

struct Refusal {
  std::string_view name;
  std::string_view why;
  std::string_view hint;
};
constexpr std::string_view kClock = "depends on the wall clock: a view would change without its data";
constexpr std::string_view kClockHint = "use a time column of the rows, or their _timestamp";
constexpr std::string_view kRandom = "gives another answer at every call: a view could not be computed again";
constexpr std::string_view kSet = "gives many rows";
constexpr std::array<Refusal, 21> kRefused{{
    {"now", kClock, kClockHint}, {"current_timestamp", kClock, kClockHint}, {"current_date", kClock, kClockHint},
    {"current_time", kClock, kClockHint}, {"localtimestamp", kClock, kClockHint}, {"localtime", kClock, kClockHint},
    {"clock_timestamp", kClock, kClockHint}, {"statement_timestamp", kClock, kClockHint},
    {"transaction_timestamp", kClock, kClockHint}, {"timeofday", kClock, kClockHint},
    {"random", kRandom, "use a column of the rows"}, {"gen_random_uuid", kRandom, "use a column of the rows"},
    {"setseed", kRandom, ""}, {"nextval", kRandom, "use _partition and _offset, which number a topic's records"},
    {"regexp_matches", kSet, "write substring(x from 'pattern'), which gives the first match"},
    {"regexp_match", "gives an array", "write substring(x from 'pattern'), which gives the first match"},
    {"regexp_split_to_table", kSet, "write split_part(x, separator, n)"},
    {"regexp_split_to_array", "gives an array", "write split_part(x, separator, n)"},
    {"string_to_array", "gives an array", "write split_part(x, separator, n)"},
    {"generate_series", kSet, ""}, {"unnest", kSet, ""},
}};

const Refusal* refusal_of(std::string_view name) {
  const auto* const found = std::ranges::find(kRefused, name, &Refusal::name);
  return found == kRefused.end() ? nullptr : found;
}

Error no_such_function(std::string_view name, std::span<const Type> arguments) {
  const auto message = "function " + std::string(name) + "(" + types_text(arguments) + ") does not exist";
  const auto named = functions().named(name);
  if (named.empty()) {
    const auto names = function_names();
    const auto near = nearest(name, std::vector<std::string_view>(names.begin(), names.end()));
    return {.code = ErrorCode::unsupported, .message = message, .hint = near.empty() ? "" : "did you mean " + std::string(near) + "?"};
  }
  std::string hint = "there is";
  for (const auto* overload : named) {
    std::string parameters;
    for (const auto kind : overload->parameters()) parameters += (parameters.empty() ? "" : ", ") + type_text({kind});
    hint += (hint.size() > 8 ? ", " : " ") + std::string(name) + "(" + parameters + ")";
  }
  return {.code = ErrorCode::unsupported, .message = message, .hint = hint + "; cast the arguments"};
}

// nullif(a, b): a, unless a = b by the operator of their types.
Result<Function> nullif_function(std::span<const Type> arguments) {
  if (arguments.size() != 2) return no_such_function("nullif", arguments);
  SLUICE_TRY(const Function equal, find_operator("=", arguments));
  const auto& parameters = equal.parameters;
  return Function{"nullif", parameters, parameters[0], nullif_call(parameters[0].kind, parameters[1].kind), false};
}

// greatest, least: of the type that the arguments have in common.
Result<Function> choice_function(std::string_view name, std::span<const Type> arguments) {
  if (name == "nullif") return nullif_function(arguments);
  if (arguments.empty()) return no_such_function(name, arguments);
  SLUICE_TRY(const Type type, common_type(arguments, name == "greatest" ? "GREATEST" : "LEAST"));
  const auto call = choice_between(name == "greatest", type.kind);
  if (!call) {
    return Error{.code = ErrorCode::unsupported,
                 .message = "could not identify a comparison function for type " + type_text(type)};
  }
  return Function{std::string(name), std::vector<Type>(arguments.size(), type), type, *call, false};
}

}  // namespace

std::string types_text(std::span<const Type> types) {
  std::string out;
  for (const auto& type : types) out += (out.empty() ? "" : ", ") + type_text({type.kind});
  return out;
}

Function function_of(const Overload& overload, std::span<const Type> arguments) {
  Function out{.name = std::string(overload.name), .parameters = {}, .result = {overload.result}, .call = overload.call, .strict = overload.strict};
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const bool as_is = arguments[i].kind == overload.kinds[i];  // numeric(10,2) where numeric is wanted
    out.parameters.push_back(as_is ? arguments[i] : Type{overload.kinds[i]});
  }
  return out;
}

Result<Function> find_operator(std::string_view sign, std::span<const Type> arguments) {
  const auto name = sign_of(sign);
  if (name == "||") {
    if (auto found = find_concatenation(arguments)) return *std::move(found);
  }
  auto kinds = kinds_of(arguments);
  bool ambiguous = false;
  const auto named = operators().named(name);
  if (kinds.size() == 2 && (kinds[0] == TypeKind::unknown) != (kinds[1] == TypeKind::unknown)) {
    const auto known = kinds[0] == TypeKind::unknown ? kinds[1] : kinds[0];
    for (const auto* overload : named) {
      if (overload->count == 2 && overload->kinds[0] == known && overload->kinds[1] == known) return function_of(*overload, arguments);
    }
  }
  if (const auto* const found = choose(named, kinds, ambiguous)) return function_of(*found, arguments);
  const bool opaque = std::ranges::find(kinds, TypeKind::opaque) != kinds.end();
  return Error{.code = ErrorCode::unsupported,
               .message = std::string(ambiguous ? "operator is not unique: " : "operator does not exist: ") + in_operator(name, arguments),
               .hint = opaque ? "an array, a map or a record is only asked whether it IS NULL"
                              : "write casts, so that both sides have types that " + std::string(sign) + " takes"};
}

Result<Function> find_function(std::string_view name, std::span<const Type> arguments) {
  if (const auto* const refusal = refusal_of(name)) {
    return Error{.code = ErrorCode::unsupported,
                 .message = std::string(name) + " is not supported: it " + std::string(refusal->why),
                 .hint = std::string(refusal->hint)};
  }
  if (name == "concat" || name == "concat_ws") return find_concat(name, arguments);
  if (std::ranges::find(kOfAnyTypes, name) != kOfAnyTypes.end()) return choice_function(name, arguments);
  bool ambiguous = false;
  const auto named = functions().named(name);
  if (const auto* const found = choose(named, kinds_of(arguments), ambiguous)) return function_of(*found, arguments);
  if (ambiguous) {
    return Error{.code = ErrorCode::unsupported,
                 .message = "function " + std::string(name) + "(" + types_text(arguments) + ") is not unique",
                 .hint = "write casts, so that the arguments' types are those of one"};
  }
  if (arguments.size() == 1) {  // date(x) is a cast
    if (const auto type = type_named(name, {}); type.ok()) {
      if (auto cast = find_cast(arguments[0], *type, CastContext::explicit_); cast.ok()) return cast;
    }
  }
  return no_such_function(name, arguments);
}

bool is_function(std::string_view name) {
  return !functions().named(name).empty() || std::ranges::find(kOfAnyTypes, name) != kOfAnyTypes.end() || refusal_of(name) != nullptr;
}

std::vector<std::string> function_names() {
  auto out = functions().names();
  out.insert(out.end(), kOfAnyTypes.begin(), kOfAnyTypes.end());
  std::ranges::sort(out);
  return out;
}

}  // namespace sluice::flow
