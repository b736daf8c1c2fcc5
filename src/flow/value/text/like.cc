#include "flow/value/text/like.h"

#include "flow/value/scan.h"
#include "flow/value/text/utf8.h"

namespace sluice::flow {

// Without recursion: after a % that does not lead to a match, one character more is left to the last % and the rest is tried
// again. An earlier one need not be reconsidered, since what follows it up to the last % has matched as early as can be.
Result<bool> is_like(std::string_view text, std::string_view pattern) {
  std::size_t t = 0, p = 0;
  std::size_t after_any = pattern.npos, tried = 0;  // where the pattern goes on after the last %, and the text there
  while (true) {
    if (p < pattern.size() && pattern[p] == '%') {
      after_any = ++p;
      tried = t;
      continue;
    }
    if (p == pattern.size() && t == text.size()) return true;
    if (p < pattern.size() && t < text.size()) {
      const bool escaped = pattern[p] == '\\';
      if (escaped && p + 1 == pattern.size()) return rejected("LIKE pattern must not end with escape character");
      if (!escaped && pattern[p] == '_') {
        t += utf8::width(text.substr(t)), ++p;
        continue;
      }
      const auto at = p + (escaped ? 1 : 0);
      if (pattern[at] == text[t]) {
        ++t, p = at + 1;
        continue;
      }
    }
    if (after_any == pattern.npos || tried >= text.size()) return false;
    tried += utf8::width(text.substr(tried));
    t = tried, p = after_any;
  }
}

}  // namespace sluice::flow
