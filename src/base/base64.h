#pragma once
// Base64 of RFC 4648, padded and without line breaks.

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

[[nodiscard]] std::string to_base64(std::string_view bytes);
// None: it is not.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace sluice
