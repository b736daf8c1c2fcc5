#pragma once
// PostgreSQL's regular expressions (advanced ones, ARE), matched by PCRE2.
//
// What differs from PostgreSQL: where a text matches in several ways, POSIX takes the longest, which is what is done here for patterns
// without groups that capture, backreferences and non-greedy repeats; for those, alternatives are tried from the left, as Perl
// does. Whether a text matches does not depend on that. Refused: collating elements [[.x.]], embedded options but (?i) and
// (?c), and what only Perl knows (possessive repeats, \p{…}, named groups, verbs).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::flow {

struct RegexFlags {
  bool ignore_case = false;
  bool newline = false;   // . and [^…] do not match a newline; ^ and $ do beside one
  bool expanded = false;  // white space and comments are left out
  bool global = false;    // all matches are replaced
  bool literal = false;

  // Of the letters that functions take. Errors: rejected: "invalid regular expression option".
  [[nodiscard]] static Result<RegexFlags> of(std::string_view letters);
};

// Where it matches first at or after `from`: the whole, then its groups (npos: did not take part). Empty: nowhere. Compiled patterns
// are kept, a few in each thread. Errors: rejected: a pattern that does not compile, or that takes too many steps.
struct Span {
  std::size_t begin = std::string_view::npos;
  std::size_t end = std::string_view::npos;
};
[[nodiscard]] Result<std::vector<Span>> find_match(std::string_view text, std::string_view pattern, const RegexFlags& flags, std::size_t from = 0);
[[nodiscard]] Result<bool> is_match(std::string_view text, std::string_view pattern, const RegexFlags& flags);

}  // namespace sluice::flow
