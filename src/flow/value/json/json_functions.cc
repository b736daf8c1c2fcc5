#include "flow/value/catalog.h"
#include "flow/value/json/json.h"

namespace sluice::flow {
namespace {

using enum TypeKind;

using Found = std::optional<std::string_view>;

Result<Value> as_json(const Found& found) { return found ? Value::of_text(*found) : Value::none(); }
Result<Value> as_text(const Found& found, Arena& arena) {
  if (!found) return Value::none();
  SLUICE_TRY(const Found characters, json_text::as_text(*found, arena));
  return as_json(characters);
}

Found member(Arguments a, Arena& arena) { return json_text::member(a[0].text, a[1].text, arena); }
Found element(Arguments a) { return json_text::element(a[0].text, a[1].integer); }

// A step of a path: a member's name, or, in an array, a number.
Found step(std::string_view from, std::string_view name, Arena& arena) {
  if (json_text::type_of(from) != "array") return json_text::member(from, name, arena);
  const auto index = parse_value({int4}, name, arena);
  return index.ok() ? json_text::element(from, index->integer) : std::nullopt;
}

// '{a,0,"b c"}': the text of an array of texts.
Result<Found> along_path(std::string_view from, std::string_view path, Arena& arena) {
  const auto malformed = rejected("malformed array literal: \"" + std::string(path) + "\"");
  auto rest = trimmed(path);
  if (!rest.starts_with('{') || !rest.ends_with('}') || rest.size() < 2) return malformed;
  rest = rest.substr(1, rest.size() - 2);
  Found at = trimmed(from);
  while (!trimmed(rest).empty()) {
    std::string name;
    rest = trimmed(rest);
    const bool quoted = rest.starts_with('"');
    std::size_t i = quoted ? 1 : 0;
    for (; i < rest.size() && rest[i] != (quoted ? '"' : ','); ++i) {
      if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
      name += rest[i];
    }
    if (quoted && i == rest.size()) return malformed;
    rest = trimmed(rest.substr(std::min(rest.size(), i + (quoted ? 1 : 0))));
    if (!rest.empty() && !rest.starts_with(',')) return malformed;
    if (!rest.empty()) rest.remove_prefix(1);
    if (at) at = step(*at, quoted ? std::string_view(name) : trimmed(name), arena);
  }
  return at;
}

Result<Value> path_json(Arguments a, Arena& arena) {
  SLUICE_TRY(const Found found, along_path(a[0].text, a[1].text, arena));
  return as_json(found);
}
Result<Value> path_text(Arguments a, Arena& arena) {
  SLUICE_TRY(const Found found, along_path(a[0].text, a[1].text, arena));
  return as_text(found, arena);
}

// json_extract_path(json, step, …)
Found by_steps(Arguments a, Arena& arena) {
  Found at = a[0].text;
  for (std::size_t i = 1; i < a.size() && at; ++i) at = step(*at, a[i].text, arena);
  return at;
}

Result<Value> array_length(Arguments a, Arena&) {
  const auto is = json_text::type_of(a[0].text);
  if (is == "array") return Value::of_integer(json_text::element_count(a[0].text));
  return rejected(is == "object" ? "cannot get array length of a non-array" : "cannot get array length of a scalar");
}

}  // namespace

void add_json_operators(Overloads& operators) {
  operators.push_back({"->", {json, text}, json, [](Arguments a, Arena& arena) { return as_json(member(a, arena)); }});
  operators.push_back({"->", {json, int4}, json, [](Arguments a, Arena&) { return as_json(element(a)); }});
  operators.push_back({"->>", {json, text}, text, [](Arguments a, Arena& arena) { return as_text(member(a, arena), arena); }});
  operators.push_back({"->>", {json, int4}, text, [](Arguments a, Arena& arena) { return as_text(element(a), arena); }});
  operators.push_back({"#>", {json, text}, json, path_json});
  operators.push_back({"#>>", {json, text}, text, path_text});
}

void add_json_functions(Overloads& functions) {
  for (const bool binary : {false, true}) {
    const auto add = [&](std::string_view name, std::string_view binary_name, std::initializer_list<TypeKind> parameters, TypeKind result, Call call) {
      functions.push_back({binary ? binary_name : name, parameters, result, call});
    };
    add("json_array_length", "jsonb_array_length", {json}, int4, array_length);
    add("json_typeof", "jsonb_typeof", {json}, text, [](Arguments a, Arena&) -> Result<Value> { return Value::of_text(json_text::type_of(a[0].text)); });
    for (const auto& parameters : {std::initializer_list<TypeKind>{json, text}, {json, text, text}, {json, text, text, text}}) {
      add("json_extract_path", "jsonb_extract_path", parameters, json, [](Arguments a, Arena& arena) { return as_json(by_steps(a, arena)); });
      add("json_extract_path_text", "jsonb_extract_path_text", parameters, text,
          [](Arguments a, Arena& arena) { return as_text(by_steps(a, arena), arena); });
    }
  }
}

}  // namespace sluice::flow
