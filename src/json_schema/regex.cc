// PCRE takes what ECMA-262 and Java write, but for two things that to_pcre() rewrites:
//   1. [\w-.]: a hyphen beside a class of characters is a hyphen there, and an error in PCRE. It becomes \-.
//   2. \p{Letter}, \p{Alpha}, \p{Script=Greek}, \p{IsGreek}: long names become those that PCRE knows.

#include "json_schema/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <utility>

namespace sluice::json_schema {
namespace {

constexpr std::uint32_t kStepsMax = 1'000'000;
constexpr std::uint32_t kHeapKiBMax = 16 * 1024;

constexpr std::array<std::pair<std::string_view, std::string_view>, 25> kProperties{{
    {"Letter", "L"}, {"Alphabetic", "L"}, {"Lowercase_Letter", "Ll"}, {"Lowercase", "Ll"}, {"Uppercase_Letter", "Lu"},
    {"Uppercase", "Lu"}, {"Titlecase_Letter", "Lt"}, {"Mark", "M"}, {"Number", "N"}, {"Decimal_Number", "Nd"},
    {"digit", "Nd"}, {"Punctuation", "P"}, {"punct", "P"}, {"Symbol", "S"}, {"Separator", "Z"},
    {"Space_Separator", "Zs"}, {"White_Space", "Xps"}, {"Control", "Cc"}, {"Other", "C"}, {"Alpha", "L"},
    {"Digit", "Nd"}, {"Alnum", "Xan"}, {"Upper", "Lu"}, {"Lower", "Ll"}, {"Punct", "P"},
}};

std::string_view pcre_property(std::string_view name) {
  for (const std::string_view prefix : {"Script=", "sc=", "Script_Extensions=", "scx=", "General_Category=", "gc="}) {
    if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  }
  if (name.starts_with("Is") && name.size() > 2) name.remove_prefix(2);
  for (const auto& [theirs, ours] : kProperties) {
    if (name == theirs) return ours;
  }
  return name;
}

}  // namespace

std::string to_pcre(std::string_view pattern) {
  std::string out;
  bool in_class = false, after_type = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    const bool was_type = std::exchange(after_type, false);
    if (c == '\\' && i + 1 < pattern.size()) {
      const char kind = pattern[++i];
      out += {c, kind};
      after_type = in_class && std::string_view("dDwWsSpP").contains(kind);
      const auto end = (kind == 'p' || kind == 'P') && pattern.substr(i + 1).starts_with('{') ? pattern.find('}', i)
                                                                                              : std::string_view::npos;
      if (end == std::string_view::npos) continue;
      out += '{';
      out += pcre_property(pattern.substr(i + 2, end - i - 2));
      out += '}';
      i = end;
    } else if (in_class && c == '-') {
      const auto rest = pattern.substr(i + 1);
      const bool before_type = rest.size() > 1 && rest[0] == '\\' && std::string_view("dDwWsSpP").contains(rest[1]);
      out += was_type || before_type ? "\\-" : "-";
    } else {
      if (c == '[') in_class = true;
      if (c == ']') in_class = false;
      out += c;
    }
  }
  return out;
}

Result<Regex> Regex::compile(std::string_view pattern) {
  const auto text = to_pcre(pattern);
  constexpr std::uint32_t kOptions = PCRE2_UTF | PCRE2_ALT_BSUX | PCRE2_DOLLAR_ENDONLY | PCRE2_ALLOW_EMPTY_CLASS |
                                     PCRE2_NEVER_BACKSLASH_C | PCRE2_MATCH_UNSET_BACKREF;
  const std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
      pcre2_compile_context_create(nullptr), &pcre2_compile_context_free);
  pcre2_set_compile_extra_options(context.get(), PCRE2_EXTRA_ALT_BSUX);
  int code = 0;
  std::size_t at = 0;
  auto* compiled =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), kOptions, &code, &at, context.get());
  if (compiled == nullptr) {
    std::array<PCRE2_UCHAR, 256> why{};
    pcre2_get_error_message(code, why.data(), why.size());
    return Error{.code = ErrorCode::rejected,
                 .message = "the pattern '" + std::string(pattern) + "' does not compile: " +
                            reinterpret_cast<const char*>(why.data()) + " (at character " + std::to_string(at) + ")"};
  }
  return Regex(
      std::shared_ptr<const void>(compiled, [](void* owned) { pcre2_code_free(static_cast<pcre2_code*>(owned)); }));
}

bool Regex::found_in(std::string_view text) const {
  const auto* code = static_cast<const pcre2_code*>(code_.get());
  const std::unique_ptr<pcre2_match_context, decltype(&pcre2_match_context_free)> context(
      pcre2_match_context_create(nullptr), &pcre2_match_context_free);
  pcre2_set_match_limit(context.get(), kStepsMax);
  pcre2_set_heap_limit(context.get(), kHeapKiBMax);
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(pcre2_match_data_create(1, nullptr),
                                                                                 &pcre2_match_data_free);
  return pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, PCRE2_NO_UTF_CHECK, data.get(),
                     context.get()) >= 0;
}

}  // namespace sluice::json_schema
