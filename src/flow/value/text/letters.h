#pragma once
// Upper and lower case of UTF-8, as the locale C.UTF-8 has it, character by character.

#include <string_view>

#include "flow/value/value.h"

namespace sluice::flow {

[[nodiscard]] std::string_view lower(std::string_view text, Arena& arena);
[[nodiscard]] std::string_view upper(std::string_view text, Arena& arena);
// The first letter of each word upper, the rest lower: words are of letters and digits.
[[nodiscard]] std::string_view capitalized(std::string_view text, Arena& arena);

}  // namespace sluice::flow
