#pragma once
// Whether bytes are UTF-8: no surrogates, nothing overlong, nothing above U+10FFFF.

#include <cstddef>

#include "base/bytes.h"

namespace sluice::avro {

[[nodiscard]] bool is_utf8(ByteView text);
// The length of the sequence at the front; 0 when there is none. Precondition: `text` is not empty.
[[nodiscard]] std::size_t utf8_at(ByteView text);
// How much of the front, which is no UTF-8, one U+FFFD stands for: as Java has it, what could have been the beginning of a
// sequence, and half a surrogate pair whole. Precondition: utf8_at(text) is 0.
[[nodiscard]] std::size_t malformed_at(ByteView text);

}  // namespace sluice::avro
