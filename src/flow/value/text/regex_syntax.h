#pragma once
// PostgreSQL's regular expressions written as PCRE's.

#include <string>
#include <string_view>

#include "base/result.h"
#include "flow/value/text/regex.h"

namespace sluice::flow {

struct RegexSyntax {
  std::string pattern;
  RegexFlags flags;
  bool has_longest = false;  // alternatives whose longest is to be found, and nothing that forbids it
};

// Errors: rejected: what PostgreSQL does not take, or takes otherwise than PCRE can.
[[nodiscard]] Result<RegexSyntax> to_pcre(std::string_view pattern, const RegexFlags& flags);

}  // namespace sluice::flow
