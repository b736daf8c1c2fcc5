#include "flow/value/text/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <memory>

#include "flow/value/scan.h"
#include "flow/value/text/regex_syntax.h"
#include "flow/value/text/utf8.h"

namespace sluice::flow {
namespace {

constexpr std::uint32_t kStepsMax = 10'000'000;
constexpr std::uint32_t kHeapKiBMax = 64 * 1024;

template <auto Free>
struct Freed {
  void operator()(auto* owned) const { Free(owned); }
};
using Code = std::unique_ptr<pcre2_code, Freed<pcre2_code_free>>;
using MatchData = std::unique_ptr<pcre2_match_data, Freed<pcre2_match_data_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Freed<pcre2_match_context_free>>;

std::string message_of(int code) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

struct Compiled {
  std::string pattern;
  std::uint32_t options = 0;
  Code code = {};
  MatchData data = {};
  MatchContext context = {};
  bool longest = false;  // matched by the algorithm that finds the longest
};

std::uint32_t options_of(const RegexFlags& flags) {
  std::uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C;
  options |= flags.newline ? PCRE2_MULTILINE : PCRE2_DOTALL;
  if (flags.ignore_case) options |= PCRE2_CASELESS;
  if (flags.expanded) options |= PCRE2_EXTENDED;
  if (flags.literal) options = PCRE2_UTF | PCRE2_LITERAL | (flags.ignore_case ? PCRE2_CASELESS : 0U);
  return options;
}

Result<Compiled> compile(std::string_view pattern, const RegexFlags& flags) {
  SLUICE_TRY(const RegexSyntax syntax, to_pcre(pattern, flags));
  int code = 0;
  std::size_t at = 0;
  Compiled out{.pattern = std::string(pattern), .options = options_of(flags)};
  const auto options = options_of(syntax.flags);
  out.code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(syntax.pattern.data()), syntax.pattern.size(), options, &code, &at, nullptr));
  if (!out.code) return rejected("invalid regular expression: " + message_of(code) + " (at byte " + std::to_string(at + 1) + ")");
  out.longest = syntax.has_longest;
  if (!out.longest) pcre2_jit_compile(out.code.get(), PCRE2_JIT_COMPLETE);
  out.data.reset(pcre2_match_data_create_from_pattern(out.code.get(), nullptr));
  out.context.reset(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(out.context.get(), kStepsMax);
  pcre2_set_heap_limit(out.context.get(), kHeapKiBMax);
  return out;
}

// A few of the last patterns: most are constants of a query.
Result<Compiled*> compiled(std::string_view pattern, const RegexFlags& flags) {
  thread_local std::array<Compiled, 16> kept;
  thread_local std::size_t next = 0;
  const auto options = options_of(flags);
  for (auto& one : kept) {
    if (one.code && one.options == options && one.pattern == pattern) return &one;
  }
  SLUICE_TRY(Compiled made, compile(pattern, flags));
  auto& place = kept[next++ % kept.size()];
  place = std::move(made);
  return &place;
}

}  // namespace

Result<RegexFlags> RegexFlags::of(std::string_view letters) {
  RegexFlags out;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    switch (letters[i]) {
      case 'g': out.global = true; break;
      case 'i': out.ignore_case = true; break;
      case 'c': out.ignore_case = false; break;
      case 'n': case 'm': out.newline = true; break;
      case 's': out.newline = false; break;
      case 'x': out.expanded = true; break;
      case 't': out.expanded = false; break;
      case 'q': out.literal = true; break;
      default: return rejected("invalid regular expression option: \"" + std::string(letters.substr(i, utf8::width(letters.substr(i)))) + "\"");
    }
  }
  return out;
}

Result<std::vector<Span>> find_match(std::string_view text, std::string_view pattern, const RegexFlags& flags, std::size_t from) {
  SLUICE_TRY(Compiled * regex, compiled(pattern, flags));
  const auto* const subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  const std::uint32_t checked = from == 0 ? 0 : PCRE2_NO_UTF_CHECK;  // by the first search
  int count;
  if (regex->longest) {
    std::array<int, 4096> workspace;
    count = pcre2_dfa_match(regex->code.get(), subject, text.size(), from, checked, regex->data.get(), regex->context.get(),
                            workspace.data(), workspace.size());
    count = std::min(count == 0 ? 1 : count, 1);  // the first is the longest
  } else {
    count = pcre2_match(regex->code.get(), subject, text.size(), from, checked, regex->data.get(), regex->context.get());
  }
  if (count == PCRE2_ERROR_NOMATCH) return std::vector<Span>{};
  if (count < 0) return rejected("regular expression failed: " + message_of(count));
  std::uint32_t groups = 0;
  pcre2_pattern_info(regex->code.get(), PCRE2_INFO_CAPTURECOUNT, &groups);
  std::vector<Span> out(groups + 1);
  const auto* const offsets = pcre2_get_ovector_pointer(regex->data.get());
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) out[i] = {offsets[2 * i], offsets[2 * i + 1]};
  return out;
}

Result<bool> is_match(std::string_view text, std::string_view pattern, const RegexFlags& flags) {
  SLUICE_TRY(const auto found, find_match(text, pattern, flags));
  return !found.empty();
}

}  // namespace sluice::flow
