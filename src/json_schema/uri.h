#pragma once
// References between schemas: URIs, and the fragments behind them.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::json_schema {

// RFC 3986, 5.2: `reference` as it is meant in a document at `base`; fragments are kept as they are. Never fails: what
// is no URI is taken as a path.
[[nodiscard]] std::string resolve_uri(std::string_view base, std::string_view reference);
// "%41" is "A"; what is no such escape stays.
[[nodiscard]] std::string percent_decoded(std::string_view text);
// RFC 6901, without the percent escapes: "/a~1b/0" is {"a/b", "0"}.
[[nodiscard]] std::vector<std::string> pointer_tokens(std::string_view pointer);
// A member's name as a token of a pointer.
[[nodiscard]] std::string pointer_token(std::string_view name);

}  // namespace sluice::json_schema
