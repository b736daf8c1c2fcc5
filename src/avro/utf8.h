#pragma once
// Whether bytes are UTF-8: no surrogates, nothing overlong, nothing above U+10FFFF.

#include <cstddef>

#include "base/bytes.h"

namespace sluice::avro {

[[nodiscard]] bool is_utf8(ByteView text);
// The length of the sequence at the front; 0 when there is none. Precondition: `text` is not empty.
[[nodiscard]] std::size_t utf8_at(ByteView text);

}  // namespace sluice::avro
