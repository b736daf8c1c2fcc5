#pragma once
// Which media types the registry speaks.

#include <optional>
#include <string>
#include <string_view>

namespace sluice::registry {

// What an Accept header likes best of what we can give; none: nothing. No header accepts all.
[[nodiscard]] std::optional<std::string> answer_type(std::optional<std::string_view> accept);
// May a body of this Content-Type be read as JSON? No header may.
[[nodiscard]] bool reads(std::optional<std::string_view> content_type);

}  // namespace sluice::registry
