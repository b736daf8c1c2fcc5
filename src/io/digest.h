#pragma once
// Digests that protocols ask for; OpenSSL inside.

#include "base/bytes.h"

namespace sluice::io {

// 32 bytes, not hexadecimal.
[[nodiscard]] Bytes sha256(ByteView bytes);
[[nodiscard]] Bytes hmac_sha256(ByteView key, ByteView bytes);

}  // namespace sluice::io
