#pragma once
// A .proto text to elements. It checks nothing: the text is one that Google's parser has taken.

#include <optional>
#include <string_view>

#include "protobuf/elements.h"

namespace sluice::protobuf {

// None: something stands there that we do not know (a statement of a later protoc).
[[nodiscard]] std::optional<FileElement> read_elements(std::string_view text);

}  // namespace sluice::protobuf
