#pragma once
// What a person who mistyped a word probably meant.

#include <string_view>
#include <vector>

namespace sluice {

// The word of `words` that is nearest to `word`, if it is near enough to be a slip of the finger; else empty.
[[nodiscard]] std::string_view nearest(std::string_view word, const std::vector<std::string_view>& words);

}  // namespace sluice
