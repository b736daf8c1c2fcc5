#include <algorithm>
#include <charconv>
#include <limits>

#include "flow/value/catalog.h"
#include "flow/value/text/letters.h"
#include "flow/value/text/padding.h"
#include "flow/value/text/utf8.h"

namespace sluice::flow {
namespace {

using enum TypeKind;

Value of_text(std::string_view t) { return Value::of_text(t); }

std::int64_t position_of(std::string_view t, std::string_view wanted) {
  const auto at = t.find(wanted);
  return at == t.npos ? 0 : utf8::length(t.substr(0, at)) + 1;
}

// Characters from `start`, counted from 1; what lies before the first counts against the length.
std::string_view slice(std::string_view t, std::int64_t start, std::int64_t end) {
  start = std::max<std::int64_t>(start, 1);
  if (end <= start) return {};
  t.remove_prefix(utf8::prefix(t, start - 1));
  return t.substr(0, utf8::prefix(t, end - start));
}

Result<Value> substring(Arguments a, Arena&) { return of_text(slice(a[0].text, a[1].integer, std::numeric_limits<std::int64_t>::max())); }
Result<Value> substring_of_length(Arguments a, Arena&) {
  if (a[2].integer < 0) return rejected("negative substring length not allowed");
  return of_text(slice(a[0].text, a[1].integer, a[1].integer + a[2].integer));
}

Result<Value> left(Arguments a, Arena&) {
  const auto n = a[1].integer >= 0 ? a[1].integer : utf8::length(a[0].text) + a[1].integer;
  return of_text(a[0].text.substr(0, utf8::prefix(a[0].text, n)));
}
Result<Value> right(Arguments a, Arena&) {
  const auto skipped = a[1].integer >= 0 ? utf8::length(a[0].text) - a[1].integer : -a[1].integer;
  return of_text(a[0].text.substr(utf8::prefix(a[0].text, skipped)));
}

enum class Side : std::uint8_t { both, left, right };

template <Side S>
Result<Value> trim(Arguments a, Arena&) {
  auto t = a[0].text;
  const auto set = a.size() > 1 ? a[1].text : std::string_view(" ");
  const auto holds = [&](std::string_view character) {
    for (auto rest = set; !rest.empty(); rest.remove_prefix(utf8::width(rest))) {
      if (rest.substr(0, utf8::width(rest)) == character) return true;
    }
    return false;
  };
  const auto last = [&] {
    std::size_t size = 1;
    while (size < t.size() && (t[t.size() - size] & 0xc0) == 0x80) ++size;
    return t.substr(t.size() - size);
  };
  while (S != Side::right && !t.empty() && holds(t.substr(0, utf8::width(t)))) t.remove_prefix(utf8::width(t));
  while (S != Side::left && !t.empty() && holds(last())) t.remove_suffix(last().size());
  return of_text(t);
}

Result<Value> replace(Arguments a, Arena& arena) {
  const auto from = a[1].text, to = a[2].text;
  auto rest = a[0].text;
  if (from.empty() || !rest.contains(from)) return a[0];
  std::string out;
  for (auto at = rest.find(from); at != rest.npos; at = rest.find(from)) {
    out.append(rest.substr(0, at)).append(to);
    rest.remove_prefix(at + from.size());
  }
  return of_text(arena.copy(out.append(rest)));
}

Result<Value> split_part(Arguments a, Arena&) {
  auto rest = a[0].text;
  const auto separator = a[1].text;
  auto n = a[2].integer;
  if (n == 0) return rejected("field position must not be zero");
  if (rest.empty()) return of_text({});
  if (separator.empty()) return of_text(n == 1 || n == -1 ? rest : std::string_view());
  for (; n < -1; ++n) {
    const auto at = rest.rfind(separator);
    if (at == rest.npos) return of_text({});
    rest = rest.substr(0, at);
  }
  if (n == -1) {
    const auto at = rest.rfind(separator);
    return of_text(at == rest.npos ? rest : rest.substr(at + separator.size()));
  }
  for (; n > 1; --n) {
    const auto at = rest.find(separator);
    if (at == rest.npos) return of_text({});
    rest.remove_prefix(at + separator.size());
  }
  return of_text(rest.substr(0, rest.find(separator)));
}

Result<Value> reverse(Arguments a, Arena& arena) {
  char* const begin = arena.bytes(a[0].text.size());
  char* out = begin + a[0].text.size();
  for (auto rest = a[0].text; !rest.empty();) {
    const auto size = utf8::width(rest);
    out -= size;
    std::memcpy(out, rest.data(), size);
    rest.remove_prefix(size);
  }
  return of_text({begin, a[0].text.size()});
}

Result<Value> translate(Arguments a, Arena& arena) {
  std::string out;
  for (auto rest = a[0].text; !rest.empty();) {
    const auto character = rest.substr(0, utf8::width(rest));
    rest.remove_prefix(character.size());
    auto from = a[1].text, to = a[2].text;
    while (!from.empty() && from.substr(0, utf8::width(from)) != character) {
      from.remove_prefix(utf8::width(from));
      if (!to.empty()) to.remove_prefix(utf8::width(to));
    }
    if (from.empty()) out += character;
    else if (!to.empty()) out += to.substr(0, utf8::width(to));
  }
  return of_text(arena.copy(out));
}

Result<Value> overlay(Arguments a, Arena& arena) {
  const auto t = a[0].text, by = a[1].text;
  const auto start = a[2].integer, length = a.size() > 3 ? a[3].integer : utf8::length(by);
  if (start <= 0) return rejected("negative substring length not allowed");
  if (start + length > std::numeric_limits<std::int32_t>::max()) return rejected("integer out of range");
  std::string out(slice(t, 1, start));
  out.append(by).append(slice(t, start + length, std::numeric_limits<std::int64_t>::max()));
  return of_text(arena.copy(out));
}

Result<Value> code_of(Arguments a, Arena&) { return Value::of_integer(a[0].text.empty() ? 0 : utf8::decode(a[0].text)); }
Result<Value> character_of(Arguments a, Arena& arena) {
  const auto point = a[0].integer;
  if (point < 0) return rejected("character number must be positive");
  if (point == 0) return rejected("null character not permitted");
  if (point > 0x10ffff) return rejected("requested character too large for encoding: " + std::to_string(point));
  if (point >= 0xd800 && point < 0xe000) return rejected("requested character not valid for encoding: " + std::to_string(point));
  char* const out = arena.bytes(4);
  return of_text({out, utf8::encode(static_cast<std::uint32_t>(point), out)});
}

template <typename Unsigned>
Result<Value> to_hex(Arguments a, Arena& arena) {
  char* const out = arena.bytes(16);
  const auto end = std::to_chars(out, out + 16, static_cast<Unsigned>(a[0].integer), 16).ptr;
  return of_text({out, static_cast<std::size_t>(end - out)});
}

void add_measures(Overloads& out) {
  for (const auto name : {"length", "char_length", "character_length"}) {
    out.push_back({name, {text}, int4, [](Arguments a, Arena&) -> Result<Value> { return Value::of_integer(utf8::length(a[0].text)); }});
  }
  for (const auto kind : {text, bytea}) {
    out.push_back({"octet_length", {kind}, int4,
                   [](Arguments a, Arena&) -> Result<Value> { return Value::of_integer(static_cast<std::int64_t>(a[0].text.size())); }});
    out.push_back({"bit_length", {kind}, int4,
                   [](Arguments a, Arena&) -> Result<Value> { return Value::of_integer(static_cast<std::int64_t>(a[0].text.size()) * 8); }});
  }
  for (const auto name : {"strpos", "position"}) {
    out.push_back({name, {text, text}, int4, [](Arguments a, Arena&) -> Result<Value> { return Value::of_integer(position_of(a[0].text, a[1].text)); }});
  }
  out.push_back({"starts_with", {text, text}, boolean, [](Arguments a, Arena&) -> Result<Value> { return Value::of(a[0].text.starts_with(a[1].text)); }});
  out.push_back({"ascii", {text}, int4, code_of});
}

void add_parts(Overloads& out) {
  for (const auto name : {"substring", "substr"}) {
    out.push_back({name, {text, int4}, text, substring});
    out.push_back({name, {text, int4, int4}, text, substring_of_length});
  }
  out.push_back({"left", {text, int4}, text, left});
  out.push_back({"right", {text, int4}, text, right});
  out.push_back({"split_part", {text, text, int4}, text, split_part});
  for (const bool set : {false, true}) {
    const auto add = [&](std::string_view name, Call call) {
      if (set) out.push_back({name, {text, text}, text, call});
      else out.push_back({name, {text}, text, call});
    };
    add("btrim", trim<Side::both>);
    add("ltrim", trim<Side::left>);
    add("rtrim", trim<Side::right>);
  }
}

}  // namespace

void add_text_functions(Overloads& functions) {
  add_measures(functions);
  add_parts(functions);
  add_padding(functions);
  functions.push_back({"lower", {text}, text, [](Arguments a, Arena& arena) -> Result<Value> { return of_text(lower(a[0].text, arena)); }});
  functions.push_back({"upper", {text}, text, [](Arguments a, Arena& arena) -> Result<Value> { return of_text(upper(a[0].text, arena)); }});
  functions.push_back({"initcap", {text}, text, [](Arguments a, Arena& arena) -> Result<Value> { return of_text(capitalized(a[0].text, arena)); }});
  functions.push_back({"replace", {text, text, text}, text, replace});
  functions.push_back({"translate", {text, text, text}, text, translate});
  functions.push_back({"overlay", {text, text, int4}, text, overlay});
  functions.push_back({"overlay", {text, text, int4, int4}, text, overlay});
  functions.push_back({"reverse", {text}, text, reverse});
  functions.push_back({"chr", {int4}, text, character_of});
  functions.push_back({"to_hex", {int4}, text, to_hex<std::uint32_t>});
  functions.push_back({"to_hex", {int8}, text, to_hex<std::uint64_t>});
}

}  // namespace sluice::flow
