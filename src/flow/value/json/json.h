#pragma once
// JSON as text: checked, and searched for a member, whose own text is the answer, byte for byte, as PostgreSQL's json has it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "flow/value/value.h"

namespace sluice::flow::json_text {

// Errors: rejected: "invalid input syntax for type json".
[[nodiscard]] Result<void> validate(std::string_view text);

// The rest is of texts that are valid. A member's text is without the space around it.
// The last of those with this name; none: there is no such, or the text is no object.
[[nodiscard]] std::optional<std::string_view> member(std::string_view text, std::string_view name, Arena& arena);
// Counted from 0, or from the end: -1 is the last.
[[nodiscard]] std::optional<std::string_view> element(std::string_view text, std::int64_t index);
// "object", "array", "string", "number", "boolean", "null"
[[nodiscard]] std::string_view type_of(std::string_view text);
[[nodiscard]] std::int64_t element_count(std::string_view array);
// A string without its quotes and escapes; anything else is its text. None: null. Errors: rejected: a \u0000.
[[nodiscard]] Result<std::optional<std::string_view>> as_text(std::string_view text, Arena& arena);
// Appends it with quotes and escapes.
void append_string(std::string& out, std::string_view text);

}  // namespace sluice::flow::json_text
