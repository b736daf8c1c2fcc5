#pragma once
// A pattern of a schema: a regular expression as ECMA-262 writes it, with what Java adds, searched for anywhere in a
// text.

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::json_schema {

class Regex {
 public:
  // Errors: rejected; the message says what is wrong with the pattern, and at which character.
  [[nodiscard]] static Result<Regex> compile(std::string_view pattern);

  // Also false when a search takes more than a fixed number of steps: no text makes a pattern run for seconds.
  // Precondition: UTF-8.
  [[nodiscard]] bool found_in(std::string_view text) const;

 private:
  explicit Regex(std::shared_ptr<const void> code) : code_(std::move(code)) {}
  std::shared_ptr<const void> code_;  // a pcre2_code
};

// The same pattern in PCRE's dialect.
[[nodiscard]] std::string to_pcre(std::string_view pattern);

}  // namespace sluice::json_schema
