#include "flow/value/text/letters.h"

#include <locale.h>
#include <wctype.h>

#include "base/check.h"
#include "flow/value/scan.h"
#include "flow/value/text/utf8.h"

namespace sluice::flow {
namespace {

locale_t unicode() {
  static const locale_t kLocale = [] {
    auto* const made = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    SLUICE_CHECK(made != nullptr);  // a part of the C library since 2.35
    return made;
  }();
  return kLocale;
}

enum class Case : std::uint8_t { lower, upper };

char in_case(char c, Case to) { return to == Case::lower ? to_lower(c) : to_upper(c); }
std::uint32_t in_case(std::uint32_t c, Case to) {
  return to == Case::lower ? towlower_l(c, unicode()) : towupper_l(c, unicode());
}
bool is_of_word(std::uint32_t c) { return iswalnum_l(c, unicode()) != 0; }

// `case_at(character)` is asked for each in turn.
template <typename CaseAt>
std::string_view converted(std::string_view text, Arena& arena, CaseAt case_at) {
  char* const begin = arena.bytes(text.size() * 2 + 4);  // two bytes may become three
  char* out = begin;
  while (!text.empty()) {
    const auto size = utf8::width(text);
    const auto point = utf8::decode(text);
    const Case to = case_at(point);
    if (size == 1) *out++ = in_case(text.front(), to);
    else out += utf8::encode(in_case(point, to), out);
    text.remove_prefix(size);
  }
  return {begin, static_cast<std::size_t>(out - begin)};
}

}  // namespace

std::string_view lower(std::string_view text, Arena& arena) {
  return converted(text, arena, [](std::uint32_t) { return Case::lower; });
}
std::string_view upper(std::string_view text, Arena& arena) {
  return converted(text, arena, [](std::uint32_t) { return Case::upper; });
}
std::string_view capitalized(std::string_view text, Arena& arena) {
  bool within = false;
  return converted(text, arena, [&](std::uint32_t point) {
    const Case to = within ? Case::lower : Case::upper;
    within = is_of_word(point);
    return to;
  });
}

}  // namespace sluice::flow
