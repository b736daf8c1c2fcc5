#pragma once
// Patterns over names: `*` is any run of characters, `?` is one, everything else itself.

#include <string>
#include <string_view>
#include <vector>

namespace sluice {

[[nodiscard]] bool glob_matches(std::string_view glob, std::string_view text);
[[nodiscard]] bool any_glob_matches(const std::vector<std::string>& globs, std::string_view text);

}  // namespace sluice
