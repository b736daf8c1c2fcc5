#pragma once
// Does this server heed `If-None-Match: *`? Some relatives of S3 ignore it, and answer 200 to what overwrites.

#include "deliver/store/s3/s3_client.h"

namespace sluice::deliver::store::s3 {

[[nodiscard]] bool is_amazon(const S3Address& address);

// Puts an object "_sluice-probe-…" of its own, tries to put and to complete an upload over it, and removes it. Errors:
// rejected (it overwrites), back_off.
[[nodiscard]] Result<void> prove_conditions(S3Client& client);

}  // namespace sluice::deliver::store::s3
