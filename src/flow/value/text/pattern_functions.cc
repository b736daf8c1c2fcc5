#include "flow/value/catalog.h"
#include "flow/value/text/letters.h"
#include "flow/value/text/like.h"
#include "flow/value/text/regex.h"
#include "flow/value/text/utf8.h"

namespace sluice::flow {
namespace {

using enum TypeKind;

template <bool IgnoreCase, bool Negated>
Result<Value> like(Arguments a, Arena& arena) {
  const auto t = IgnoreCase ? lower(a[0].text, arena) : a[0].text;
  const auto pattern = IgnoreCase ? lower(a[1].text, arena) : a[1].text;
  SLUICE_TRY(const bool is, is_like(t, pattern));
  return Value::of(is != Negated);
}

// LIKE … ESCAPE c: the pattern with \ for c.
Result<Value> like_escape(Arguments a, Arena& arena) {
  const auto escape = a[1].text;
  if (escape == "\\") return a[0];
  if (!escape.empty() && utf8::width(escape) != escape.size()) return rejected("invalid escape string");
  std::string out;
  for (auto rest = a[0].text; !rest.empty();) {
    const auto character = rest.substr(0, utf8::width(rest));
    rest.remove_prefix(character.size());
    if (character == escape) {
      out += '\\';
      if (rest.empty()) break;
      const auto next = rest.substr(0, utf8::width(rest));
      out += next;
      rest.remove_prefix(next.size());
    } else {
      out += character == "\\" ? "\\\\" : character;
    }
  }
  return Value::of_text(arena.copy(out));
}

template <bool IgnoreCase, bool Negated>
Result<Value> matches(Arguments a, Arena&) {
  SLUICE_TRY(const bool is, is_match(a[0].text, a[1].text, {.ignore_case = IgnoreCase}));
  return Value::of(is != Negated);
}

// The first group, if there is one, of the first match.
Result<Value> substring_of_pattern(Arguments a, Arena&) {
  SLUICE_TRY(const auto found, find_match(a[0].text, a[1].text, {}));
  if (found.empty()) return Value::none();
  const Span part = found.size() > 1 ? found[1] : found[0];
  if (part.begin == std::string_view::npos) return Value::none();
  return Value::of_text(a[0].text.substr(part.begin, part.end - part.begin));
}

// \1 to \9 are groups, \& the whole match, \\ a backslash.
void append_replacement(std::string& out, std::string_view text, std::string_view replacement, const std::vector<Span>& match) {
  for (std::size_t i = 0; i < replacement.size(); ++i) {
    const char c = replacement[i];
    if (c != '\\' || i + 1 == replacement.size()) {
      out += c;
      continue;
    }
    const char kind = replacement[i + 1];
    if (kind != '&' && kind != '\\' && (kind < '1' || kind > '9')) {
      out += c;
      continue;
    }
    ++i;
    const auto group = static_cast<std::size_t>(kind == '&' ? 0 : kind - '0');
    if (kind == '\\') out += '\\';
    else if (group < match.size() && match[group].begin != text.npos) out += text.substr(match[group].begin, match[group].end - match[group].begin);
  }
}

Result<Value> regexp_replace(Arguments a, Arena& arena) {
  const auto t = a[0].text;
  const auto letters = a.size() > 3 ? a[3].text : std::string_view();
  if (!letters.empty() && is_digit(letters.front())) {
    return rejected("invalid regular expression option: \"" + std::string(letters.substr(0, 1)) + "\"");
  }
  SLUICE_TRY(const RegexFlags flags, RegexFlags::of(letters));
  std::string out;
  std::size_t copied = 0, from = 0;
  while (from <= t.size()) {
    SLUICE_TRY(const auto match, find_match(t, a[1].text, flags, from));
    if (match.empty()) break;
    out.append(t.substr(copied, match[0].begin - copied));
    append_replacement(out, t, a[2].text, match);
    copied = match[0].end;
    if (!flags.global) break;
    from = match[0].end;
    if (match[0].begin == match[0].end) from += from < t.size() ? utf8::width(t.substr(from)) : 1;
  }
  if (copied == 0 && out.empty()) return a[0];
  return Value::of_text(arena.copy(out.append(t.substr(copied))));
}

Result<Value> regexp_like(Arguments a, Arena&) {
  SLUICE_TRY(const RegexFlags flags, RegexFlags::of(a.size() > 2 ? a[2].text : std::string_view()));
  if (flags.global) return rejected("regexp_like() does not support the \"global\" option");
  SLUICE_TRY(const bool is, is_match(a[0].text, a[1].text, flags));
  return Value::of(is);
}

Result<Value> regexp_count(Arguments a, Arena&) {
  const auto t = a[0].text;
  std::int64_t count = 0;
  for (std::size_t from = 0; from <= t.size(); ++count) {
    SLUICE_TRY(const auto match, find_match(t, a[1].text, {}, from));
    if (match.empty()) break;
    from = match[0].end;
    if (match[0].begin == match[0].end) from += from < t.size() ? utf8::width(t.substr(from)) : 1;
  }
  return Value::of_integer(count);
}

}  // namespace

void add_text_operators(Overloads& operators) {
  operators.push_back({"~~", {text, text}, boolean, like<false, false>});
  operators.push_back({"~~*", {text, text}, boolean, like<true, false>});
  operators.push_back({"!~~", {text, text}, boolean, like<false, true>});
  operators.push_back({"!~~*", {text, text}, boolean, like<true, true>});
  operators.push_back({"~", {text, text}, boolean, matches<false, false>});
  operators.push_back({"~*", {text, text}, boolean, matches<true, false>});
  operators.push_back({"!~", {text, text}, boolean, matches<false, true>});
  operators.push_back({"!~*", {text, text}, boolean, matches<true, true>});
  operators.push_back({"^@", {text, text}, boolean, [](Arguments a, Arena&) -> Result<Value> { return Value::of(a[0].text.starts_with(a[1].text)); }});
}

void add_pattern_functions(Overloads& functions) {
  functions.push_back({"like_escape", {text, text}, text, like_escape});
  functions.push_back({"substring", {text, text}, text, substring_of_pattern});
  functions.push_back({"regexp_replace", {text, text, text}, text, regexp_replace});
  functions.push_back({"regexp_replace", {text, text, text, text}, text, regexp_replace});
  functions.push_back({"regexp_like", {text, text}, boolean, regexp_like});
  functions.push_back({"regexp_like", {text, text, text}, boolean, regexp_like});
  functions.push_back({"regexp_count", {text, text}, int4, regexp_count});
}

}  // namespace sluice::flow
