#pragma once
// Errors of binding, each with its line and column in the statement.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/nearest.h"
#include "sql/statement.h"

namespace sluice::flow {

// A text that positions count the characters of. It must outlive this.
class Places {
 public:
  explicit Places(std::string_view text) : text_(text) {}

  [[nodiscard]] Error rejected(std::size_t position, const std::string& why, std::string hint = {}) const {
    return error(ErrorCode::rejected, position, why, std::move(hint));
  }
  [[nodiscard]] Error unsupported(std::size_t position, const std::string& what, std::string hint = {}) const {
    return error(ErrorCode::unsupported, position, what, std::move(hint));
  }
  [[nodiscard]] Error error(ErrorCode code, std::size_t position, const std::string& why, std::string hint = {}) const {
    return {.code = code, .message = sql::place_of(text_, position) + ": " + why, .hint = std::move(hint)};
  }
  // An error of a part that knows no text.
  [[nodiscard]] Error at(std::size_t position, Error error) const { return std::move(error).in(sql::place_of(text_, position)); }
  // Whether a quoted name stands there.
  [[nodiscard]] bool is_quoted(std::size_t position) const {
    std::size_t seen = 0;
    const auto found = std::ranges::find_if(text_, [&](char c) { return (c & 0xC0) != 0x80 && ++seen == position; });
    return found != text_.end() && *found == '"';
  }

 private:
  std::string_view text_;
};

// A hint, if one of `words` is near: did you mean "customer"?
[[nodiscard]] inline std::string meant(std::string_view word, const std::vector<std::string_view>& words) {
  const auto found = nearest(word, words);
  return found.empty() ? std::string() : "did you mean \"" + std::string(found) + "\"?";
}

}  // namespace sluice::flow
